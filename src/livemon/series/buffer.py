"""A buffer of columns that is appended to at its end and cut at its start: it stores the samples of a sliding window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FIRST_CAPACITY = 64
SLACK = 16
"""Dropped columns are released once they exceed this part of the kept ones: memory stays within 17/16 of the samples."""


class ColumnBuffer:
    """Ascending keys, shape (n,), with `planes` tables of values, shape (planes, rows, n), all float64.

    The cost of appending does not depend on n: new columns are written to the end of a reserved space, and only when a sixteenth of
    it has been dropped are the others moved to its start. Adding rows one by one costs as much as they contain: space for more of
    them is reserved, too. Views are valid until the next change.
    """

    def __init__(self, planes: int = 1) -> None:
        self._keys = np.empty(FIRST_CAPACITY)
        self._reserved = np.empty((planes, 0, FIRST_CAPACITY))
        self._rows = 0
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def keys(self) -> NDArray[np.float64]:
        """A view of the keys, shape (n,)."""
        return self._keys[self._start : self._end]

    @property
    def values(self) -> NDArray[np.float64]:
        """A view of the values, shape (planes, rows, n)."""
        return self._reserved[:, : self._rows, self._start : self._end]

    def extend(self, keys: NDArray[np.float64]) -> NDArray[np.float64]:
        """Append keys, shape (m,), and return the view of their values, shape (planes, rows, m), for the caller to fill."""
        if self._end + keys.size > self._keys.size:
            self._make_room(keys.size)
        begin, self._end = self._end, self._end + keys.size
        self._keys[begin : self._end] = keys
        return self._reserved[:, : self._rows, begin : self._end]

    def drop(self, count: int) -> None:
        """Remove the oldest `count` columns."""
        self._start += count
        if self._start > max(FIRST_CAPACITY, len(self) // SLACK):
            self._move(self._keys, self._reserved)

    def truncate(self, length: int) -> None:
        """Keep only the oldest `length` columns."""
        self._end = self._start + length

    def add_rows(self, count: int) -> None:
        """Add rows, NaN in every column."""
        planes, space, capacity = self._reserved.shape
        rows = self._rows + count
        if rows > space:
            values = np.empty((planes, max(rows, 2 * space), capacity))
            values[:, : self._rows, self._start : self._end] = self.values
            self._reserved = values
        self._reserved[:, self._rows : rows, self._start : self._end] = np.nan
        self._rows = rows

    def reserve(self, length: int) -> None:
        """Reserve space for `length` columns at once; it takes memory only as far as it is used."""
        needed = length + max(length // SLACK, FIRST_CAPACITY) + FIRST_CAPACITY
        if needed > self._keys.size:
            self._move(np.empty(needed), np.empty((*self._reserved.shape[:2], needed)))

    def _make_room(self, count: int) -> None:
        length = len(self)
        if self._start > length // SLACK // 2 and length + count <= self._keys.size:
            self._move(self._keys, self._reserved)
        else:
            self.reserve((length + count) * 3 // 2)

    def _move(self, keys: NDArray[np.float64], reserved: NDArray[np.float64]) -> None:
        length = len(self)
        keys[:length] = self.keys
        # Row by row: where source and target overlap, numpy makes a copy first, and this way only of one row.
        for targets, sources in zip(reserved, self.values, strict=True):
            for target, source in zip(targets, sources, strict=False):
                target[:length] = source
        self._keys, self._reserved, self._start, self._end = keys, reserved, 0, length
