"""Requests for panels of plots over HTTP, as Grafana's SimpleJson data source makes them."""

from __future__ import annotations

import datetime as dt
import http.client
import json
import math
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

POINTS = 1000
JITTER = 6.0
"""Seconds by which panels differ, so that no cache answers."""


class Client:
    """A connection that is kept alive."""

    def __init__(self, address: tuple[str, int], timeout: float = 180.0) -> None:
        self._connection = http.client.HTTPConnection(*address, timeout=timeout)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        """Return status and content of an answer."""
        self._connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def content(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """Return the content of an answer that must be a good one."""
        status, content = self.ask(method, path, body)
        if not 200 <= status < 300:
            raise RuntimeError(f"{method} {path}: HTTP {status}: {content[:200]!r}")
        return content

    def query(self, body: bytes) -> bytes:
        """Return the answer to a panel's request."""
        return self.content("POST", "/query", body)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def request(targets: Sequence[str], start: float, end: float, points: int = POINTS) -> bytes:
    """Return the body of ``/query`` for some metrics, ``NODE::field``, in ``[start, end)``."""
    interval = (end - start) / points
    return json.dumps(
        {
            "range": {"from": _iso(start), "to": _iso(end)},
            "interval": f"{max(int(interval), 1)}s",
            "intervalMs": max(int(interval * 1000), 1),
            "maxDataPoints": points,
            "targets": [
                {"target": target, "refId": f"A{number}", "type": "timeserie"} for number, target in enumerate(targets)
            ],
        }
    ).encode()


def panel(client: Client, targets: Sequence[str], window: float) -> Callable[[], bytes]:
    """Return what asks for a panel over the whole window until now, a little moved each time."""

    def ask() -> bytes:
        end = time.time() - random.uniform(0, JITTER)
        return client.query(request(targets, end - window, end))

    return ask


def series(content: bytes) -> dict[str, Any]:
    """Return the data points, ``[[value, ms], ...]``, of each target in an answer."""
    return {each["target"]: each["datapoints"] for each in json.loads(content)}


def newest(content: bytes, target: str) -> float:
    """Return the time of a target's newest data point, UNIX seconds; minus infinity if it has none."""
    points = series(content).get(target)
    return points[-1][1] / 1000 if points else -math.inf


def _iso(when: float) -> str:
    return dt.datetime.fromtimestamp(when, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
