"""Functions that combine several series into one, or several lists into one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite.aggregates import aggregate, percentile
from livemon.bridge.graphite.context import Context
from livemon.bridge.graphite.functions.declaration import (
    FUNCTIONS,
    SERIES,
    SERIES_LISTS,
    Parameter,
    function,
)
from livemon.bridge.graphite.functions.names import key_of
from livemon.bridge.graphite.functions.transforms import check_percentage
from livemon.bridge.graphite.series import Series, SeriesList
from livemon.errors import RequestError

Numbers = NDArray[np.float64]
NODES = Parameter("nodes", "nodeOrTag", multiple=True)
CALLBACK = Parameter("callback", "aggOrSeriesFunc", required=True)
ANY_LISTS = Parameter("seriesLists", "seriesList", multiple=True)
"""May be empty."""


@function("group", "Combine", ANY_LISTS, keeps_extremes=True)
def group(_context: Context, lists: list[SeriesList]) -> SeriesList:
    """Join several lists of series."""
    return _flat(lists)


# --- several into one -----------------------------------------------------------------------------------------------------


def _combining(func: str, description: str) -> Callable[..., SeriesList]:
    def combine(context: Context, lists: list[SeriesList]) -> SeriesList:
        if func == "diff" and not all(lists):
            return []  # rather than the undiminished values of the others
        return combined(context, _flat(lists), func)

    combine.__doc__ = description
    return combine


for _names, _func, _keeps_unit, _description in (
    ("sumSeries sum", "sum", True, "Add series up."),
    ("averageSeries avg", "average", True, "Average series."),
    ("minSeries", "min", True, "Show the smallest value of several series."),
    ("maxSeries", "max", True, "Show the largest value of several series."),
    ("rangeOfSeries", "rangeOf", True, "Show the largest value of several series minus the smallest."),
    ("stddevSeries", "stddev", True, "Show the standard deviation of several series' values."),
    ("diffSeries", "diff", True, "Subtract all other series from the first."),
):
    function(_names, "Combine", SERIES_LISTS, keeps_unit=_keeps_unit)(_combining(_func, _description))


@function("multiplySeries", "Combine", SERIES_LISTS, keeps_unit=False)
def multiply_series(context: Context, lists: list[SeriesList]) -> SeriesList:
    """Multiply series; null where one of them is null."""
    if len(lists) == 1 and len(lists[0]) == 1:
        return lists[0]
    return combined(context, _flat(lists), "multiply")


@function("countSeries", "Combine", ANY_LISTS, keeps_unit=False)
def count_series(context: Context, lists: list[SeriesList]) -> SeriesList:
    """Count the series, whether they have values or not."""
    series = _flat(lists)
    if not lists:
        window = context.window
        times = np.array([window.start, (window.start + window.end) / 2, window.end])
        return [Series("0", "countSeries()", {"name": "countSeries()"}, times, np.zeros(3))]
    return _as_one(context, series, "countSeries", "count", lambda rows: np.full(len(rows), float(len(series))))


@function(
    "percentileOfSeries",
    "Combine",
    SERIES,
    Parameter("n", "float", required=True),
    Parameter("interpolate", "boolean", default=False),
)
def percentile_of_series(context: Context, series: SeriesList, n: float, interpolate: bool) -> SeriesList:
    """Show the n-th percentile of several series' values."""
    check_percentage(n, "percentileOfSeries")
    found = _as_one(
        context, series, "percentileOfSeries", "percentile", lambda rows: percentile(rows, n, interpolate=interpolate)
    )
    name = f"percentileOfSeries({series[0].expression},{n:g})" if series else ""
    return [each.called(name, tags=each.tags | {"name": name}) for each in found]


