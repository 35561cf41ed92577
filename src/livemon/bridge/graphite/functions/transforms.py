"""Functions that transform each value, or each value and the previous one."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite import grid
from livemon.bridge.graphite.aggregates import percentile
from livemon.bridge.graphite.context import Context
from livemon.bridge.graphite.functions.declaration import SERIES, Parameter, function
from livemon.bridge.graphite.series import SeriesList
from livemon.errors import RequestError

Numbers = NDArray[np.float64]
FACTOR = Parameter("factor", "float", required=True)
LIMIT = Parameter("n", "float", required=True)
_DIGITS = 300
_WHOLE = 2.0**52
"""Float64 numbers from here on are whole."""
MOST, LEAST = Parameter("maxValue", "float"), Parameter("minValue", "float")


@function("scale", "Transform", SERIES, FACTOR, keeps_extremes=True, keeps_unit=False)
def scale(_context: Context, series: SeriesList, factor: float) -> SeriesList:
    """Multiply by a factor."""
    return _each(series, f"scale({{}},{factor:g})", lambda values: values * float(factor))


@function("offset", "Transform", SERIES, FACTOR, keeps_extremes=True)
def offset(_context: Context, series: SeriesList, amount: float) -> SeriesList:
    """Add an amount."""
    return _each(series, f"offset({{}},{amount:g})", lambda values: values + float(amount))


@function("offsetToZero", "Transform", SERIES, keeps_extremes=True)
def offset_to_zero(_context: Context, series: SeriesList) -> SeriesList:
    """Subtract the smallest value of each series from it."""
    return _each(series, "offsetToZero({})", lambda values: values - np.fmin.reduce(values, initial=np.nan))


@function("absolute", "Transform", SERIES)
def absolute(_context: Context, series: SeriesList) -> SeriesList:
    """Take absolute values."""
    return _each(series, "absolute({})", np.abs)


@function("invert", "Transform", SERIES, keeps_unit=False)
def invert(_context: Context, series: SeriesList) -> SeriesList:
    """Divide 1 by each value; null for zero."""
    return _each(series, "invert({})", lambda values: _finite(np.power(values, -1.0)))


@function("pow", "Transform", SERIES, FACTOR, keeps_unit=False)
def power(_context: Context, series: SeriesList, exponent: float) -> SeriesList:
    """Raise to a power; null where the result is not a number."""
    return _each(series, f"pow({{}},{exponent:g})", lambda values: _power(values, float(exponent)))


def _power(values: Numbers, exponent: float) -> Numbers:
    # In numpy, even NaN to the power of 0 is 1.
    return _where(~np.isnan(values), _finite(np.power(values, exponent)))


@function("squareRoot", "Transform", SERIES, keeps_unit=False)
def square_root(_context: Context, series: SeriesList) -> SeriesList:
    """Take square roots; null below zero."""
    return _each(series, "squareRoot({})", np.sqrt)


@function("log", "Transform", SERIES, Parameter("base", "float", default=10), keeps_unit=False)
def logarithm(_context: Context, series: SeriesList, base: float) -> SeriesList:
    """Take logarithms; null at zero and below."""
    if base <= 0 or base == 1:
        raise RequestError(f"log: there is no logarithm to base {base:g}")
    return _each(
        series, f"log({{}}, {base})", lambda values: np.log(np.where(values > 0, values, np.nan)) / math.log(base)
    )


@function("round", "Transform", SERIES, Parameter("precision", "integer"), keeps_extremes=True)
def round_values(_context: Context, series: SeriesList, precision: int | None) -> SeriesList:
    """Round to a number of decimal places; without one, to whole numbers."""
    name = "round({})" if precision is None else f"round({{}},{precision:g})"
    digits = max(-_DIGITS, min(precision or 0, _DIGITS))
    return _each(series, name, lambda values: rounded(values, digits))


@function("removeAboveValue", "Filter Data", SERIES, LIMIT)
def remove_above_value(_context: Context, series: SeriesList, limit: float) -> SeriesList:
    """Replace values above a limit by null."""
    return _each(
        _without_holding(series), f"removeAboveValue({{}}, {limit:g})", lambda values: _where(values <= limit, values)
    )


@function("removeBelowValue", "Filter Data", SERIES, LIMIT)
def remove_below_value(_context: Context, series: SeriesList, limit: float) -> SeriesList:
    """Replace values below a limit by null."""
    return _each(
        _without_holding(series), f"removeBelowValue({{}}, {limit:g})", lambda values: _where(values >= limit, values)
    )


@function("removeAbovePercentile", "Filter Data", SERIES, LIMIT)
def remove_above_percentile(_context: Context, series: SeriesList, n: float) -> SeriesList:
    """Replace values above the n-th percentile of their series by null."""
    check_percentage(n, "removeAbovePercentile")
    name = f"removeAbovePercentile({{}}, {n:g})"
    return _each(
        _without_holding(series), name, lambda values: _where(values <= percentile(values[np.newaxis], n), values)
    )


@function("removeBelowPercentile", "Filter Data", SERIES, LIMIT)
def remove_below_percentile(_context: Context, series: SeriesList, n: float) -> SeriesList:
    """Replace values below the n-th percentile of their series by null."""
    check_percentage(n, "removeBelowPercentile")
    name = f"removeBelowPercentile({{}}, {n:g})"
    return _each(
        _without_holding(series), name, lambda values: _where(values >= percentile(values[np.newaxis], n), values)
    )


@function("isNonNull", "Transform", SERIES, keeps_unit=False)
def is_non_null(context: Context, series: SeriesList) -> SeriesList:
    """Show 1 for each value and 0 for each null."""
    throughout = [context.filled_throughout(each) for each in series]
    return _each(throughout, "isNonNull({})", lambda values: (~np.isnan(values)).astype(float))


@function(
    "transformNull",
    "Transform",
    SERIES,
    Parameter("default", "float", default=0),
    Parameter("referenceSeries", "seriesList"),
)
def transform_null(context: Context, series: SeriesList, default: float, reference: SeriesList | None) -> SeriesList:
    """Replace each null by a number; with reference series, only where one of them has a value."""
    throughout = [context.filled_throughout(each) for each in series]
    if not reference:
        name = f"transformNull({{}},{default:g})"
        return _each(throughout, name, lambda values: np.where(np.isnan(values), float(default), values))
    beside = context.together(reference)
    has_value = np.append(~np.isnan(beside.values).all(axis=0), False)
    found = []
    for each in throughout:
        numbers = np.arange(each.times.size)  # as in graphite-web: the first points coincide
        if beside.times.size and (beside.apart or each.step is None):
            numbers = grid.cells(each.times, beside.times[0], beside.step)
        known = has_value[np.where((numbers >= 0) & (numbers < has_value.size), numbers, -1)]
        values = np.where(np.isnan(each.values) & known, float(default), each.values)
        found.append(each.called(f"transformNull({each.name},{default:g},referenceSeries)", values=values))
    return found


@function("keepLastValue", "Transform", SERIES, Parameter("limit", "intOrInf", default=math.inf))
def keep_last_value(context: Context, series: SeriesList, limit: float) -> SeriesList:
    """Replace nulls by the last value before them, unless there are more than a limit of them in a row."""
    between = [context.filled_between(each) for each in series]
    return _each(between, "keepLastValue({})", lambda values: _kept(values, limit))


def _kept(values: Numbers, limit: float) -> Numbers:
    known = np.flatnonzero(~np.isnan(values))
    if not known.size:
        return values
    numbers = np.arange(values.size)
    after = np.searchsorted(known, numbers, side="right")  # the number of known values up to here
    ends = np.append(known, values.size)[after]
    begins = known[np.maximum(after - 1, 0)]
    fills = np.isnan(values) & (after > 0) & (ends - begins - 1 <= limit)
    return np.where(fills, values[begins], values)


@function("changed", "Special", SERIES, keeps_unit=False)
def changed(context: Context, series: SeriesList) -> SeriesList:
    """Show 1 for each value that differs from the previous one, ignoring nulls, and 0 otherwise."""
    return _each([context.filled(each) for each in series], "changed({})", _changes)


def _changes(values: Numbers) -> Numbers:
    known = ~np.isnan(values)
    found = np.zeros(values.size)
    found[np.flatnonzero(known)[1:]] = values[known][1:] != values[known][:-1]
    return found


@function("derivative", "Transform", SERIES, keeps_unit=False)
def derivative(context: Context, series: SeriesList) -> SeriesList:
    """Subtract from each value the previous one."""
    return _each([context.filled(each) for each in series], "derivative({})", _differences)


@function("nonNegativeDerivative", "Transform", SERIES, MOST, LEAST, keeps_unit=False)
def non_negative_derivative(
    context: Context, series: SeriesList, most: float | None, least: float | None
) -> SeriesList:
    """Subtract from each value of a counter the previous one; null where it fell, unless it is known where it wraps around."""
    return _each(
        [context.filled(each) for each in series],
        "nonNegativeDerivative({})",
        lambda values: _increases(values, most, least),
    )


@function("perSecond", "Transform", SERIES, MOST, LEAST, keeps_unit=False)
def per_second(context: Context, series: SeriesList, most: float | None, least: float | None) -> SeriesList:
    """Show the increase of a counter per second; null where it fell, unless it is known where it wraps around."""
    found = []
    for each in series:
        filled = context.filled(each)
        seconds = filled.step or np.diff(filled.times, prepend=np.nan)
        values = rounded(_increases(filled.values, most, least) / seconds, 6)
        found.append(filled.called(f"perSecond({each.name})", values=values))
    return found


def _differences(values: Numbers) -> Numbers:
    return np.diff(values, prepend=np.nan) if values.size else values


def _increases(values: Numbers, most: float | None, least: float | None) -> Numbers:
    values = _where(values <= (math.inf if most is None else most), values)
    values = _where(values >= (-math.inf if least is None else least), values)
    differences = _differences(values)
    falls = differences < 0
    if most is not None:
        return np.where(falls, most + 1 + differences - (least or 0), differences)
    return np.where(falls, np.nan if least is None else values - least, differences)


@function("integral", "Transform", SERIES, keeps_unit=False)
def integral(context: Context, series: SeriesList) -> SeriesList:
    """Add up the values so far."""
    return _each(
        [context.filled(each) for each in series],
        "integral({})",
        lambda values: _where(
            ~np.isnan(values), np.cumsum(np.nan_to_num(values, nan=0.0, posinf=np.inf, neginf=-np.inf))
        ),
    )


@function("scaleToSeconds", "Transform", SERIES, Parameter("seconds", "float", required=True), keeps_unit=False)
def scale_to_seconds(context: Context, series: SeriesList, seconds: float) -> SeriesList:
    """Convert values per step into values per a number of seconds."""
    found = []
    for each in series:
        filled = context.filled(each)
        step = filled.step or (float(np.median(np.diff(filled.times))) if filled.times.size > 1 else math.nan)
        values = rounded(filled.values * (seconds / step), 6)
        found.append(filled.called(f"scaleToSeconds({each.name},{int(seconds)})", values=values))
    return found


def rounded(values: Numbers, digits: int) -> Numbers:
    """Round as Python does: by a number's decimal digits, rather than by a multiple of it that is rounded already."""
    scaled = values * 10.0**digits
    found = np.where(np.abs(scaled) < _WHOLE, np.round(values, digits), values)
    halves = np.flatnonzero(np.abs(np.abs(np.modf(scaled)[0]) - 0.5) < 1e-3)
    found[halves] = [round(value, digits) for value in values[halves].tolist()]
    return found


def check_percentage(n: float, what: str) -> None:
    """Raise a RequestError for an invalid percentage."""
    if not 0 < n <= 100:
        raise RequestError(f"{what}: a percentage must be above 0 and at most 100, not {n:g}")


def _each(series: SeriesList, name: str, compute: Callable[[Numbers], Numbers]) -> SeriesList:
    return [each.called(name.replace("{}", each.name), values=compute(each.values)) for each in series]


def _without_holding(series: SeriesList) -> SeriesList:
    """Return series whose values do not hold where a filter removes the next one."""
    return [each if each.overdue is None else replace(each, overdue=0.0) for each in series]


def _where(condition: NDArray[np.bool_], values: Numbers) -> Numbers:
    return np.where(condition, values, np.nan)


def _finite(values: Numbers) -> Numbers:
    return _where(np.isfinite(values), values)
