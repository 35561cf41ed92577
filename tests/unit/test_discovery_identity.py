"""What is taken for an identity, in whatever pieces it arrives, and what is not."""

from __future__ import annotations

import pytest

from livemon.discovery.identity import MOST_BYTES, Identity, Listener, read
from livemon.instruments import folders

LINE = b"LSCI,MODEL372,LSA22YG,1.3\r\n"
BRIDGE = Identity("LSCI", "MODEL372", "LSA22YG", "1.3")
NOT_IDENTITIES = {
    "a web server": b"HTTP/1.1 400 Bad Request\r\nDate: Mon, 01 Dec 2025 00:00:00 GMT\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "a reading": b"+293.873E+00\r\n",
    "eight readings": b"+1.0,+1.1,+1.2,+1.3,+1.4,+1.5,+1.6,+1.7\r\n",
    "commas": b",,,\r\n",
    "another baud rate": bytes(range(128, 256)) + b"\r\n",
    "nothing": b"",
    "ends of lines": b"\r\n\n\n\r",
}


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b"\r", b"\n\r"])
@pytest.mark.parametrize("cut", range(0, len(LINE), 5))
def test_it_may_come_in_two_pieces_with_any_terminator(cut, ending):
    listener, line = Listener(), LINE.rstrip() + ending
    assert (listener.feed(line[:cut]) or listener.feed(line[cut:])) == BRIDGE


def test_one_that_comes_twice_is_one():
    assert Listener().feed(LINE + LINE) == BRIDGE


def test_without_a_terminator_it_is_complete_when_nothing_more_comes():
    listener = Listener()
    assert listener.feed(LINE.rstrip()) is None
    assert listener.rest() == BRIDGE


@pytest.mark.parametrize("noise", [b"\xff\xfe\x00\x81", b"+273.15\r\n", b"HTTP\r\n\r\n", "°".encode("latin-1") * 300])
def test_noise_before_it_is_passed_over(noise):
    assert Listener().feed(noise + LINE) == BRIDGE


@pytest.mark.parametrize("sent", NOT_IDENTITIES.values(), ids=NOT_IDENTITIES)
def test_what_is_not_an_identity(sent):
    listener = Listener()
    assert (listener.feed(sent) or listener.rest()) is None
    assert listener.heard == bool(sent)


def test_an_endless_stream_is_not_listened_to_forever():
    listener = Listener()
    for _ in range(MOST_BYTES):
        assert not listener.is_full
        assert listener.feed(b"+273.15,") is None
        if listener.is_full:
            break
    assert listener.is_full


@pytest.mark.parametrize(
    ("line", "number", "serial"),
    [
        ("LSCI,MODEL372,LSA22YG,1.3", "372", "LSA22YG"),
        ("LSCI,MODEL240-8P,LSA21OQ,1.0", "240", "LSA21OQ"),
        (" lsci , model372 , LSA22YG , 1.3 ", "372", "LSA22YG"),
        ("LSCI,MODEL372,1234567/7654321,1.3", "372", "1234567"),  # with the number of an option card
        ("LSCI,MODEL999,LSA1,1.0", None, "LSA1"),
        ("KEITHLEY INSTRUMENTS INC.,MODEL 2000,1234567,A20 /A02", None, "1234567"),
        ("OTHER,MODEL372,1,1", None, "1"),
    ],
)
def test_the_model_is_known_by_manufacturer_and_number(line, number, serial):
    identity = read(line)
    assert (identity.number, identity.serial) == (number, serial)


@pytest.mark.parametrize("number", folders.models())
def test_every_simulator_is_known_by_what_it_replies(number):
    simulator = folders.part(folders.folder_of(number), "simulator").SIMULATOR
    assert read(f"{simulator.MANUFACTURER},{simulator.MODEL},LSA1,1.3").number == number
