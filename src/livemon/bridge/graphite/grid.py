"""Series on regular times, which graphite-web has by nature and samples of instruments have not: docs/decisions/0014.

A series whose samples are multiples of one step apart is *regular*: what is missing of them is null. Samples that came as they
came have no nulls between them; where they must be put beside others, the step is a round one in which nearly always one has come.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite.aggregates import CONSOLIDATIONS
from livemon.bridge.graphite.series import Series, Window

RESOLUTION = 1e-6
"""Seconds by which a time may differ from what is meant: some more than a float64 UNIX time is exact to."""
MAX_POINTS = 2_000_000
"""Points in one regular series; the null ones between two samples a millisecond apart and the next a year later would have no end."""
_MILLISECONDS = (
    *(number * scale for scale in (1, 10, 100) for number in (1, 2, 5)),
    *(1000 * seconds for seconds in (1, 2, 5, 10, 15, 20, 30)),
    *(60_000 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30)),
    *(3_600_000 * hours for hours in (1, 2, 3, 6, 12, 24)),
)

Spend = Callable[[int], None]
"""Is told how many points are about to be made, and raises if they are too many."""


def round_step(seconds: float) -> float:
    """Return the shortest round step, of a millisecond to whole days, that is not shorter than `seconds`."""
    wanted = math.ceil(min(seconds, 1e12) * 1000 - RESOLUTION)
    days = -(-wanted // _MILLISECONDS[-1])
    return next((each for each in _MILLISECONDS if each >= wanted), days * _MILLISECONDS[-1]) / 1000


def regular_step(times: NDArray[np.float64]) -> float | None:
    """Return the step, whole milliseconds, of whose multiples the samples are apart; `None` if there is no such step."""
    if times.size < 2:
        return None
    step = round(float(np.diff(times).min()), 3)
    if step < 0.001:
        return None
    numbers = np.rint((times - times[0]) / step)
    return step if np.abs(times - times[0] - numbers * step).max() <= RESOLUTION else None


def usual_step(times: NDArray[np.float64]) -> float | None:
    """Return a round step in which a sample has nearly always come; `None` of fewer than two samples."""
    return round_step(float(np.quantile(np.diff(times), 0.95))) if times.size > 1 else None


def step_of(series: Series) -> float | None:
    """Return a series' step, or else a usual one of its samples; `None` if there are too few to tell."""
    return series.step or regular_step(series.times) or usual_step(series.times)


def filled(series: Series, window: Window, spend: Spend) -> Series:
    """Return a regular series with null for each sample that is missing in the window; another one as it is."""
    if series.step is not None:
        return series
    step = regular_step(series.times)
    if step is None:
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
    return replace(series, times=origin + step * np.arange(first, first + size), values=values, step=step)


def nulls(series: Series, window: Window, step: float, spend: Spend) -> Series:
    """Return a series without samples as one of nulls over the window."""
    first, last = math.ceil(window.start / step), math.ceil(window.end / step)
    spend(last - first)
    return replace(series, times=step * np.arange(first, last), values=np.full(last - first, np.nan), step=step)


def together(
    series: Sequence[Series], window: Window, spend: Spend
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Put several series on common times: of their step, or of the least common multiple of their steps.

    What falls together within one series is averaged, or what ``consolidateBy`` says for it.

    Returns
    -------
    times, values, step
        Shapes (n,) and (k, n), one row a series; seconds.
    """
    series = [filled(each, window, spend) for each in series]
    steps = [step for each in series if (step := step_of(each)) is not None]
    step = math.lcm(*(round(1000 * each) for each in steps)) / 1000 if steps else 1.0
    starts = [each.times[0] for each in series if each.step is not None and each.times.size]
    start = min(starts) if starts else _first_cell(series, window, step)
    rows = [_row(each, start, step, spend) for each in series]
    size = max((row.size for row in rows), default=0)
    spend(size * len(rows))
    values = np.full((len(rows), size), np.nan)
    for into, row in zip(values, rows, strict=True):
        into[: row.size] = row
    if any(each.step is None for each in series):
        size -= _unfinished(values)
    return start + step * np.arange(size), values[:, :size], step


def _first_cell(series: Sequence[Series], window: Window, step: float) -> float:
    """Return where the cell of the first sample begins, or the first whole one in the window."""
    first = min((each.times[0] for each in series if each.times.size), default=window.start)
    return max(math.floor(first / step + RESOLUTION), math.ceil(window.start / step - RESOLUTION)) * step


def _unfinished(values: NDArray[np.float64]) -> int:
    """Return how many cells at the end still wait for a sample of a series that had one in the cell before.

    A difference of two sensors would be the whole value of the first one until that of the second one comes.
    """
    missing = np.isnan(values[:, -3:])
    waiting = (missing[:, 1:] & ~missing[:, :-1]).any(axis=0)
    return waiting.size - int(np.argmax(waiting)) if waiting.any() else 0


def _row(series: Series, start: float, step: float, spend: Spend) -> NDArray[np.float64]:
    function = series.consolidation or "average"
    if series.step is not None:
        # As graphite-web: the first of one stands beside the first of another, wherever in the step they are.
        return in_groups(series.values, round(step / series.step), function)
    return in_cells(series, start, step, function, spend)[1]


def in_groups(values: NDArray[np.float64], size: int, function: str) -> NDArray[np.float64]:
    """Make one of each `size` values, and of what is left over at the end."""
    if size <= 1 or not values.size:
        return values
    groups = -(-values.size // size)
    rows = np.full(groups * size, np.nan)
    rows[: values.size] = values
    return CONSOLIDATIONS[function](rows.reshape(groups, size), np.full(groups, size))


def cells(times: NDArray[np.float64], start: float, step: float) -> NDArray[np.int64]:
    """Return the numbers of the cells ``[start + n * step, start + (n + 1) * step)`` in which times lie."""
    return np.floor((times - start) / step + RESOLUTION / step).astype(int)


def in_cells(
    series: Series, start: float, step: float, function: str, spend: Spend
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make one value of the samples in each cell of time from `start` on, null of none; times are where cells begin."""
    numbers = cells(series.times, start, step)
    inside = numbers >= 0
    numbers, values = numbers[inside], series.values[inside]
    rows, lengths = grouped(values, numbers, int(numbers[-1]) + 1 if numbers.size else 0, spend)
    return start + step * np.arange(lengths.size), CONSOLIDATIONS[function](rows, np.maximum(lengths, 1))


def grouped(
    values: NDArray[np.float64], numbers: NDArray[np.int64], groups: int, spend: Spend
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the values as rows, one for each number of a group, with NaN behind them, and the rows' lengths.

    Parameters
    ----------
    values
        Shape (n,).
    numbers
        In which group each is, ascending, shape (n,).
    groups
        How many groups there are.
    """
    spend(groups)
    lengths = np.bincount(numbers, minlength=groups)
    longest = int(lengths.max(initial=0))
    spend(groups * longest)
    rows = np.full((groups, longest), np.nan)
    places = np.arange(values.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows[numbers, places] = values
    return rows, lengths
