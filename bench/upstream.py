"""The old stack: upstream sisock, unmodified, each part a process as it runs in its containers, on a router of ours."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

from paths import ROOT
from processes import free_port, listens, process
from router import Router
from waiting import wait_for

from bench.data import WINDOWS
from bench.systems import System
from bench.timing import say

HERE = Path(__file__).parent
FEED_SERVER = "components/data_node_servers/data_feed/data_feed_server.py"
HUB = "components/hub/hub.py"
BRIDGE = "components/grafana_server/grafana_http_json.py"


class Sisock(System):
    """One process for each window's node. Limits of message sizes are lifted except for the node of 1 h."""

    name = "sisock"

    def __init__(self, directory: Path, checkout: Path, windows: list[str]) -> None:
        super().__init__()
        self.directory = directory
        self.checkout = checkout.resolve()
        self.windows = windows
        self.nodes: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> Sisock:
        for part in (FEED_SERVER, HUB, BRIDGE):
            if not (self.checkout / part).exists():
                raise RuntimeError(
                    f"--upstream: there is no {part}; give a checkout: git clone https://github.com/simonsobs/sisock"
                )
        self.directory.mkdir()
        self._make_environment()
        say("sisock: starting router, hub, data nodes and bridge")
        self.router = Router(self.directory, anonymous_nodes=True)
        hub_secret = secrets.token_hex()
        self.router.let_in("hub", "server", hub_secret)
        bridge = (self.checkout / BRIDGE).read_text()
        self.router.let_in("client", "simonsobs", re.search(r'"secret": u"([^"]+)"', bridge)[1])
        self._start_router()
        self.open.callback(self.router.stop)
        (self.directory / ".crossbar").mkdir()
        (self.directory / ".crossbar/server_cert.pem").write_bytes((self.directory / "pki/ca.crt").read_bytes())
        self._start("hub", "kept", HUB, f"wss://127.0.0.1:{self.router.tls_port}/ws", WAMP_SECRET=hub_secret)
        wait_for(lambda: self._log("hub").count("Registration ID") >= 3, "upstream's hub to register", 20)
        for window in [*self.windows, "load"]:
            self.nodes[window] = self._start(
                self.node(window),
                "kept" if window == "1 h" else "lifted",
                FEED_SERVER,
                NAME=self.node(window),
                TARGET=self.agent(window),
                FEED="temperatures",
                DESCRIPTION=window,
                BUFFER_TIME=str(WINDOWS.get(window, 3600)),
            )
        for window in self.nodes:
            ready = f"targeting observatory.{self.agent(window)}"
            wait_for(lambda: ready in self._log(self.node(window)), f"upstream's node of {window} to subscribe", 30)  # noqa: B023
        self.address = ("127.0.0.1", free_port())
        self._start("bridge", "lifted", BRIDGE, PORT=str(self.address[1]))
        wait_for(lambda: listens(self.address[1]), "upstream's bridge to listen", 20)
        return self

    def pid(self, window: str) -> int:
        """Return the process of a window's node."""
        return self.nodes[window].pid

    def _make_environment(self) -> None:
        say("sisock: making a Python environment")
        environment = self.directory / "venv"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True, timeout=120)
        requirements = HERE / "requirements-upstream.txt"
        command = [environment / "bin/pip", "install", "-qq", "--disable-pip-version-check", "-r", requirements]
        subprocess.run(command, check=True, timeout=600)

    def _start_router(self) -> None:
        """Start a router that lets messages of any size pass."""
        config = json.loads((ROOT / "files/crossbar/config.json").read_text())
        for transport in config["workers"][0]["transports"]:
            transport["paths"]["ws"].setdefault("options", {})["max_message_size"] = 0
        file = self.directory / "unlimited.json"
        file.write_text(json.dumps(config))
        os.environ["CROSSBAR_CONFIG"] = str(file)
        try:
            self.router.start()
        finally:
            del os.environ["CROSSBAR_CONFIG"]

    def _start(self, name: str, caps: str, script: str, *arguments: str, **settings: str) -> subprocess.Popen:
        environment = os.environ | settings
        environment |= {
            "PYTHONPATH": str(self.checkout),
            "PYTHONUNBUFFERED": "1",
            "CROSSBAR_HOST": "127.0.0.1",
            "CROSSBAR_TLS_PORT": str(self.router.tls_port),
            "CROSSBAR_OCS_PORT": str(self.router.ocs_port),
        }
        command = [
            self.directory / "venv/bin/python",
            HERE / "start_upstream.py",
            caps,
            self.checkout / script,
            *arguments,
        ]
        child = process(*command, log=self.directory / f"{name}.log", name=name, cwd=self.directory, env=environment)
        return self.open.enter_context(child)

    def _log(self, name: str) -> str:
        file = self.directory / f"{name}.log"
        return file.read_text(errors="replace") if file.exists() else ""
