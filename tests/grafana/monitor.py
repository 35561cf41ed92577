"""The whole appliance on a lab machine, set up by the playbook, with the tunnel that its users have."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from paths import ROOT
from processes import free_port, listens, process
from waiting import wait_for

from livemon.grafana.client import Grafana

NAME = "grafana"
SSH_CONFIG = ROOT / f".cache/lab/{NAME}/ssh_config"
SET_UP_WITHIN = 900


def run(*command: object, seconds: float = 60.0) -> str:
    """Return what a command prints; a failure shows all of it."""
    answer = subprocess.run(
        [str(word) for word in command], cwd=ROOT, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert answer.returncode == 0, f"{command}:\n{answer.stdout[-6000:]}\n{answer.stderr[-2000:]}"
    return answer.stdout


@dataclass
class Monitor:
    """A lab machine, and the ports on loopback by which Grafana and the bridge answer."""

    image: str
    ports: Mapping[int, int] = field(default_factory=lambda: {port: free_port() for port in (3000, 5000)})

    def ssh(self, command: str, seconds: float = 60.0) -> str:
        return run("ssh", "-F", SSH_CONFIG, "-o", "BatchMode=yes", f"livemon-{NAME}", command, seconds=seconds)

    @property
    def outside(self) -> str:
        """The address of this machine, as the lab machine sees it: somebody outside."""
        return self.ssh("ip -4 route show default").split()[2]

    def play(self, playbook: str, *options: str, **settings: Any) -> str:
        """Run a playbook over the demo's inventory, with these settings besides."""
        connection = {"ansible_host": f"livemon-{NAME}", "ansible_ssh_common_args": f'-F "{SSH_CONFIG}"'}
        about_image = {"grafana_image": self.image, "grafana_required": True}
        return run(
            ROOT / ".venv/controller/bin/ansible-playbook",
            f"--inventory={ROOT / 'inventory/demo'}",
            f"--extra-vars={json.dumps(connection | about_image | settings)}",
            *options,
            ROOT / f"playbooks/{playbook}.yml",
            seconds=SET_UP_WITHIN,
        )

    @contextmanager
    def tunnel(self, log: Path) -> Iterator[None]:
        """The ports 3000 and 5000 of the machine, on loopback here."""
        forwards = [f"-L127.0.0.1:{here}:127.0.0.1:{there}" for there, here in self.ports.items()]
        command = ("ssh", "-F", SSH_CONFIG, "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-N")
        with process(*command, *forwards, f"livemon-{NAME}", log=log):
            wait_for(lambda: all(map(listens, self.ports.values())), "the tunnel")
            yield

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[3000]}"

    @property
    def answers(self) -> bool:
        """Whether Grafana does; it is away while it is restarted."""
        try:
            return self.ask("GET", "/api/health").ok
        except requests.ConnectionError:
            return False

    @property
    def password(self) -> str:
        return self.ssh("sudo cat /etc/livemon/secrets/master/admin").strip()

    @property
    def authorization(self) -> str:
        return "Basic " + base64.b64encode(f"admin:{self.password}".encode()).decode()

    @property
    def client(self) -> Grafana:
        return Grafana(self.url, self.password)

    def ask(self, method: str, path: str, **content: Any) -> requests.Response:
        """Ask Grafana as its administrator."""
        headers = {"Authorization": self.authorization} | content.pop("headers", {})
        return requests.request(method, self.url + path, headers=headers, timeout=60, **content)

    def bridge(self, path: str) -> Any:
        """Return what the bridge answers."""
        return requests.get(f"http://127.0.0.1:{self.ports[5000]}{path}", timeout=30).json()


@contextmanager
def lab_machine(image: str) -> Iterator[Monitor]:
    """Run a lab machine as long as the block lasts; at a failure show the logs of Grafana and the bridge."""
    run(ROOT / "lab/machine", "up", NAME, seconds=600)
    monitor = Monitor(image)
    try:
        yield monitor
    except BaseException:
        for container in ("sisock_grafana", "sisock_grafana_http"):
            print(f"--- {container}:\n{monitor.ssh(f'sudo docker logs --tail 40 {container} 2>&1 || true')}")
        raise
    finally:
        if not os.environ.get("LIVEMON_KEEP"):
            run(ROOT / "lab/machine", "down", NAME, seconds=180)
