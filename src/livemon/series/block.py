"""A block of fields that share one timeline, as long as a window of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

FIRST_CAPACITY = 1024


class Block:
    """The samples of several fields within a window, oldest first.

    Times are UNIX seconds (UTC), strictly ascending; values float64, one row a field, NaN where a field has no value at a time.
    Appending costs the same for every length of the window: samples go to the end of a reserved space, and only when that is
    full are those of the window moved to its beginning.

    Parameters
    ----------
    window
        Seconds. Samples older than the newest by more are forgotten.
    """

    def __init__(self, window: float) -> None:
        self.window = window
        self.fields: list[str] = []
        self.refused = 0
        """Samples that were not newer than those before."""
        self._times = np.empty(FIRST_CAPACITY)
        self._values = np.empty((0, FIRST_CAPACITY))
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def times(self) -> NDArray[np.float64]:
        """A view of the timeline, shape (n,)."""
        return self._times[self._start : self._end]

    def values(self, field: str) -> NDArray[np.float64]:
        """Return a view of a field's values, shape (n,); a KeyError for a field that the block never had."""
        return self._values[self._row(field), self._start : self._end]

    def append(self, times: ArrayLike, data: Mapping[str, ArrayLike]) -> int:
        """Append samples: `times` of shape (m,), for each field values of shape (m,). Return how many were new.

        A field that the block has not had before begins here, be it without a sample; one that is missing from `data` has no value at
        these times.

        Raises
        ------
        ValueError
            If a field has another number of values than there are times. Nothing is appended then.
        """
        times = np.asarray(times, dtype=np.float64)
        columns = {field: np.asarray(values, dtype=np.float64) for field, values in data.items()}
        for field, column in columns.items():
            if column.shape != times.shape:
                raise ValueError(f"{field}: {column.size} values at {times.size} times")
        newest = self.times[-1] if len(self) else -np.inf
        is_new = times > np.maximum.accumulate(np.concatenate(([newest], times)))[:-1]
        self.refused += int(times.size - np.count_nonzero(is_new))
        times = times[is_new]
        self._add_fields(field for field in columns if field not in self.fields)
        if not times.size:
            return 0
        self._make_room(times.size)
        end = self._end + times.size
        self._times[self._end : end] = times
        self._values[:, self._end : end] = np.nan
        for field, column in columns.items():
            self._values[self._row(field), self._end : end] = column[is_new]
        self._end = end
        self._start += int(np.searchsorted(self.times, times[-1] - self.window))
        return int(times.size)

    def between(self, start: float, end: float) -> slice:
        """Return the slice of the timeline that lies in the half-open interval ``[start, end)``."""
        first, last = np.searchsorted(self.times, [start, end])
        return slice(int(first), int(max(first, last)))

    def last(self, field: str) -> tuple[float, float] | None:
        """Return time and value of a field's newest sample that is a number; `None` if there is none."""
        values = self.values(field)
        numbers = np.flatnonzero(~np.isnan(values[-256:]))
        if numbers.size:
            index = max(len(self) - 256, 0) + int(numbers[-1])
        else:
            numbers = np.flatnonzero(~np.isnan(values))
            if not numbers.size:
                return None
            index = int(numbers[-1])
        return float(self.times[index]), float(values[index])

    def _row(self, field: str) -> int:
        try:
            return self.fields.index(field)
        except ValueError:
            raise KeyError(field) from None

    def _add_fields(self, fields: Iterable[str]) -> None:
        new = list(fields)
        if new:
            self.fields += new
            self._values = np.vstack([self._values, np.full((len(new), self._times.size), np.nan)])

    def _make_room(self, count: int) -> None:
        capacity = self._times.size
        if self._end + count <= capacity:
            return
        length = len(self)
        # Half of the space stays free, so that the next move is far away.
        while capacity < 2 * (length + count):
            capacity *= 2
        times, values = np.empty(capacity), np.empty((len(self.fields), capacity))
        times[:length] = self.times
        values[:, :length] = self._values[:, self._start : self._end]
        self._times, self._values, self._start, self._end = times, values, 0, length
