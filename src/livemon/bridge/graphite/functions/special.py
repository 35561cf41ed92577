"""Other functions: lines, selection by tags, and how points are consolidated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from livemon.bridge.graphite.aggregates import CONSOLIDATIONS, percentile
from livemon.bridge.graphite.context import Context
from livemon.bridge.graphite.functions.declaration import SERIES, Parameter, function
from livemon.bridge.graphite.functions.transforms import check_percentage
from livemon.bridge.graphite.series import Series, SeriesList

VALUE = Parameter("value", "float", required=True)


@function("constantLine", "Special", VALUE, keeps_extremes=True)
def constant_line(context: Context, value: float) -> SeriesList:
    """Draw a line: three points of one value, at the start, middle and end."""
    return [_line(context, float(value))]


@function("threshold", "Graph", VALUE, Parameter("label", "string"), Parameter("color", "string"), keeps_extremes=True)
def threshold(context: Context, value: float, label: str | None, _color: str | None) -> SeriesList:
    """Draw a line with a name of its own; Grafana chooses its colour."""
    line = _line(context, float(value))
    return [replace(line, name=label) if label else line]


def _line(context: Context, value: float) -> Series:
    window = context.window
    times = np.array([window.start, (window.start + window.end) / 2, window.end])
    return Series(str(value), f"constantLine({value})", {"name": str(value)}, times, np.full(3, value))


@function(
    "consolidateBy",
    "Special",
    SERIES,
    Parameter("consolidationFunc", "string", required=True, options=tuple(CONSOLIDATIONS)),
)
def consolidate_by(context: Context, series: SeriesList, func: str) -> SeriesList:
    """Choose how points are combined if there are more than a plot can show, or series have different steps."""
    return [context.filled(each).called(f'consolidateBy({each.name},"{func}")', consolidation=func) for each in series]


@function("nPercentile", "Calculate", SERIES, Parameter("n", "float", required=True))
def n_percentile(context: Context, series: SeriesList, n: float) -> SeriesList:
    """Draw a line at the n-th percentile of each series that has values."""
    check_percentage(n, "nPercentile")
    found = []
    for each in series:
        filled = context.filled(each)
        value = float(percentile(filled.values[np.newaxis], n)[0]) if filled.values.size else np.nan
        if not np.isnan(value):
            found.append(filled.called(f"nPercentile({each.name}, {n:g})", values=np.full(filled.values.size, value)))
    return found


@function(
    "seriesByTag", "Special", Parameter("tagExpressions", "string", required=True, multiple=True), keeps_extremes=True
)
def series_by_tag(context: Context, expressions: list[str]) -> SeriesList:
    """Show the series whose tags match all expressions: 'tag=value', 'tag!=value', 'tag=~pattern', 'tag!=~pattern'."""
    return context.tagged(expressions)
