"""Series on regular times, which all of graphite-web's are, and an instrument's samples are not: docs/decisions/0014.

A series whose samples are multiples of one step apart is *regular*: its missing samples are null. *Irregular* samples have no nulls
between them; to combine them with others, they are put on a round step in which there is nearly always a sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite.aggregates import CONSOLIDATIONS
from livemon.bridge.graphite.cadence import cadence
from livemon.bridge.graphite.series import Series, Window

RESOLUTION = 1e-6
"""Seconds by which a time may differ from the intended one: a little more than the precision of UNIX seconds in float64."""
MAX_POINTS = 2_000_000
"""Points in one regular series: two samples a millisecond apart and one a year later would have too many nulls between them."""
_SPARSEST = 10
"""Steps from one sample to the next, at most, in half of a regular series."""
_FEW = 100
"""Samples that nearly always suffice to see that a series is irregular."""
_MILLISECONDS = (
    *(number * scale for scale in (1, 10, 100) for number in (1, 2, 5)),
    *(1000 * seconds for seconds in (1, 2, 5, 10, 15, 20, 30)),
    *(60_000 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30)),
    *(3_600_000 * hours for hours in (1, 2, 3, 6, 12, 24)),
)

Spend = Callable[[int], None]
"""Takes the number of points that are about to be computed, and raises if they are too many."""


def regular(start: float, step: float, size: int, first: int = 0) -> NDArray[np.float64]:
    """Return the times ``start + n * step`` for `size` successive numbers n from `first` on."""
    times: NDArray[np.float64] = start + step * np.arange(first, first + size, dtype=np.float64)
    return times


def round_step(seconds: float) -> float:
    """Return the shortest round step, from a millisecond to whole days, that is not shorter than `seconds`."""
    wanted = math.ceil(min(seconds, 1e12) * 1000 - RESOLUTION)
    days = -(-wanted // _MILLISECONDS[-1])
    return next((each for each in _MILLISECONDS if each >= wanted), days * _MILLISECONDS[-1]) / 1000


def regular_step(times: NDArray[np.float64]) -> float | None:
    """Return the step, in whole milliseconds, of which all intervals between samples are multiples; `None` if there is none.

    Two samples that happen to be a millisecond apart do not give samples every ten seconds a step of a millisecond.
    """
    if times.size < 2:
        return None
    intervals = np.diff(times)
    step = round(float(intervals.min()), 3)
    if step < 0.001 or not _on_grid(times[:_FEW], step) or not _on_grid(times, step):
        return None
    return step if np.median(intervals) <= _SPARSEST * step else None


def _on_grid(times: NDArray[np.float64], step: float) -> bool:
    late = times - times[0]
    return bool(np.abs(late - np.rint(late / step) * step).max() <= RESOLUTION)


def filled(series: Series, window: Window, spend: Spend) -> Series:
    """Return a regular series with null for each missing sample in the window; an irregular or scanned one as it is."""
    if series.step is not None:
        return series
    step = regular_step(series.times)
    if step is None or cadence(series.times, window).scanned:
        return series
    origin = series.times[0]
    first = min(0, math.ceil((window.start - origin) / step - RESOLUTION))
    numbers = np.rint((series.times - origin) / step).astype(int) - first
    size = max(int(numbers[-1]) + 1, math.ceil((window.end - origin) / step - RESOLUTION) - first)
    if size > MAX_POINTS:
        return series
    if size == series.times.size:
        return replace(series, step=step)
    spend(size)
    values = np.full(size, np.nan)
    values[numbers] = series.values
    return replace(series, times=regular(origin, step, size, first), values=values, step=step)


def nulls(series: Series, window: Window, step: float, spend: Spend) -> Series:
    """Return a series without samples as nulls over the window."""
    first, last = math.ceil(window.start / step), math.ceil(window.end / step)
    spend(last - first)
    return replace(
        series, times=regular(0.0, step, last - first, first), values=np.full(last - first, np.nan), step=step
    )


def interrupted(series: Series, window: Window, spend: Spend, *, after: float, every: float) -> Series:
    """Return a series with nulls at the multiples of `every` where the newest sample is older than `after`, both in seconds."""
    first = np.floor((series.times + after) / every) + 1
    after_last = np.ceil(np.append(series.times[1:], window.end) / every - RESOLUTION)
    number = np.maximum(after_last - first, 0)
    spend(int(number.sum()))
    number = number.astype(int)
    late = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number)
    times = np.concatenate((series.times, (np.repeat(first, number) + late) * every))
    values = np.concatenate((series.values, np.full(late.size, np.nan)))
    order = np.argsort(times, kind="stable")
    return replace(series, times=times[order], values=values[order])


def span(series: Series, points: int, window: Window) -> float:
    """Return how many seconds so many points of a series reach back, at most; 0 if there are too few samples to know."""
    if series.step is not None:
        return points * series.step
    if series.times.size < 2:
        return 0.0
    if (step := filled(series, window, lambda _points: None).step) is not None:
        return points * step
    known = cadence(series.times, window)
    mean = float(series.times[-1] - series.times[0]) / (series.times.size - 1)
    return points * mean + (known.cycle if math.isfinite(known.cycle) else 0.0)


def in_groups(values: NDArray[np.float64], size: int, function: str) -> NDArray[np.float64]:
    """Combine each `size` successive values into one, and the rest at the end likewise."""
    if size <= 1 or not values.size:
        return values
    groups = -(-values.size // size)
    rows = np.full(groups * size, np.nan)
    rows[: values.size] = values
    return CONSOLIDATIONS[function](rows.reshape(groups, size), np.full(groups, size))


def cells(times: NDArray[np.float64], start: float, step: float) -> NDArray[np.int64]:
    """Return the number n of the cell ``[start + n * step, start + (n + 1) * step)`` in which each time lies."""
    return np.floor((times - start) / step + RESOLUTION / step).astype(int)


def in_cells(
    series: Series, start: float, step: float, function: str, spend: Spend
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Combine the samples in each cell of time from `start` on into one value, null if there are none, at the start of the cell."""
    numbers = cells(series.times, start, step)
    inside = numbers >= 0
    numbers, values = numbers[inside], series.values[inside]
    rows, lengths = grouped(values, numbers, int(numbers[-1]) + 1 if numbers.size else 0, spend)
    return regular(start, step, lengths.size), CONSOLIDATIONS[function](rows, np.maximum(lengths, 1))


def grouped(
    values: NDArray[np.float64], numbers: NDArray[np.int64], groups: int, spend: Spend
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the values as rows, one per group, padded with NaN, and the rows' lengths.

    Parameters
    ----------
    values
        Shape (n,).
    numbers
        The group of each value, ascending, shape (n,).
    groups
        The number of groups.
    """
    spend(groups)
    lengths = np.bincount(numbers, minlength=groups)
    longest = int(lengths.max(initial=0))
    spend(groups * longest)
    rows = np.full((groups, longest), np.nan)
    places = np.arange(values.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows[numbers, places] = values
    return rows, lengths
