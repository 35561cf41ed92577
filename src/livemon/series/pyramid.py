"""Extremes of cells of time, in levels with wider and wider cells, so that a year costs no more to plot than an hour."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from livemon.series.buffer import ColumnBuffer

SAMPLES_PER_CELL = 16
"""On the lowest level, at least: then its two extremes cost one byte per sample."""
FANOUT = 4
MIN_CELLS = 128
"""A level with fewer in the whole window would save nothing."""
MIN_SAMPLES = 256
"""With fewer there is no pyramid: all of them can be looked at."""


class Level:
    """Cells of one width, aligned to the epoch. Empty cells are left out, and a cell is added once it is complete."""

    def __init__(self, width: float, rows: int) -> None:
        self.width = width
        self.end = -math.inf
        """All samples before this time are in cells."""
        self._cells = ColumnBuffer(planes=2)
        self._cells.add_rows(rows)

    @property
    def starts(self) -> NDArray[np.float64]:
        """A view of the start times of the cells, UNIX seconds, shape (n,)."""
        return self._cells.keys

    @property
    def extremes(self) -> NDArray[np.float64]:
        """A view of the smallest and largest values, shape (2, rows, n); NaN where a field has no value in a cell."""
        return self._cells.values

    def take(
        self, keys: NDArray[np.float64], lows: NDArray[np.float64], highs: NDArray[np.float64], newest: float
    ) -> None:
        """Add the cells that end by `newest`, the time of the newest sample.

        Other arguments as of :func:`livemon.series.envelope.extremes`.
        """
        end = math.floor(newest / self.width) * self.width
        first, last = np.searchsorted(keys, [self.end, end])
        self.end = max(self.end, end)
        if first == last:
            return
        numbers = np.floor(keys[first:last] / self.width)
        firsts = np.concatenate(([0], np.flatnonzero(numbers[1:] != numbers[:-1]) + 1))
        space = self._cells.extend(numbers[firsts] * self.width)
        np.fmin.reduceat(lows[:, first:last], firsts, axis=1, out=space[0])
        np.fmax.reduceat(highs[:, first:last], firsts, axis=1, out=space[1])

    def drop_before(self, time: float) -> None:
        """Remove the cells that start before `time`."""
        starts = self.starts
        if starts.size and starts[0] < time:  # rare: a search for each message would cost more than the message
            self._cells.drop(int(np.searchsorted(starts, time)))

    def reopen(self, time: float) -> None:
        """Remove the cells that end after `time`: samples in them have changed."""
        begin = math.floor(time / self.width) * self.width
        if begin < self.end:
            self.end = begin
            self._cells.truncate(int(np.searchsorted(self.starts, begin)))

    def add_rows(self, count: int) -> None:
        """Add fields that have no values yet."""
        self._cells.add_rows(count)


class Pyramid:
    """The levels of one block of samples; each is computed from the one below it, the lowest from the samples."""

    def __init__(self) -> None:
        self._levels: list[Level] = []

    def update(self, samples: ColumnBuffer, window: float) -> None:
        """Add the samples that have arrived since the last update."""
        if len(samples) < MIN_SAMPLES:
            return
        times, values = samples.keys, samples.values[0]
        if not self._levels or not self._fits(len(samples)):
            self._build(times, values.shape[0], window)
        keys, lows, highs = times, values, values
        for level in self._levels:
            level.take(keys, lows, highs, times[-1])
            keys, (lows, highs) = level.starts, level.extremes

    def drop_before(self, time: float) -> None:
        """Remove the cells that start before `time`, that of the oldest sample."""
        for level in self._levels:
            level.drop_before(time)

    def add_rows(self, count: int) -> None:
        """Add fields that have no values yet."""
        for level in self._levels:
            level.add_rows(count)

    def reopen(self, time: float) -> None:
        """Remove what is not older than `time`, for the next update to add again: samples have been inserted or removed there."""
        for level in self._levels:
            level.reopen(time)

    def dividing(self, width: float) -> Level | None:
        """Return the level with the widest cells that buckets of `width` can be composed of; `None` if there is none."""
        fitting = [level for level in self._levels if (width / level.width).is_integer()]
        return fitting[-1] if fitting else None

    def _build(self, times: NDArray[np.float64], rows: int, window: float) -> None:
        width = _lowest_width(times)
        if self._levels and self._levels[0].width == width:
            return
        self._levels = []
        while not self._levels or width * MIN_CELLS < window:
            self._levels.append(Level(width, rows))
            width *= FANOUT

    def _fits(self, count: int) -> bool:
        """Whether the width of the cells still suits the rate of the samples."""
        cells = len(self._levels[0].starts)
        return cells < MIN_CELLS or SAMPLES_PER_CELL / 4 <= count / cells <= SAMPLES_PER_CELL * 8


def _lowest_width(times: NDArray[np.float64]) -> float:
    interval = (times[-1] - times[0]) / (times.size - 1)
    return 2.0 ** math.ceil(math.log2(SAMPLES_PER_CELL * interval))
