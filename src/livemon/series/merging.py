"""Samples sorted by time, for when that is not the order in which they arrived."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def in_order(
    times: NDArray[np.float64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Return samples sorted by time, one for each time.

    Of several with the same time, each field takes the first value that is a number.

    Parameters
    ----------
    times
        UNIX seconds in any order, shape (n,), n > 0.
    values
        Shape (k, n), one row per field; NaN for no value.

    Returns
    -------
    times, values
        Strictly ascending, shape (m,), and shape (k, m).
    refused
        How many samples have a value that was discarded because it differs from the first. A repeated sample has none.
    """
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[:, order]
    is_first = np.concatenate(([True], times[1:] != times[:-1]))
    if is_first.all():
        return times, values, 0
    count, is_number = times.size, ~np.isnan(values)
    columns = np.minimum.reduceat(np.where(is_number, np.arange(count), count), np.flatnonzero(is_first), axis=1)
    found = np.take_along_axis(values, np.minimum(columns, count - 1), axis=1)
    kept = np.where(columns < count, found, np.nan)
    is_discarded = is_number & (values != kept[:, np.cumsum(is_first) - 1])
    return times[is_first], kept, int(is_discarded.any(axis=0).sum())
