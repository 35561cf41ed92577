"""Record the transcripts of this directory: README.md tells how.

Usage: .venv/app/bin/python tests/integration/data/record.py UPSTREAM PYTHON (upstream's checkout, a Python with what it needs).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import time
import urllib.request
from contextlib import AbstractContextManager
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from appliance import Appliance  # noqa: E402 - the tests' own modules
from ocs_site import Site  # noqa: E402
from processes import free_port, process  # noqa: E402
from router import Router  # noqa: E402
from waiting import wait_for  # noqa: E402

UPSTREAM, PYTHON = (Path(argument).absolute() for argument in sys.argv[1:3])
COMPONENTS = UPSTREAM / "components"
EVENTS = 3
"""That are kept of those that a component hears."""
HUB = """
import sys
sys.path.insert(0, sys.argv[0].rpartition("/")[0])
from autobahn.twisted.wamp import ApplicationRunner
from OpenSSL import crypto
from twisted.internet._sslverify import OpenSSLCertificateAuthorities
from twisted.internet.ssl import CertificateOptions
from sisock import base
from hub import hub
authority = crypto.load_certificate(crypto.FILETYPE_PEM, open(".crossbar/server_cert.pem").read())
tls = CertificateOptions(trustRoot=OpenSSLCertificateAuthorities([authority]))
ApplicationRunner(f"wss://{base.SISOCK_HOST}:{base.SISOCK_PORT}/ws", base.REALM, ssl=tls).run(hub)
"""
"""Runs upstream's hub, which upstream leaves to crossbar."""


class Stage:
    """A router with the doors open, an OCS agent, and a working directory for upstream's components."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.router = Router(directory, anonymous_nodes=True)
        bridge = (COMPONENTS / "grafana_server/grafana_http_json.py").read_text()
        user, secret = (re.search(rf'{key}": u"([^"]+)"', bridge)[1] for key in ("authid", "secret"))
        self.router.let_in("client", user, secret)
        self.port = free_port()
        work = directory / "work"
        (work / ".crossbar").mkdir(parents=True)
        shutil.copy(directory / "pki/ca.crt", work / ".crossbar/server_cert.pem")
        (work / "example_data").symlink_to(COMPONENTS / "data_node_servers/weather/example_data")
        shutil.copy(COMPONENTS / "hub/hub.py", directory)
        (directory / "run_hub.py").write_text(HUB)
        self.site = Site(directory, self.router)
        options = [["--num-channels", 2], ["--sample-rate", 1], ["--frame-length", 2], ["--mode", "acq"]]
        self.site.write(fake1=("FakeDataAgent", *options))

    def run(self, name: str, script: Path, user: str = "none", **settings: object) -> AbstractContextManager:
        """Run and record one of upstream's components."""
        environment = os.environ | {
            "PYTHONPATH": str(UPSTREAM),
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore",
            "CROSSBAR_HOST": "localhost",
            "CROSSBAR_TLS_PORT": str(self.router.tls_port),
            "CROSSBAR_OCS_PORT": str(self.router.ocs_port),
            "WAMP_USER": user,
            **{key: str(value) for key, value in settings.items()},
        }
        if user != "none":
            environment["WAMP_SECRET"] = (self.directory / "secrets" / user / user).read_text().strip()
        recorder = HERE.parents[1] / "wamp_recorder.py"
        command = [PYTHON, recorder, self.directory / f"{name}.jsonl", script]
        log = self.directory / f"{name}.log"
        return process(*command, log=log, name=name, env=environment, cwd=self.directory / "work")

    def hub(self) -> AbstractContextManager:
        return self.run("hub", self.directory / "run_hub.py", "hub")

    def weather(self, name: str = "weather") -> AbstractContextManager:
        return self.run(name, COMPONENTS / "data_node_servers/weather/server_example_weather.py", "node")

    def feed(self, name: str) -> AbstractContextManager:
        script = COMPONENTS / "data_node_servers/data_feed/data_feed_server.py"
        settings = {"TARGET": "fake1", "NAME": name, "DESCRIPTION": "Fake data", "FEED": "false_temperatures"}
        return self.run(name.lower(), script, **settings)

    def bridge(self) -> AbstractContextManager:
        return self.run("bridge", COMPONENTS / "grafana_server/grafana_http_json.py", PORT=self.port)

    def wait(self, name: str, sentence: str) -> None:
        log = self.directory / f"{name}.log"
        wait_for(lambda: log.exists() and sentence in log.read_text(errors="replace"), f"{name} to log {sentence!r}")

    def ask_bridge(self, path: str, body: dict) -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert json.loads(answer.read()), path

    def keep(self, name: str) -> None:
        """Write a transcript here, without what only repeats itself."""
        lines, events = [], 0
        for line in (self.directory / f"{name}.jsonl").read_text().splitlines():
            kind = json.loads(line)[2][0]
            events += kind == 36
            if kind != 36 or events <= EVENTS:
                lines.append(line)
        (HERE / f"{name}.jsonl").write_text("\n".join(lines) + "\n")


def iso(when: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(when))


def upstream_alone(stage: Stage) -> None:
    """Weather, two feeds and the bridge with upstream's hub; a second weather node is refused."""
    with stage.hub():
        stage.wait("hub", "Subscribing")
        with stage.site.agent("fake1"), stage.weather(), stage.feed("FAKE"):
            stage.wait("weather", "Data node registered")
            stage.wait("fake", "Data node registered")
            time.sleep(9)  # of data
            with stage.bridge():
                stage.wait("bridge", "Subscribed to consumer.data_node_subtracted")
                with stage.feed("FEED"):
                    stage.wait("feed", "Data node registered")
                    time.sleep(7)
                    stage.ask_bridge("/search", {"target": ""})
                    now = time.time()
                    targets = ["FAKE::channel_00", "FAKE::channel_01", "FEED::channel_00"]
                    for start, end, names in (
                        (now - 8, now + 1, targets),
                        (1499990000, 1500000000, ["apex_archive::apex_temperature"]),
                    ):
                        asked = [{"target": name} for name in names]
                        body = {"range": {"from": iso(start), "to": iso(end)}, "interval": "10s", "targets": asked}
                        stage.ask_bridge("/query", body)
                    with stage.weather("refused"):
                        stage.wait("refused", "denied")
                stage.wait("bridge", '"FEED" removed')
    for name in ("weather", "feed", "bridge", "refused"):
        stage.keep(name)


def upstream_hub(stage: Stage) -> None:
    """Upstream's hub with our data node and our bridge; the node leaves."""
    with Appliance(stage.directory, stage.router) as ours, stage.hub():
        stage.wait("hub", "Subscribing")
        ours.write_nodes(
            {
                "kind": "feed",
                "name": "FAKE",
                "target": "fake1",
                "feeds": ["false_temperatures"],
                "description": "Fake data",
            }
        )
        with stage.site.agent("fake1"):
            ours.start("nodes", "bridge")
            ours.wait_for_values("FAKE")
            ours.stop("nodes")
            stage.wait("hub", "Removed data node")
            transcript = stage.directory / "hub.jsonl"
            told = [line for line in transcript.read_text().splitlines() if "data_node_subtracted" in line]
            assert len(told) == 1
            # What follows is an empty list of data nodes, with which our node would have to introduce itself over and over.
            transcript.write_text(transcript.read_text().partition(told[0])[0] + told[0] + "\n")
            stage.keep("hub")


for scenario in (upstream_alone, upstream_hub):
    with tempfile.TemporaryDirectory() as name:
        here = Stage(Path(name))
        here.router.start()
        try:
            scenario(here)
        finally:
            here.router.stop()
