"""How the recording goes, for the feed that the aggregator has of its own: how far behind, what was lost, how long interrupted."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from livemon.hkarchive import Recorder

LOST = ("not written", "not archived", "too large", "overflow")
"""What of the dropped is lost: duplicates (the same time with the same values) are not, and what is malformed is not a sample."""


class Recording:
    """Follows the recording over its interruptions: while nobody wanted it, the router was away, or the disk took nothing.

    All times are UNIX seconds. Methods may be called from any thread, each by one only.

    Parameters
    ----------
    last_write
        When the archive was written the last time before this process began; `None` if never.
    """

    def __init__(self, last_write: float | None, clock: Callable[[], float] = time.time) -> None:
        self.gap = 0.0
        """Seconds of the newest interruption that is over; 0 if there was none."""
        self._clock = clock
        self._interrupted = last_write
        self._idle_since: float | None = clock()
        self._turned = clock()
        self._failing_since: float | None = None
        self._lost_before = 0

    def began(self) -> None:
        """Note that samples are to be recorded from now on."""
        self._idle_since, self._turned = None, self._clock()
        self._failing_since, self._lost_before = None, 0

    def ended(self) -> None:
        """Note that nothing is recorded any more."""
        self._idle_since = self._clock()
        self.interrupted()

    def interrupted(self) -> None:
        """Note that no sample can come from now on, unless that is so already."""
        if self._interrupted is None:
            self._interrupted = self._clock()

    def received(self) -> None:
        """Note that a sample came that will be recorded, and with it the end of an interruption."""
        if self._interrupted is not None:
            self.gap, self._interrupted = max(self._clock() - self._interrupted, 0.0), None

    def turned(self, recorder: Recorder, lost: int) -> None:
        """Note how things are after a turn in which all that had come was handed to the recorder."""
        self._turned = self._clock()
        if recorder.write_error is not None:
            if self._failing_since is None:
                self._failing_since = recorder.waiting_since or self._turned
            return
        if self._failing_since is not None and lost > self._lost_before:
            self.gap = max(self._turned - self._failing_since, 0.0)
        self._failing_since, self._lost_before = None, lost

    def lag(self, recorder: Recorder | None, *, messages_wait: bool) -> float:
        """Return for how many seconds the oldest sample waits that is not on the disk, or nothing has been recorded."""
        now = self._clock()
        if self._idle_since is not None:
            return max(now - self._idle_since, 0.0)
        waiting = [recorder.waiting_since if recorder else None, self._turned if messages_wait else None]
        return max([now - since for since in waiting if since is not None] + [0.0])


def lost_samples(dropped: Mapping[str, int]) -> int:
    """Return how many of what was dropped are samples that the archive has not."""
    return sum(dropped.get(reason, 0) for reason in LOST)


def last_write(data_dir: Path) -> float | None:
    """Return when a file of the archive was written the last time, UNIX seconds; `None` if there is none."""
    directories = sorted(path for path in data_dir.glob("[0-9]*") if path.is_dir())
    written = [path.stat().st_mtime for directory in directories[-2:] for path in directory.glob("*.g3*")]
    return max(written, default=None)


def as_message(lag: float, lost: int, gap: float) -> dict[str, Any]:
    """Return the message of the feed."""
    return {
        "block_name": "archive",
        "timestamp": time.time(),
        "data": {"lag": round(lag, 3), "lost": float(lost), "gap": round(gap, 3)},
    }


def as_block(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as others receive it: a block of one sample, by its name."""
    data = {name: [value] for name, value in message["data"].items()}
    block = {"block_name": message["block_name"], "timestamps": [message["timestamp"]], "data": data}
    return {message["block_name"]: block}
