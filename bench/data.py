"""The data that everything is measured on: 16 channels at 1 Hz, each value a function of its channel and time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHANNELS = [f"channel_{number:02d}" for number in range(16)]
WINDOWS = {"1 h": 3600, "24 h": 86_400, "7 d": 7 * 86_400}
BATCH = 3600
"""Samples a message while a window is filled: half a MiB, below every cap on the way."""


def value(channel: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values at `times` (UNIX seconds, whole milliseconds): 20 + channel, half a unit over a day, noise of 0.01."""
    ms = np.rint(times * 1000)
    noise = np.modf(np.sin(ms * 1.2989e-3 + channel * 78.233) * 43758.5453)[0]
    return np.round(20 + channel + 0.5 * np.sin(2 * np.pi * ms / 86.4e6) + 0.02 * noise, 4)


def message(times: NDArray[np.float64], agent: str, channels: list[str] = CHANNELS) -> list[dict[str, Any]]:
    """Return what an OCS agent publishes of its samples at `times`."""
    columns = {name: value(number, times).tolist() for number, name in enumerate(channels)}
    block = {"block_name": "temperatures", "timestamps": times.tolist(), "data": columns}
    about = {"agent_address": f"observatory.{agent}", "feed_name": "temperatures", "session_id": "1"}
    return [{"temperatures": block}, about]


def messages(times: NDArray[np.float64], agent: str) -> Iterator[list[dict[str, Any]]]:
    """Yield one message for each time."""
    [block, about] = message(times, agent)
    columns = block["temperatures"]["data"]
    for number, when in enumerate(times.tolist()):
        data = {name: [column[number]] for name, column in columns.items()}
        yield [{"temperatures": {"block_name": "temperatures", "timestamps": [when], "data": data}}, about]


def topic(agent: str, feed: str = "temperatures") -> str:
    """Return where an agent publishes a feed."""
    return f"observatory.{agent}.feeds.{feed}"


def history(window: float, end: float) -> Iterator[NDArray[np.float64]]:
    """Yield the times of a full window at 1 Hz that ends at `end`, a message's worth at once."""
    times = np.floor(end) - np.arange(window, 0.0, -1.0)
    for first in range(0, times.size, BATCH):
        yield times[first : first + BATCH]
