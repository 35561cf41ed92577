"""A site config, and the agents in it as the product runs them: `livemon agent`, one process each."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from ocs.ocs_client import OCSClient
from processes import process
from router import Router
from waiting import wait_for

from livemon import hkarchive
from livemon.instruments.common.control import request
from plugins.plugin_utils.inventory.models import MODELS
from plugins.plugin_utils.inventory.rendering.ocs import site_config

LIVEMON = Path(sys.executable).with_name("livemon")


@dataclass
class Agent:
    """A running `livemon agent`."""

    child: subprocess.Popen
    log: Path

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def last_line(self) -> str:
        """The last line of its log, without the time that stands before it."""
        return re.sub(r"^\d{4}-\S+ ", "", self.output.rstrip().splitlines()[-1])

    def exit_status(self, seconds: float = 60.0) -> int:
        wait_for(lambda: self.child.poll() is not None, f"the agent of {self.log.name} to end", seconds)
        return self.child.returncode

    def terminate(self) -> int:
        self.child.send_signal(signal.SIGTERM)
        return self.exit_status(30)


@dataclass
class Site:
    """A site config in `directory` for agents of one router."""

    directory: Path
    router: Router

    def write(self, open_operations: Sequence[str] = (), **agents: tuple) -> None:
        """Write the config; each agent is `(class, [option, value], ...)` under its instance-id."""
        instances = [
            {
                "instance-id": name,
                "agent-class": kind,
                "arguments": [list(map(str, each)) for each in arguments],
                "open-operations": list(open_operations),
            }
            for name, (kind, *arguments) in agents.items()
        ]
        hub = {
            "wamp_server": self.router.ocs_url,
            "wamp_http": self.router.ocs_http,
            "wamp_realm": "test_realm",
            "address_root": "observatory",
        }
        content = {"hub": hub, "hosts": {"lab": {"agent-instances": instances}}}
        (self.directory / "default.yaml").write_text(yaml.safe_dump(content))

    @property
    def control_log(self) -> Path:
        """The trail of control commands."""
        return self.directory / "commands.log"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "OCS_CONFIG_DIR": str(self.directory),
            "SITE_HOST": "lab",
            "SITE_HTTP": self.router.ocs_http,
            "LIVEMON_CONTROL_SECRET_FILE": str(self.router.control_secret),
            "LIVEMON_CONTROL_LOG": str(self.control_log),
            "PYTHONWARNINGS": "ignore",
        }

    @contextmanager
    def agent(self, instance_id: str, *arguments: str, log: str | None = None) -> Iterator[Agent]:
        path = self.directory / f"{log or instance_id}.log"
        path.touch()
        with process(LIVEMON, "agent", instance_id, *arguments, log=path, env=self.environment) as child:
            yield Agent(child, path)

    def client(self, instance_id: str, seconds: float = 60.0, password: str | None = None) -> OCSClient:
        """Upstream's client of an agent, as soon as the agent answers; with the right to control unless a password is given."""
        password = self.router.control_secret.read_text() if password is None else password
        arguments = ["--site-file", str(self.directory / "default.yaml"), "--site-host", "lab"]

        def connect() -> OCSClient | None:
            try:
                return OCSClient(instance_id, privs=password, args=arguments)
            except (RuntimeError, ValueError):
                return None

        return wait_for(connect, f"agent {instance_id} to answer", seconds)

    def running(self, instance_id: str, operation: str, seconds: float = 60.0) -> OCSClient:
        """Upstream's client of an agent, as soon as an operation of it runs."""
        client = self.client(instance_id, seconds)
        wait_for(
            lambda: getattr(client, operation).status().session.get("status") == "running",
            f"{operation} of {instance_id} to run",
            seconds,
        )
        return client


