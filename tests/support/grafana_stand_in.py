"""The stand-in of Grafana (lab/stand-in/grafana) as a process of this machine."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from paths import ROOT

PASSWORD = "the administrator's"
SECONDS_TO_START = 20


@dataclass(frozen=True)
class StandIn:
    url: str
    data: Path
    process: subprocess.Popen
    kill: Callable[[], None]
    """As by a power cut."""

    def last_words(self) -> str:
        """What it said until it ended, which it is about to do."""
        return self.process.communicate(timeout=SECONDS_TO_START)[0]

    def make_dashboard(self, **model: object) -> None:
        """Save a dashboard as a person would in the browser."""
        wanted = {"title": "Cooldown", "panels": [], "schemaVersion": 39} | model
        answer = requests.post(
            f"{self.url}/api/dashboards/db",
            json={"dashboard": wanted},
            auth=("admin", PASSWORD),
            timeout=10,
        )
        answer.raise_for_status()

    def make_silence(self, **changes: object) -> None:
        """Silence an alarm for a day as a person would in the browser."""
        now = dt.datetime.now(dt.UTC)
        matcher = {"name": "instrument", "value": "control", "isRegex": False, "isEqual": True}
        silence = {
            "matchers": [matcher],
            "startsAt": now.isoformat(),
            "endsAt": (now + dt.timedelta(days=1)).isoformat(),
            "createdBy": "postdoc",
            "comment": "warming up",
        }
        answer = requests.post(
            f"{self.url}/api/alertmanager/grafana/api/v2/silences",
            json=silence | changes,
            auth=("admin", PASSWORD),
            timeout=10,
        )
        answer.raise_for_status()


@contextmanager
def stand_in(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[StandIn]:
    """Run it as long as the block lasts, on a free port, with its database in `data`."""
    process = subprocess.Popen(
        [sys.executable, ROOT / "lab/stand-in/grafana/stand_in.py", "server"],
        env={
            **os.environ,
            "GF_PATHS_DATA": str(data),
            "GF_SECURITY_ADMIN_PASSWORD": PASSWORD,
            "GF_SERVER_HTTP_ADDR": "127.0.0.1",
            "GF_SERVER_HTTP_PORT": "0",
            **(environment or {}),
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    started = time.monotonic()
    try:
        line = process.stdout.readline()
        assert "listening on port" in line, f"after {time.monotonic() - started:.1f} s: {line}{process.stdout.read()}"
        scheme = (environment or {}).get("GF_SERVER_PROTOCOL", "http")
        yield StandIn(f"{scheme}://127.0.0.1:{line.split()[-1]}", data, process, process.kill)
    finally:
        process.terminate()
        process.wait(SECONDS_TO_START)
        process.stdout.close()
