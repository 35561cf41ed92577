"""Every secret of the machine is in files that root and its one reader can open, nowhere else, while the playbook runs and after."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator

import pytest
from lab_machine import Machine
from testinfra.host import Host

pytestmark = pytest.mark.long

KNOWN = "/run/lab-secrets"
"""On the machine: every secret, one a line, so that none is ever on a command line."""
PLANTED = "/run/lab-planted"
"""The same for something that is not a secret, put where a secret must never be."""
COMMANDS = "/run/lab-commands"
"""All command lines that were seen while the playbook ran."""

COLLECT = f"""umask 077
{{ find /etc/livemon/secrets -type f -exec sh -c 'cat "$0"; echo' {{}} ';'
   find /etc/livemon/pki -type f -name '*.key' -exec grep --no-filename --invert-match -e ----- {{}} +
}} | grep -E '.{{12,}}' | sort --unique >{KNOWN}"""
WATCH = f"while :; do ps -ewwo args >>{COMMANDS}; sleep 0.3; done"

LOGS = "docker ps --all --quiet | while read -r one; do docker logs $one 2>&1; done"
OURS = "docker image ls --format '{{.Repository}}:{{.Tag}}' | grep -E '^(livemon|lab)/'"
READABLE_BY_ALL = (
    "find /etc /home /opt /run /srv /tmp /usr/local /var -path /var/lib/docker -prune -o -path /run/docker -prune "
    "-o -type f -perm /o=r -print0 | xargs -0 cat"
)
PLACES = {
    "command lines": f"cat {COMMANDS}; ps -ewwo args",
    "environments of processes": "cat /proc/[0-9]*/environ | tr '\\0' '\\n'",
    "containers": "docker ps --all --quiet | xargs docker inspect",
    "history of images": f"{OURS} | while read -r one; do docker image inspect $one; docker history --no-trunc $one; done",
    "layers of images": f"{OURS} | xargs docker save",
    "logs of containers": LOGS,
    "journal": "journalctl --no-pager --output=cat; cat /var/log/*.log",
    "files that all can read": READABLE_BY_ALL,
}


def found(host: Host, place: str, known: str = KNOWN) -> set[str]:
    """What of the known secrets is in a place."""
    return set(
        host.run(f"{{ {PLACES[place]}; }} 2>/dev/null | grep -aoFf {known} | sort --unique").stdout.split("\n")
    ) - {""}


def settings(token: str) -> dict:
    """All settings that hold secrets."""
    return {
        "sisock_upstream_consumer": {"user": "upstream", "secret": f"consumer-{token}"},
        "dead_mans_switch": {
            "url": f"https://127.0.0.1:9/url-{token}",
            "fail_url": f"https://127.0.0.1:9/fail-{token}",
        },
        "notifications": {"contact_points": [{"name": "on-call", "slack": {"secret": "slack"}}]},
        "notification_secrets": {"slack": f"https://hooks.lab.example/slack-{token}"},
        "wait_for_data": False,
    }


@pytest.fixture(scope="module")
def played(machine: Machine, host: Host) -> Iterator[subprocess.CompletedProcess[str]]:
    """A run of the playbook, as wordy as can be, with every secret that a site can have; it is taken back at the end."""
    host.run_expect([0], "systemd-run --unit=lab-commands --property=UMask=0077 sh -c %s", WATCH)
    token = secrets.token_hex(12)
    played = machine.play("site", "-vvv", "--diff", **settings(token))
    host.run_expect([0], "systemctl stop lab-commands")
    assert played.rc == 0, played.stdout[-4000:]
    host.run_expect([0], COLLECT)
    known = machine.ssh(f"sudo cat {KNOWN}").splitlines()
    assert sum(token in line for line in known) == 4
    yield played
    host.run(f"rm -f {KNOWN} {COMMANDS}")
    assert machine.play("site").rc == 0


def test_ansible_says_none(machine: Machine, played: subprocess.CompletedProcess[str]):
    known = machine.ssh(f"sudo cat {KNOWN}").splitlines()
    said = played.stdout + played.stderr
    assert len(known) > 8
    assert not [number for number, secret in enumerate(known) if secret in said], f"lines of {KNOWN}"


@pytest.mark.usefixtures("played")
@pytest.mark.parametrize("place", PLACES)
def test_none_is_among_the(host: Host, place: str):
    assert not found(host, place)


@pytest.mark.usefixtures("played")
def test_files_that_hold_one_are_for_root_and_one_reader(host: Host):
    holders = host.check_output(
        f"grep -rlaFf {KNOWN} --exclude-dir=docker /etc /home /opt /root /srv /tmp /usr/local /var | xargs stat --format '%a %n'"
    ).splitlines()
    assert len(holders) > 8
    assert not [line for line in holders if int(line.split()[0], 8) & 0o037]


@pytest.fixture(scope="module")
def planted(host: Host) -> Iterator[str]:
    """Something in each of the places."""
    word = f"planted-{secrets.token_hex(12)}"
    image = host.check_output("docker inspect --format '{{.Config.Image}}' sisock_hub")
    for command in (
        f"echo {word} >{PLANTED}; chmod 0644 {PLANTED}",
        f"systemd-run --unit=lab-planted --setenv=WORD={word} sh -c 'echo {word}; sleep 600'",
        f"docker run --name lab-planted --env WORD={word} --user 0 --entrypoint sh {image} -c 'echo {word} | tee /planted'",
        "docker commit lab-planted lab/planted",
    ):
        host.run_expect([0], command)
    yield PLANTED
    for command in (
        "systemctl stop lab-planted",
        "docker rm lab-planted",
        "docker image rm lab/planted",
        f"rm {PLANTED}",
    ):
        host.run_expect([0], command)


@pytest.mark.parametrize("place", PLACES)
def test_it_would_be_found_among_the(host: Host, planted: str, place: str):
    assert found(host, place, planted)
