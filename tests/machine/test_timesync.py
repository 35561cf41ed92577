"""The clock: chrony itself reads what the role writes, and measures by a time server of the machine's network.

A lab machine is a container that may not set its clock, so chrony's service does not run there: what it would do is done by hand.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab_machine import Machine, Neighbour
from testinfra.host import Host

pytestmark = pytest.mark.long

WITHIN = 1.0
"""Seconds: both have the clock of one computer."""
INSTALL = "command -v chronyd || { apt-get -qq update && apt-get -qq install --yes --no-install-recommends chrony; }"
SERVE = "'local stratum 3' allow 'pidfile /run/server.pid' 'bindcmdaddress /' 'cmdport 0' 'user root'"
MEASURE = "timeout 40 chronyd -x -Q -t 20 -f /etc/chrony/chrony.conf"


@pytest.fixture(scope="module")
def server(machine: Machine, neighbour: Neighbour) -> Iterator[str]:
    """The address of a real chronyd that serves time."""
    neighbour.run(INSTALL, 300)
    neighbour.run(f"chronyd -x {SERVE} && sleep 1 && test -e /run/server.pid")
    yield neighbour.address
    neighbour.run("kill $(cat /run/server.pid)")


@pytest.fixture(scope="module")
def asked(machine: Machine, server: str) -> Iterator[str]:
    """The machine asks that server."""
    played = machine.play("site", "--tags", "timesync", time_servers=[server])
    assert played.rc == 0, played.stdout[-4000:]
    yield server
    assert machine.play("site", "--tags", "timesync").rc == 0


def test_a_container_that_may_not_set_the_clock_says_so(machine: Machine, host: Host):
    if int(host.check_output("sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status"), 16) >> 25 & 1:
        pytest.skip("this machine may set its clock")
    assert "may not set its clock" in machine.play("site", "--tags", "timesync").stdout
    assert not host.service("chrony").is_running
    assert not host.check_output("systemctl --failed --plain --no-legend")


def test_chrony_can_read_its_configuration(host: Host, asked: str):
    told = host.check_output("chronyd -p -f /etc/chrony/chrony.conf").splitlines()
    assert f"server {asked} iburst" in told
    assert {"rtcsync", "makestep 1 3"} <= set(told)


def test_the_clock_is_measured_by_the_labs_server(host: Host, asked: str):
    measured = host.run(MEASURE)
    assert measured.rc == 0, measured
    (line,) = [line for line in (measured.stdout + measured.stderr).splitlines() if "System clock wrong by" in line]
    assert abs(float(line.split("System clock wrong by")[1].split()[0])) < WITHIN


def test_a_server_that_does_not_answer_is_told(host: Host, neighbour: Neighbour, asked: str):
    neighbour.run("kill -STOP $(cat /run/server.pid)")
    try:
        measured = host.run(MEASURE)
    finally:
        neighbour.run("kill -CONT $(cat /run/server.pid)")
    assert measured.rc != 0
    assert "No suitable source for synchronisation" in measured.stdout + measured.stderr


def test_a_server_that_cannot_be_is_refused_before_anything_changes(machine: Machine, host: Host, asked: str):
    played = machine.play("site", "--tags", "timesync", time_servers=["ntp.lab.example\nallow"])
    assert played.rc != 0
    assert "is not a list of time servers" in played.stdout
    assert f"server {asked} iburst" in host.check_output("cat /etc/chrony/chrony.conf")


def test_without_servers_the_packages_configuration_is_back(machine: Machine, host: Host, asked: str):
    assert machine.play("site", "--tags", "timesync").rc == 0
    told = host.check_output("chronyd -p -f /etc/chrony/chrony.conf")
    assert asked not in told
    assert "pool " in told
    assert {"rtcsync", "makestep 1 3"} <= set(told.splitlines())


def test_who_keeps_the_clock_otherwise_gets_back_what_kept_it(machine: Machine, host: Host):
    assert machine.play("site", "--tags", "timesync", timesync=False).rc == 0
    assert not host.exists("chronyd")
    assert machine.play("site", "--tags", "timesync").rc == 0
    assert host.exists("chronyd")
