"""``livemon discover``: what it prints and by which status it ends, with a network and a USB bus that a test makes up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from livemon import cli
from livemon.client import bridge
from livemon.client.agents import Agent, Agents
from livemon.discovery import network, usb
from livemon.discovery.identity import read
from livemon.errors import RouterError
from plugins.plugin_utils.inventory.rendering import ocs

INSTRUMENTS = [
    {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"},
    {"model": 240, "id": "ls240", "serial": "LSA21OQ"},
]
HERE = {("172.16.127.192", 7777): "LSCI,MODEL372,LSA22YG,1.3", ("172.16.127.9", 7777): None}
MODULE = usb.Device("1fb9", "0205", "LSA21OQ", "240 module", ())


@pytest.fixture
def lab(monkeypatch, tmp_path):
    """A monitor of two instruments whose agents are away; returns what answers by place, and what was asked."""
    answering, asked = dict(HERE), []

    def ask(targets, progress):
        progress(len(targets), 1)
        places = [(host, port) for host, ports in targets.items() for port in ports]
        asked.extend(places)
        return [
            network.Answer(host, port, read(said) if said else None, "" if said else "is a web server")
            for (host, port), said in answering.items()
            if (host, port) in places
        ]

    monkeypatch.setattr(network, "ask", ask)
    monkeypatch.setattr(usb, "devices", lambda: [MODULE])
    monkeypatch.setattr(Agents, "agents", lambda _self: [Agent("control", "x", fault="away")])
    config = ocs.site_config(INSTRUMENTS, [], "lab", 60)
    (tmp_path / "default.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("OCS_CONFIG_DIR", str(tmp_path))
    return answering, asked


def discover(*words):
    return CliRunner().invoke(cli.livemon, ["discover", *words])


def test_the_inventory_is_on_standard_output_and_the_rest_on_standard_error(lab):
    answer = discover("172.16.127.0/24")
    assert answer.exit_code == 0
    assert answer.stdout == (
        "instruments:\n"
        "  - {model: 372, id: control, serial: LSA22YG, address: 172.16.127.192}  # firmware 1.3\n"
        "  - {model: 240, id: ls240, serial: LSA21OQ}\n"
    )
    assert "254 of 254 addresses asked, 1 instrument found" in answer.stderr
    assert "172.16.127.9 port 7777 is not an instrument: it is a web server." in answer.stderr
    assert {port for _, port in lab[1]} >= {7777, 1094}


def test_further_ports_are_asked(lab):
    discover("172.16.127.5", "--port", "4321")
    assert ("172.16.127.5", 4321) in lab[1]


def test_without_a_subnet_no_address_is_asked(lab):
    answer = discover()
    assert lab[1] == []
    assert answer.stdout == "instruments:\n  - {model: 240, id: ls240, serial: LSA21OQ}\n"


def test_compare_asks_where_instruments_should_be(lab):
    answer = discover("--compare")
    assert (answer.exit_code, answer.stdout) == (0, "2 instruments are as the inventory says.\n")
    assert lab[1] == [("172.16.127.192", 7777)]


def test_a_difference_has_a_status_of_its_own(lab):
    lab[0].clear()
    answer = discover("--compare")
    assert answer.exit_code == 3
    assert answer.stdout.startswith("control: Lake Shore 372 LSA22YG does not reply")


def test_json_has_all_of_it(lab):
    lab[0].clear()
    lab[0]["172.16.127.7", 7777] = HERE["172.16.127.192", 7777]
    answer = discover("--compare", "--json", "172.16.127.0/24")
    content = json.loads(answer.stdout)
    assert answer.exit_code == 3
    assert [(each["id"], each["serial"], each["host"]) for each in content["found"]] == [
        ("control", "LSA22YG", "172.16.127.7"),
        ("ls240", "LSA21OQ", None),
    ]
    assert [(each["kind"], each["ids"]) for each in content["differences"]] == [("moved", ["control"])]
    assert "differences" not in json.loads(discover("--json").stdout)


def test_nothing_found_is_said(lab, monkeypatch):
    monkeypatch.setattr(usb, "devices", list)
    answer = discover()
    assert (answer.exit_code, answer.stdout) == (0, "instruments: []\n")
    assert "No instrument was found." in answer.stderr
    assert lab[1] == []


def test_without_the_router_all_agents_are_taken_to_run(lab, monkeypatch):
    def away(_self):
        raise RouterError("no router")

    monkeypatch.setattr(Agents, "agents", away)
    answer = discover("172.16.127.192")
    assert "The agents cannot be asked (no router): all are taken to be running." in answer.stderr
    assert "172.16.127.192 was not asked: agent control uses it (--all asks it, too)." in answer.stderr
    assert lab[1] == []
    assert "LSA22YG" in discover("172.16.127.192", "--all").stdout


def test_a_mistyped_subnet_is_a_mistake_of_the_command(lab):
    answer = discover("172.16.0.0/12")
    assert answer.exit_code == 2
    assert "172.16.0.0/12 has 1048574 addresses, and at most 1024 are asked at a time" in " ".join(
        answer.stderr.split()
    )
    assert lab[1] == []


def test_serial_numbers_that_no_agent_is_told_come_from_the_bridge(lab, monkeypatch):
    path = Path(os.environ["OCS_CONFIG_DIR"]) / "default.yaml"
    config = yaml.safe_load(path.read_text())
    for entry in config["hosts"]["lab"]["agent-instances"]:
        entry["arguments"] = [each for each in entry["arguments"] if each[0] != "--serial-number"]
    path.write_text(yaml.safe_dump(config))
    field = {"path": "observatory.control.feeds.temperatures.Channel_01_T", "tags": {"serial": "LSA77"}}
    monkeypatch.setattr(bridge, "status", lambda: {"nodes": [{"fields": [field]}]})
    assert "if the box was exchanged, write serial: LSA22YG." in discover("--compare").stdout

    def away():
        raise RouterError("no bridge")

    monkeypatch.setattr(bridge, "status", away)
    answer = discover("--compare")
    assert (answer.exit_code, answer.stdout) == (0, "2 instruments are as the inventory says.\n")
    assert "some serial numbers are not compared" in answer.stderr
    assert lab[1]
