"""A block of fields that share one timeline, as long as a window of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from livemon.contract import CLOCK_TOLERANCE, END_OF_TIME
from livemon.series.columns import FIRST_CAPACITY, Columns
from livemon.series.envelope import Buckets, Points, buckets, extremes, fitted, needs_thinning
from livemon.series.merging import in_order
from livemon.series.pyramid import Pyramid

UPDATE_EVERY = 4096
"""Samples that wait for the pyramid, at most: a query would have to look at all of them."""
RATE_KNOWN_AFTER = 1e-3
"""The part of the window that samples must span before their rate is believed: first ones may come in a burst."""
MOST_RESERVED = 1 << 27
"""Samples of all fields for which space is reserved beforehand: a burst at first must not ask for more than a machine has."""


class Block:
    """The samples of several fields within a window, in the order of their times.

    Times are UNIX seconds (UTC), strictly ascending; values float64, one row a field, NaN where it has no value at a time. A sample
    costs 8 bytes, and its share of the timeline and of the pyramid.

    Samples may come in any order, as they do when the clock that stamps them is set back; those that ascend cost least. What was
    measured twice in one range of time is there twice, stamp by stamp.

    Parameters
    ----------
    window
        Seconds. A sample is kept as long as it is no further than this from the one that came last, or from the present.
    """

    def __init__(self, window: float) -> None:
        self.window = window
        self.refused = 0
        """Samples that cannot be plotted: without a time, at a time that has another value, or too far in the future."""
        self._rows: dict[str, int] = {}
        self._samples = Columns()
        self._pyramid = Pyramid()
        self._head = np.inf
        """The time of the sample that came last."""
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
        """Take samples: `times` of shape (m,), for each field values of shape (m,). Return at how many times there were none before.

        A field that the block has not had before begins here, be it without a sample; one that is missing from `data` has no value at
        these times.

        Parameters
        ----------
        now
            What this machine's clock says. Samples from its future make no other one of the window too old.

        Raises
        ------
        ValueError
            If a field has another number of values than there are times. Nothing is taken then.
        """
        times, values = _table(times, data)
        if list(data) != self.fields:
            self._add_fields([field for field in data if field not in self._rows])
            values = self._all_rows(data, values)
        if not times.size:
            return 0
        limit = END_OF_TIME if now is None else now + CLOCK_TOLERANCE
        newest = self.times[-1] if len(self) else 0.0
        if newest < times[0] and times[-1] <= limit and (times.size == 1 or (times[1:] > times[:-1]).all()):
            self._head = times[-1]
            self._forget_before(self._head - self.window)
            self._samples.extend(times)[0][:] = values
            self._forget_before(self._head - self.window)
            new = times.size
        else:
            new = self._place(times, values, now)
        if not self._reserved and len(self) > FIRST_CAPACITY // 2:
            self._reserve_window()
        self._waiting += times.size
        if self._waiting > UPDATE_EVERY:
            self._update()
        return int(new)

    def insert(self, times: ArrayLike, data: Mapping[str, ArrayLike], now: float | None = None) -> int:
        """Insert samples of the past; of one time, the values that are there stay. Return at how many times there were none before.

        Arguments as of :meth:`append`. What cannot be plotted is not counted.
        """
        times, values = _table(times, data)
        self._add_fields([field for field in data if field not in self._rows])
        if not times.size:
            return 0
        before = len(self)
        self._merge(times, self._all_rows(data, values))
        new = len(self) - before
        limit = END_OF_TIME if now is None else now + CLOCK_TOLERANCE
        if not before:
            self._head = self.times[max(self.times.searchsorted(limit, side="right") - 1, 0)]
        self._forget_far_from(self._head, now)
        self._update()
        return int(new)

    def between(self, start: float, end: float) -> slice:
        """Return the slice of the timeline that lies in the half-open interval ``[start, end)``."""
        first, last = np.searchsorted(self.times, [start, end])
        return slice(int(first), int(max(first, last)))

    def envelope(
        self, fields: Sequence[str], start: float, end: float, stride: float, *, spaced: bool = False
    ) -> Points:
        """Return samples of some fields in ``[start, end)``: see :func:`livemon.series.envelope.fitted`.

        Costs as much as there are points in the answer, not as there are samples in the range. A KeyError for an unknown field.
        While samples come that are not the newest, only what is older than these is final.
        """
        part, rows = self.between(start, end), [self._rows[field] for field in fields]
        times = self.times[part]
        too_many = needs_thinning(times, start, end, stride, spaced=spaced)
        whole = buckets(start, times[0], times[-1], stride) if too_many else None
        points = self._points(part, rows, (start, end, stride, spaced), whole)
        if points.finalized_until is None or self._head >= self.times[-1]:
            return points
        settled = self._head if whole is None else self._head // whole.width * whole.width
        return points._replace(finalized_until=min(points.finalized_until, settled))

    def _points(
        self, part: slice, rows: list[int], asked: tuple[float, float, float, bool], whole: Buckets | None
    ) -> Points:
        times, (start, end, stride, spaced) = self.times[part], asked
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
        """Return time and value of the sample that came last of every field that has one that is a number."""
        if not len(self):
            return {}
        row = self._head_row()
        time, found = float(self.times[row]), {}
        for field, value in zip(self._rows, self._samples.values[0, :, row].tolist(), strict=True):
            last = (time, value) if value == value else self.last(field)  # noqa: PLR0124 - NaN is not
            if last is not None:
                found[field] = last
        return found

    def last(self, field: str) -> tuple[float, float] | None:
        """Return time and value of a field's newest sample that is a number; `None` if there is none.

        What is stamped later than the sample that came last, by a clock that was set back, counts only if there is nothing else.
        """
        values, end = self.values(field), self._head_row() + 1
        for first, last in ((max(0, end - 256), end), (0, end), (end, values.size)):
            numbers = np.flatnonzero(~np.isnan(values[first:last]))
            if numbers.size:
                index = first + int(numbers[-1])
                return float(self.times[index]), float(values[index])
        return None

    def _head_row(self) -> int:
        """Return the row of the sample that came last."""
        times = self.times
        if not times.size or times[-1] <= self._head:
            return times.size - 1
        return max(int(times.searchsorted(self._head, side="right")) - 1, 0)

    def _place(self, times: NDArray[np.float64], values: NDArray[np.float64], now: float | None) -> int:
        """Take samples that are not all newer than those before, or of the future. Return at how many times there were none."""
        possible = (times >= 0) & (times < END_OF_TIME)
        self.refused += int(times.size - np.count_nonzero(possible))
        times, values = times[possible], values[:, possible]
        if not times.size:
            return 0
        before, self._head = len(self), times[-1]
        self.refused += self._merge(times, values)
        new = len(self) - before
        self.refused += self._forget_far_from(self._head, now)
        return new

    def _merge(self, times: NDArray[np.float64], values: NDArray[np.float64]) -> int:
        """Put samples where they belong, and return how many have no place; costs as much as the samples that are newer."""
        part = slice(int(self.times.searchsorted(times.min())), len(self))
        times, values, refused = in_order(
            np.concatenate((self.times[part], times)),
            np.concatenate((self._samples.values[0][:, part], values), axis=1),
        )
        self._samples.truncate(part.start)
        self._samples.extend(times)[0][:] = values
        self._pyramid.reopen(times[0])
        return refused

    def _forget_far_from(self, head: float, now: float | None) -> int:
        """Forget what is further than the window both from `head` and from `now`; return how much of it lay beyond the two."""
        low, high = (head, head) if now is None else (min(head, now), max(head, now))
        self._forget_before(low - self.window)
        first, last, end = self.times.searchsorted((low + self.window, high - self.window, high + self.window))
        if end < len(self):
            self._pyramid.reopen(self.times[end])
        beyond = len(self) - int(end)
        self._samples.truncate(int(end))
        if first < last:
            times, values = self.times[last:].copy(), self._samples.values[0][:, last:].copy()
            self._pyramid.reopen(self.times[first])
            self._samples.truncate(int(first))
            self._samples.extend(times)[0][:] = values
        return beyond

    def _all_rows(self, data: Mapping[str, ArrayLike], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of all fields, NaN for those that are not in `data`."""
        table = np.full((len(self._rows), values.shape[1]), np.nan)
        table[[self._rows[field] for field in data]] = values
        return table

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


def _table(times: ArrayLike, data: Mapping[str, ArrayLike]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times, shape (m,), and values, shape (k, m)."""
    times = np.asarray(times, dtype=np.float64)
    lengths = {field: len(column) for field, column in data.items() if len(column) != len(times)}
    for field, length in lengths.items():
        raise ValueError(f"{field}: {length} values at {len(times)} times")
    return times, np.array(list(data.values()), dtype=np.float64).reshape(len(data), len(times))
