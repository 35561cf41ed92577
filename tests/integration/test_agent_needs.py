"""What an agent needs of the host, from the inventory to its compose file and udev rules, by Ansible's own templates."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from paths import ROOT
from renderings import rendered

ANSIBLE = Path(os.environ.get("LIVEMON_CONTROLLER", ROOT / ".venv/controller/bin"))
PLAIN = {"agent_class": "FakeDataAgent", "id": "fake1"}
FRIDGE = {
    "agent_class": "BlueforsAgent",
    "id": "fridge",
    "arguments": [["--log-directory", "/logs"]],
    "directories": [{"path": "/srv/bluefors/logs", "at": "/logs"}],
    "environment": {"MODE": "poll", "on": "yes", "PRICE": "5$"},
}
PUMP = {
    "agent_class": "Lakeshore425Agent",
    "id": "pump",
    "arguments": [["--port", "/dev/livemon/pump"]],
    "devices": [{"serial": "FT5ABCDE", "name": "pump"}, {"serial": "FT5ABCDF", "interface": 10, "name": "gauge"}],
    "ports": [{"port": 8124, "at": 24, "protocol": "udp", "from": ["192.0.2.7"]}],
    "packages": ["pump-protocol==0.4"],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    directory = tmp_path_factory.mktemp("needs")
    settings = {"instruments": [], "ocs_agents": [PLAIN, FRIDGE, PUMP]}
    inventory = directory / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"livemon": {"hosts": {"monitor": {}}, "vars": settings}}))
    return json.loads(rendered(inventory, directory, ANSIBLE))


@pytest.fixture(scope="module")
def services(run: dict[str, Any]) -> dict[str, Any]:
    return run["compose"]["ocs"]["services"]


def test_an_agent_that_needs_nothing_gets_nothing(services):
    assert set(services["fake1"]) == set(services["registry"])
    assert services["fake1"]["environment"] == services["registry"]["environment"]


def test_a_directory_is_mounted_and_never_made_by_docker(services):
    assert services["fridge"]["volumes"][-1] == {
        "type": "bind",
        "source": "/srv/bluefors/logs",
        "target": "/logs",
        "read_only": True,
        "bind": {"create_host_path": False},
    }


def test_variables_are_added_to_those_of_livemon_as_texts(services):
    added = services["fridge"]["environment"].items() - services["fake1"]["environment"].items()
    assert dict(added) == {"MODE": "poll", "on": "yes", "PRICE": "5$$"}
    assert services["fake1"]["environment"].items() <= services["fridge"]["environment"].items()


def test_a_serial_line_can_be_opened_and_other_devices_not(services):
    pump = services["pump"]
    assert pump["device_cgroup_rules"] == ["c 188:* rw", "c 166:* rw"]
    assert "/dev:/dev:ro" in pump["volumes"]
    assert pump["tmpfs"] == ["/tmp", "/dev/shm", "/dev/mqueue"]
    assert "device_cgroup_rules" not in services["fridge"]


def test_a_port_is_published(services):
    assert services["pump"]["ports"] == ["0.0.0.0:8124:24/udp"]


def test_packages_are_in_an_image_of_that_agent_alone(services):
    assert services["pump"]["image"].startswith("livemon/agent:")
    assert {services[name]["image"] for name in ("registry", "fake1", "fridge")} == {"livemon/app:rendered"}
    assert services["pump"]["environment"] == services["fake1"]["environment"]


def test_udev_names_the_lines_by_serial_number_and_interface(run):
    line = 'ACTION!="remove", SUBSYSTEM=="tty", SUBSYSTEMS=="usb", ATTRS{serial}=="FT5ABCD'
    assert [rule for rule in run["udev"].splitlines() if 'SUBSYSTEM=="tty"' in rule] == [
        f'{line}E", SYMLINK+="livemon/pump", GROUP="dialout", MODE="0660"',
        f'{line}F", ENV{{ID_USB_INTERFACE_NUM}}=="0a", SYMLINK+="livemon/gauge", GROUP="dialout", MODE="0660"',
    ]
