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
    dropped are the others moved to its beginning. Views are valid until the next change.
    """

    def __init__(self, planes: int = 1) -> None:
        self._keys = np.empty(FIRST_CAPACITY)
        self._values = np.empty((planes, 0, FIRST_CAPACITY))
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
        return self._values[:, :, self._start : self._end]

    def extend(self, keys: NDArray[np.float64]) -> NDArray[np.float64]:
        """Append keys, shape (m,), and return the view of their values, shape (planes, rows, m), which the caller fills."""
        if self._end + keys.size > self._keys.size:
            self._make_room(keys.size)
        begin, self._end = self._end, self._end + keys.size
        self._keys[begin : self._end] = keys
        return self._values[:, :, begin : self._end]

    def drop(self, count: int) -> None:
        """Forget the oldest `count` columns."""
        self._start += count
        if self._start > max(FIRST_CAPACITY, len(self) // SLACK):
            self._move(self._keys, self._values)

    def truncate(self, length: int) -> None:
        """Keep the oldest `length` columns only."""
        self._end = self._start + length

    def add_rows(self, count: int) -> None:
        """Add rows, NaN in every column."""
        planes, rows, capacity = self._values.shape
        values = np.empty((planes, rows + count, capacity))
        values[:, :rows, self._start : self._end] = self.values
        values[:, rows:, self._start : self._end] = np.nan
        self._values = values

    def reserve(self, length: int) -> None:
        """Take space for `length` columns at once; it costs memory only as far as it is used."""
        needed = length + max(length // SLACK, FIRST_CAPACITY) + FIRST_CAPACITY
        if needed > self._keys.size:
            self._move(np.empty(needed), np.empty((*self._values.shape[:2], needed)))

    def _make_room(self, count: int) -> None:
        length = len(self)
        if self._start > length // SLACK // 2 and length + count <= self._keys.size:
            self._move(self._keys, self._values)
        else:
            self.reserve((length + count) * 3 // 2)

    def _move(self, keys: NDArray[np.float64], values: NDArray[np.float64]) -> None:
        length = len(self)
        keys[:length] = self.keys
        # Row by row: where old and new place overlap, numpy copies what it moves, and that is a row and not everything.
        for to, origin in zip(
            values.reshape(-1, values.shape[2]), self._values.reshape(-1, self._keys.size), strict=True
        ):
            to[:length] = origin[self._start : self._end]
        self._keys, self._values, self._start, self._end = keys, values, 0, length
