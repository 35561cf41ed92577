"""A block of fields that share one timeline, over a sliding window of time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.contract import CLOCK_TOLERANCE, END_OF_TIME
from livemon.series.buffer import FIRST_CAPACITY, ColumnBuffer
from livemon.series.envelope import Buckets, Points, buckets, extremes, fitted, needs_thinning
from livemon.series.merging import in_order
from livemon.series.pyramid import Pyramid

UPDATE_EVERY = 4096
"""Maximum samples that are not in the pyramid yet: a query would have to look at all of them."""
RATE_KNOWN_AFTER = 1e-3
"""The fraction of the window that samples must span before their rate is trusted: the first may arrive in a burst."""
MAX_RESERVED = 1 << 27
"""Values of all fields for which space is reserved in advance: a burst at the start must not request more than a machine has."""

Values = Sequence[Any] | NDArray[Any]
"""Numbers or truth values, shape (m,); `None` for no value."""


class Block:
    """The samples of several fields within a window, sorted by time.

    Times are UNIX seconds (UTC), strictly ascending; values float64, one row per field, NaN for no value. A value costs 8 bytes, and
    its share of the timeline and of the pyramid.

    Samples may arrive in any order, as they do when the clock that stamps them is set back; ascending ones cost least. If a range of
    time was measured twice, the samples of both passes are there, sorted by their time stamps.

    Parameters
    ----------
    window
        Seconds. A sample is kept while it is at most this far from the one that arrived last, or from the present.
    """

    def __init__(self, window: float) -> None:
        self.window = window
        self.refused = 0
        """Samples that cannot be plotted: without a valid time, at a time that has another value, or too far in the future."""
        self._rows: dict[str, int] = {}
        self._samples = ColumnBuffer()
        self._pyramid = Pyramid()
        self._head = np.inf
        """The time of the sample that arrived last."""
        self._waiting = 0
        self._reserved = False

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def fields(self) -> list[str]:
        """The names of the fields, in the order in which they appeared."""
        return list(self._rows)

    @property
    def times(self) -> NDArray[np.float64]:
        """A view of the timeline, shape (n,)."""
        return self._samples.keys

    def values(self, field: str) -> NDArray[np.float64]:
        """Return a view of a field's values, shape (n,).

        Raises
        ------
        KeyError
            If the block has no such field.
        """
        values: NDArray[np.float64] = self._table[self._rows[field]]
        return values

    @property
    def _table(self) -> NDArray[np.float64]:
        """A view of the values, shape (k, n)."""
        table: NDArray[np.float64] = self._samples.values[0]
        return table

    def append(self, times: Values, data: Mapping[str, Values], now: float | None = None) -> int:
        """Add samples; return the number of times that are new.

        Parameters
        ----------
        times
            UNIX seconds, shape (m,).
        data
            Values by field, shape (m,) each. An unknown field is added, even without samples; one that is missing has no value at
            these times.
        now
            The present by this machine's clock, UNIX seconds. Samples beyond it do not make others too old for the window.

        Raises
        ------
        ValueError
            If the number of values of a field is not that of times. Then nothing is added.
        """
        times, values = _arrays(times, data)
        if list(data) != self.fields:
            self._add_fields([field for field in data if field not in self._rows])
            values = self._all_rows(data, values)
        if not times.size:
            return 0
        limit = END_OF_TIME if now is None else now + CLOCK_TOLERANCE
        newest = self.times[-1] if len(self) else 0.0
        if newest < times[0] and times[-1] <= limit and (times.size == 1 or (times[1:] > times[:-1]).all()):
            self._head = times[-1]
            self._drop_before(self._head - self.window)
            self._samples.extend(times)[0][:] = values
            self._drop_before(self._head - self.window)
            new = times.size
        else:
            new = self._place(times, values, now)
        if not self._reserved and len(self) > FIRST_CAPACITY // 2:
            self._reserve_window()
        self._waiting += times.size
        if self._waiting > UPDATE_EVERY:
            self._update()
        return int(new)

    def insert(self, times: Values, data: Mapping[str, Values], now: float | None = None) -> int:
        """Insert samples of the past, which do not replace values; return the number of times that are new.

        Arguments as of :meth:`append`. Samples that cannot be plotted are not counted as refused.
        """
        times, values = _arrays(times, data)
        self._add_fields([field for field in data if field not in self._rows])
        if not times.size:
            return 0
        before = len(self)
        self._merge(times, self._all_rows(data, values))
        new = len(self) - before
        limit = END_OF_TIME if now is None else now + CLOCK_TOLERANCE
        if not before:
            self._head = self.times[max(int(self.times.searchsorted(limit, side="right")) - 1, 0)]
        self._drop_far_from(self._head, now)
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

        Its cost depends on the number of points in the answer, not on that of samples in the range. While the samples that arrive are
        not the newest, only what is older than they are is final.

        Raises
        ------
        KeyError
            If the block has no such field.
        """
        part, rows = self.between(start, end), [self._rows[field] for field in fields]
        times = self.times[part]
        too_many = needs_thinning(times, start, end, stride, spaced=spaced)
        whole = buckets(start, times[0], times[-1], stride) if too_many else None
        points = None if whole is None else self._from_pyramid(part, rows, whole)
        if points is None:
            points = fitted(times, self._table[rows, part], start, end, stride, spaced=spaced)
        if points.finalized_until is None or self._head >= self.times[-1]:
            return points
        settled = self._head if whole is None else self._head // whole.width * whole.width
        return points._replace(finalized_until=min(points.finalized_until, settled))

    def _from_pyramid(self, part: slice, rows: list[int], whole: Buckets) -> Points | None:
        """Return the points of some buckets; `None` if the pyramid has no cells for them."""
        self._update()
        level = self._pyramid.dividing(whole.width)
        if level is None:
            return None
        first, last = np.searchsorted(level.starts, [whole.start, whole.end])
        if first == last:
            return None
        # Samples, cells, samples: at both ends there may be some that are in no cell.
        times = self.times[part]
        cells, (lows, highs) = level.starts[first:last], level.extremes[:, rows, first:last]
        lead, tail = np.searchsorted(times, [cells[0], cells[-1] + level.width])
        before = self._table[rows, part.start : part.start + lead]
        after = self._table[rows, part.start + tail : part.stop]
        points = extremes(
            whole,
            np.concatenate((times[:lead], cells, times[tail:])),
            np.concatenate((before, lows, after), axis=1),
            np.concatenate((before, highs, after), axis=1),
            (times[-1], self._table[rows, part.stop - 1]),
        )
        return Points(*points, (whole.last - 1) * whole.width, True)

    def latest(self) -> dict[str, tuple[float, float]]:
        """Return time and value of the sample that arrived last, of every field that has a number."""
        if not len(self):
            return {}
        row = self._head_index()
        time, found = float(self.times[row]), {}
        for field, value in zip(self._rows, self._table[:, row].tolist(), strict=True):
            last = (time, value) if value == value else self.last(field)  # noqa: PLR0124 - NaN differs from itself
            if last is not None:
                found[field] = last
        return found

    def last(self, field: str) -> tuple[float, float] | None:
        """Return time and value of a field's newest number; `None` if there is none.

        Samples with later time stamps than the one that arrived last, from before a clock was set back, count only without others.
        """
        values, end = self.values(field), self._head_index() + 1
        for first, last in ((max(0, end - 256), end), (0, end), (end, values.size)):
            numbers = np.flatnonzero(~np.isnan(values[first:last]))
            if numbers.size:
                index = first + int(numbers[-1])
                return float(self.times[index]), float(values[index])
        return None

    def _head_index(self) -> int:
        """Return the index of the sample that arrived last."""
        times = self.times
        if not times.size or times[-1] <= self._head:
            return times.size - 1
        return max(int(times.searchsorted(self._head, side="right")) - 1, 0)

    def _place(self, times: NDArray[np.float64], values: NDArray[np.float64], now: float | None) -> int:
        """Add samples that are not all newer than those before, or are in the future; return the number of times that are new."""
        possible = (times >= 0) & (times < END_OF_TIME)
        self.refused += int(times.size - np.count_nonzero(possible))
        times, values = times[possible], values[:, possible]
        if not times.size:
            return 0
        before, self._head = len(self), times[-1]
        self.refused += self._merge(times, values)
        new = len(self) - before
        self.refused += self._drop_far_from(self._head, now)
        return new

    def _merge(self, times: NDArray[np.float64], values: NDArray[np.float64]) -> int:
        """Merge samples; return how many were refused. The cost depends on the number of samples that are newer."""
        part = slice(int(self.times.searchsorted(times.min())), len(self))
        times, values, refused = in_order(
            np.concatenate((self.times[part], times)),
            np.concatenate((self._table[:, part], values), axis=1),
        )
        self._samples.truncate(part.start)
        self._samples.extend(times)[0][:] = values
        self._pyramid.reopen(times[0])
        return refused

    def _drop_far_from(self, head: float, now: float | None) -> int:
        """Remove what is further than the window from both `head` and `now`; return how many samples were later than both."""
        low, high = (head, head) if now is None else (min(head, now), max(head, now))
        self._drop_before(low - self.window)
        first, last, end = self.times.searchsorted((low + self.window, high - self.window, high + self.window))
        if end < len(self):
            self._pyramid.reopen(self.times[end])
        beyond = len(self) - int(end)
        self._samples.truncate(int(end))
        if first < last:
            times, values = self.times[last:].copy(), self._table[:, last:].copy()
            self._pyramid.reopen(self.times[first])
            self._samples.truncate(int(first))
            self._samples.extend(times)[0][:] = values
        return beyond

    def _all_rows(self, data: Mapping[str, Values], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return values of all fields, shape (k, m), NaN for those that are not in `data`."""
        table = np.full((len(self._rows), values.shape[1]), np.nan)
        table[[self._rows[field] for field in data]] = values
        return table

    def _update(self) -> None:
        self._pyramid.update(self._samples, self.window)
        self._waiting = 0

    def _reserve_window(self) -> None:
        """Reserve the space of the whole window at once, as soon as the rate of the samples is known."""
        span = self.times[-1] - self.times[0]
        if span >= self.window * RATE_KNOWN_AFTER:
            self._reserved = True
            self._samples.reserve(int(min(self.window / span * len(self), MAX_RESERVED / len(self._rows))))

    def _add_fields(self, fields: list[str]) -> None:
        if fields:
            self._rows |= {field: len(self._rows) + number for number, field in enumerate(fields)}
            self._samples.add_rows(len(fields))
            self._pyramid.add_rows(len(fields))

    def _drop_before(self, time: float) -> None:
        times = self.times
        if times.size and times[0] < time:
            self._samples.drop(int(np.searchsorted(times, time)))
            self._pyramid.drop_before(self.times[0] if len(self) else time)


def _arrays(times: Values, data: Mapping[str, Values]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return times, shape (m,), and values, shape (k, m)."""
    times = np.asarray(times, dtype=np.float64)
    for field, values in data.items():
        if len(values) != len(times):
            raise ValueError(f"{field}: {len(values)} values at {len(times)} times")
    return times, np.array(list(data.values()), dtype=np.float64).reshape(len(data), len(times))
