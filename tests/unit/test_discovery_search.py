"""Whom a search asks and whom it leaves alone: real sockets on the loopback, agents as they describe themselves."""

from __future__ import annotations

import pytest
from scripted_instrument import on_serial_line, on_tcp, script

from livemon.client.agents import Agent
from livemon.discovery import usb
from livemon.discovery.search import Search
from livemon.discovery.site import Expected, Site

SAYS = "LSCI,MODEL372,LSA22YG,1.3"
IDENTITY = script({"*IDN?": SAYS})


@pytest.fixture
def instrument():
    with on_tcp(IDENTITY) as instrument:
        yield instrument


def site_of(instrument) -> Site:
    host, port = instrument.host_and_port
    return Site((Expected("control", "372", "LSA22YG", host, port, host),), {host: frozenset({"control"})})


def asked(instrument, agents, **options):
    """The result of a search that would ask the instrument."""
    site = site_of(instrument)
    search = Search(site, agents, **options)
    search.ask_network([], expected=site.instruments)
    return search.result


def agent(**about):
    return Agent("control", "Lakeshore372Agent", **about)


def test_an_instrument_without_an_agent_is_asked_once_and_nothing_but_what_it_is(instrument):
    (found,) = asked(instrument, []).found
    assert (found.number, found.serial, found.firmware, found.told_by) == ("372", "LSA22YG", "1.3", None)
    assert (instrument.asked, instrument.connections) == (["*IDN?"], 1)


@pytest.mark.parametrize(
    ("agents", "told", "untold"),
    [
        ([agent(instruments={"x:7777": SAYS})], ["control"], set()),
        ([agent()], [], {"control"}),
        (None, [], {"control"}),  # they cannot be asked
    ],
    ids=["says what it is", "does not say", "router away"],
)
def test_an_instrument_whose_agent_runs_is_left_alone(instrument, agents, told, untold):
    result = asked(instrument, agents)
    assert instrument.connections == 0
    assert [each.told_by for each in result.found] == told
    assert result.untold == untold


@pytest.mark.parametrize("agents", [[agent()], None, [agent(instruments={"x:7777": SAYS})]])
def test_nor_is_it_asked_as_part_of_a_subnet(instrument, agents):
    host, port = instrument.host_and_port
    search = Search(site_of(instrument), agents)
    search.ask_network([host], [port])
    assert instrument.connections == 0
    note = f"{host} was not asked: agent control uses it (--all asks it, too)"
    assert search.result.notes == ([] if search.result.found else [note])


def test_another_port_of_a_converter_is_asked_if_the_inventory_names_it(instrument):
    host, port = instrument.host_and_port
    other = Expected("other", "240", "LSA2", host, 1, host)
    site = Site((other, Expected("still", "372", "LSA22YG", host, port, host)), {host: frozenset({"other", "still"})})
    search = Search(site, [Agent("other", "Lakeshore240Agent")])
    search.ask_network([], expected=site.instruments)
    assert ([each.serial for each in search.result.found], instrument.connections) == (["LSA22YG"], 1)


@pytest.mark.parametrize(
    "agents",
    [[agent(fault="control is not running")], [agent(instruments={})]],
    ids=["agent away", "agent without a connection"],
)
def test_one_whose_agent_does_not_talk_to_it_is_asked(instrument, agents):
    (found,) = asked(instrument, agents).found
    assert (found.serial, instrument.connections) == ("LSA22YG", 1)


def test_all_are_asked_if_so_told(instrument):
    result = asked(instrument, [agent(instruments={"x:7777": SAYS})], everything=True)
    assert ([each.told_by for each in result.found], instrument.connections) == ([None], 1)


def test_what_an_agent_tells_is_at_the_address_of_the_inventory(instrument):
    host, port = instrument.host_and_port
    (found,) = asked(instrument, [agent(instruments={"ls372.lab.example:7777": SAYS})]).found
    assert (found.host, found.port) == (host, port)


