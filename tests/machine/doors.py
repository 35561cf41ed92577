"""What another host of a lab machine's network can reach there, and a container whose ports the firewall's tests publish."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import ip_address

from lab_machine import Neighbour
from testinfra.host import Host
from waiting import wait_for

SSH, GRAFANA = 22, 3000
INTERNAL = (5000, 8001, 8080)
"""Bridge, plain router, TLS router."""
CLOSED, OPENED, LOOPBACK, INSIDE = 47081, 47082, 47083, 8000
"""Ports of the tests' container: published; published, and opened to one source by ufw; published on 127.0.0.1; its own."""
PORTS = (SSH, GRAFANA, *INTERNAL, CLOSED, OPENED, LOOPBACK, INSIDE)


# Calls ports from an address, all at once; prints those that answer.
CALL_ALL = """import concurrent.futures, socket, sys
source, target, *ports = sys.argv[1:]
def answers(port):
    try:
        return socket.create_connection((target, int(port)), 3, (source, 0)).close() is None
    except OSError:
        return False
with concurrent.futures.ThreadPoolExecutor(len(ports)) as pool:
    print(*(port for port, answer in zip(ports, pool.map(answers, ports)) if answer))
"""

# Calls a port again and again until it is told to stop; prints how often a call was answered.
CALL_ON = """import os, socket, sys, time
answered, calls = 0, 0
while not os.path.exists("/tmp/enough"):
    calls += 1
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 0.05).close()
        answered += 1
    except OSError:
        time.sleep(0.01)
print(answered, calls)
"""


@dataclass
class Container:
    """A container with published ports that does not belong to livemon."""

    host: Host
    name: str = "firewall-test"
    network: str = "bridge"
    published: tuple[int, int, int] = (CLOSED, OPENED, LOOPBACK)

    def start(self) -> None:
        self.host.run(f"docker rm --force {self.name}")  # a killed run's
        image = self.host.check_output("docker image ls --format '{{.Repository}}:{{.Tag}}' livemon/app | head -n 1")
        everywhere, elsewhere, here = self.published
        ports = f"--publish {everywhere}:{INSIDE} --publish {elsewhere}:{INSIDE} --publish 127.0.0.1:{here}:{INSIDE}"
        self.host.run_expect(
            [0],
            f"docker run --detach --name {self.name} --network {self.network} --restart always --stop-timeout 1 {ports}"
            f" --entrypoint python {image} -m http.server --bind 0.0.0.0 {INSIDE}",
        )
        wait_for(lambda: self.host.run(f"curl -sf http://127.0.0.1:{everywhere}").rc == 0, "the tests' container")

    def stop(self) -> None:
        self.host.run_expect([0], f"docker rm --force {self.name}")

    def recreate(self) -> None:
        self.stop()
        self.start()

    def address(self, name: str | None = None) -> str:
        """The address that a container has in its own network."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}"
        return self.host.check_output(f"docker inspect --format '{form}' {name or self.name}").split()[0]


def of_family(neighbour: Neighbour, family: int) -> list[str]:
    """Its two addresses of IPv4 or of IPv6."""
    return [address for address in neighbour.addresses if ip_address(address).version == family]


def reached(neighbour: Neighbour, source: str, ports: tuple[int, ...] = PORTS, address: str | None = None) -> set[int]:
    """Which ports answer to one of the neighbour's addresses."""
    target = address or (neighbour.machine.address6 if ":" in source else neighbour.machine.address)
    called = " ".join(map(str, ports))
    return {int(port) for port in neighbour.run(f"python3 -c '{CALL_ALL}' {source} {target} {called}").split()}


def wait_until(
    answers: bool, neighbour: Neighbour, source: str, port: int, *, after: str, address: str | None = None
) -> None:
    """Wait until a rule given to ufw holds for Docker's ports, too."""
    wait_for(
        lambda: (port in reached(neighbour, source, (port,), address)) is answers,
        f"{source} at {port} after {after}",
        10,
    )


def expected(source: str, sources: list[str]) -> set[int]:
    grafana = set() if ":" in source else {GRAFANA}  # it is published on IPv4
    return {SSH} | grafana | ({OPENED} if source in sources else set())


def assert_only_the_allowed_ports_answer(neighbour: Neighbour, sources: list[str]) -> None:
    first = sources[0]
    wait_for(lambda: expected(first, sources) <= reached(neighbour, first), "what is allowed to answer", 120)
    with ThreadPoolExecutor() as pool:
        found = dict(
            zip(
                neighbour.addresses,
                pool.map(lambda source: reached(neighbour, source), neighbour.addresses),
                strict=True,
            )
        )
    assert found == {source: expected(source, sources) for source in neighbour.addresses}
