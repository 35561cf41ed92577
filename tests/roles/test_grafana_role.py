"""The role runs Grafana, knows whether it has what it was given, and says in words why not: with the stand-in as its container."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import grafana_files
import pytest
import yaml
from grafana_container import Machine
from paths import CONTROLLER, ROOT

from livemon.grafana.client import Grafana
from plugins.plugin_utils.inventory.grafana import alerting

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
PATIENCE = 15
"""Seconds for which the role waits; Grafana has to be well for ten."""

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192", "channels": {1: None}}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "channels": {1: {"label": "Still", "alarm_above_K": 2}}}
INVENTORY = {"instruments": [FRIDGE, DIODES]}
SMALLER = {"instruments": [FRIDGE]}
HALF_A_LINK = "both annotations __dashboardUid__ and __panelId__ must be specified"


@pytest.fixture(scope="module")
def bridge() -> Iterator[str]:
    with grafana_files.bridge() as address:
        yield address


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory, bridge: str) -> Iterator[Machine]:
    """A machine on which the role has run, and everything is well."""
    made = Machine(tmp_path_factory.mktemp("machine"))
    made.prepare(bridge)
    try:
        status, said = play(made, INVENTORY, "all")
        assert status == 0, said
        made.snapshot()
        yield made
    finally:
        made.stop()


@pytest.fixture
def machine(configured: Machine) -> Machine:
    """A configured machine, before Grafana was ever started on it."""
    configured.reset()
    return configured


def play(machine: Machine, inventory: dict, tags: str = "run", **environment: str) -> tuple[int, str]:
    """Run the role; return the exit status of the playbook and what it said, as one line."""
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"livemon": {"hosts": {"monitor": host}, "vars": inventory | {"grafana_port": machine.port}}}
    (machine.directory / "hosts.yml").write_text(yaml.safe_dump(hosts))
    further = {"grafana_patience": PATIENCE, "livemon_project": str(ROOT)}
    further["livemon_grafana_state_directory"] = str(machine.directory / "state")
    filters = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"}
    answer = subprocess.run(
        [
            *(CONTROLLER / "ansible-playbook", "-i", machine.directory / "hosts.yml", "--tags", tags),
            *("-e", f"@{ROOT / 'playbooks/group_vars/all.yml'}", "-e", json.dumps(further)),
            machine.directory / "play.yml",
        ],
        cwd=machine.directory,
        env=machine.environment(**filters, **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return answer.returncode, " ".join((answer.stdout + answer.stderr).split())


def changed(said: str) -> int:
    return int(re.search(r"changed=(\d+)", said)[1])


def give(machine: Machine, document: dict) -> None:
    """Write the alerting file that the role would write."""
    path = machine.directory / "etc/grafana/config/alerting/livemon.yml"
    path.write_text(alerting.text_after(document, path.read_text() if path.exists() else ""))


def test_from_run_to_run(machine):
    status, said = play(machine, INVENTORY, "all")
    assert status == 0, said
    grafana = Grafana(f"http://127.0.0.1:{machine.port}", "the first")
    folders = {folder["title"]: folder["uid"] for folder in grafana.get_json("/api/folders")}
    permissions = grafana.get_json(f"/api/folders/{folders['livemon']}/permissions")
    assert permissions == [{"role": "Viewer", "permission": 1}, {"role": "Editor", "permission": 1}]

    machine.set_password("the second")
    status, said = play(machine, SMALLER, "all")
    assert status == 0, said
    assert "the second" not in said
    grafana = Grafana(f"http://127.0.0.1:{machine.port}", "the second")
    assert "ls240" not in str(grafana.get_json("/api/v1/provisioning/alert-rules"))

    status, said = play(machine, SMALLER, "all")
    assert (status, re.search(r"changed=(\d+)", said)[1]) == (0, "0"), said


@pytest.mark.parametrize("version", ["12.0.2", "13.0.1"])
def test_a_grafana_that_refuses_its_alarms_fails_the_run_in_its_own_words(machine, version):
    document = alerting.document(INVENTORY)
    rule = next(rule for group in document["groups"] for rule in group["rules"] if "__panelId__" in rule["annotations"])
    del rule["annotations"]["__panelId__"]
    give(machine, document)
    status, said = play(machine, INVENTORY, STAND_IN_VERSION=version)
    assert status == 2, said
    assert "Grafana does not run as it should: " in said
    assert f"Its last error: Error: ✗ alert rules: {HALF_A_LINK}" in said


@pytest.mark.parametrize("after", ["4", "11"])
def test_a_grafana_that_is_healthy_and_then_ends_fails_the_run(machine, after):
    status, said = play(machine, INVENTORY, STAND_IN="ends", STAND_IN_ENDS_AFTER=after)
    assert status == 2, said
    # Which step finds it first depends on how busy the computer is.
    assert "Grafana does not run as it should: " in said
    assert "Its last error: Error: ✗ the stand-in was told to end" in said


def test_alarms_of_another_inventory_are_removed_or_fail_the_run(machine):
    """A database that was brought back has the alarms of its own time, which no file names."""
    status, said = play(machine, INVENTORY)
    assert status == 0, said
    alarms = machine.directory / "etc/grafana/config/alerting/livemon.yml"
    alarms.unlink()
    give(machine, alerting.document(SMALLER))
    status, said = play(machine, SMALLER, STAND_IN="keeps-rules")
    assert status == 2, said
    assert "still there, though the inventory has it no more" in said
    assert "livemon-rule-ls240" in said
    status, said = play(machine, SMALLER)
    assert status == 0, said
    assert [path.name for path in alarms.parent.iterdir()] == [alarms.name]


def test_a_grafana_without_graphite_fails_the_run_in_words(machine):
    status, said = play(machine, INVENTORY, STAND_IN="no-graphite")
    assert status == 2, said
    assert "this Grafana has no plug-in graphite" in said


def test_a_password_that_grafana_does_not_take_is_told_and_tried_again(machine):
    status, said = play(machine, INVENTORY)
    assert status == 0, said
    machine.set_password("the second")
    status, said = play(machine, INVENTORY, STAND_IN="hashes-twice")
    assert status == 2, said
    assert "does not take the administrator's password that it was just told" in said
    assert "Grafana 11.0 has this fault: name another release by grafana_image" in said
    status, said = play(machine, INVENTORY)
    assert status == 0, said


def test_a_password_that_somebody_changed_in_grafana_is_told(machine):
    status, said = play(machine, INVENTORY)
    assert status == 0, said
    with closing(sqlite3.connect(machine.directory / "data/grafana.db", timeout=30)) as database, database:
        database.execute("UPDATE user SET password = 'another'")
    status, said = play(machine, INVENTORY)
    assert status == 2, said
    assert "Write it into /etc/livemon/secrets/master/admin and run playbooks/site.yml" in said


IMAGES = {
    "grafana/grafana:9.4.7": True,
    "grafana/grafana:10.4.2": True,
    "grafana/grafana:latest": True,
    "registry.lab:5000/grafana@sha256:" + "0" * 64: True,
    "grafana/grafana:11.0.0": False,
    "grafana/grafana:12.0.2@sha256:" + "0" * 64: False,
    "grafana/grafana-oss:13.1.0-ubuntu": False,
}
"""Whether each is restarted for a new certificate: before 11.0 it is read once. A tag without a number may be any release."""
RENDER = """
- hosts: all
  gather_facts: false
  vars_files: [defaults/main.yml, vars/main.yml]
  vars:
    __grafana_secrets_found: {files: []}
    __grafana_authorities: {}
    compose_project_time_zone: {stat: {exists: false}}
    grafana_livemon_image: livemon/app:1
  tasks:
    - ansible.builtin.template: {src: compose.yml.j2, dest: "{{ index }}.yml", mode: "0644"}
      loop: "{{ images }}"
      loop_control: {index_var: index}
      vars: {grafana_image: "{{ item }}"}
"""


def test_a_grafana_that_reads_its_certificate_once_is_restarted_for_a_new_one(tmp_path):
    """The renewal of certificates restarts each container with this label, if its file is newer than its start."""
    shutil.copytree(ROOT / "roles/grafana", tmp_path / "grafana")
    (tmp_path / "grafana/play.yml").write_text(RENDER.replace('"{{ index }}', f'"{tmp_path}/{{{{ index }}}}'))
    subprocess.run(
        [
            *(CONTROLLER / "ansible-playbook", "-i", "localhost,", "-c", "local"),
            *(
                "-e",
                json.dumps({"images": list(IMAGES), "grafana_speaks_https": True}),
                "-e",
                f"ansible_python_interpreter={sys.executable}",
            ),
            tmp_path / "grafana/play.yml",
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=100,
    )
    labels = [
        yaml.safe_load((tmp_path / f"{n}.yml").read_text())["services"]["grafana"]["labels"] for n in range(len(IMAGES))
    ]
    assert ["livemon.certificate" in each for each in labels] == list(IMAGES.values())
