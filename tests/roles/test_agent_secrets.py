"""The role ocs gives each agent its own secrets, says none of them, and restarts the agents that have a new one."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest
from paths import ROOT

from plugins.plugin_utils.inventory.rendering import agent_secrets

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ANSIBLE = ROOT / ".venv/controller/bin"
POWER = {"agent_class": "SynaccessAgent", "id": "power", "arguments": [["--password", {"secret": "strip"}]]}
PUMP = {"agent_class": "PumpAgent", "id": "pump", "arguments": [["--token", {"secret": "pump_token"}]]}
SECRETS = {"strip": "plugh-xyzzy", "pump_token": "frotz-ozmoo"}
PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  vars: {ocs_uid: UID, ocs_no_log: true}
  tasks:
    - ansible.builtin.import_tasks: secrets.yml
"""
DOCKER = """#!/bin/sh
echo "$@" >>DIRECTORY/docker.log
case $1 in
    ps) echo "container-of-${4##*ocs_}" ;;
    restart) echo "$2" ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """A directory in place of /etc/livemon, and a docker that writes down what it is asked."""
    tasks = (ROOT / "roles/ocs/tasks/secrets.yml").read_text().replace("/etc/livemon", f"{tmp_path}/etc")
    for name in ("owner: root", "group: root"):
        tasks = tasks.replace(name, f'{name.split(":")[0]}: "{os.getuid() if "owner" in name else os.getgid()}"')
    (tmp_path / "secrets.yml").write_text(tasks)
    (tmp_path / "play.yml").write_text(PLAY.replace("UID", str(os.getuid())))
    (tmp_path / "etc/secrets").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(DOCKER.replace("DIRECTORY", str(tmp_path)))
    (tmp_path / "bin/docker").chmod(0o755)
    return tmp_path


def run(machine, agents: list, secrets: dict, *options: str) -> str:
    given = {"ocs_agent_secrets": agent_secrets.files(agents, secrets), "ansible_python_interpreter": sys.executable}
    (machine / "given.json").write_text(json.dumps(given))
    (machine / "docker.log").write_text("")
    answer = subprocess.run(
        [
            ANSIBLE / "ansible-playbook",
            "-i",
            "localhost,",
            "-e",
            f"@{machine}/given.json",
            *options,
            machine / "play.yml",
        ],
        cwd=machine,
        env=os.environ | {"PATH": f"{machine}/bin:{ANSIBLE}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


def files(machine) -> dict[str, str]:
    directory = machine / "etc/secrets/agents"
    return {str(path.relative_to(directory)): path.read_text() for path in directory.rglob("*") if path.is_file()}


def restarted(machine) -> list[str]:
    return [
        line.split()[-1] for line in (machine / "docker.log").read_text().splitlines() if line.startswith("restart")
    ]


def test_from_run_to_run(machine):
    said = run(machine, [POWER, PUMP], SECRETS, "--diff", "-v")
    assert files(machine) == {"power/strip": "plugh-xyzzy", "pump/pump_token": "frotz-ozmoo"}
    assert stat.S_IMODE((machine / "etc/secrets/agents/power/strip").stat().st_mode) == 0o400
    assert stat.S_IMODE((machine / "etc/secrets/agents/power").stat().st_mode) == 0o500
    assert restarted(machine) == ["container-of-power$", "container-of-pump$"]

    again = run(machine, [POWER, PUMP], SECRETS, "--diff")
    assert "changed=0" in again
    assert restarted(machine) == []

    said += run(machine, [PUMP], SECRETS | {"pump_token": "gnusto-rezrov"}, "--diff", "-v")
    assert files(machine) == {"pump/pump_token": "gnusto-rezrov"}
    assert not (machine / "etc/secrets/agents/power").exists()
    assert restarted(machine) == ["container-of-pump$"]
    for secret in ("plugh-xyzzy", "frotz-ozmoo", "gnusto-rezrov"):
        assert secret not in said


def test_check_mode_on_a_bare_machine_changes_nothing(machine):
    run(machine, [POWER], SECRETS, "--check", "--diff")
    assert not (machine / "etc/secrets/agents").exists()
    assert restarted(machine) == []
