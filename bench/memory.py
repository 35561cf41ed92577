"""What a cached sample costs in memory, and whether memory stays flat. Each case in a fresh process: ``python -m bench.memory``."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np

from bench.data import CHANNELS, WINDOWS, history, message, messages, topic
from bench.figures import Figures
from bench.timing import resident_bytes, say

AGENT = "bench"
DAY = 86_400
BEGIN = 1.7e9
PATIENCE = 600.0


def measure(figures: Figures, days: int) -> None:
    """Fill windows of 16 channels at 1 Hz message by message, and go on for days of simulated time."""
    table = figures.table(
        "Memory of a node of 16 channels at 1 Hz, over simulated time",
        ("window", "simulated", "samples kept", "MB more than an empty node", "bytes a sample"),
        "Every sample in a message of its own, with the node's clock simulated; resident memory of a fresh process.",
    )
    for window in ("1 h", "24 h"):
        say(f"memory: window of {window}, {days} days of simulated time")
        lines = _in_fresh_process(window, days)
        for day, samples, more in lines:
            table.add(window, f"{day} d", samples, more / 1e6, more / samples)
        # The first day fills the window; on the second one all its space has been used.
        figures.add("livemon", f"memory.{window}", max(more / samples for _, samples, more in lines))
        figures.add("livemon", f"memory.growth.{window}", (lines[-1][2] - lines[1][2]) / 1e6)


def _in_fresh_process(window: str, days: int) -> list[tuple[int, int, int]]:
    """Return, for each day, its number, the samples kept after it and the bytes more than when the node was empty."""
    command = [sys.executable, "-m", "bench.memory", window, str(days)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise RuntimeError(f"memory: {done.stderr[-2000:]}")
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def _run(window: str, days: int) -> None:
    from livemon.nodes.feed import FeedNode  # noqa: PLC0415 - needs the reactor

    now = BEGIN
    node = FeedNode("bench", "", target=AGENT, window=WINDOWS[window], clock=lambda: now)
    # What the first message makes (numpy's own, the layout of the fields) is no sample's, nor what the making of messages takes.
    node.receive(topic(AGENT), message(np.array([now]), AGENT))
    for times in history(DAY, BEGIN):
        for _ in messages(times, AGENT):
            pass
    empty = resident_bytes()
    for day in range(1, days + 1):
        for times in history(DAY, BEGIN + day * DAY + 1):
            for now, each in zip(times.tolist(), messages(times, AGENT), strict=True):  # noqa: B007 - the node's clock
                node.receive(topic(AGENT), each)
        samples = len(next(iter(node.blocks.values()))) * len(CHANNELS)
        print(json.dumps([day, samples, resident_bytes() - empty]), flush=True)


if __name__ == "__main__":
    _run(sys.argv[1], int(sys.argv[2]))
