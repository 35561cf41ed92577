"""The role ocs gives each agent its own secrets and its own code, prints no secret, and has compose recreate who has a new one."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from paths import CONTROLLER, ROOT

from plugins.plugin_utils.inventory.agent_files import AgentFile, agent_files
from plugins.plugin_utils.inventory.rendering import agent_secrets

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
POWER = {"agent_class": "SynaccessAgent", "id": "power", "arguments": [["--password", {"secret": "strip"}]]}
PUMP = {"agent_class": "PumpAgent", "id": "pump", "arguments": [["--token", {"secret": "pump_token"}]]}
WEATHER = {"agent_class": "VantageproAgent", "id": "weather"}
SECRETS = {"strip": "plugh-xyzzy", "pump_token": "frotz-ozmoo"}
COMPOSE_PROJECT = """
- ansible.builtin.copy: {content: "{{ compose_project_definition | to_json }}", dest: HERE/definition.json, mode: "0644"}
"""
PLAY = "[{hosts: localhost, connection: local, gather_facts: false, roles: [ocs]}]"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A directory in place of the machine's: the role writes there, and a stand-in of compose_project what it would start."""
    for place in ("etc/secrets", "udev", "roles/compose_project/tasks"):
        (tmp_path / place).mkdir(parents=True)
    shutil.copytree(ROOT / "roles/ocs", tmp_path / "roles/ocs")
    changes = {
        "/etc/livemon": f"{tmp_path}/etc",
        "/etc/udev/rules.d": f"{tmp_path}/udev",
        "owner: root": f'owner: "{os.getuid()}"',
        "group: root": f'group: "{os.getgid()}"',
        "'owner': 'root'": f"'owner': '{os.getuid()}'",
        "'group': 'root'": f"'group': '{os.getgid()}'",
    }
    for path in (tmp_path / "roles/ocs").rglob("*.*"):
        text = path.read_text()
        for ours, here in changes.items():
            text = text.replace(ours, here)
        path.write_text(text)
    (tmp_path / "roles/compose_project/tasks/main.yml").write_text(COMPOSE_PROJECT.replace("HERE", str(tmp_path)))
    (tmp_path / "play.yml").write_text(PLAY)
    return tmp_path


def run(machine: Path, agents: list, secrets: dict, *options: str, code: Sequence[AgentFile] = ()) -> str:
    """Run the stages that write and start; return what they print."""
    plain = {"checksum": "5f1d", "writes_archive": False, "usb": False}
    services = [{"id": each["id"], "has_secrets": "arguments" in each} | plain for each in agents]
    given = {
        "ansible_python_interpreter": sys.executable,
        "ocs_agent_secrets": agent_secrets.files(agents, secrets),
        "ocs_agent_services": services,
        "ocs_data_directory": "/data",
        "ocs_docker_run": ["docker", "run"],
        "ocs_image": "livemon/app:1",
        "ocs_agent_files": list(code),
        "ocs_site_config": {"hosts": {}},
        "ocs_site_host": "monitor",
        "ocs_uid": os.getuid(),
    }
    (machine / "given.json").write_text(json.dumps(given))
    answer = subprocess.run(
        [
            *(CONTROLLER / "ansible-playbook", "-i", "localhost,", "-e", f"@{machine}/given.json"),
            *("--tags", "ocs_configure,ocs_run", *options, machine / "play.yml"),
        ],
        cwd=machine,
        env=os.environ
        | {
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "ANSIBLE_ROLES_PATH": str(machine / "roles"),
            "ANSIBLE_NOCOLOR": "1",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def files(machine: Path) -> dict[str, str]:
    directory = machine / "etc/secrets/agents"
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def inputs(machine: Path) -> dict[str, str]:
    """Return the label of each agent's container; compose recreates a container whose label is another one."""
    services = json.loads((machine / "definition.json").read_text())["services"]
    return {name: service["labels"]["livemon.inputs"] for name, service in services.items()}


def test_from_run_to_run(machine):
    printed = run(machine, [POWER, PUMP, WEATHER], SECRETS, "--diff", "-v")
    assert files(machine) == {"power/strip": "plugh-xyzzy", "pump/pump_token": "frotz-ozmoo"}
    assert stat.S_IMODE((machine / "etc/secrets/agents/power/strip").stat().st_mode) == 0o400
    assert stat.S_IMODE((machine / "etc/secrets/agents/power").stat().st_mode) == 0o500
    first = inputs(machine)

    again = run(machine, [POWER, PUMP, WEATHER], SECRETS, "--diff")
    assert "changed=0" in again
    assert inputs(machine) == first

    printed += run(machine, [PUMP, WEATHER], SECRETS | {"pump_token": "gnusto-rezrov"}, "--diff", "-v")
    assert files(machine) == {"pump/pump_token": "gnusto-rezrov"}
    assert not (machine / "etc/secrets/agents/power").exists()
    assert inputs(machine)["pump"] != first["pump"]
    assert inputs(machine)["weather"] == first["weather"] == "5f1d"
    for secret in ("plugh-xyzzy", "frotz-ozmoo", "gnusto-rezrov"):
        assert secret not in printed


def test_an_agent_that_needs_another_secret_loses_the_former(machine):
    both = {"agent_class": "PumpAgent", "id": "pump", "arguments": [["--token", {"secret": "strip"}]]}
    run(machine, [PUMP], SECRETS)
    run(machine, [both], SECRETS)
    assert files(machine) == {"pump/strip": "plugh-xyzzy"}


def test_check_mode_on_a_bare_machine_changes_nothing(machine):
    printed = run(machine, [POWER], SECRETS, "--check", "--diff")
    assert not (machine / "etc/secrets/agents").exists()
    assert "plugh-xyzzy" not in printed


def test_only_the_container_of_an_agent_has_its_files(machine):
    (machine / "agents").mkdir()
    (machine / "agents/weather.py").write_text("class VantageproAgent: ...\ndef main(args=None): ...\n")
    (machine / "still.340").write_text("a curve")
    agents = [POWER, PUMP | {"files": ["still.340"]}, WEATHER | {"files": ["still.340"]}]

    def on_the_machine() -> list[str]:
        return sorted(str(path.relative_to(machine / "etc/ocs")) for path in (machine / "etc/ocs").glob("*/*/*"))

    run(machine, agents, SECRETS, code=agent_files([], agents, machine))
    assert on_the_machine() == ["agents/weather/weather.py", "files/pump/still.340", "files/weather/still.340"]
    assert (machine / "etc/ocs/files/pump/still.340").read_text() == "a curve"
    services = json.loads((machine / "definition.json").read_text())["services"]
    ours = f"{machine}/etc/ocs/"
    mounted = {name: sorted(each for each in about["volumes"] if "ocs/" in each) for name, about in services.items()}
    assert {name: [each for each in all_ if "/config:" not in each] for name, all_ in mounted.items()} == {
        "power": [],
        "pump": [f"{ours}files/pump:/files:ro"],
        "weather": [f"{ours}agents/weather:/agents:ro", f"{ours}files/weather:/files:ro"],
    }
    (machine / "agents/weather.py").unlink()
    agents = [POWER, PUMP | {"files": ["still.340"]}, WEATHER]
    run(machine, agents, SECRETS, code=agent_files([], agents, machine))
    assert on_the_machine() == ["files/pump/still.340"]
    assert not (machine / "etc/ocs/files/weather").exists()
    assert "changed=0" in run(machine, agents, SECRETS, code=agent_files([], agents, machine))
