"""Reduces series to as many points as a plot can show: extremes are kept, unless the target says otherwise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from livemon.bridge.graphite import grid
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.limits import Budget
from livemon.series.envelope import fitted, stride_for


def shortened(series: SeriesList, window: Window, points: int, budget: Budget) -> SeriesList:
    """Return series of at most `points` points each.

    Those for which ``consolidateBy`` names a function get its value of each bucket, the others their smallest and largest values
    (docs/decisions/0012): the spike that a plot does not show may be the one that matters.
    """
    ends = [each.times[-1] + each.step for each in series if each.step is not None and each.times.size]
    starts = [each.times[0] for each in series if each.step is not None and each.times.size]
    length = max(ends) - min(starts) if ends else 0.0
    return [_shortened(each, window, points, length, budget) for each in series]


def _shortened(series: Series, window: Window, points: int, length: float, budget: Budget) -> Series:
    function = series.consolidation
    if function is not None and series.step is not None and series.times.size:
        return _consolidated(series, series.step, function, points, length)
    if series.times.size <= points:
        return series
    if function is not None:
        if points == 1:
            return _as_one(series, function)
        # Every sample counts: the first cell is as long as its part inside the window.
        begin, end = min(window.start, series.times[0]), max(window.end, series.times[-1])
        for number in (points, points - 1):
            step = grid.round_step((end - begin) / number)
            start = math.floor(begin / step + grid.RESOLUTION) * step
            if math.ceil((end - start) / step - grid.RESOLUTION) <= points:
                break
        if start < begin and series.times[0] >= start + step - grid.RESOLUTION:
            start += step
        times, values = grid.in_cells(series, start, step, function, budget.spend)
        return replace(series, times=np.maximum(times, begin), values=values)
    # Functions may have moved points out of the window.
    start, end = min(window.start, float(series.times[0])), max(window.end, math.nextafter(series.times[-1], math.inf))
    stride = stride_for(start, end, points)
    times, values, _, thinned = fitted(series.times, series.values[np.newaxis], start, end, stride)
    return replace(series, times=times, values=values[0], step=None, thinned=series.thinned or bool(thinned))


def _as_one(series: Series, function: str) -> Series:
    values = grid.in_groups(series.values, series.values.size, function)
    return replace(series, times=series.times[:1], values=values)


def _consolidated(series: Series, step: float, function: str, points: int, length: float) -> Series:
    """Make buckets as graphite-web does: as long as the whole answer needs, and aligned so that they do not jump about."""
    if points == 1:
        return _as_one(series, function)
    number = length / step
    if points >= number:
        return series
    size = math.ceil(number / points)
    seconds, start = size * step, float(series.times[0])
    skipped = seconds + start % step - start % seconds
    first = max(0, round(skipped // step) - 1)
    values = grid.in_groups(series.values[first:], size, function)
    return replace(series, times=grid.regular(start + skipped, seconds, values.size), values=values)
