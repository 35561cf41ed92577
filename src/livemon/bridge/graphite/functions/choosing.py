"""Functions that select or sort series."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import attrgetter

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite.aggregates import of_each
from livemon.bridge.graphite.context import Context
from livemon.bridge.graphite.functions.declaration import SERIES, X_FILES_FACTOR, Parameter, function
from livemon.bridge.graphite.series import Series, SeriesList
from livemon.bridge.patterns import Pattern

EXTREMES = ("max", "min", "last")
"""Aggregates that are the same for the extremes of buckets of time as for all samples."""
LIMIT = Parameter("n", "float", required=True)
NUMBER = Parameter("n", "integer", default=1)
AGGREGATE = Parameter("func", "aggFunc", default="average")
REVERSE = Parameter("reverse", "boolean", default=False)
PATTERN = Parameter("pattern", "string", required=True)
_DIGITS = re.compile(r"\d+")


# --- by a limit ---------------------------------------------------------------------------------------------------------


def _within(func: str, *, above: bool) -> Callable[..., SeriesList]:
    def within(_context: Context, series: SeriesList, n: float) -> SeriesList:
        # A series without a value is above no limit, and below every limit.
        numbers = _of_series(func, series)
        return [each for each, number in zip(series, numbers, strict=True) if (number > n) is above]

    return within


for _name, _func, _what in (
    ("average", "average", "average"),
    ("current", "last", "newest value"),
    ("maximum", "max", "largest value"),
    ("minimum", "min", "smallest value"),
):
    for _side, _above, _says in (("Above", True, "above"), ("Below", False, "not above")):
        _code = _within(_func, above=_above)
        _code.__doc__ = f"Show the series whose {_what} is {_says} a limit."
        function(f"{_name}{_side}", "Filter Series", SERIES, LIMIT, keeps_extremes=_func in EXTREMES)(_code)


@function("removeEmptySeries", "Filter Series", SERIES, X_FILES_FACTOR)
def remove_empty_series(context: Context, series: SeriesList, x_files_factor: float | None) -> SeriesList:
    """Remove the series without values, or with values at less than a fraction (0 to 1) of their points."""
    return [each for each in series if _has_values(context.filled(each).values, x_files_factor or 0)]


def _has_values(values: NDArray[np.float64], fraction: float) -> bool:
    known = np.count_nonzero(~np.isnan(values))
    return bool(known and known / values.size >= fraction)


# --- by rank ------------------------------------------------------------------------------------------------------------


@function("highest", "Filter Series", SERIES, NUMBER, AGGREGATE)
def highest(_context: Context, series: SeriesList, n: int, func: str) -> SeriesList:
    """Show the series with the highest result of a function (average, max, last, ...)."""
    return _ranked(series, func, reverse=True)[:n]


@function("lowest", "Filter Series", SERIES, NUMBER, AGGREGATE)
def lowest(_context: Context, series: SeriesList, n: int, func: str) -> SeriesList:
    """Show the series with the lowest result of a function (average, max, last, ...)."""
    return _ranked(series, func)[:n]


def _first_by(func: str, *, reverse: bool) -> Callable[..., SeriesList]:
    def first(_context: Context, series: SeriesList, n: int) -> SeriesList:
        return _ranked(series, func, reverse=reverse)[:n]

    return first


for _name, _func, _reverse, _what in (
    ("highestAverage", "average", True, "highest average"),
    ("highestCurrent", "last", True, "highest newest value"),
    ("highestMax", "max", True, "highest maximum"),
    ("lowestAverage", "average", False, "lowest average"),
    ("lowestCurrent", "last", False, "lowest newest value"),
):
    _code = _first_by(_func, reverse=_reverse)
    _code.__doc__ = f"Show the series with the {_what}."
    function(_name, "Filter Series", SERIES, NUMBER, keeps_extremes=_func in EXTREMES)(_code)


@function("limit", "Filter Series", SERIES, Parameter("n", "integer", required=True), keeps_extremes=True)
def limit(_context: Context, series: SeriesList, n: int) -> SeriesList:
    """Show the first n series."""
    return series[:n]


# --- by name ------------------------------------------------------------------------------------------------------------


@function("grep", "Filter Series", SERIES, PATTERN, keeps_extremes=True)
def grep(_context: Context, series: SeriesList, pattern: str) -> SeriesList:
    """Show the series whose names contain a match of a regular expression."""
    compiled = Pattern(pattern, "grep")
    return [each for each in series if compiled.is_in(each.name)]


@function("exclude", "Filter Series", SERIES, PATTERN, keeps_extremes=True)
def exclude(_context: Context, series: SeriesList, pattern: str) -> SeriesList:
    """Remove the series whose names contain a match of a regular expression."""
    compiled = Pattern(pattern, "exclude")
    return [each for each in series if not compiled.is_in(each.name)]


# --- order --------------------------------------------------------------------------------------------------------------


@function("sortByName", "Sorting", SERIES, Parameter("natural", "boolean", default=False), REVERSE, keeps_extremes=True)
def sort_by_name(_context: Context, series: SeriesList, natural: bool, reverse: bool) -> SeriesList:
    """Sort by name; natural means that numbers in names are compared as numbers."""
    return sorted(series, key=_natural_name if natural else attrgetter("name"), reverse=reverse)


@function("sortBy", "Sorting", SERIES, AGGREGATE, REVERSE)
def sort_by(_context: Context, series: SeriesList, func: str, reverse: bool) -> SeriesList:
    """Sort by the result of a function (average, max, last, ...)."""
    return _ranked(series, func, reverse=reverse)


@function("sortByTotal", "Sorting", SERIES)
def sort_by_total(_context: Context, series: SeriesList) -> SeriesList:
    """Sort by the sum of the values, the largest first."""
    return _ranked(series, "sum", reverse=True)


@function("sortByMaxima", "Sorting", SERIES, keeps_extremes=True)
def sort_by_maxima(_context: Context, series: SeriesList) -> SeriesList:
    """Sort by the largest value, the largest first."""
    return _ranked(series, "max", reverse=True)


@function("sortByMinima", "Sorting", SERIES, keeps_extremes=True)
def sort_by_minima(_context: Context, series: SeriesList) -> SeriesList:
    """Sort by the smallest value, the smallest first; series that are never above zero are removed."""
    return _ranked([each for each, most in zip(series, _of_series("max", series), strict=True) if most > 0], "min")


def _ranked(series: SeriesList, func: str, *, reverse: bool = False) -> SeriesList:
    # A series without a value is the lowest.
    numbers = [-np.inf if np.isnan(number) else number for number in _of_series(func, series)]
    order = sorted(range(len(series)), key=numbers.__getitem__, reverse=reverse)
    return [series[each] for each in order]


def _of_series(func: str, series: SeriesList) -> list[float]:
    return of_each(func, [each.values for each in series])


def _natural_name(series: Series) -> str:
    return _DIGITS.sub(lambda match: match[0].zfill(10), series.name)
