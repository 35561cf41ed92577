"""How many messages a second the router passes on to two subscribers, and what it does when there are more."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path

import psutil
from router import Router

from bench.figures import Figures
from bench.load import process
from bench.timing import cpu_seconds, percentile, say

RATES = (625, 1250, 2500, 5000)
PROMISED = 1250
"""At which nothing may be lost on any machine: the agents of 60 feeds that are read as often as can be."""
SUBSCRIBERS = 2
"""The data nodes and the aggregator."""
PATIENCE = 120.0
"""Seconds until all is published, and until all that was published has come."""


def measure(figures: Figures, directory: Path, seconds: float) -> None:
    """Publish at each rate for a while, and count what subscribers have of it and how old it is."""
    table = figures.table(
        "What the router passes on: one publisher, messages of 16 values, two subscribers",
        ("messages/s", "published/s", "lost", "lag p50 ms", "lag p95 ms", "lag most ms", "router's share of a core"),
        "Lag: when a subscriber has a message, less its time stamp. A publisher that is faster than the router is slowed down by it.",
    )
    directory.mkdir(parents=True)
    router = Router(directory)
    with ExitStack() as stack:
        stack.callback(router.stop)
        router.start()
        for rate in RATES:
            say(f"capacity: {rate} messages/s for {seconds:g} s")
            published, lost, lags, share = _at(router, rate, seconds)
            table.add(rate, published, lost, percentile(lags, 50), percentile(lags, 95), max(lags), share)
            if rate == PROMISED:
                figures.add("livemon", "capacity.lost", lost)


def _at(router: Router, rate: float, seconds: float) -> tuple[float, int, list[float], float]:
    """Return how many messages a second were published, how many subscribers lack, lags in ms, the router's share of a core."""
    worker = max(psutil.Process(router.child.pid).children(recursive=True), key=lambda each: sum(each.cpu_times()[:2]))
    with ExitStack() as processes:
        subscribers = [processes.enter_context(process("bench.subscriber", router.ocs_url)) for _ in range(SUBSCRIBERS)]
        time.sleep(4)  # they have joined by then, as a publisher takes as long
        publisher = processes.enter_context(process("bench.publisher", router.ocs_url, str(seconds), str(rate)))
        began = json.loads(publisher.stdout.readline())["began"]
        time.sleep(max(0, began - time.time()))
        before = cpu_seconds(worker.pid)
        sent = json.loads(publisher.communicate(timeout=PATIENCE)[0])["messages"]
        took = time.time() - began
        share = (cpu_seconds(worker.pid) - before) / took
        _let_drain(worker.pid)
        heard = [json.loads(each.communicate(input="", timeout=PATIENCE)[0]) for each in subscribers]
    lags = [lag for each in heard for lag in each["lags"]]
    return sent / took, SUBSCRIBERS * sent - len(lags), lags, share


def _let_drain(router: int) -> None:
    """Wait until the router has nothing to do any more."""
    deadline, before = time.monotonic() + PATIENCE, cpu_seconds(router)
    while time.monotonic() < deadline:
        time.sleep(1)
        now = cpu_seconds(router)
        if now - before < 0.05:  # seconds of a second: idle
            return
        before = now
    raise TimeoutError(f"waited {PATIENCE:g} s for the router to become idle")
