"""The machine is shut down and boots again, once for all of these tests: everything is back, and no door was open for a moment."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from doors import CALL_ON, CLOSED, OPENED, Container, assert_only_the_allowed_ports_answer, reached
from lab_machine import Machine, Neighbour
from test_host import INSTRUMENTS, all_fresh, first_channel, running, times
from testinfra.host import Host
from waiting import wait_for

pytestmark = [pytest.mark.reboots, pytest.mark.timeout(600)]

BEFORE = "/run/lab-was-here"


@dataclass(frozen=True)
class Restart:
    """The machine before its restart, and the closed port during it."""

    began: float
    """UNIX seconds."""
    addresses: tuple[str, str]
    containers: set[str]
    answered: int
    called: int
    """How often the closed port accepted a connection, of how many attempts."""


@pytest.fixture(scope="module")
def restart(machine: Machine, host: Host, neighbour: Neighbour, container: Container, sources: list[str]) -> Restart:
    wait_for(lambda: all_fresh(host), "a fresh value of every labelled channel before the restart", 120, every=2)
    addresses, containers, began = (machine.address, machine.address6), running(host), time.time()
    host.run_expect([0], "touch %s", BEFORE)
    neighbour.run("rm -f /tmp/enough")
    with ThreadPoolExecutor(1) as pool:
        calls = pool.submit(neighbour.run, f"timeout 400 python3 -c '{CALL_ON}' {machine.address} {CLOSED}", 420)
        try:
            machine.reboot()
            wait_for(
                lambda: OPENED in reached(neighbour, sources[0], (OPENED,)),
                "the tests' container after the restart",
                60,
            )
        finally:
            neighbour.run("touch /tmp/enough")
    return Restart(began, addresses, containers, *map(int, calls.result().split()))


def test_it_is_a_restart(machine: Machine, host: Host, restart: Restart):
    assert not host.file(BEFORE).exists
    assert host.run("systemctl is-system-running").stdout.strip() == "running"
    again = Machine(machine.name)
    assert (again.address, again.address6) == restart.addresses


def test_a_closed_port_answers_at_no_moment_of_it(restart: Restart):
    assert restart.called > 50
    assert restart.answered == 0


@pytest.mark.usefixtures("restart")
def test_only_the_allowed_ports_answer_after_it(neighbour: Neighbour, sources: list[str]):
    assert_only_the_allowed_ports_answer(neighbour, sources)


def test_everything_is_back(host: Host, restart: Restart):
    wait_for(lambda: running(host) == restart.containers, "the containers that ran before", 60, every=2)
    wait_for(lambda: all_fresh(host), "a fresh value of every labelled channel", 120, every=2)
    assert times(host, first_channel(INSTRUMENTS[1]), restart.began - 60)[0] < restart.began, (
        "the history from before the restart is missing"
    )
    failed = host.check_output("systemctl --failed --plain --no-legend")
    assert not failed
