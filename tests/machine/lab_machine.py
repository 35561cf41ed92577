"""A lab machine that the playbook set up, and another host of its network."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from paths import CONTROLLER, ROOT

DIAL = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3, (sys.argv[3], 0) if sys.argv[3] else None)"


def run(*command: object, seconds: float = 60.0) -> str:
    """Return what a command prints; a failure shows all of it."""
    answer = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert answer.returncode == 0, f"{command}:\n{answer.stdout[-6000:]}\n{answer.stderr[-2000:]}"
    return answer.stdout


def normalized(addresses: list[str]) -> list[str]:
    """Addresses as the kernel writes them."""
    return [str(ip_address(address)) for address in addresses]


@dataclass
class Machine:
    """A lab machine; `lab/machine up NAME` made it."""

    name: str

    @property
    def ssh_config(self) -> Path:
        return ROOT / f".cache/lab/{self.name}/ssh_config"

    @cached_property
    def address(self) -> str:
        return self._address_of_family(4)

    @cached_property
    def address6(self) -> str:
        return self._address_of_family(6)

    def _address_of_family(self, family: int) -> str:
        lines = json.loads(self.ssh(f"ip -{family} -json address show dev eth0 scope global"))
        return lines[0]["addr_info"][0]["local"]

    def ssh(self, command: str, seconds: float = 60.0) -> str:
        """Return what a command prints there, as the administrator."""
        return run(
            "ssh", "-F", self.ssh_config, "-o", "BatchMode=yes", f"livemon-{self.name}", command, seconds=seconds
        )

    def reboot(self) -> None:
        """Shut it down and boot it; returns when systemd has booted and sshd answers."""
        run(ROOT / "lab/machine", "reboot", self.name, seconds=300)

    def play(
        self, playbook: str, *arguments: str, seconds: float = 900.0, **extra_vars: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook of ours against it as an operator would, with the demo's inventory; returns rc, stdout and stderr."""
        if not (ROOT / ".cache/lab/grafana.yml").exists():
            run(ROOT / "lab/grafana-image", seconds=600)
        environment = os.environ | {
            "PATH": f"{CONTROLLER}:{os.environ['PATH']}",
            "LIVEMON_MACHINE": self.name,
            "MOLECULE_PROJECT_DIRECTORY": str(ROOT),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",  # YAML breaks long sentences in two
            "ANSIBLE_FORCE_COLOR": "false",  # Molecule forces it, and a colour parts what the tests look for
        }
        command = [
            CONTROLLER / "ansible-playbook",
            f"--inventory={ROOT / 'inventory/demo'}",
            f"--extra-vars=@{ROOT / 'molecule/shared/vars/machine.yml'}",
            f"--extra-vars={json.dumps(extra_vars)}",
            *arguments,
            ROOT / f"playbooks/{playbook.removesuffix('.yml')}.yml",
        ]
        result = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        result.rc = result.returncode  # as testinfra names it
        return result


@dataclass
class Neighbour:
    """Another host on the machine's network, in a network namespace of its own."""

    machine: Machine
    container: str
    addresses: list[str]
    """Two of IPv4, then two of IPv6."""

    @classmethod
    def of(cls, machine: Machine) -> Neighbour:
        container, *addresses = run(ROOT / "lab/machine", "neighbour", machine.name).split()
        return cls(machine, container, normalized(addresses))

    @property
    def address(self) -> str:
        return self.addresses[0]

    @property
    def address6(self) -> str:
        return self.addresses[2]

    def reaches(self, port: int, address: str | None = None, source: str | None = None) -> bool:
        """Whether a TCP connection to the machine's port (or that of another address) is accepted, from its address `source`."""
        command = ["docker", "exec", self.container, "python3", "-c", DIAL]
        target = address or (self.machine.address6 if source and ":" in source else self.machine.address)
        answer = subprocess.run(
            [*command, target, str(port), source or ""], capture_output=True, text=True, timeout=20, check=False
        )
        refused = ("ConnectionRefusedError", "TimeoutError", "No route to host", "Network is unreachable")
        assert answer.returncode == 0 or answer.stderr.splitlines()[-1].startswith(refused), answer.stderr
        return answer.returncode == 0

    def run(self, command: str, seconds: float = 60.0) -> str:
        """Return what a shell command prints there; it is root, and may change the addresses and routes there."""
        return run("docker", "exec", self.container, "sh", "-c", command, seconds=seconds)
