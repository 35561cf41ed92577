"""Extremes of cells of time, in levels of ever wider cells, so that a year costs no more to draw than an hour."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livemon.series.columns import Columns

SAMPLES_A_CELL = 16
"""On the lowest level, at least: its two extremes cost a byte a sample then."""
FANOUT = 4
FEWEST_CELLS = 128
"""A level with fewer in the whole window would save nothing."""
ENOUGH = 256
"""Samples before there is a pyramid: of fewer everything can be looked at."""


class Level:
    """Cells of one width, aligned to the epoch. Only those that hold samples are there, each once it is complete."""

    def __init__(self, width: float, rows: int) -> None:
        self.width = width
        self.end = -math.inf
        """All samples before this time are in cells."""
        self._columns = Columns(planes=2)
        self._columns.add_rows(rows)

    @property
    def starts(self) -> NDArray[np.float64]:
        """A view of where the cells begin, UNIX seconds, shape (n,)."""
        return self._columns.keys

    @property
    def extremes(self) -> NDArray[np.float64]:
        """A view of the smallest and largest values, shape (2, rows, n); NaN where a field has no value in a cell."""
        return self._columns.values

    def take(
        self, keys: NDArray[np.float64], lows: NDArray[np.float64], highs: NDArray[np.float64], newest: float
    ) -> None:
        """Add the cells that `newest`, the time of the newest sample, completes. Arguments as of ``extremes`` in `envelope`."""
        end = math.floor(newest / self.width) * self.width
        first, last = np.searchsorted(keys, [self.end, end])
        self.end = max(self.end, end)
        if first == last:
            return
        numbers = np.floor(keys[first:last] / self.width)
        firsts = np.concatenate(([0], np.flatnonzero(numbers[1:] != numbers[:-1]) + 1))
        space = self._columns.extend(numbers[firsts] * self.width)
        np.fmin.reduceat(lows[:, first:last], firsts, axis=1, out=space[0])
        np.fmax.reduceat(highs[:, first:last], firsts, axis=1, out=space[1])

    def drop_before(self, time: float) -> None:
        """Forget the cells that begin before `time`."""
        starts = self.starts
        if starts.size and starts[0] < time:  # seldom: a search for each message would cost more than the message
            self._columns.drop(int(np.searchsorted(starts, time)))

    def reopen(self, time: float) -> None:
        """Forget the cells that `time` lies in or before: they are to be taken anew."""
        begin = math.floor(time / self.width) * self.width
        if begin < self.end:
            self.end = begin
            self._columns.truncate(int(np.searchsorted(self.starts, begin)))

    def add_rows(self, count: int) -> None:
        """Add fields that have no value yet."""
        self._columns.add_rows(count)


class Pyramid:
    """The levels of one block of samples; each is made of the one below it, the lowest of the samples."""

    def __init__(self) -> None:
        self._levels: list[Level] = []

    def update(self, samples: Columns, window: float) -> None:
        """Take in the samples that have come since the last time."""
        if len(samples) < ENOUGH:
            return
        times, values = samples.keys, samples.values[0]
        if not self._levels or not self._fits(len(samples)):
            self._build(times, values.shape[0], window)
        keys, lows, highs = times, values, values
        for level in self._levels:
            level.take(keys, lows, highs, times[-1])
            keys, (lows, highs) = level.starts, level.extremes

    def drop_before(self, time: float) -> None:
        """Forget the cells that begin before the oldest sample."""
        for level in self._levels:
            level.drop_before(time)

    def add_rows(self, count: int) -> None:
        """Add fields that have no value yet."""
        for level in self._levels:
            level.add_rows(count)

    def reopen(self, time: float) -> None:
        """Take anew what is not older than `time`: samples have come or gone there."""
        for level in self._levels:
            level.reopen(time)

    def dividing(self, width: float) -> Level | None:
        """Return the level of the widest cells of which buckets of `width` consist; `None` if there is none."""
        fitting = [level for level in self._levels if (width / level.width).is_integer()]
        return fitting[-1] if fitting else None

    def _build(self, times: NDArray[np.float64], rows: int, window: float) -> None:
        width = _lowest_width(times)
        if self._levels and self._levels[0].width == width:
            return
        self._levels = []
        while not self._levels or width * FEWEST_CELLS < window:
            self._levels.append(Level(width, rows))
            width *= FANOUT

    def _fits(self, count: int) -> bool:
        """Whether the cells still suit the rate of the samples."""
        cells = len(self._levels[0].starts)
        return cells < FEWEST_CELLS or SAMPLES_A_CELL / 4 <= count / cells <= SAMPLES_A_CELL * 8


def _lowest_width(times: NDArray[np.float64]) -> float:
    interval = (times[-1] - times[0]) / (times.size - 1)
    return 2.0 ** math.ceil(math.log2(SAMPLES_A_CELL * interval))
