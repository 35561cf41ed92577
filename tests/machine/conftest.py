"""Effects of the appliance on a lab machine that the playbook has set up: LIVEMON_MACHINE names it, `make molecule` does it all."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import testinfra
from doors import OPENED, Container, of_family
from lab_machine import Machine, Neighbour
from testinfra.host import Host


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "reboots: restarts the lab machine")
    config.addinivalue_line("markers", "long: runs playbooks again and again; not in make test, but in make test-all")
    config.addinivalue_line("markers", "takes_apart: takes the appliance off it and sets it up again")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that restart the machine run last, and after them those that take it apart."""
    items.sort(key=lambda item: [item.get_closest_marker(mark) is not None for mark in ("takes_apart", "reboots")])


@pytest.fixture(scope="session")
def machine() -> Machine:
    """The machine that is tried."""
    name = os.environ.get("LIVEMON_MACHINE")
    if not name:
        pytest.skip("no machine is named: make molecule sets one up; LIVEMON_MACHINE=NAME names one of lab/machine")
    found = Machine(name)
    if not found.ssh_config.exists():
        pytest.fail(f"there is no lab machine {name}: lab/machine up {name}, and the playbook")
    return found


@pytest.fixture(scope="session")
def host(machine: Machine) -> Host:
    """The machine, as root on it sees it."""
    return testinfra.get_host(
        f"ssh://livemon-{machine.name}", ssh_config=str(machine.ssh_config), sudo=True, controlpersist=0
    )


@pytest.fixture(scope="session")
def neighbour(machine: Machine) -> Neighbour:
    """Another host of its network."""
    return Neighbour.of(machine)


@pytest.fixture(scope="module")
def container(host: Host) -> Iterator[Container]:
    container = Container(host)
    container.start()
    yield container
    container.stop()


@pytest.fixture(scope="module")
def sources(host: Host, neighbour: Neighbour) -> Iterator[list[str]]:
    """The neighbour's addresses from which ufw lets it reach the port OPENED: the first of each family."""
    sources = [of_family(neighbour, family)[0] for family in (4, 6)]
    rules = [f"allow from {source} to any port {OPENED} proto tcp" for source in sources]
    for rule in rules:
        host.run_expect([0], f"ufw {rule}")
    yield sources
    for rule in rules:
        host.run_expect([0], f"ufw delete {rule}")
