"""The appliance is uninstalled: nothing of it is left, what is precious and what belongs to others is, and it comes back.

Last of all, for it takes the machine apart and sets it up again.
"""

from __future__ import annotations

import subprocess
import time

import pytest
from lab_machine import Machine
from test_host import INSTRUMENTS, all_fresh, first_channel, times
from testinfra.host import Host
from waiting import wait_for

pytestmark = [pytest.mark.long, pytest.mark.takes_apart]

LEFT = {
    "containers": "docker ps --all --format '{{.Names}}' | grep -E '^(sisock|ocs|simulator|livemon)_'",
    "networks": "docker network ls --format '{{.Name}}' | grep -E '^(ocs|sisock)-net$'",
    "images": "docker image ls --quiet 'livemon/*'",
    "units": "systemctl list-units --all --plain --no-legend 'livemon*'",
    "files of the configuration": "find /etc/livemon -type f -not -path '/etc/livemon/pki/*' -not -path '/etc/livemon/secrets/*'",
    "secrets of the inventory": (
        "find /etc/livemon/secrets/deadman/url /etc/livemon/secrets/grafana/notification_* "
        "/etc/livemon/secrets/notify/notification_* /etc/livemon/secrets/agents"
    ),
    "lines in other files": (
        "grep --recursive --ignore-case --files-with-matches livemon /etc --exclude-dir=livemon --exclude-dir=ssh "
        "--exclude=hostname --exclude=hosts --exclude='*-'"  # passwd- and the like: what was there before
    ),
    "users": "getent passwd ocs; getent group ocs",
    "commands": "ls /usr/local/bin/livemon /usr/local/bin/ocs-client-cli",
    "rules of ufw": "ufw show added | grep livemon",
    "rules": "{ iptables-save; ip6tables-save; } | grep -i -E 'livemon|ufw-docker'",
    "listeners": "ss -Hltn | grep -E ':(3000|5000|8001|8080) '",
    "clock's daemon": "command -v chronyd",
}
"""Commands that print what is left, and nothing where nothing is."""
KEPT = {
    "archive": "find /data/hk -name '*.g3' -type f | sort | xargs --no-run-if-empty sha256sum",
    "archive's group": "getent group analysts",
    "Grafana's database": "docker volume inspect --format '{{.CreatedAt}}' grafana-storage",
    "keys and secrets": "find /etc/livemon/pki /etc/livemon/secrets/master -type f | sort | xargs sha256sum",
    "somebody's container": "docker inspect --format '{{.Id}}' somebodys",
    "somebody's network": "docker network inspect --format '{{.Id}}' somebodys",
    "somebody's volume": "docker volume inspect --format '{{.CreatedAt}}' somebodys",
    "somebody's rule": "ufw show added | grep 4242",
}
"""Commands that print the same before and after."""
SOMEBODYS = """
tar --create --files-from /dev/null | docker import - somebodys/image
docker network create somebodys
docker volume create somebodys
docker create --name somebodys --network somebodys --volume somebodys:/data somebodys/image /nothing
ufw allow proto tcp from 192.0.2.7 to any port 4242 comment somebodys
"""
NOT_SOMEBODYS = """
docker rm --force somebodys; docker volume rm somebodys; docker network rm somebodys; docker image rm somebodys/image
ufw delete allow proto tcp from 192.0.2.7 to any port 4242
"""
PLAY = 420.0
"""Seconds that one run of the playbook takes at most, on a machine that does other things beside."""


def changed(played: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in played.stdout.splitlines() if line.startswith("changed:")]


@pytest.fixture(scope="module")
def before(host: Host) -> dict[str, str]:
    """What there is, including what others have on the machine."""
    for command in SOMEBODYS.strip().splitlines():
        host.check_output(command)
    return {what: host.check_output(command) for what, command in KEPT.items()}


@pytest.fixture(scope="module")
def unconfirmed(machine: Machine, before: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """A run without the host's name typed as confirmation."""
    return machine.play("remove", seconds=PLAY)


@pytest.fixture(scope="module")
def removed(
    machine: Machine, unconfirmed: subprocess.CompletedProcess[str]
) -> tuple[float, subprocess.CompletedProcess[str]]:
    """When it was taken off, and what the playbook said."""
    began = time.time()
    return began, machine.play("remove", seconds=PLAY, confirm="lab")


@pytest.fixture(scope="module")
def again(machine: Machine, host: Host, removed: object) -> subprocess.CompletedProcess[str]:
    """The appliance, set up again."""
    yield machine.play("site", seconds=2 * PLAY)
    host.run(NOT_SOMEBODYS)


def test_nothing_goes_before_somebody_typed_the_hosts_name(host: Host, unconfirmed: subprocess.CompletedProcess[str]):
    assert unconfirmed.rc != 0
    assert "Nothing was removed. This takes livemon off lab" in unconfirmed.stdout
    assert "-e confirm=lab" in unconfirmed.stdout
    assert "sisock_nodes" in host.check_output("docker ps --format '{{.Names}}'")


def test_it_is_taken_off(removed: tuple[float, subprocess.CompletedProcess[str]]):
    _, played = removed
    assert played.rc == 0, played.stdout[-6000:]


@pytest.mark.parametrize("what", LEFT)
@pytest.mark.usefixtures("removed")
def test_nothing_of_it_is_left(host: Host, what: str):
    assert host.run(LEFT[what]).stdout == ""


@pytest.mark.parametrize("what", KEPT)
@pytest.mark.usefixtures("removed")
def test_what_is_precious_or_somebody_elses_stays(host: Host, before: dict[str, str], what: str):
    found = host.check_output(KEPT[what])
    if what == "archive":  # the file that was being written has its final name now
        assert set(found.splitlines()) >= set(before[what].splitlines())
        assert "/data/hk" in found
    else:
        assert found == before[what]


@pytest.mark.usefixtures("removed")
def test_a_second_run_changes_nothing(machine: Machine):
    played = machine.play("remove", seconds=PLAY, confirm="lab")
    assert played.rc == 0, played.stdout[-6000:]
    assert changed(played) == []


def test_it_comes_back_with_its_history(
    host: Host,
    removed: tuple[float, subprocess.CompletedProcess[str]],
    again: subprocess.CompletedProcess[str],
):
    began, _ = removed
    assert again.rc == 0, again.stdout[-6000:]
    wait_for(lambda: all_fresh(host), "a fresh value of every labelled channel", 120, every=2)
    found = times(host, first_channel(INSTRUMENTS[1]), began - 600)
    assert found[0] < began, "the history from before is gone"
    assert found[-1] > began
