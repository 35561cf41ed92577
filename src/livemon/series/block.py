"""A block of fields that share one timeline, as long as a window of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from livemon.series.columns import FIRST_CAPACITY, Columns
from livemon.series.envelope import Points, buckets, extremes, fitted, needs_thinning
from livemon.series.pyramid import Pyramid

CLOCK_TOLERANCE = 10.0
"""Seconds by which a sample may lie ahead of this machine's clock before one of the two clocks was wrong."""
UPDATE_EVERY = 4096
"""Samples that wait for the pyramid, at most: a query would have to look at all of them."""
RATE_KNOWN_AFTER = 1e-3
"""The part of the window that samples must span before their rate is believed: first ones may come in a burst."""
MOST_RESERVED = 1 << 27
"""Samples of all fields for which space is reserved beforehand: a burst at first must not ask for more than a machine has."""
END_OF_TIME = 9e10
"""Milliseconds taken for seconds lie beyond, and NaN and infinity are not before it."""


class Block:
    """The samples of several fields within a window, oldest first.

    Times are UNIX seconds (UTC), strictly ascending; values float64, one row a field, NaN where it has no value at a time. A sample
    costs 8 bytes, and its share of the timeline and of the pyramid.

    Parameters
    ----------
    window
        Seconds. Samples older than the newest by more are forgotten.
    """

    def __init__(self, window: float) -> None:
        self.window = window
        self.refused = 0
        """Samples that were not newer than those before, or had no time."""
        self._rows: dict[str, int] = {}
        self._samples = Columns()
        self._pyramid = Pyramid()
        self._waiting = 0
        self._reserved = False

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def fields(self) -> list[str]:
        """The names of the fields, in the order in which they came."""
        return list(self._rows)

    @property
    def times(self) -> NDArray[np.float64]:
        """A view of the timeline, shape (n,)."""
        return self._samples.keys

    def values(self, field: str) -> NDArray[np.float64]:
        """Return a view of a field's values, shape (n,); a KeyError for a field that the block never had."""
        return self._samples.values[0, self._rows[field]]

    def append(self, times: ArrayLike, data: Mapping[str, ArrayLike], now: float | None = None) -> int:
        """Append samples: `times` of shape (m,), for each field values of shape (m,). Return how many were new.

        A field that the block has not had before begins here, be it without a sample; one that is missing from `data` has no value at
        these times.

        Parameters
        ----------
        now
            What this machine's clock says. Samples from its future are forgotten when others come that are not: the clock that
            stamped them has been set right. Until then they make no other sample of the window too old.

        Raises
        ------
        ValueError
            If a field has another number of values than there are times. Nothing is appended then.
        """
        times, values = _table(times, data)
        if list(data) != self.fields:
            self._add_fields([field for field in data if field not in self._rows])
        limit = END_OF_TIME if now is None else now + CLOCK_TOLERANCE
        newest = self.times[-1] if len(self) else -np.inf
        if newest > limit and times.size and times[0] <= limit:
            self._forget_from(limit)
            newest = self.times[-1] if len(self) else -np.inf
        if times.size != 1 or not newest < times[0] < END_OF_TIME:
            possible = np.where(times < END_OF_TIME, times, -np.inf)
            is_new = possible > np.maximum.accumulate(np.concatenate(([newest], possible)))[:-1]
            self.refused += int(times.size - np.count_nonzero(is_new))
            times, values = times[is_new], values[:, is_new]
        if not times.size:
            return 0
        oldest = min(times[-1], limit) - self.window
        self._forget_before(oldest)
        space = self._samples.extend(times)[0]
        if list(data) == self.fields:
            space[:] = values
        else:
            space[:] = np.nan
            space[[self._rows[field] for field in data]] = values
        self._forget_before(oldest)
        if not self._reserved and len(self) > FIRST_CAPACITY // 2:
            self._reserve_window()
        self._waiting += times.size
        if self._waiting > UPDATE_EVERY:
            self._update()
        return int(times.size)

    def insert(self, times: ArrayLike, data: Mapping[str, ArrayLike]) -> int:
        """Insert samples between, or before, those that are there; of one time, those that are there stay. Return how many were new.

        Costs as much as the whole block. Arguments as of :meth:`append`; the times ascend.
        """
        times, values = _table(times, data)
        self._add_fields([field for field in data if field not in self._rows])
        if len(self):
            is_new = ~np.isin(times, self.times) & (times >= self.times[-1] - self.window)
            times, values = times[is_new], values[:, is_new]
        if not times.size:
            return 0
        table = np.full((len(self._rows), times.size), np.nan)
        table[[self._rows[field] for field in data]] = values
        order = np.argsort(np.concatenate((self.times, times)), kind="stable")
        all_times = np.concatenate((self.times, times))[order]
        all_values = np.concatenate((self._samples.values[0], table), axis=1)[:, order]
        self._samples.truncate(0)
        self._samples.extend(all_times)[0][:] = all_values
        self._pyramid.clear()
        self._forget_before(all_times[-1] - self.window)
        self._update()
        return int(times.size)

    def between(self, start: float, end: float) -> slice:
        """Return the slice of the timeline that lies in the half-open interval ``[start, end)``."""
        first, last = np.searchsorted(self.times, [start, end])
        return slice(int(first), int(max(first, last)))

    def envelope(
        self, fields: Sequence[str], start: float, end: float, stride: float, *, spaced: bool = False
    ) -> Points:
        """Return samples of some fields in ``[start, end)``: see :func:`livemon.series.envelope.fitted`.

        Costs as much as there are points in the answer, not as there are samples in the range. A KeyError for an unknown field.
        """
        part, rows = self.between(start, end), [self._rows[field] for field in fields]
        times = self.times[part]
        too_many = needs_thinning(times, start, end, stride, spaced=spaced)
        whole = buckets(start, times[0], times[-1], stride) if too_many else None
        level = None
        if whole is not None:
            self._update()
            level = self._pyramid.dividing(whole.width)
        if level is None:
            return fitted(times, self._samples.values[0][rows, part], start, end, stride, spaced=spaced)
        first, last = np.searchsorted(level.starts, [whole.start, whole.end])
        if first == last:
            return fitted(times, self._samples.values[0][rows, part], start, end, stride, spaced=spaced)
        # Samples, cells, samples: at both ends there may be some that no cell has.
        cells, lows_highs = level.starts[first:last], level.extremes[:, rows, first:last]
        lead, tail = np.searchsorted(times, [cells[0], cells[-1] + level.width])
        before = self._samples.values[0][rows, part.start : part.start + lead]
        after = self._samples.values[0][rows, part.start + tail : part.stop]
        points = extremes(
            whole,
            np.concatenate((times[:lead], cells, times[tail:])),
            *(np.concatenate((before, each, after), axis=1) for each in lows_highs),
            (times[-1], self._samples.values[0, rows, part.stop - 1]),
        )
        return Points(*points, (whole.last - 1) * whole.width, True)

    def latest(self) -> dict[str, tuple[float, float]]:
        """Return time and value of the newest sample of every field that has one that is a number."""
        if not len(self):
            return {}
        time, found = float(self.times[-1]), {}
        for field, value in zip(self._rows, self._samples.values[0, :, -1].tolist(), strict=True):
            last = (time, value) if value == value else self.last(field)  # noqa: PLR0124 - NaN is not
            if last is not None:
                found[field] = last
        return found

    def last(self, field: str) -> tuple[float, float] | None:
        """Return time and value of a field's newest sample that is a number; `None` if there is none."""
        values = self.values(field)
        for first in (max(0, values.size - 256), 0):
            numbers = np.flatnonzero(~np.isnan(values[first:]))
            if numbers.size:
                index = first + int(numbers[-1])
                return float(self.times[index]), float(values[index])
        return None

    def _update(self) -> None:
        self._pyramid.update(self._samples, self.window)
        self._waiting = 0

    def _reserve_window(self) -> None:
        """Take the space of the whole window at once, as soon as the rate of the samples is known."""
        span = self.times[-1] - self.times[0]
        if span >= self.window * RATE_KNOWN_AFTER:
            self._reserved = True
            self._samples.reserve(int(min(self.window / span * len(self), MOST_RESERVED / len(self._rows))))

    def _add_fields(self, fields: list[str]) -> None:
        if fields:
            self._rows |= {field: len(self._rows) + number for number, field in enumerate(fields)}
            self._samples.add_rows(len(fields))
            self._pyramid.add_rows(len(fields))

    def _forget_before(self, time: float) -> None:
        times = self.times
        if times.size and times[0] < time:
            self._samples.drop(int(np.searchsorted(times, time)))
            self._pyramid.drop_before(self.times[0] if len(self) else time)

    def _forget_from(self, time: float) -> None:
        self._samples.truncate(int(np.searchsorted(self.times, time, side="right")))
        self._pyramid.clear()


def _table(times: ArrayLike, data: Mapping[str, ArrayLike]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times, shape (m,), and values, shape (k, m)."""
    times = np.asarray(times, dtype=np.float64)
    lengths = {field: len(column) for field, column in data.items() if len(column) != len(times)}
    for field, length in lengths.items():
        raise ValueError(f"{field}: {length} values at {len(times)} times")
    return times, np.array(list(data.values()), dtype=np.float64).reshape(len(data), len(times))