def test_what_another_agent_tells_is_where_it_says(instrument):
    other = Agent("other", "Lakeshore336Agent", instruments={"10.0.0.7:7777": "LSCI,MODEL999,LSA9,1.0", "odd": SAYS})
    result = asked(instrument, [other, agent(instruments={"x:1": "no identity"})])
    assert [(each.host, each.number, each.told_by) for each in result.found] == [("10.0.0.7", None, "other")]


LATE = {
    "late": lambda _message, reply: [1.0, reply],
    "in two segments": lambda _message, reply: [reply[:11], 0.2, reply[11:]],
    "twice": lambda _message, reply: [reply, reply],
    "without a terminator": lambda _message, reply: [reply.rstrip()],
    "after another reply": lambda _message, reply: [b"+293.15E+0\r\n" + reply],
}


@pytest.mark.parametrize("fault", LATE.values(), ids=LATE)
def test_an_instrument_that_replies_in_its_own_way(instrument, fault):
    instrument.fault = fault
    (found,) = asked(instrument, []).found
    assert found.serial == "LSA22YG"


def test_progress_is_told(instrument):
    told = []
    asked(instrument, [], progress=lambda *numbers: told.append(numbers))
    assert told == [(1, 1, 1)]


def device(*lines):
    return usb.Device("1fb9", "0205", "LSA21OQ", "240 module", lines)


LS240 = Site((Expected("ls240", "240", "LSA21OQ"),), {"/dev/LSA21OQ": frozenset({"ls240"})})


def test_a_usb_device_without_a_line_is_found_by_what_sysfs_says():
    search = Search(LS240, [])
    search.ask_usb([device()])
    (found,) = search.result.found
    assert (found.number, found.serial, found.on_usb) == ("240", "LSA21OQ", True)
    assert "has no serial line: the kernel's driver does not know 1fb9:0205" in search.result.notes[0]


@pytest.fixture
def line(monkeypatch):
    """A serial line that no other process has open: the test itself has."""
    monkeypatch.setattr(usb, "users", lambda _line: [])
    monkeypatch.setattr(usb, "LINE_SETTINGS", usb.LINE_SETTINGS[:1])
    with on_serial_line(script({"*IDN?": "LSCI,MODEL240-8P,LSA21OQ,1.0"})) as instrument:
        yield instrument


def test_a_line_that_is_free_is_asked(line):
    search = Search(LS240, [])
    search.ask_usb([device(line.address)])
    (found,) = search.result.found
    assert (found.number, found.serial, found.firmware, found.line) == ("240", "LSA21OQ", "1.0", line.address)


@pytest.mark.parametrize(
    ("agents", "told_by"),
    [
        ([Agent("ls240", "Lakeshore240Agent")], None),
        ([Agent("ls240", "Lakeshore240Agent", instruments={"/dev/LSA21OQ": "LSCI,MODEL240-8P,X,1"})], "ls240"),
        (None, None),
    ],
    ids=["does not say", "says what it is", "router away"],
)
def test_a_line_whose_agent_runs_is_left_alone(line, agents, told_by):
    search = Search(LS240, agents)
    search.ask_usb([device(line.address)])
    (found,) = search.result.found
    assert (found.number, found.serial, found.told_by, line.asked) == ("240", "LSA21OQ", told_by, [])


def test_a_line_that_another_process_has_open_is_left_alone(line, monkeypatch):
    monkeypatch.setattr(usb, "users", lambda _line: [4711])
    search = Search(Site(), [])
    search.ask_usb([device(line.address)], [line.address])
    assert [each.firmware for each in search.result.found] == [""]
    assert f"{line.address} was not asked: process 4711 uses it (--all asks it, too)" in search.result.notes
    assert line.asked == []


def test_further_lines_are_asked(line, tmp_path):
    search = Search(Site(), [])
    search.ask_usb([], [line.address, str(tmp_path / "none")])
    assert [each.serial for each in search.result.found] == ["LSA21OQ"]
    assert "none cannot be asked: " in search.result.notes[0]
