"""A mistake in the inventory stops the real playbook before any host is touched."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
import yaml
from paths import CONTROLLER, ROOT

from livemon.instruments.folders import models

BAD = [
    {"model": 373, "id": "control", "address": "172.16.127.392", "colour": "red"},
    {"model": 240, "id": "control", "serial": "LSA21OQ"},
]
FAULTS = [
    "instruments[0] (id control).colour: unknown key",
    f"instruments[0] (id control).model: 373 is not a supported model; write {' or '.join(models())}",
    "instruments[0] (id control).serial is missing",
    "instruments[1] (id control).id: 'control' is already used by instruments[0] (id control)",
]


@pytest.fixture
def host():
    """A port on which a host would be reached; nobody may knock."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield listener


def knocked(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def play(
    directory: Path, listener: socket.socket, group: str, instruments: list, *options: str
) -> subprocess.CompletedProcess:
    """Run site.yml on an inventory of two hosts behind the listener."""
    address = {"ansible_host": "127.0.0.1", "ansible_port": listener.getsockname()[1]}
    inventory = {group: {"hosts": {"monitor": address, "other": address}, "vars": {"instruments": instruments}}}
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory))
    return run_playbook("site.yml", directory / "hosts.yml", *options)


def run_playbook(playbook: str | Path, inventory: Path, *options: str) -> subprocess.CompletedProcess:
    quick = {"ANSIBLE_NOCOLOR": "1", "ANSIBLE_SSH_TIMEOUT": "3", "ANSIBLE_SSH_RETRIES": "0"}
    return subprocess.run(
        [CONTROLLER / "ansible-playbook", "-i", inventory, *options, ROOT / "playbooks" / playbook],
        cwd=ROOT,
        env=os.environ | quick | {"PATH": f"{CONTROLLER}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(
    "options", [(), ("--limit", "other"), ("--tags", "crossbar"), ("--check",)], ids=["all", "limit", "tags", "check"]
)
def test_a_bad_inventory_stops_before_any_host_is_touched(tmp_path, host, options):
    answer = play(tmp_path, host, "livemon", BAD, *options)
    assert answer.returncode != 0
    for fault in FAULTS:
        assert fault in " ".join(answer.stdout.split()), answer.stdout
    assert "nothing was changed" in answer.stdout
    assert not knocked(host)


def test_a_sound_inventory_is_followed_by_a_connection(tmp_path, host):
    """The counterpart, without which the test above could not fail."""
    sound = [{"model": 240, "id": "ls240", "serial": "LSA21OQ"}]
    answer = play(tmp_path, host, "livemon", sound, "--limit", "other")
    assert answer.returncode != 0
    assert "nothing was changed" not in answer.stdout
    assert knocked(host)


def test_a_broken_file_of_the_lab_s_own_agents_stops_before_any_host_is_touched(tmp_path, host):
    """In a directory that is the inventory, Ansible would take the file for another inventory, and run it if it is executable."""
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/level.py").write_text("class Level:\ndef main(args=None): ...\n")
    (tmp_path / "agents/level.py").chmod(0o755)
    address = {"ansible_host": "127.0.0.1", "ansible_port": host.getsockname()[1]}
    settings = {"instruments": [], "ocs_agents": [{"agent_class": "Level", "id": "still"}]}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"livemon": {"hosts": {"monitor": address}, "vars": settings}}))
    answer = run_playbook("site.yml", tmp_path)
    assert answer.returncode != 0
    assert "agents/level.py, line 2: expected an indented block" in " ".join(answer.stdout.split())
    assert "arse inventory" not in answer.stdout + answer.stderr
    assert not knocked(host)


def test_an_inventory_without_a_monitor_says_so(tmp_path, host):
    answer = play(tmp_path, host, "lab", [])
    assert answer.returncode != 0
    assert "start from inventory/example" in answer.stdout
    assert not knocked(host)


@pytest.mark.parametrize("inventory", ["example", "demo"])
def test_our_own_inventories_are_sound(inventory):
    answer = run_playbook("check_inventory.yml", ROOT / "inventory" / inventory)
    assert answer.returncode == 0, answer.stdout


