"""How long from the publication of a sample until ``/query`` shows it."""

from __future__ import annotations

import time

import numpy as np
from crossbar_router import wait_for

from bench import sessions
from bench.figures import Figures
from bench.panels import Client, newest, request
from bench.systems import System

RATE = 2.5
"""Messages a second, as a Lake Shore 240 has them."""
PATIENCE = 15.0


def measure(figures: Figures, system: System, count: int) -> None:
    """Publish 16 channels, and ask for the last one again and again until the sample is there."""
    table = figures.table(
        "Published until visible in /query",
        ("system", "window", "n", "p50 ms", "p95 ms"),
        f"16 channels at {RATE:g} Hz; the last channel's last minute is asked for without a pause; the time includes that query.",
    )
    for window in system.windows:
        client, taken = system.client(), []
        for _ in range(count):
            taken.append(_once(system, window, client))
            time.sleep(max(0, 1 / RATE - taken[-1] / 1e3))
        table.add(system.name, window, count, *figures.latency(system.name, f"visible.{window}", taken))


def _once(system: System, window: str, client: Client) -> float:
    """Return the milliseconds until one sample is visible."""
    begin = time.perf_counter()
    stamp = round(time.time(), 3)
    target = system.targets(window, 1)
    body = request(target, stamp - 60, stamp + 60)
    sessions.publish(system.publisher, system.agent(window), np.array([stamp]))
    what = f"a sample to be visible in {system.name}'s window of {window}"
    wait_for(lambda: newest(client.query(body), target[0]) >= stamp - 5e-4, what, PATIENCE, every=0)
    return (time.perf_counter() - begin) * 1e3
