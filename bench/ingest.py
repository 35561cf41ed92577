"""What a message costs, against the length of the window: the feed node alone, and the whole process of the data nodes."""

from __future__ import annotations

import itertools
import time

import numpy as np

from bench import sessions
from bench.data import WINDOWS, history, message, messages, topic
from bench.figures import Figures
from bench.systems import System
from bench.timing import cpu_seconds, say

TITLE = "CPU time of a message of 16 fields"
HEADINGS = ("system", "window", "what", "messages", "CPU ms a message")
NOTE = "One sample a message, windows full. What a process takes when nothing comes is subtracted."
AGENT = "bench"


def node_alone(figures: Figures, windows: list[str], count: int) -> None:
    """Feed full windows one message after the other, in this process."""
    from livemon.nodes.feed import FeedNode  # noqa: PLC0415 - needs the reactor

    table = figures.table(TITLE, HEADINGS, NOTE)
    for window in windows:
        start = time.time() - 2 * count
        node = FeedNode("bench", "", target=AGENT, window=WINDOWS[window])
        for times in history(WINDOWS[window], start):
            node.receive(topic(AGENT), message(times, AGENT))
        used = 0.0
        for times in history(count, start + count):
            fresh = list(messages(times, AGENT))
            begin = time.process_time()
            for each in fresh:
                node.receive(topic(AGENT), each)
            used += time.process_time() - begin
        taken = used / count * 1e3
        kept = len(next(iter(node.blocks.values())))
        if kept < WINDOWS[window]:
            raise RuntimeError(f"the window of {window} holds {kept} samples: it should be full")
        figures.add("livemon", f"ingest.node.{window}", taken)
        table.add("livemon", window, "FeedNode.receive", count, taken)


def whole_process(figures: Figures, system: System, rate: float, seconds: float) -> None:
    """Publish to each window in turn, and read the processor time of the data nodes' process."""
    table = figures.table(TITLE, HEADINGS, NOTE)
    for window in system.windows:
        say(f"{system.name}: {rate:g} messages/s for {seconds:g} s to the window of {window}")
        pid = system.pid(window)
        before = cpu_seconds(pid)
        time.sleep(seconds / 2)
        idle = (cpu_seconds(pid) - before) / (seconds / 2)
        before, begin = cpu_seconds(pid), time.monotonic()
        for number in itertools.count(1):
            sessions.publish(system.publisher, system.agent(window), np.round([time.time()], 3))
            if time.monotonic() - begin > seconds:
                break
            time.sleep(max(0, begin + number / rate - time.monotonic()))
        time.sleep(0.5)
        used = cpu_seconds(pid) - before - idle * (time.monotonic() - begin)
        figures.add(system.name, f"ingest.process.{window}", used / number * 1e3)
        table.add(system.name, window, "whole process, behind the router", number, used / number * 1e3)
