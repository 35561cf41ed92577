"""The role's tasks give the notifier what the inventory means, its secrets to it alone, and take all of it away again."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest
import yaml
from paths import ROOT
from test_alerting_file import SECRET, TOLD, play

from livemon.notify.configuration import Configuration
from plugins.plugin_utils.inventory.faults.compose import faults

PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_tasks: configure.yml
    - ansible.builtin.import_tasks: run.yml
"""
COMPOSE = """
- name: Keep what the project is
  ansible.builtin.copy:
    content: "{{ lookup('ansible.builtin.template', 'compose.yml.j2') }}"
    dest: DIRECTORY/compose.yml
    mode: "0644"
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A directory in place of /etc/livemon, and the role's own tasks and wiring for it; nothing is given to Docker."""
    for directory in ("etc/secrets", "templates", "state"):
        (tmp_path / directory).mkdir(parents=True)
    for stage in ("configure", "run"):
        tasks = (ROOT / f"roles/notify/tasks/{stage}.yml").read_text().replace("/etc/livemon/", f"{tmp_path}/etc/")
        tasks, replaced = re.subn(
            r"- name: Start the notifier\n(  .*\n)*?  when:", f"{COMPOSE.strip()}\n  when:", tasks
        )
        assert replaced == (stage == "run")
        (tmp_path / f"{stage}.yml").write_text(tasks.replace("DIRECTORY", str(tmp_path)))
    for look in ("earlier", "time_zone"):
        tasks = (ROOT / f"roles/compose_project/tasks/{look}.yml").read_text()
        path = tmp_path / f"roles/compose_project/tasks/{look}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(tasks.replace("/etc/livemon/", f"{tmp_path}/etc/"))
    template = (ROOT / "roles/notify/templates/compose.yml.j2").read_text()
    (tmp_path / "templates/compose.yml.j2").write_text(template)
    (tmp_path / "play.yml").write_text(PLAY.replace("DIRECTORY", str(tmp_path)))
    return tmp_path


def settings(machine: Path, **others: object) -> dict:
    return {"notify_uid": os.getuid(), "notify_state_directory": str(machine / "state")} | others


@pytest.mark.slow
def test_from_run_to_run(machine):
    wiring = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())
    own = {
        key: value
        for key, value in wiring.items()
        if key not in ("notify_uid", "notify_state_directory", "notify_image")
    }
    (machine / "wiring.yml").write_text(yaml.safe_dump(own | settings(machine, notify_image="livemon/app:1.0")))
    told = play(machine, TOLD, machine / "wiring.yml")

    file, secrets = machine / "etc/notify/config/notify.yaml", machine / "etc/secrets/notify"
    configuration = Configuration.read(file)
    assert configuration.monitor == "monitor"
    assert [way.name for way in configuration.ways] == ["on-call/0/email/a@lab.example", "on-call/1/slack"]
    assert SECRET not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    [secret] = secrets.iterdir()
    assert (secret.name, secret.read_text(), stat.S_IMODE(secret.stat().st_mode)) == (
        "notification_slack_url",
        SECRET,
        0o400,
    )

    project = yaml.safe_load((machine / "compose.yml").read_text())
    service = project["services"]["notify"]
    assert service["user"] == f"{os.getuid()}:{os.getuid()}"
    service["user"] = "9007:9007"  # who runs this test may well be root
    assert faults("notify", project) == []
    assert SECRET not in json.dumps(project)
    assert service["networks"] == ["sisock-net"]
    assert "ports" not in service

    told += play(machine, TOLD, machine / "wiring.yml")
    assert "changed=0" in told.rpartition("PLAY RECAP")[2]
    assert SECRET not in told

    (machine / "etc/notify/docker-compose.yml").touch()
    (machine / "state/notifier.json").touch()
    play(machine, {"instruments": []}, machine / "wiring.yml")
    assert yaml.safe_load((machine / "compose.yml").read_text())["services"] == {}
    assert list(secrets.iterdir()) == []
    assert not (machine / "etc/notify").exists()
    assert list((machine / "state").iterdir()) == []
