"""Columns that grow at the end and are cut at the beginning: where the samples of a sliding window lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FIRST_CAPACITY = 64
SLACK = 16
"""What has been dropped is given back when it is more than this part of what is kept: memory stays within 17/16 of the samples."""


class Columns:
    """Ascending keys, shape (n,), and beside them `planes` tables of values, shape (planes, rows, n), all float64.

    Appending costs the same for every n: new columns go to the end of a reserved space, and only when a sixteenth of it has been
    dropped are the others moved to its beginning. Adding rows one by one costs as much as they hold: space for more of them is
    reserved as well. Views are valid until the next change.
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
        """Append keys, shape (m,), and return the view of their values, shape (planes, rows, m), which the caller fills."""
        if self._end + keys.size > self._keys.size:
            self._make_room(keys.size)
        begin, self._end = self._end, self._end + keys.size
        self._keys[begin : self._end] = keys
        return self._reserved[:, : self._rows, begin : self._end]

    def drop(self, count: int) -> None:
        """Forget the oldest `count` columns."""
        self._start += count
        if self._start > max(FIRST_CAPACITY, len(self) // SLACK):
            self._move(self._keys, self._reserved)

    def truncate(self, length: int) -> None:
        """Keep the oldest `length` columns only."""
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
        """Take space for `length` columns at once; it costs memory only as far as it is used."""
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
        # Row by row: where old and new place overlap, numpy copies what it moves, and that is a row and not everything.
        for plane, origins in zip(reserved, self.values, strict=True):
            for to, origin in zip(plane, origins, strict=False):
                to[:length] = origin
        self._keys, self._reserved, self._start, self._end = keys, reserved, 0, length
