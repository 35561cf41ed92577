"""The sisock side as the product runs it on loopback: hub, data nodes and bridge, one process each."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from processes import free_port
from router import Router
from waiting import patience, wait_for

LIVEMON = Path(sys.executable).with_name("livemon")
USERS = {"hub": "hub", "nodes": "node", "bridge": "bridge"}


@dataclass
class Appliance:
    """Hub, nodes and bridge of one router; each part can be stopped and started."""

    directory: Path
    router: Router
    port: int = field(default_factory=free_port)
    children: dict[str, subprocess.Popen] = field(default_factory=dict)

    def __enter__(self) -> Appliance:
        return self

    def __exit__(self, failed: object, *_: object) -> None:
        for part in list(self.children):
            self.stop(part)
        if failed:
            for part in USERS:
                print(f"--- {part}, end of its log:\n{self.log(part)[-3000:]}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pulse_secret(self) -> Path:
        """The file with the secret that allows a client to change the bridge's state."""
        path = self.directory / "pulse"
        if not path.exists():
            path.write_text(secrets.token_urlsafe())
        return path

    def write_nodes(self, *entries: dict) -> None:
        """Replace nodes.yaml, in one step as a role does."""
        part = self.directory / "nodes.yaml.part"
        part.write_text(yaml.safe_dump({"nodes": list(entries)}))
        part.replace(self.directory / "nodes.yaml")

    def log(self, part: str) -> str:
        path = self.directory / f"{part}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, *parts: str) -> None:
        for part in parts or USERS:
            environment = self.router.environment(USERS[part]) | {
                "LIVEMON_NODES_CONFIG": str(self.directory / "nodes.yaml"),
                "LIVEMON_BRIDGE_LISTEN": f"127.0.0.1:{self.port}",
                "LIVEMON_NODES_SOCKET": str(self.directory / "nodes.sock"),
                "LIVEMON_NODES_STATE": str(self.directory),
                "LIVEMON_ARCHIVE": str(self.directory / "archive"),
                "LIVEMON_PULSE_SECRET_FILE": str(self.pulse_secret),
                "LIVEMON_NOTIFIER_TOLD": str(self.directory / "notifier.json"),
                "LIVEMON_ALIVE": str(self.directory / f"{part}.alive"),
                "PYTHONWARNINGS": "ignore",
            }
            if (site := self.directory / "site.yaml").exists():
                environment["LIVEMON_SITE"] = str(site)
            with (self.directory / f"{part}.log").open("ab") as output:
                self.children[part] = subprocess.Popen(
                    [LIVEMON, part], env=environment, stdout=output, stderr=subprocess.STDOUT
                )

    def stop(self, part: str) -> int:
        child, seconds = self.children.pop(part), 10 * patience()
        child.terminate()
        try:
            return child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait(5)
            raise AssertionError(f"{part} did not end within {seconds:.0f} s of SIGTERM") from None

    def restart(self, part: str) -> None:
        self.stop(part)
        self.start(part)

    def get(self, path: str, body: object = None, **arguments: object) -> tuple[int, object]:
        """Status and content (JSON where it is) of a request, a POST if there is a body; status 0 where no whole answer came."""
        query = urllib.parse.urlencode(arguments, doseq=True)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}{'?' if query else ''}{query}", data)
        try:
            status, content = _answer(request)
        except (OSError, http.client.HTTPException):
            return 0, None
        try:
            return status, json.loads(content)
        except ValueError:
            return status, content.decode(errors="replace")

    def values(self, node: str) -> dict[str, float]:
        """Present values of a node's fields."""
        status, content = self.get("/api/status")
        if status != 200:
            return {}
        return {
            each["name"]: each["value"]
            for entry in content["nodes"]
            if entry["name"] == node and not entry["error"]
            for each in entry["fields"]
            if each["value"] is not None
        }

    def wait_for_values(self, node: str, seconds: float = 60.0) -> dict[str, float]:
        return wait_for(lambda: self.values(node), f"values of the data node {node}", seconds)

    def times(self, name: str, since: float = -600) -> list[float]:
        """Times of a channel's samples, UNIX seconds, as soon as the bridge has an answer; it or the node may be starting."""
        interval = {"from": since, "until": 0, "points": 20000}

        def answer() -> object:
            status, content = self.get("/api/series", field=name, **interval)
            assert status in {0, 200, 404, 503}, content
            return status == 200 and content

        return wait_for(answer, f"samples of {name}", 20)["series"][0]["times"]


def _answer(request: urllib.request.Request) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def problems(log: str) -> list[str]:
    """What a log should not hold: tracebacks."""
    return re.findall(r"Traceback[^\n]*", log)
