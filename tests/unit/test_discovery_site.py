"""What the rendered inventory says: where instruments should be, and which places agents use."""

from __future__ import annotations

import pytest
import yaml

from livemon.discovery import site
from livemon.errors import ConfigError
from livemon.instruments import folders
from plugins.plugin_utils.inventory.rendering import ocs

INSTRUMENTS = [
    {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"},
    {"model": 240, "id": "ls240", "serial": "LSA21OQ"},
    {"model": 240, "id": "far", "serial": "LSA2FAR", "address": "127.0.0.1:4001"},
    {"model": 240, "id": "near", "serial": "LSA2NEAR", "address": "localhost"},
    {"model": 372, "id": "toy", "serial": "LSATOY", "simulated": True},
]
AGENTS = [
    {"agent_class": "CryomechCPAAgent", "id": "pt415", "arguments": [["--ip-address", "172.16.127.20"]]},
    {"agent_class": "PfeifferAgent", "id": "gauge", "arguments": [["--ip-address=172.16.127.21"], ["--port", 8000]]},
    {
        "agent_class": "Other",
        "id": "pump",
        "arguments": [["--url", "http://172.16.127.22:8080/status"], ["--port", "/dev/ttyX"]],
    },
    {"agent_class": "FakeDataAgent", "id": "fake", "arguments": [["--mode", "acq"], ["--sample-rate", "4.5"]]},
]


def read(instruments=INSTRUMENTS, agents=AGENTS):
    return site.read(yaml.safe_dump(ocs.site_config(instruments, agents, "lab", 60)), "default.yaml")


def test_instruments_are_where_the_inventory_says():
    control, ls240, far, near, toy = read().instruments
    assert (control.id, control.number, control.serial) == ("control", "372", "LSA22YG")
    assert (control.host, control.port, control.ip) == ("172.16.127.192", 7777, "172.16.127.192")
    assert (ls240.serial, ls240.host, ls240.port) == ("LSA21OQ", None, None)
    assert (far.host, far.port, near.host, near.port, near.ip) == ("127.0.0.1", 4001, "localhost", 1094, "127.0.0.1")
    assert [each.simulated for each in (control, ls240, far, near, toy)] == [False, False, False, False, True]
    assert toy.ip is None


@pytest.mark.parametrize("number", folders.models())
def test_every_model_is_read_from_what_its_agent_is_told(number):
    (one,) = read([{"model": number, "id": "one", "serial": "LSA1", "address": "172.16.127.5"}], []).instruments
    assert (one.number, one.host, one.port) == (number, "172.16.127.5", folders.models()[number].port)


def test_places_that_agents_of_any_class_use():
    used = read().used
    assert used == {
        "172.16.127.192": {"control"},
        "127.0.0.1": {"far", "near"},
        "172.16.127.20": {"pt415"},
        "172.16.127.21": {"gauge"},
        "172.16.127.22": {"pump"},
        "/dev/LSA21OQ": {"ls240"},
        "/dev/ttyX": {"pump"},
    }


def test_who_uses_a_place():
    known = read()
    assert known.user_of("172.16.127.192", {"control"}) == "control"
    assert known.user_of("172.16.127.192", {"ls240"}) is None
    assert known.user_of("172.16.127.1", {"control"}) is None
    assert [known.user_of("127.0.0.1", {each}) for each in ("far", "near")] == ["far", "near"]
    assert known.ids == {"control", "ls240", "far", "near", "toy", "pt415", "gauge", "pump"}


def test_a_serial_line_behind_an_adapter_is_not_a_host():
    arguments = [["--serial-number", "LSA5"], ["--ip-address", "/dev/LSA5"]]
    agent = {"instance-id": "old", "agent-class": "Lakeshore372Agent", "arguments": arguments}
    known = site.read(yaml.safe_dump({"hosts": {"lab": {"agent-instances": [agent]}}}), "default.yaml")
    assert known.instruments == (site.Expected("old", "372", "LSA5"),)
    assert known.used == {"/dev/LSA5": {"old"}}


def test_serial_numbers_that_agents_are_not_told():
    nameless = site.Site((site.Expected("magnet", "240", ""), site.Expected("ls240", "240", "LSA21OQ")))
    completed = nameless.with_serials({"magnet": "LSA4", "ls240": "other"})
    assert [each.serial for each in completed.instruments] == ["LSA4", "LSA21OQ"]


def test_without_a_site_config_nothing_is_known(tmp_path):
    assert site.from_environment({}) is None
    with pytest.raises(ConfigError, match=r"cannot read the site config .*No such file"):
        site.from_environment({"OCS_CONFIG_DIR": str(tmp_path)})


@pytest.mark.parametrize("text", ["", "hosts: 1", "hosts: {lab: {agent-instances: [{}]}}", "[", "hosts: {lab: 1}"])
def test_what_is_not_a_site_config(text):
    with pytest.raises(ConfigError, match=r"default\.yaml is not"):
        site.read(text, "default.yaml")