SECOND_LIST = """
livemon:
  hosts: {monitor: {}}
  vars:
    instruments: [{model: 240, id: a, serial: A1}]
    instruments: [{model: 240, id: b, serial: B1}]
"""
WRONG_INDENTATION = """
livemon:
  hosts: {monitor: {}}
  instruments: [{model: 240, id: a, serial: A1}]
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SECOND_LIST, "duplicate"),
        (SECOND_LIST.replace("A1}]", "A1}"), "/hosts.yml, line 5: the [ here is not closed"),
        (WRONG_INDENTATION, "write it under vars"),
    ],
    ids=["a second list", "unreadable", "at the wrong place"],
)
def test_an_inventory_of_which_ansible_would_lose_a_part_is_an_error(tmp_path, text, said):
    """Each got a warning only: the run then ended the agents of the part that was lost, or did nothing and called it a success."""
    (tmp_path / "hosts.yml").write_text(text)
    answer = run_playbook("check_inventory.yml", tmp_path)
    assert answer.returncode != 0
    assert said in " ".join((answer.stdout + answer.stderr).split())
    assert "Failed to parse" not in answer.stdout + answer.stderr


MONITOR_ITSELF = """
livemon:
  hosts:
    monitor: {ansible_connection: local, ansible_become: false, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  vars:
    instruments: [{model: 240, id: ls240, serial: LSA21OQ, channels: {1: {label: 4K plate, alarm_above_K: 5.0}}}]
    grafana_server_names: [monitor.lab.example]
"""


@pytest.mark.parametrize(
    ("playbook", "options", "said"),
    [
        ("check_inventory.yml", (), "The inventory is sound; nothing was changed. monitor would be set up like this:"),
        ("site.yml", ("--check", "--tags", "no_role"), "Check mode: nothing was changed on monitor."),
    ],
)
def test_the_last_lines_say_in_plain_text_what_is_set_up(tmp_path, playbook, options, said):
    """A run ended with a recap of tasks: no address, no instrument, no word of whom alarms reach."""
    (tmp_path / "hosts.yml").write_text(MONITOR_ITSELF)
    answer = run_playbook(playbook, tmp_path / "hosts.yml", *options)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    last = answer.stdout[answer.stdout.index(said) :]
    assert "RECAP" not in last
    assert "  1 instrument  ls240 (Lake Shore 240, serial LSA21OQ, on USB; plotted as LSA21OQ)\n" in last
    assert "  1 limit       ls240, 4K plate: above 5 K (critical)\n" in last
    assert "  alarms        NOBODY IS NOTIFIED of alarms" in last
    assert "Unable to find" not in answer.stdout + answer.stderr
    if playbook == "site.yml":
        assert "  quick look    http://localhost:5000  (on this computer)\n" in last
        assert "  remote access ssh -N -L 3000:localhost:3000 -L 5000:localhost:5000 " in last
        assert "@monitor.lab.example\n" in last


def test_the_way_to_the_monitor_itself_leads_to_its_name_and_not_to_localhost(tmp_path):
    """The entry said `HostName localhost, User root`, which leads nowhere from another computer."""
    (tmp_path / "hosts.yml").write_text(MONITOR_ITSELF)
    answer = run_playbook("remote_access.yml", tmp_path / "hosts.yml", "-e", f"remote_access_file={tmp_path}/entry")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    last = answer.stdout[answer.stdout.index("For ~/.ssh/config") :]
    assert "\nHost livemon-monitor\n    HostName monitor.lab.example\n" in last
    assert "The monitor is this computer, which calls itself monitor.lab.example." in last
    assert "HostName monitor.lab.example" in (tmp_path / "entry").read_text()


def test_a_mistake_about_an_agent_is_found_without_ocs_on_the_controller(tmp_path):
    """All three passed the check and the run, and containers restarted for ever."""
    (tmp_path / "hosts.yml").write_text(
        """
livemon:
  hosts: {monitor: {}}
  vars:
    instruments: []
    ocs_agents:
      - {agent_class: FakeDateAgent, id: fake2}
      - {agent_class: FakeDataAgent, id: fake3, arguments: [[--sample_rate, 4]], feeds: [false_temperature]}
"""
    )
    answer = run_playbook("check_inventory.yml", tmp_path)
    assert answer.returncode != 0
    for fault in (
        "The inventory has 3 faults; nothing was changed.",
        (
            "- ocs_agents[0] (id fake2).agent_class: FakeDateAgent is not an agent class of ocs 0.12.1 or socs 0.6.4; "
            "did you mean FakeDataAgent?"
        ),
        "- ocs_agents[1] (id fake3).arguments: FakeDataAgent has no option --sample_rate; did you mean --sample-rate?",
        "- ocs_agents[1] (id fake3).feeds[0]: FakeDataAgent has no feed 'false_temperature'; did you mean false_temperatures?",
    ):
        assert fault in " ".join(answer.stdout.split())


def test_a_secret_that_is_not_defined_is_a_fault_like_any_other(tmp_path):
    """It was four nested errors by the newest Ansible, and nothing at all by ansible-core 2.16."""
    (tmp_path / "hosts.yml").write_text(
        """
livemon:
  hosts: {monitor: {ansible_become_password: "{{ vault_sudo }}"}}
  vars:
    instruments: []
    notification_secrets: {slack: "{{ vault_slack }}"}
"""
    )
    answer = run_playbook("check_inventory.yml", tmp_path)
    assert answer.returncode != 0
    for fault in (
        "The inventory has 2 faults; nothing was changed.",
        f"- ansible_become_password: the variable vault_sudo is not defined ({tmp_path}/hosts.yml, line 3); define it",
        f"- notification_secrets: the variable vault_slack is not defined ({tmp_path}/hosts.yml, line 6); define it",
    ):
        assert fault in " ".join(answer.stdout.split())
    assert "caused by" not in answer.stdout + answer.stderr


def rendered(directory: Path, role: str, variables: dict) -> dict:
    """The compose project of a role, as its template makes it of these variables."""
    template = ROOT / f"roles/{role}/templates/compose.yml.j2"
    content = f"{{{{ lookup('ansible.builtin.template', '{template}') | from_yaml | to_json }}}}"
    task = {"ansible.builtin.copy": {"content": content, "dest": str(directory / "compose.json"), "mode": "0644"}}
    play_ = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [task]}
    (directory / "play.yml").write_text(yaml.safe_dump([play_]))
    answer = run_playbook(directory / "play.yml", ROOT / "inventory/demo")
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return json.loads((directory / "compose.json").read_text())


def test_a_simulator_is_run_without_labels_and_an_agent_with_its_own_secrets_only(tmp_path):
    """A changed label started the simulator again; every user of the machine could read an agent's password."""
    simulator = {"id": "ls240", "model": "240", "serial": "LSA21OQ", "port": 1094}
    variables = {"simulators_image": "app", "simulators_uid": 9005, "simulators_instruments": [simulator]}
    services = rendered(tmp_path, "simulators", variables | {"simulators_bluefors": "/srv/bluefors"})["services"]
    assert services["ls240"]["command"] == (
        ["simulate", "240", "--serial", "LSA21OQ", "--host", "0.0.0.0", "--port", "1094", "--control", "/tmp/control"]
    )
    assert services["bluefors_logs"]["command"] == ["simulate", "bluefors", "/logs"]
    assert services["bluefors_logs"]["volumes"] == ["/srv/bluefors:/logs"]

    usual = {"checksum": "0", "writes_archive": False, "usb": False}
    agents = [usual | {"id": "power", "has_secrets": True}, usual | {"id": "fake1", "has_secrets": False}]
    variables = {"ocs_image": "app", "ocs_uid": 9000, "ocs_site_host": "lab", "ocs_agent_services": agents}
    for file in ("defaults", "vars"):
        variables |= yaml.safe_load((ROOT / f"roles/ocs/{file}/main.yml").read_text())
    services = rendered(tmp_path, "ocs", variables)["services"]
    (mounted,) = [each for each in services["power"]["volumes"] if "agents" in each]
    assert mounted == "/etc/livemon/secrets/agents/power:/run/agent_secrets:ro"
    assert services["power"]["environment"]["LIVEMON_AGENT_SECRETS"] == "/run/agent_secrets"
    assert not any("secrets/agents" in each for each in services["fake1"]["volumes"])
