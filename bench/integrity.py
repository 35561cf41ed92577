"""Whether a value is ever paired with another's time, or lost, while a node takes in all that it can and is asked all the time."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import numpy as np
from _pytest.outcomes import Failed
from waiting import wait_for

from bench import sessions
from bench.data import CHANNELS, value
from bench.figures import Figures
from bench.panels import Client, request
from bench.systems import System
from bench.timing import say

STEP = 0.1
"""Seconds between samples: whole milliseconds, so that JSON brings each time back as it was."""
A_MESSAGE = 100
RATE = 32
"""Messages a second: more than the old stack keeps up with."""
FULL_RATE = 1900.0
"""Seconds of which a request can have every sample: 20,000 points are the most that it can ask for."""
PATIENCE = 60.0


class Checked:
    """What was read, and what of it was wrong."""

    def __init__(self) -> None:
        self.pairs = self.mismatched = self.disordered = 0

    def check(self, client: Client, system: System, start: float, end: float) -> None:
        """Read every sample in ``[start, end)`` and compare it with what was published."""
        for name, times, values in _samples(client, system, start, end):
            self.pairs += times.size
            self.mismatched += int(np.count_nonzero(values != value(CHANNELS.index(name), times)))
            self.disordered += int(np.count_nonzero(np.diff(times) <= 0))


def measure(figures: Figures, system: System, seconds: float) -> None:
    """Publish at full speed into one window, with time stamps of the past hour, while all channels are read at full rate."""
    say(f"{system.name}: {RATE} messages/s of {A_MESSAGE} samples for {seconds:g} s, every pair checked")
    messages = int(RATE * seconds)
    first = float(np.floor(time.time()) - messages * A_MESSAGE * STEP)
    last = round(first + (messages * A_MESSAGE - 1) * STEP, 3)
    meanwhile, final, done = Checked(), Checked(), threading.Event()
    reader = threading.Thread(target=_read, args=(system, first, done, meanwhile), daemon=True)
    reader.start()
    begin = time.monotonic()
    for number in range(messages):
        times = np.round(first + (number * A_MESSAGE + np.arange(A_MESSAGE)) * STEP, 3)
        sessions.publish(system.publisher, system.agent("load"), times)
        time.sleep(max(0, begin + (number + 1) / RATE - time.monotonic()))
    published = time.monotonic()
    client = system.client()
    try:
        wait_for(lambda: _newest(client, system, last) >= last, "all samples", PATIENCE, every=0.2)
        behind = f"{time.monotonic() - published:.2g}"
    except Failed:
        behind = f"more than {PATIENCE:g}"
    done.set()
    reader.join(PATIENCE)
    for start in np.arange(first, last, FULL_RATE):
        with suppress(RuntimeError, OSError):  # what cannot be read is missing
            final.check(client, system, start, min(start + FULL_RATE, round(last + STEP)))
    expected = messages * A_MESSAGE * len(CHANNELS)
    mismatched, disordered = meanwhile.mismatched + final.mismatched, meanwhile.disordered + final.disordered
    table = figures.table(
        "Pairs of time and value under load",
        ("system", "published", "behind at the end, s", "read meanwhile", "mismatched", "out of order", "missing"),
        f"{RATE} messages/s of {A_MESSAGE} samples of 16 channels, all read again and again meanwhile; a value is a function of its"
        " channel and time.",
    )
    table.add(system.name, expected, behind, meanwhile.pairs, mismatched, disordered, expected - final.pairs)
    for name, number in (("mismatched", mismatched), ("disordered", disordered), ("missing", expected - final.pairs)):
        figures.add(system.name, f"integrity.{name}", number)


def _read(system: System, first: float, done: threading.Event, checked: Checked) -> None:
    client = Client(system.address)
    while not done.is_set():
        try:
            checked.check(client, system, first, first + FULL_RATE)
        except (RuntimeError, OSError):  # no field is known before the first sample
            client.close()
            time.sleep(0.2)
    client.close()


def _samples(client: Client, system: System, start: float, end: float) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    targets = system.targets("load", len(CHANNELS))
    for each in json.loads(client.query(request(targets, start, end, points=20_000))):
        pairs = np.array(each["datapoints"], dtype=np.float64).reshape(-1, 2)
        pairs = pairs[pairs[:, 1] < end * 1000]  # the old node's intervals have their end
        yield each["target"].partition("::")[2], pairs[:, 1] / 1000, pairs[:, 0]


def _newest(client: Client, system: System, last: float) -> float:
    """Return how far all channels have come."""
    client.ask("POST", "/search", b'{"target": ""}')  # the old bridge looks for new fields only then
    try:
        found = [times[-1] for _, times, _ in _samples(client, system, last - 10, last + 10) if times.size]
    except (RuntimeError, OSError):
        client.close()
        return 0.0
    return min(found) if len(found) == len(CHANNELS) else 0.0
