"""A real crossbar router on free loopback ports, with its certificate authority and its secrets."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from paths import ROOT
from processes import free_port, listens
from waiting import patience, wait_for

from livemon.installation import certificates, secret_store

ROUTER_PYTHON = Path(os.environ.get("LIVEMON_ROUTER_PYTHON", ROOT / ".venv/router/bin/python"))
USERS = ("hub", "node", "bridge", "client")


@dataclass
class Router:
    """A crossbar router of our configuration: TLS and WAMP-CRA on one port, OCS agents and ``/call`` on another, the host's
    own clients on a third."""

    directory: Path
    tls_port: int = field(default_factory=free_port)
    ocs_port: int = field(default_factory=free_port)
    host_port: int = field(default_factory=free_port)
    child: subprocess.Popen | None = None
    anonymous_nodes: bool = False
    """Whether sessions on the plain port may serve data nodes too."""
    origins: tuple[str, ...] = ()
    """Whose pages may use the plain ports."""

    def __post_init__(self) -> None:
        self.renew()
        uid = os.getuid()
        copies = [secret_store.Copy(user, reader, uid) for user in USERS for reader in ("crossbar", user)]
        copies.append(secret_store.Copy("control", "ocs", uid))
        list(secret_store.ensure(self.directory / "secrets", copies))

    def renew(self, **wanted: bool) -> list[str]:
        """Make the authority and the certificate where they are missing, or again as `wanted`; return what was made."""
        server = certificates.Server(names=("localhost", "sisock-crossbar"), addresses=("127.0.0.1",))
        return list(certificates.ensure(self.directory / "pki", [server], **wanted))

    @property
    def log(self) -> Path:
        """What the router printed, all starts in one file."""
        return self.directory / "router.log"

    @property
    def ocs_url(self) -> str:
        """Where OCS agents join."""
        return f"ws://127.0.0.1:{self.ocs_port}/ws"

    @property
    def ocs_http(self) -> str:
        """Where OCS clients call."""
        return f"http://127.0.0.1:{self.ocs_port}/call"

    @property
    def host_url(self) -> str:
        """Where OCS clients of the host join."""
        return f"ws://127.0.0.1:{self.host_port}/ws"

    @property
    def host_http(self) -> str:
        """Where OCS clients of the host call."""
        return f"http://127.0.0.1:{self.host_port}/call"

    @property
    def control_secret(self) -> Path:
        """The file whose content gives the right to operate the agents of this router."""
        return self.directory / "secrets/ocs/control"

    @property
    def url(self) -> str:
        """Where everything of sisock joins."""
        return f"wss://localhost:{self.tls_port}/ws"

    def environment(self, user: str) -> dict[str, str]:
        """The environment in which a livemon process joins as `user`."""
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "LIVEMON_ROUTER_URL": self.url,
            "LIVEMON_ROUTER_CA": str(self.directory / "pki/ca.crt"),
            "LIVEMON_ROUTER_USER": user,
            "LIVEMON_ROUTER_SECRET_FILE": str(self.directory / "secrets" / user / user),
            "SITE_HTTP": self.ocs_http,
            "LIVEMON_CONTROL_SECRET_FILE": str(self.control_secret),
        }

    def let_in(self, role: str, user: str, secret: str) -> None:
        """Let one more user of a role in, from the next start on."""
        file = self.directory / "secrets/crossbar" / f"{role}.{user}"
        file.touch(mode=0o600)
        file.write_text(secret)

    def start(self) -> None:
        """Start the router and return when it accepts connections on all its ports."""
        if not ROUTER_PYTHON.exists():
            pytest.fail(f"{ROUTER_PYTHON} is missing: run `make venv-router`")
        cbdir = self.directory / "crossbar"
        shutil.rmtree(cbdir, ignore_errors=True)
        cbdir.mkdir(mode=0o700)
        environment = os.environ | {
            "CROSSBAR_DIR": str(cbdir),
            "CROSSBAR_SECRETS": str(self.directory / "secrets/crossbar"),
            "CROSSBAR_TLS_DIR": str(self.directory / "pki/server"),
            "CROSSBAR_TLS_PORT": str(self.tls_port),
            "CROSSBAR_TLS_INTERFACE": "127.0.0.1",
            "CROSSBAR_OCS_PORT": str(self.ocs_port),
            "CROSSBAR_HOST_PORT": str(self.host_port),
            "CROSSBAR_ANONYMOUS_NODES": str(self.anonymous_nodes).lower(),
            "CROSSBAR_ORIGINS": " ".join(self.origins),
        }
        with self.log.open("ab") as output:
            self.child = subprocess.Popen(
                [ROUTER_PYTHON, ROOT / "files/crossbar/start.py"],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_for(
            lambda: self.child.poll() is not None or all(map(listens, (self.ocs_port, self.host_port, self.tls_port))),
            "the router to listen",
            seconds=90,
        )
        if self.child.poll() is not None:
            pytest.fail(f"the router ended at once:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the router, workers included."""
        if self.child is None:
            return
        self.child.terminate()
        try:
            self.child.wait(15 * patience())
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, 9)
            self.child.wait(5)
        self.child = None

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()
