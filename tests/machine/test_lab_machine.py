"""What the tests of the machine rely on: the neighbour reaches what is open, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab_machine import Neighbour
from testinfra.host import Host
from waiting import wait_for

PORT = 47111
SERVE = f"""import socket
with socket.create_server(("::", {PORT}), family=socket.AF_INET6, dualstack_ipv6=True) as server:
    while True:
        server.accept()[0].close()
"""


@pytest.fixture
def allowed(host: Host, neighbour: Neighbour) -> Iterator[list[str]]:
    """Addresses of the neighbour from which a port is open, on which the machine accepts connections of both families."""
    addresses = neighbour.addresses[::2]
    host.run_expect([0], "systemd-run --unit=lab-listener --property=RuntimeMaxSec=600 python3 -c %s", SERVE)
    for address in addresses:
        host.run_expect([0], "ufw allow from %s to any port %s proto tcp", address, str(PORT))
    wait_for(lambda: host.run("ss --tcp --listening --numeric").stdout.find(f":{PORT}") > 0, "the listener")
    yield addresses
    for address in addresses:
        host.run_expect([0], "ufw delete allow from %s to any port %s proto tcp", address, str(PORT))
    host.run_expect([0], "systemctl stop lab-listener")


def test_the_neighbour_reaches_what_is_allowed_to_its_address_only(neighbour: Neighbour, allowed: list[str]):
    reached = [address for address in neighbour.addresses if neighbour.reaches(PORT, source=address)]
    assert reached == allowed


def test_the_neighbour_reaches_nothing_where_nobody_listens(neighbour: Neighbour):
    assert not neighbour.reaches(PORT)
