"""A Docker engine and a container that were there before are untouched: molecule/existing/prepare.yml made them."""

from __future__ import annotations

import pytest
from lab_machine import Machine
from testinfra.host import Host
from waiting import wait_for

BEFORE = "/var/lib/lab-before"
PRESENT = {
    "container": "docker inspect --format '{{.Id}} {{.State.StartedAt}} {{.RestartCount}}' somebodys_page",
    "processes": "systemctl show --property=MainPID docker containerd",
    "packages": "dpkg-query --show 'docker*' 'containerd*' runc",
    "daemon.json": "cat /etc/docker/daemon.json",
}
PAGE = "curl --silent --output /dev/null --write-out '%{http_code}' http://127.0.0.1:8099/"


@pytest.fixture(autouse=True)
def _used_before(host: Host) -> None:
    if not host.file(BEFORE).is_directory:
        pytest.skip("this machine had no Docker engine before: make molecule-existing makes one that had")


@pytest.mark.parametrize("what", PRESENT)
def test_it_is_as_it_was(host: Host, what: str):
    assert host.check_output(PRESENT[what]) == host.check_output("cat %s", f"{BEFORE}/{what}")


def test_its_configuration_has_its_owner_and_mode(host: Host):
    stat = "stat --format '%U %G %a %Y' "
    assert host.check_output(stat + "/etc/docker/daemon.json") == host.check_output(stat + f"{BEFORE}/daemon.json")


def test_somebodys_container_answers(host: Host):
    assert host.check_output(PAGE) == "404"


@pytest.mark.reboots
def test_somebodys_container_answers_after_a_restart(host: Host, machine: Machine):
    machine.reboot()
    wait_for(lambda: host.run(PAGE).stdout == "404", "the other container to answer", 60, every=1)