def combined(context: Context, series: SeriesList, func: str) -> SeriesList:
    """Return one series with the aggregate of several at each time; none for an empty list."""
    plain = func.removesuffix("Series")
    function_of_rows = aggregate(func)

    def compute(rows: Numbers) -> Numbers:
        return function_of_rows(rows, np.full(len(rows), len(series)))

    return _as_one(context, series, f"{plain}Series", plain, compute)


def _as_one(
    context: Context, series: SeriesList, name: str, kind: str, compute: Callable[[Numbers], Numbers]
) -> SeriesList:
    if not series:
        return []
    found = context.together(series)
    # Copied, so that the values of one time are contiguous.
    values = compute(np.ascontiguousarray(found.values.T))
    # Whether a series without samples is sampled together with the others is unknown.
    if kind == "diff" and (found.apart or not all(each.times.size for each in series)):
        # Graphite-web would return the undiminished value of the remaining series: docs/decisions/0030.
        values = np.where(np.isnan(found.values).any(axis=0), np.nan, values)
    name = f"{name}({_expressions(series)})"
    return [Series(name, name, _common(series, name, kind), values=values, **found.origin)]


def _expressions(series: Iterable[Series]) -> str:
    return ",".join(dict.fromkeys(each.expression for each in series))


def _common(series: SeriesList, name: str, kind: str) -> dict[str, str]:
    """Return the tags that all series share, and those of the combined series."""
    tags = {key: value for key, value in series[0].tags.items() if all(each.tags.get(key) == value for each in series)}
    return tags | {"name": name, "aggregatedBy": kind}


def _flat(lists: Iterable[SeriesList]) -> SeriesList:
    return [each for one in lists for each in one]


# --- ratios -----------------------------------------------------------------------------------------------------


@function(
    "divideSeries",
    "Combine",
    Parameter("dividendSeriesList", "seriesList", required=True),
    Parameter("divisorSeries", "seriesList", required=True),
    keeps_unit=False,
)
def divide_series(context: Context, dividends: SeriesList, divisors: SeriesList) -> SeriesList:
    """Divide series by another one; null where that is zero."""
    if len(divisors) > 1:
        raise RequestError(f"divideSeries: the second argument must be one series, not {len(divisors)}")
    if not divisors:
        return [
            each.called(f"divideSeries({each.name},MISSING)", values=np.full(each.times.size, np.nan))
            for each in dividends
        ]
    divisor = divisors[0]
    return [_ratio(context, each, divisor, f"divideSeries({each.name},{divisor.name})") for each in dividends]


@function(
    "asPercent pct",
    "Combine",
    SERIES,
    Parameter("total", "any"),
    NODES,
    keeps_unit=False,
)
def as_percent(context: Context, series: SeriesList, total: Any, nodes: list[int | str]) -> SeriesList:
    """Show series in percent of their sum, a number, one series, as many series, or those that share some nodes."""
    if total is not None and not isinstance(total, (list, int, float)):
        raise RequestError("asPercent: the second argument must be a number, series or none")
    if nodes:
        return _as_percent_by_nodes(context, series, total, nodes)
    if not series:
        return []
    if total is None:
        totals = _sum_of(context, series)
    elif not isinstance(total, list):
        name = f"asPercent({{}},{total})"
        found = context.together(series)
        divisor = total or np.nan
        return [
            each.called(name.replace("{}", each.name), values=row / divisor * 100, **found.origin)
            for each, row in zip(series, found.values, strict=True)
        ]
    elif len(total) == 1:
        totals = total[0]
    elif len(total) == len(series):
        pairs = zip(sorted(series, key=attrgetter("name")), sorted(total, key=attrgetter("name")), strict=True)
        return [_percent(context, each, other) for each, other in pairs]
    else:
        raise RequestError(
            f"asPercent: the second argument must be one series, or {len(series)} like the first, not {len(total)}"
        )
    return [_percent(context, each, totals) for each in series]


