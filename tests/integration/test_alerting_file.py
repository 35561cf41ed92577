"""The role's tasks write the alerting file that the inventory means, and its secrets nowhere but in their own files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from paths import CONTROLLER, ROOT

from plugins.plugin_utils.inventory.grafana import alerting

SECRET = "https://hooks.example/T0/B0/xyzzy"
FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "channels": {2: {"label": "4K plate", "alarm_above_K": 5.0}},
}
TOLD = {
    "instruments": [FRIDGE],
    "notifications": {
        "contact_points": [{"name": "on-call", "email": "a@lab.example", "slack": {"secret": "slack_url"}}]
    },
    "notification_secrets": {"slack_url": "{{ vault_slack_url }}"},
    "smtp": {"host": "smtp.lab.example:587", "from": "cryo@lab.example"},
}
PLAY = """
- hosts: all
  gather_facts: false
  vars_files: [vars.yml]
  tasks:
    - ansible.builtin.import_tasks: alerting.yml
    - ansible.builtin.import_tasks: secrets.yml
    - ansible.builtin.copy: {content: "{{ grafana_smtp | to_json }}", dest: smtp.json, mode: "0644"}
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A directory in place of /etc/livemon, and the role's own tasks and wiring for it."""
    for directory in ("etc/grafana/config/alerting", "etc/secrets/grafana"):
        (tmp_path / directory).mkdir(parents=True)
    for part in ("tasks/alerting", "tasks/secrets", "vars/main"):
        text = (ROOT / f"roles/grafana/{part}.yml").read_text().replace('"472"', f'"{os.getuid()}"')
        assert "/etc/livemon/" in text or "__grafana_secrets_directory" in text
        name = part.removeprefix("tasks/").replace("vars/main", "vars")
        (tmp_path / f"{name}.yml").write_text(text.replace("/etc/livemon/", f"{tmp_path}/etc/"))
    (tmp_path / "play.yml").write_text(PLAY.replace("smtp.json", str(tmp_path / "smtp.json")))
    return tmp_path


def play(machine: Path, settings: dict, wiring: Path = ROOT / "playbooks/group_vars/all.yml") -> str:
    host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "vault_slack_url": SECRET}
    inventory = {"livemon": {"hosts": {"monitor": host}, "vars": settings}}
    (machine / "hosts.yml").write_text(yaml.safe_dump(inventory))
    answer = subprocess.run(
        [
            *(CONTROLLER / "ansible-playbook", "-vvv", "--diff", "-i", machine / "hosts.yml"),
            *("-e", f"@{wiring}", machine / "play.yml"),
        ],
        cwd=machine,
        env=os.environ | {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"), "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


@pytest.mark.slow
def test_from_run_to_run(machine):
    file, secrets = machine / "etc/grafana/config/alerting/livemon.yml", machine / "etc/secrets/grafana"
    told = play(machine, TOLD)
    # Grafana's own templates pass through Ansible's as they are.
    assert file.read_text() == alerting.text_after(alerting.document(TOLD), "")
    assert "{{ printf" in file.read_text()
    assert (machine / "smtp.json").read_text().startswith('{"GF_SMTP_ENABLED": "true"')
    (secret,) = secrets.iterdir()
    assert (secret.name, secret.read_text(), oct(secret.stat().st_mode)[-3:]) == (
        "notification_slack_url",
        SECRET,
        "400",
    )

    told += play(machine, TOLD)
    assert "changed=0" in told.rpartition("PLAY RECAP")[2]
    assert SECRET not in told

    (secrets / "admin").write_text("not ours")
    play(machine, {"instruments": []})
    content = yaml.safe_load(file.read_text())
    assert {"orgId": 1, "uid": "livemon-rule-control"} in content["deleteRules"]
    assert [each["uid"] for each in content["deleteContactPoints"]] == [
        "livemon-to-on-call-email",
        "livemon-to-on-call-slack",
    ]
    assert content["resetPolicies"] == [1]
    assert [each.name for each in secrets.iterdir()] == ["admin"]
