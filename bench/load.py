"""10,000 fields at 1 Hz: 625 feeds of 16 fields, and two subscribers, one of them the data nodes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.data import CHANNELS
from bench.figures import Figures
from bench.panels import newest, request, series
from bench.systems import Livemon
from bench.timing import cpu_seconds, percentile, say

AGENTS, FEEDS = 25, 25
PATIENCE = 20.0
SETTLE = 5.0
"""Seconds before the first look: every field has had a sample by then, and the bridge has seen it."""


def feed_of(number: int) -> tuple[str, str]:
    """Return agent and feed number `number` of all."""
    return f"load-{number // FEEDS:02d}", f"feed{number % FEEDS:02d}"


def measure(figures: Figures, directory: Path, seconds: float) -> None:
    """Publish for a while, and follow one feed after the other: how old is a sample when ``/query`` first shows it."""
    entries = [
        {
            "kind": "feed",
            "name": f"LOAD{agent:02d}",
            "target": f"load-{agent:02d}",
            "feeds": [f"feed{feed:02d}" for feed in range(FEEDS)],
        }
        for agent in range(AGENTS)
    ]
    with Livemon(directory, [], entries) as system, ExitStack() as processes:
        url = system.router.ocs_url
        say(f"load: {AGENTS * FEEDS} feeds of {len(CHANNELS)} fields at 1 Hz for {seconds:g} s")
        subscriber = processes.enter_context(process("bench.subscriber", url))
        publisher = processes.enter_context(process("bench.publisher", url, str(seconds + SETTLE), str(AGENTS * FEEDS)))
        began = json.loads(publisher.stdout.readline())["began"]
        pids = {"data nodes": system.pid(), "bridge": system.appliance.children["bridge"].pid}
        pids |= {"second subscriber": subscriber.pid, "publisher": publisher.pid}
        time.sleep(max(0, began + SETTLE - time.time()))
        before, begin = {name: cpu_seconds(pid) for name, pid in pids.items()}, time.monotonic()
        lags = _lags(system, began, time.monotonic() + seconds - 2)
        used = {name: (cpu_seconds(pid) - before[name]) / (time.monotonic() - begin) for name, pid in pids.items()}
        sent = json.loads(publisher.communicate(timeout=PATIENCE)[0])
        time.sleep(2)
        kept = _kept(system)
        heard = json.loads(subscriber.communicate(input="", timeout=PATIENCE)[0])
    figures.add("livemon", "load.lag.p95", percentile(lags, 95))
    figures.add("livemon", "load.missing", sent["messages"] - kept)
    table = figures.table(
        "10,000 fields at 1 Hz",
        ("who", "messages", "lag p50 ms", "lag p95 ms", "lag most ms", "share of a core"),
        "Lag: now less a sample's time stamp, when first seen; in /query it includes a query. The publisher's is how late it was.",
    )
    for name, count, times in (
        ("publisher", sent["messages"], sent["late"]),
        ("second subscriber", heard["messages"], heard["lags"]),
        ("data nodes, as /query shows them", kept, lags),
    ):
        share = used[name.partition(",")[0]]
        table.add(name, count, percentile(times, 50), percentile(times, 95), max(times), share)
    table.add("bridge", "", "", "", "", used["bridge"])


def _lags(system: Livemon, began: float, until: float) -> list[float]:
    """Return the milliseconds from a sample's time stamp until it is visible, of random feeds one after the other."""
    client, lags = system.client(), []
    while time.monotonic() < until:
        number = random.randrange(AGENTS * FEEDS)
        now = time.time()
        phase = number / (AGENTS * FEEDS)
        due = began + phase + int(now - began - phase) + 1
        if due - now > 0.3:  # another feed is sooner
            continue
        time.sleep(max(0, due - time.time()))
        agent, feed = feed_of(number)
        target = f"LOAD{agent[-2:]}::{feed}_{CHANNELS[-1]}"
        body = request([target], due - 10, due + PATIENCE)
        while True:
            stamp, seen = newest(client.query(body), target), time.time()
            if stamp >= due - 5e-4:
                lags.append((seen - stamp) * 1e3)
                break
            if seen > due + PATIENCE:
                raise TimeoutError(f"waited {PATIENCE:g} s for a sample of {target} to be visible")
    return lags


def _kept(system: Livemon) -> int:
    """Return how many messages the data nodes have kept."""
    client, now, kept = system.client(), time.time(), 0
    for agent in range(AGENTS):
        targets = [f"LOAD{agent:02d}::feed{feed:02d}_{CHANNELS[-1]}" for feed in range(FEEDS)]
        kept += sum(map(len, series(client.query(request(targets, now - 3000, now + 1, 20_000))).values()))
    return kept


@contextmanager
def process(*module: str) -> Iterator[subprocess.Popen]:
    """Run a module of the bench as long as the block lasts, by its standard input and output."""
    child = subprocess.Popen([sys.executable, "-m", *module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.wait(10)
