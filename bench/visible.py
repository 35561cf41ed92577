"""How long from the publication of a sample until ``/query`` shows it."""

from __future__ import annotations

import time

import numpy as np
from waiting import wait_for

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
        ("system", "window", "n", "p50 ms", "p95 ms", "queries that failed"),
        f"16 channels at {RATE:g} Hz; the last channel's last minute is asked for without a pause; the time includes that query.",
    )
    for window in system.windows:
        client, taken, failed = system.client(), [], 0
        for _ in range(count):
            milliseconds, faults = _once(system, window, client)
            taken.append(milliseconds)
            failed += faults
            time.sleep(max(0, 1 / RATE - milliseconds / 1e3))
        table.add(system.name, window, count, *figures.latency(system.name, f"visible.{window}", taken), failed)


def _once(system: System, window: str, client: Client) -> tuple[float, int]:
    """Return the milliseconds until one sample is visible, and how many queries failed meanwhile."""
    begin = time.perf_counter()
    stamp = round(time.time(), 3)
    target = system.targets(window, 1)
    body = request(target, stamp - 60, stamp + 60)
    failed = 0

    def shown() -> bool:
        nonlocal failed
        status, content = client.ask("POST", "/query", body)
        failed += status != 200
        return status == 200 and newest(content, target[0]) >= stamp - 5e-4

    sessions.publish(system.publisher, system.agent(window), np.array([stamp]))
    wait_for(shown, f"a sample to be visible in {system.name}'s window of {window}", PATIENCE, every=0)
    return (time.perf_counter() - begin) * 1e3, failed
