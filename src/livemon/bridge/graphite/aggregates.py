"""How several values become one: graphite-web's aggregation functions, over many groups of values at once.

Each takes `rows`, shape (n, m), one group of values per row with NaN for null, and `lengths`, shape (n,), the number of entries that
belong to each row's group, nulls included; entries after them are NaN. It returns shape (n,), NaN for a group without a value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from livemon.errors import RequestError, shown

Numbers = NDArray[np.float64]
Lengths = NDArray[np.int64]
Aggregate = Callable[[Numbers, Lengths], Numbers]


def count(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Count the values; NaN for none, as in the other functions."""
    number: Numbers = np.count_nonzero(~np.isnan(rows), axis=-1).astype(np.float64)
    return np.where(number > 0, number, np.nan)


def total(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Sum."""
    return np.where(np.isnan(count(rows)), np.nan, np.nansum(rows, axis=-1))


def average(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Mean of the values."""
    sums: Numbers = np.nansum(rows, axis=-1)
    return sums / count(rows)


def average_with_nulls(rows: Numbers, lengths: Lengths) -> Numbers:
    """Mean, with null counted as zero."""
    return total(rows) / lengths


def lowest(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Smallest value."""
    smallest: Numbers = np.fmin.reduce(rows, axis=-1, initial=np.nan)
    return smallest


def highest(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Largest value."""
    largest: Numbers = np.fmax.reduce(rows, axis=-1, initial=np.nan)
    return largest


def spread(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Largest value minus smallest."""
    return highest(rows) - lowest(rows)


def median(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Middle value, or the mean of the two middle values."""
    if not rows.shape[-1]:
        return count(rows)
    if not np.isnan(rows).any():  # a partition takes half the time of a sort
        low, high = (rows.shape[-1] - 1) // 2, rows.shape[-1] // 2
        parts = np.partition(rows, (low, high), axis=-1)
        return (parts[..., low] + parts[..., high]) / 2
    number = np.count_nonzero(~np.isnan(rows), axis=-1)
    ascending = np.sort(rows, axis=-1)  # NaN last
    return (_at(ascending, np.maximum(number - 1, 0) // 2) + _at(ascending, np.where(number, number // 2, 0))) / 2


def deviation(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Take the standard deviation, with the values as a whole population."""
    distance = rows - average(rows)[..., np.newaxis]
    squares: Numbers = np.nansum(distance * distance, axis=-1)
    return np.sqrt(squares / count(rows))


def first(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """First value."""
    return _at(rows, np.argmax(~np.isnan(rows), axis=-1)) if rows.shape[-1] else count(rows)


def last(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """Last value."""
    return first(rows[..., ::-1])


def difference(rows: Numbers, _lengths: Lengths | None = None) -> Numbers:
    """First value minus the others."""
    return 2 * first(rows) - total(rows)


def product(rows: Numbers, lengths: Lengths) -> Numbers:
    """Product; null if a value is null."""
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
    """Return an aggregation function by any of its names, such as ``sumSeries``; raise a RequestError if there is none."""
    plain = name.removesuffix("Series")
    found = AGGREGATES.get(ALIASES.get(plain, plain))
    if found is None:
        raise RequestError(f"{shown(name)} is not a valid aggregation function; write one of {', '.join(NAMES)}")
    return found


def of_each(name: str, series: list[Numbers]) -> list[float]:
    """Aggregate each of several series as a whole; NaN for a series without a value."""
    function = aggregate(name)
    return [float(function(each[np.newaxis], np.array([each.size]))[0]) if each.size else np.nan for each in series]


def percentile(rows: Numbers, n: float, *, interpolate: bool = False) -> Numbers:
    """Return the n-th percentile of each row: the value whose rank among N is ``n / 100 * (N + 1)``, rounded up.

    Parameters
    ----------
    rows
        Shape (k, m), NaN for null.
    n
        Percent.
    interpolate
        Whether a fractional rank means a point between two values instead.
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