@contextmanager
def simulator(model: int, directory: Path, *arguments: str, port: int = 0) -> Iterator[tuple[str, subprocess.Popen]]:
    """Run a simulated instrument; yields its address `host:port` and its process."""
    log = directory / f"simulator{model}.log"
    log.unlink(missing_ok=True)
    command = [LIVEMON, "simulate", model, "--serial", f"SIM{model}", "--port", port, "--cooldown-minutes", 0]
    with process(*command, *arguments, log=log, env=os.environ | {"PYTHONUNBUFFERED": "1"}) as child:
        found = wait_for(
            lambda: re.search(r"listens on (\S+:\d+)", log.read_text()), f"the simulated {model} to listen", 60
        )
        yield found[1], child


@dataclass
class Simulated:
    """A running simulated instrument; `address` is where it listens on TCP."""

    address: str
    control: Path

    def ask(self, message: str) -> str:
        """Ask it something over TCP, or tell it, as people do at its front panel."""
        host, port = self.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), 20) as panel:
            panel.sendall(f"{message};*OPC?\r\n".encode())
            return panel.recv(1000).decode().strip().removesuffix("1").removesuffix(";")

    def fault(self, text: str) -> str:
        """Order a fault, or ``clear``."""
        return request(self.control, text)


@contextmanager
def controlled(model: int, serial: str, directory: Path, *arguments: str) -> Iterator[Simulated]:
    """Run a simulated instrument on a free TCP port, in addition to a pseudo-terminal if `arguments` say so."""
    log, control = directory / f"{serial}.log", directory / f"{serial}.control"
    log.unlink(missing_ok=True)
    command = [LIVEMON, "simulate", model, "--serial", serial, "--port", 0, "--control", control, *arguments]
    with process(*command, log=log, env=os.environ | {"PYTHONUNBUFFERED": "1"}):
        lines = 1 + ("--pty" in arguments)
        wait_for(lambda: log.read_text().count("listens on") == lines, f"the simulated {model} to listen", 60)
        yield Simulated(re.search(r"listens on (\S+:\d+)", log.read_text())[1], control)


@dataclass
class Recorded:
    """An agent of `feed` whose samples an aggregator archives in `directory`."""

    agent: Agent
    feed: str
    directory: Path

    def samples(self, field: str, since: float) -> list[float]:
        """Return the values of a field since a time, oldest first; empty if there are none."""
        path, until = f"{self.feed}.{field}", time.time() + 60
        if path not in hkarchive.scan(since, until, self.directory):
            return []
        return hkarchive.load([path], since, until, self.directory)[path][1].tolist()

    def newest(self, field: str, count: int, since: float, what: str) -> list[float]:
        """Return them once there are so many."""
        return wait_for(lambda: len(found := self.samples(field, since)) >= count and found, what, 60)

    def fields(self) -> set[str]:
        """Return the fields of the feed that have samples."""
        paths = hkarchive.scan(time.time() - 600, time.time() + 60, self.directory)
        return {path.removeprefix(f"{self.feed}.") for path in paths if path.startswith(self.feed)}


@contextmanager
def recorded(site: Site, instrument: dict, arguments: Sequence[Sequence[str]] | None = None) -> Iterator[Recorded]:
    """Run the agent of an instrument of an inventory, with the arguments that it gets there or others, and an aggregator."""
    model, name = MODELS[str(instrument["model"])], instrument["id"]
    site.write(
        **{name: (model.agent_class, *(arguments_of(instrument) if arguments is None else arguments))},
        recorder=("AggregatorAgent", ["--data-dir", site.directory], ["--frame-seconds", 1]),
    )
    with site.agent("recorder"), site.agent(name) as agent:
        yield Recorded(agent, f"observatory.{name}.feeds.{model.feed}", site.directory)


def arguments_of(instrument: dict) -> list[list[str]]:
    """Return the arguments that the agent of an instrument gets in the site config."""
    instances = site_config([instrument], [], "lab", 3600)["hosts"]["lab"]["agent-instances"]
    return next(each["arguments"] for each in instances if each["instance-id"] == instrument["id"])
