"""A site config, and the agents in it as the product runs them: `livemon agent`, one process each."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from ocs.ocs_client import OCSClient
from processes import process
from router import Router
from waiting import wait_for

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
