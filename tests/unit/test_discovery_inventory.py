"""The lines to be pasted: the check of the inventory takes them, whatever instruments call themselves."""

from __future__ import annotations

import pytest
import yaml

from livemon.discovery import inventory
from livemon.discovery.found import Found
from livemon.instruments import folders
from plugins.plugin_utils.inventory.faults import inventory as faults


def bridge(serial="LSA22YG", host="172.16.127.192", port=7777, **about):
    return Found("LSCI", "MODEL372", "372", serial, "1.3", host, port, **about)


def module(serial="LSA21OQ", **about):
    return Found("LSCI", "MODEL240-8P", "240", serial, "1.0", **about)


def test_the_lines_read_as_people_write_them():
    found = [bridge(), bridge("LSA23JD", "172.16.127.193", told_by="still"), module(line="/dev/ttyUSB0")]
    found += [module("LSA2FAR", host="172.16.127.30", port=4001)]
    assert inventory.text(found, {"LSA23JD": "still"}, {"still", "ls240"}) == (
        "instruments:\n"
        "  - {model: 372, id: ls372, serial: LSA22YG, address: 172.16.127.192}  # firmware 1.3\n"
        "  - {model: 372, id: still, serial: LSA23JD, address: 172.16.127.193}  # firmware 1.3, its agent still says so\n"
        "  - {model: 240, id: ls240-2, serial: LSA21OQ}  # firmware 1.0\n"
        "  - {model: 240, id: ls240-3, serial: LSA2FAR, address: '172.16.127.30:4001'}  # firmware 1.0\n"
    )


@pytest.mark.parametrize("number", folders.models())
@pytest.mark.parametrize("serial", ["LSA22YG", "0123456", "1e5", "0x12", "12_3", "no", "null", "12"])
def test_the_check_of_the_inventory_takes_them(number, serial):
    model = folders.models()[number]
    found = [Found("LSCI", f"MODEL{number}", number, serial, "1.3", "172.16.127.5", model.port)]
    found += [Found("LSCI", f"MODEL{number}", number, f"{serial}B", "1.3", line="/dev/ttyUSB0")] if model.usb else []
    settings = yaml.safe_load(inventory.text(found, {}))
    assert [each["serial"] for each in settings["instruments"]] == [each.serial for each in found]
    assert list(faults.faults(settings)) == []


HOSTILE = ["", "a b", "x}\n  - {model: 1", "#", "'", '"', "\\", "{{ x }}", "é", "$(reboot)", "x" * 80]


@pytest.mark.parametrize("serial", HOSTILE)
def test_a_serial_number_that_an_inventory_cannot_have_is_a_comment(serial):
    text = inventory.text([bridge(serial), module()], {})
    assert [each["serial"] for each in yaml.safe_load(text)["instruments"]] == ["LSA21OQ"]
    assert "cannot be a serial number" in text


@pytest.mark.parametrize("firmware", HOSTILE)
def test_any_firmware_and_model_is_valid_yaml(firmware):
    known = Found("LSCI", "MODEL372", "372", "LSA1", firmware, "172.16.127.5", 7777)
    unknown = Found(firmware, firmware, None, firmware, firmware, "172.16.127.6", 7777)
    settings = yaml.safe_load(inventory.text([known, unknown], {}))
    assert settings == {"instruments": [{"model": 372, "id": "ls372", "serial": "LSA1", "address": "172.16.127.5"}]}


def test_what_livemon_cannot_read_is_a_comment_that_says_why():
    found = [
        Found("LSCI", "MODEL224", None, "LSA24A", "1.0", "172.16.127.5", 7777),
        bridge(host=None, port=None, line="/dev/ttyUSB0"),
        bridge("LSA3", port=4001),
    ]
    text = inventory.text(found, {})
    assert yaml.safe_load(text) == {"instruments": []}
    said = text.splitlines()[1:]
    assert said[0].startswith(
        "  # LSCI MODEL224 LSA24A at 172.16.127.5 port 7777: livemon cannot read this model; it reads 240"
    )
    assert said[1] == (
        "  # Lake Shore 372 LSA22YG at USB (/dev/ttyUSB0): livemon reads a 372 over the network: connect it there, and write "
        "its address"
    )
    assert said[2] == "  # Lake Shore 372 LSA3 at 172.16.127.192 port 4001: livemon reads a 372 on port 7777 only"


def test_an_instrument_on_an_rs_232_adapter_is_named_by_the_adapter():
    found = Found("LSCI", "MODEL370", "370", "LSA14A2", "04072004", line="/dev/ttyUSB1", adapter="A50285BI")
    settings = yaml.safe_load(inventory.text([found], {}))
    assert settings["instruments"] == [{"model": 370, "id": "ls370", "serial": "LSA14A2", "usb_adapter": "A50285BI"}]
    assert list(faults.faults(settings)) == []


def test_an_adapter_without_a_serial_number_cannot_be_in_an_inventory():
    text = inventory.text([Found("LSCI", "MODEL370", "370", "LSA14A2", line="/dev/ttyUSB1")], {})
    assert yaml.safe_load(text) == {"instruments": []}
    assert "its USB adapter has no serial number" in text


def test_an_instrument_that_is_found_twice_is_written_once():
    assert inventory.text([bridge(), bridge(host="172.16.127.7")], {}).count("LSA22YG") == 1


def test_nothing_found_is_an_empty_list():
    assert inventory.text([], {}) == "instruments: []\n"