def _as_percent_by_nodes(context: Context, series: SeriesList, total: Any, nodes: list[int | str]) -> SeriesList:
    if total is not None and not isinstance(total, list):
        raise RequestError("asPercent: with nodes, the second argument must be series or None")
    parts = _by_key(series, nodes)
    wholes = {
        key: each[0] if len(each) == 1 else _sum_of(context, each)
        for key, each in (parts if total is None else _by_key(total, nodes)).items()
    }
    found = []
    for key in parts | wholes:
        if key not in parts:
            whole = wholes[key]
            found.append(_without_values(whole, f"asPercent(MISSING,{whole.name})"))
        elif key not in wholes:
            found += [_without_values(each, f"asPercent({each.name},MISSING)") for each in parts[key]]
        else:
            found += [_percent(context, each, wholes[key]) for each in parts[key]]
    return found


def _without_values(series: Series, name: str) -> Series:
    return series.called(name, values=np.full(series.times.size, np.nan))


def _sum_of(context: Context, series: SeriesList) -> Series:
    return combined(context, series, "sum")[0]


def _percent(context: Context, series: Series, total: Series) -> Series:
    ratio = _ratio(context, series, total, f"asPercent({series.name},{total.name})")
    return replace(ratio, values=ratio.values * 100)


def _ratio(context: Context, dividend: Series, divisor: Series, name: str) -> Series:
    found = context.together([dividend, divisor])
    above, below = found.values
    values = above / np.where(below == 0, np.nan, below)
    return dividend.called(name, values=values, consolidation=None, **found.origin)


# --- groups --------------------------------------------------------------------------------------------------


def _by_key(series: SeriesList, nodes: Iterable[int | str]) -> dict[str, SeriesList]:
    found: dict[str, SeriesList] = {}
    for each in series:
        found.setdefault(key_of(each, nodes), []).append(each)
    return found


@function(
    "groupByNode",
    "Combine",
    SERIES,
    Parameter("nodeNum", "nodeOrTag", required=True),
    replace(CALLBACK, required=False, default="average"),
    keeps_unit=False,
)
def group_by_node(context: Context, series: SeriesList, node: int | str, callback: str) -> SeriesList:
    """Combine the series that share a node of their paths, or a tag."""
    return group_by_nodes(context, series, callback, [node])


@function("groupByNodes", "Combine", SERIES, CALLBACK, NODES, keeps_unit=False)
def group_by_nodes(context: Context, series: SeriesList, callback: str, nodes: list[int | str]) -> SeriesList:
    """Combine the series that share some nodes of their paths, or tags."""
    return [
        replace(one, name=key, tags=one.tags | {"name": key})
        for key, each in _by_key(series, nodes).items()
        for one in _called_back(context, each, callback)
    ]


@function(
    "groupByTags", "Combine", SERIES, CALLBACK, Parameter("tags", "tag", required=True, multiple=True), keeps_unit=False
)
def group_by_tags(context: Context, series: SeriesList, callback: str, tags: list[str]) -> SeriesList:
    """Combine the series that share some tags."""
    names = {each.tags["name"] for each in series}
    common_name = names.pop() if len(names) == 1 else callback
    others = sorted({tag for tag in tags if tag != "name"})
    groups: dict[str, SeriesList] = {}
    for each in series:
        name = each.tags["name"] if "name" in tags else common_name
        groups.setdefault(";".join([name, *(f"{tag}={each.tags.get(tag, '')}" for tag in others)]), []).append(each)
    return [
        one.called(key, tags={"name": key.partition(";")[0]} | {tag: each[0].tags.get(tag, "") for tag in others})
        for key, each in groups.items()
        for one in _called_back(context, each, callback)
    ]


def _called_back(context: Context, series: SeriesList, callback: str) -> SeriesList:
    declared = FUNCTIONS.get(callback)
    if declared is not None and declared.parameters in ((SERIES_LISTS,), (ANY_LISTS,)) and declared.code is not group:
        return declared.code(context, [series])
    return combined(context, series, callback)
