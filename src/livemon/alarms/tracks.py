"""What is remembered of the channels that alarms look at: enough to judge every sample once, and no more."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

BIN = 10.0
"""Seconds of which the mean is remembered, where a mean over a longer time is asked for."""


@dataclass
class Track:
    """A channel as far as it has been looked at. Times are UNIX seconds of the samples, UTC.

    `first` is the time of the first sample that was seen, `newest` the newest sample, NaN values included; `fresh` are the samples of
    the last look, oldest first. `valid` is the time of the newest sample that was a reading, and `since` that of the first sample of
    those which have had the newest one's value without another one in between. `history` has sums over `BIN` seconds, ``(begin, sum,
    count)``, and `rises` each increase, ``(time, by)``, both for as long as :meth:`take` is told.
    """

    first: float | None = None
    newest: tuple[float, float] | None = None
    fresh: list[tuple[float, float]] = field(default_factory=list)
    valid: float | None = None
    true: float | None = None
    """The time of the newest sample that was neither zero nor NaN."""
    since: float | None = None
    history: deque[tuple[float, float, int]] = field(default_factory=deque)
    rises: deque[tuple[float, float]] = field(default_factory=deque)

    def take(self, samples: Iterable[tuple[float, float]], memory: float, *, positive: bool) -> None:
        """Take the samples that are newer than the newest one known, and forget what is older than `memory` seconds.

        With `positive`, a value is a reading only if it is above zero: a thermometer that is out of range sends 0 K.
        """
        self.fresh = []
        for time, value in samples:
            if self.newest is not None and time <= self.newest[0]:
                continue
            self._note(time, value, positive=positive)
            self.fresh.append((time, value))
        if self.newest is not None:
            oldest = self.newest[0] - memory
            while self.history and self.history[0][0] < oldest - BIN:
                self.history.popleft()
            while self.rises and self.rises[0][0] < oldest:
                self.rises.popleft()

    def _note(self, time: float, value: float, *, positive: bool) -> None:
        if self.newest is None:
            self.first = time
        if self.newest is None or not _same(self.newest[1], value):
            self.since = time
        if math.isfinite(value) and (value > 0 or not positive):
            self.valid = time
            begin = math.floor(time / BIN) * BIN
            if self.history and self.history[-1][0] == begin:
                _, total, count = self.history.pop()
                self.history.append((begin, total + value, count + 1))
            else:
                self.history.append((begin, value, 1))
            if self.newest is not None and value > self.newest[1]:
                self.rises.append((time, value - self.newest[1]))
        if math.isfinite(value) and value:
            self.true = time
        self.newest = time, value

    def mean(self, start: float, end: float) -> float | None:
        """Return the mean of the readings in ``[start, end)``, to `BIN` seconds; `None` if there are none."""
        bins = list(self.history)
        part = bins[bisect_left(bins, (start,)) : bisect_left(bins, (end,))]
        count = sum(each[2] for each in part)
        return sum(each[1] for each in part) / count if count else None


def _same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))
