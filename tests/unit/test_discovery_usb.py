"""USB devices by a sysfs as the kernel makes it, and instruments on a pseudo-terminal in place of their serial line."""

from __future__ import annotations

import os

import pytest
from scripted_instrument import on_serial_line, script

from livemon.discovery import usb
from livemon.discovery.identity import Identity

DEVICES = {
    "1-1": {"idVendor": "1d6b", "idProduct": "0002", "product": "xHCI Host Controller"},
    "1-2": {"idVendor": "1fb9", "idProduct": "0205", "serial": "LSA21OQ", "product": "240 Temperature Module"},
    "1-3": {"idVendor": "1fb9", "idProduct": "0205", "serial": "LSA2NEW"},
    "1-4": {"idVendor": "1fb9", "idProduct": "9999", "serial": "LSAX", "product": "Model 999\n"},
}


@pytest.fixture
def sysfs(tmp_path):
    for name, attributes in DEVICES.items():
        place = tmp_path / "bus/usb/devices" / name
        place.mkdir(parents=True)
        for attribute, text in attributes.items():
            (place / attribute).write_text(text + "\n")
    for line in ("1-2/1-2:1.0/ttyUSB1", "1-4/1-4:1.0/tty/ttyACM0"):
        (tmp_path / "bus/usb/devices" / line).mkdir(parents=True)
    (tmp_path / "bus/usb/devices/1-2:1.0").mkdir()  # an interface, which the kernel lists beside its device
    return tmp_path


def test_instruments_are_known_by_their_ids(sysfs):
    found = usb.devices(sysfs)
    assert [(each.number, each.serial, each.lines) for each in found] == [
        ("240", "LSA21OQ", ("/dev/ttyUSB1",)),
        ("240", "LSA2NEW", ()),
        (None, "LSAX", ("/dev/ttyACM0",)),
    ]
    assert found[2].name == "Model 999"


def test_a_serial_line_leads_to_the_serial_number_of_its_adapter(sysfs):
    for line, place in {"ttyUSB1": "1-2/1-2:1.0/ttyUSB1", "ttyS0": "../../pnp0/00:01"}.items():
        target = sysfs / "bus/usb/devices" / place
        target.mkdir(parents=True, exist_ok=True)
        (sysfs / "class/tty" / line).mkdir(parents=True)
        (sysfs / "class/tty" / line / "device").symlink_to(target)
    assert usb.adapter_of("/dev/ttyUSB1", sysfs) == "LSA21OQ"
    assert usb.adapter_of("/dev/ttyS0", sysfs) is None
    assert usb.adapter_of("/dev/ttyUSB7", sysfs) is None


def test_without_usb_there_is_nothing(tmp_path):
    assert usb.devices(tmp_path) == []


def test_a_line_that_is_open_has_users(tmp_path):
    near, far = os.openpty()
    try:
        line = os.ttyname(far)
        assert os.getpid() in usb.users(line)
        (tmp_path / "link").symlink_to(line)
        assert os.getpid() in usb.users(str(tmp_path / "link"))
    finally:
        os.close(near)
        os.close(far)
    assert os.getpid() not in usb.users(line)  # another process may have got the same name since


IDENTITY = script({"*IDN?": "LSCI,MODEL240-8P,LSA21OQ,1.0"})
FAULTS = {
    "none": lambda _message, reply: [reply],
    "late": lambda _message, reply: [0.5, reply],
    "in two pieces": lambda _message, reply: [reply[:7], 0.1, reply[7:]],
    "twice": lambda _message, reply: [reply, reply],
    "after noise of another baud rate": lambda _message, reply: [b"\xf8\x00\xfe\x80", reply],
    "after a late reply to another query": lambda _message, reply: [b"+273.15\r\n", reply],
    "without a terminator": lambda _message, reply: [reply.rstrip()],
}


@pytest.fixture
def quick(monkeypatch):
    """One setting only, as a pseudo-terminal has no parity, and less patience."""
    monkeypatch.setattr(usb, "LINE_SETTINGS", usb.LINE_SETTINGS[:1] * 2)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_an_instrument_on_a_serial_line_says_what_it_is(fault):
    with on_serial_line(IDENTITY) as instrument:
        instrument.fault = fault
        assert usb.ask(instrument.address) == Identity("LSCI", "MODEL240-8P", "LSA21OQ", "1.0")
        assert set(instrument.asked) == {"*IDN?"}


@pytest.mark.usefixtures("quick")
def test_one_that_does_not_reply_the_first_time_is_asked_again():
    asked = []

    def reply(message):
        asked.append(message)
        return "LSCI,MODEL240-8P,LSA21OQ,1.0" if len(asked) > 1 else None

    with on_serial_line(reply) as instrument:
        assert usb.ask(instrument.address).serial == "LSA21OQ"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("reply", [None, "\xf8\xfe", "OK", "+273.15" * 1000], ids=["nothing", "noise", "OK", "much"])
def test_who_is_not_an_instrument_is_not_waited_for_long(reply):
    with on_serial_line(lambda _message: reply) as instrument:
        assert usb.ask(instrument.address) is None


def test_a_line_that_cannot_be_opened(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        usb.ask(str(tmp_path / "ttyUSB0"))
