"""How several values become one: graphite-web's aggregation functions, over many groups of values at once.

Each takes `rows`, shape (n, m), in each row a group of values with NaN for null, and `lengths`, shape (n,), how many of a row's
entries are of its group, nulls included; what is behind them is NaN. It gives shape (n,), NaN for a group without a value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from livemon.errors import RequestError, shown

Numbers = NDArray[np.float64]
Aggregate = Callable[[Numbers, NDArray[np.int64]], Numbers]


def count(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """How many values there are; NaN for none, as the others have it."""
    number = np.count_nonzero(~np.isnan(rows), axis=-1).astype(float)
    return np.where(number > 0, number, np.nan)


def total(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Sum."""
    return np.where(np.isnan(count(rows)), np.nan, np.nansum(rows, axis=-1))


def average(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Mean of the values."""
    return np.nansum(rows, axis=-1) / count(rows)


def average_with_nulls(rows: Numbers, lengths: NDArray) -> Numbers:
    """Mean, null counted as zero."""
    return total(rows) / lengths


def lowest(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Smallest value."""
    return np.fmin.reduce(rows, axis=-1, initial=np.nan)


def highest(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Largest value."""
    return np.fmax.reduce(rows, axis=-1, initial=np.nan)


def spread(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Largest value minus smallest."""
    return highest(rows) - lowest(rows)


def median(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Value in the middle, or the mean of the two there."""
    if not rows.shape[-1]:
        return count(rows)
    if not np.isnan(rows).any():  # a partition takes half the time of a sort
        low, high = (rows.shape[-1] - 1) // 2, rows.shape[-1] // 2
        parts = np.partition(rows, (low, high), axis=-1)
        return (parts[..., low] + parts[..., high]) / 2
    number = np.count_nonzero(~np.isnan(rows), axis=-1)
    ascending = np.sort(rows, axis=-1)  # NaN last
    return (_at(ascending, np.maximum(number - 1, 0) // 2) + _at(ascending, np.where(number, number // 2, 0))) / 2


def deviation(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Deviation from the mean, the values taken for a whole population."""
    distance = rows - average(rows)[..., np.newaxis]
    return np.sqrt(np.nansum(distance * distance, axis=-1) / count(rows))


def first(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """First value."""
    return _at(rows, np.argmax(~np.isnan(rows), axis=-1)) if rows.shape[-1] else count(rows)


def last(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """Last value."""
    return first(rows[..., ::-1])


def difference(rows: Numbers, _lengths: NDArray | None = None) -> Numbers:
    """First value minus all others."""
    return 2 * first(rows) - total(rows)


def product(rows: Numbers, lengths: NDArray) -> Numbers:
    """Product; null if one of them is."""
    number = count(rows)
    return np.where(number == lengths, np.nanprod(rows, axis=-1), np.nan)


def _at(rows: Numbers, positions: NDArray[np.int64]) -> Numbers:
    return np.take_along_axis(rows, positions[..., np.newaxis], axis=-1)[..., 0]


AGGREGATES: dict[str, Aggregate] = {
    "average": average,
    "avg_zero": average_with_nulls,
    "count": count,
    "diff": difference,
    "last": last,
    "max": highest,
    "median": median,
    "min": lowest,
    "multiply": product,
    "range": spread,
    "stddev": deviation,
    "sum": total,
}
ALIASES = {"avg": "average", "current": "last", "rangeOf": "range", "total": "sum"}
NAMES = sorted(AGGREGATES | ALIASES)
CONSOLIDATIONS: dict[str, Aggregate] = {
    "average": average,
    "avg": average,
    "avg_zero": average_with_nulls,
    "first": first,
    "last": last,
    "max": highest,
    "min": lowest,
    "sum": total,
}


def aggregate(name: str) -> Aggregate:
    """Return an aggregation function by any of its names, also ``sumSeries`` and the like; a RequestError if there is none."""
    plain = name.removesuffix("Series")
    found = AGGREGATES.get(ALIASES.get(plain, plain))
    if found is None:
        raise RequestError(f"{shown(name)} is no aggregation; write one of {', '.join(NAMES)}")
    return found


def of_each(name: str, series: list[Numbers]) -> list[float]:
    """Aggregate each of some series as a whole; NaN where it has no value."""
    function = aggregate(name)
    return [float(function(each[np.newaxis], np.array([each.size]))[0]) if each.size else np.nan for each in series]


def percentile(rows: Numbers, n: float, *, interpolate: bool = False) -> Numbers:
    """Return the n-th percentile of each row: the value whose rank among N is ``n / 100 * (N + 1)``, the next one if that is broken.

    Parameters
    ----------
    rows
        Shape (k, m), NaN for null.
    n
        Percent.
    interpolate
        Whether a broken rank means a point between two values instead.
    """
    if not rows.shape[-1]:
        return count(rows)
    number = np.count_nonzero(~np.isnan(rows), axis=-1)
    ascending = np.sort(rows, axis=-1)
    rank = n / 100 * (number + 1)
    whole = np.floor(rank) if interpolate else np.ceil(rank)
    most = np.maximum(number, 1)
    found = _at(ascending, np.clip(whole, 1, most).astype(int) - 1)
    if interpolate:
        following = _at(ascending, np.clip(whole, 0, most - 1).astype(int))
        inside = whole < number
        found = np.where(inside, found + (rank - whole) * (following - found), found)
    return found
