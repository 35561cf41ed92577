"""A Grafana of its own on this machine, with nothing but provisioned files: what it takes, and where it ends."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
import yaml
from processes import free_port
from waiting import wait_for

PASSWORD = "the administrator's"
STARTS_WITHIN = 120
PROVIDERS = {
    "apiVersion": 1,
    "providers": [
        {"name": "livemon", "orgId": 1, "folder": "boards", "options": {"path": "/etc/grafana/provisioning/models"}}
    ],
}


@dataclass(frozen=True)
class Bare:
    """A running Grafana, or one that has ended."""

    container: str
    url: str

    @property
    def running(self) -> bool:
        return _docker("inspect", "--format", "{{.State.Running}}", self.container).strip() == "true"

    @property
    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/api/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    @property
    def log(self) -> str:
        return _docker("logs", self.container)

    def get(self, path: str, *, as_viewer: bool = False) -> Any:
        """Return what Grafana answers its administrator, or somebody who has not signed in."""
        answer = requests.get(self.url + path, auth=None if as_viewer else ("admin", PASSWORD), timeout=30)
        assert answer.ok, answer.text
        return answer.json()


@contextmanager
def grafana(image: str, directory: Path, files: Mapping[str, Any]) -> Iterator[Bare]:
    """Run the image with these files, as of :func:`grafana_bad_files.good`, until it answers or has ended.

    Every file of ``secrets``, texts by name, is one under /run/secrets.
    """
    write(directory, files)
    port = free_port()
    settings = {
        "GF_LOG_MODE": "console",
        "GF_SECURITY_ADMIN_PASSWORD": PASSWORD,
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_ANALYTICS_REPORTING_ENABLED": "false",
        "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
        "GF_PLUGINS_PREINSTALL_DISABLED": "true",
    }
    running = Bare(f"livemon-bare-grafana-{uuid.uuid4().hex[:8]}", f"http://127.0.0.1:{port}")
    _docker(
        *("run", "--detach", "--name", running.container, "--memory", "1g", "--publish", f"127.0.0.1:{port}:3000"),
        *("--volume", f"{directory}/provisioning:/etc/grafana/provisioning:ro"),
        *("--volume", f"{directory}/secrets:/run/secrets:ro"),
        *(word for key, value in settings.items() for word in ("--env", f"{key}={value}")),
        image,
    )
    try:
        wait_for(
            lambda: running.answers or not running.running, "Grafana to answer or to end", STARTS_WITHIN, every=0.5
        )
        yield running
    finally:
        _docker("rm", "--force", running.container)


def write(directory: Path, files: Mapping[str, Any]) -> None:
    contents = {
        "provisioning/alerting/livemon.yml": yaml.safe_dump(files["alerting"], allow_unicode=True),
        "provisioning/datasources/livemon.yml": yaml.safe_dump(files["datasources"]),
        "provisioning/dashboards/livemon.yml": yaml.safe_dump(PROVIDERS),
        **{f"provisioning/models/{name}.json": json.dumps(model) for name, model in files["dashboards"].items()},
        **{f"secrets/{name}": text for name, text in files.get("secrets", {}).items()},
    }
    for name in ("secrets", "provisioning/plugins", "provisioning/notifiers"):
        (directory / name).mkdir(parents=True)
    for name, text in contents.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    # Grafana's user is another.
    for path in (directory, *directory.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _docker(*words: str) -> str:
    answer = subprocess.run(["docker", *words], capture_output=True, text=True, timeout=120, check=False)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout + answer.stderr
