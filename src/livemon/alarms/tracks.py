"""What is remembered of the channels that alarms look at: enough to judge every sample once, and no more."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

BIN = 10.0
"""Seconds of which the mean is remembered, where a mean over a longer time is asked for."""


@dataclass
class Run:
    """The newest readings of a channel that are bit-identical: their value, the times of the first and the newest, how many.

    `is_whole` says whether a different reading came right before; if not, the run may have begun before what is remembered.
    """

    value: float
    since: float
    until: float
    is_whole: bool
    samples: int = 1


@dataclass
class Track:
    """A channel as far as it has been looked at. Times are UNIX seconds of the samples, UTC.

    `newest` is the newest sample, NaN values included, and `known` the newest that was a number; `fresh` are the samples of the last
    look, oldest first. `valid` is the time of the newest sample that was a reading, `invalid` that of the first one since then that
    was none, and `since` that of the first sample of those which have had the value of `known` without another number in between.
    `history` has sums over `BIN` seconds, ``(begin, sum, count, sum of times)``, the times counted from where the bin begins, and
    `rises` each increase of a counter, ``(time, by)``, both for as long as :meth:`take` is told.
    """

    newest: tuple[float, float] | None = None
    known: tuple[float, float] | None = None
    fresh: list[tuple[float, float]] = field(default_factory=list)
    valid: float | None = None
    invalid: float | None = None
    true: float | None = None
    """The time of the newest sample that was neither zero nor NaN."""
    since: float | None = None
    run: Run | None = None
    """The readings that have been the same; what is not a reading neither belongs to it nor ends it."""
    looked_at: tuple[float, NDArray[np.float64]] = (math.inf, np.empty(0))
    """Since when the last look saw all samples, and the times of those that were seen."""
    history: deque[tuple[float, float, int, float]] = field(default_factory=deque)
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

    def late(self, start: float, times: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which of all samples since `start` were not there at the last look though they are older than the newest of then.

        Nodes that were restarted fill such a gap out of the archive, when there are newer samples already.
        """
        before, known = self.looked_at
        self.looked_at = start, np.union1d(known[known >= start], times)
        if self.newest is None:
            return np.zeros(times.size, bool)
        return (times >= before) & (times < self.newest[0]) & ~np.isin(times, known)

    def look_anew(self) -> None:
        """Forget which samples were seen: they were smallest and largest values, or their times have changed."""
        self.looked_at = math.inf, np.empty(0)

    def _note(self, time: float, value: float, *, positive: bool) -> None:
        self.newest = time, value
        is_number = math.isfinite(value)
        if is_number and (value > 0 or not positive):
            self.valid, self.invalid = time, None
            self._remember(time, value)
            self._compare(time, value)
        elif self.invalid is None:
            self.invalid = time
        if not is_number:
            return
        if self.known is None or self.known[1] != value:
            self.since = time
        if self.known is not None and value != self.known[1]:
            # A counter that fell was reset, and has counted this many since.
            self.rises.append((time, value - (self.known[1] if value > self.known[1] else 0.0)))
        if value:
            self.true = time
        self.known = time, value

    def _compare(self, time: float, value: float) -> None:
        if self.run is None or self.run.value != value:
            self.run = Run(value, time, time, is_whole=self.run is not None)
        else:
            self.run.until, self.run.samples = time, self.run.samples + 1

    def _remember(self, time: float, value: float) -> None:
        begin = math.floor(time / BIN) * BIN
        total, count, late = 0.0, 0, 0.0
        if self.history and self.history[-1][0] == begin:
            _, total, count, late = self.history.pop()
        self.history.append((begin, total + value, count + 1, late + time - begin))

    def shift(self, by: float) -> None:
        """Move all times by so many seconds: the clock was set."""
        self.look_anew()
        for name in ("valid", "invalid", "true", "since"):
            if getattr(self, name) is not None:
                setattr(self, name, getattr(self, name) + by)
        for name in ("newest", "known"):
            if getattr(self, name) is not None:
                setattr(self, name, (getattr(self, name)[0] + by, getattr(self, name)[1]))
        if self.run is not None:
            self.run.since, self.run.until = self.run.since + by, self.run.until + by
        self.history = deque((begin + by, total, count, late) for begin, total, count, late in self.history)
        self.rises = deque((time + by, rise) for time, rise in self.rises)

    def mean(self, start: float, end: float) -> tuple[float, float] | None:
        """Return the means of times and of values of the readings in ``[start, end)``, to `BIN` seconds; `None` without any."""
        bins = list(self.history)
        part = bins[bisect_left(bins, (start,)) : bisect_left(bins, (end,))]
        count = sum(each[2] for each in part)
        if not count:
            return None
        late = sum((begin - start) * number + after for begin, _, number, after in part)
        return start + late / count, sum(each[1] for each in part) / count
