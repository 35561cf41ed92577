"""Functions over intervals of time: moving windows, summaries, and other times."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite import grid
from livemon.bridge.graphite.aggregates import ALIASES, aggregate
from livemon.bridge.graphite.cadence import cadence
from livemon.bridge.graphite.context import Context, Tree
from livemon.bridge.graphite.functions.declaration import SERIES, X_FILES_FACTOR, Parameter, function
from livemon.bridge.graphite.intervals import interval
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.graphite.together import HOLDING
from livemon.errors import RequestError, shown

Numbers = NDArray[np.float64]
Numbering = NDArray[np.int64]
WINDOW_SIZE = Parameter(
    "windowSize", "intOrInterval", required=True, suggestions=(5, 7, 10, "1min", "5min", "10min", "30min", "1hour")
)
INTERVAL = Parameter("intervalString", "interval", required=True, suggestions=("1min", "10min", "1h", "1d"))
AGGREGATE = Parameter("func", "aggFunc", default="sum")


# --- moving windows -----------------------------------------------------------------------------------------------------


def _with_the_window_before(window: Window, arguments: Sequence[Any]) -> Window:
    size = arguments[1]
    return window.reaching_back(abs(interval(size, "windowSize"))) if isinstance(size, str) else window


@function(
    "movingWindow",
    "Calculate",
    SERIES,
    WINDOW_SIZE,
    Parameter("func", "aggFunc", default="average"),
    X_FILES_FACTOR,
    keeps_unit=False,
    window=_with_the_window_before,
    delayed=True,
)
def moving_window(context: Context, tree: Tree, size: int | str, func: str, fraction: float | None) -> SeriesList:
    """Aggregate a moving window that ends at each point: a number of points, or a time."""
    if isinstance(size, str):
        before = float(abs(interval(size, "windowSize")))
    else:
        # How far back so many points reach is known once some have been read.
        seen = context.evaluate(tree, context.window)
        before = max((grid.span(each, size, context.window) for each in seen), default=0.0)
    moving = _Moving(context, size, func, fraction or 0.0)
    return [moving.moved(each) for each in context.evaluate(tree, context.window.reaching_back(before))]


def _moving(func: str, description: str) -> Callable[..., SeriesList]:
    def moving(context: Context, tree: Tree, size: int | str, x_files_factor: float | None) -> SeriesList:
        return moving_window(context, tree, size, func, x_files_factor)

    moving.__doc__ = description
    return moving


for _name, _func, _description in (
    ("movingAverage", "average", "Average a moving window that ends at each point: a number of points, or a time."),
    (
        "movingMedian",
        "median",
        "Show the median of a moving window that ends at each point: a number of points, or a time.",
    ),
    ("movingMax", "max", "Show the maximum of a moving window that ends at each point: a number of points, or a time."),
    ("movingMin", "min", "Show the minimum of a moving window that ends at each point: a number of points, or a time."),
    ("movingSum", "sum", "Add up a moving window that ends at each point: a number of points, or a time."),
):
    function(_name, "Calculate", SERIES, WINDOW_SIZE, X_FILES_FACTOR, window=_with_the_window_before, delayed=True)(
        _moving(_func, _description)
    )


@dataclass(frozen=True)
class _Moving:
    """A window that moves over series, which begin early enough for its first position."""

    context: Context
    size: int | str
    func: str
    fraction: float
    """The fraction of a window that must have values, 0 to 1."""

    def moved(self, series: Series) -> Series:
        """Return the series of aggregates."""
        series = self.context.filled(series)
        name = f'"{self.size}"' if isinstance(self.size, str) else self.size
        if series.step is None or not series.times.size:
            late, starts, ends, full = self._of_samples(series)
        else:
            late, starts, ends, full = self._of_points(series, series.step)
        lengths = ends - starts + 1
        values = over_windows(series.values, starts, lengths, self.func, self.context)
        if self.fraction:
            known = fold(np.add, (~np.isnan(series.values)).astype(float), starts, lengths, 0.0)
            values = np.where(known / np.maximum(full, 1) >= self.fraction, values, np.nan)
        return series.called(
            f"moving{self.func.capitalize()}({series.name},{name})", times=series.times[ends] + late, values=values
        )

    def _of_points(self, series: Series, step: float) -> tuple[float, Numbering, Numbering, int | Numbering]:
        """Return the windows over a regular series.

        As in graphite-web, a window of time holds as many points as there are whole steps in it, and its aggregate comes later than
        its last point by the remaining time.
        """
        if isinstance(self.size, str):
            seconds = float(abs(interval(self.size, "windowSize")))
            points = int(seconds // step)
        else:
            points, seconds = self.size, self.size * step
        late = seconds - points * step
        # The first window is full; series that a function made may begin before the requested time.
        skipped = math.trunc(round((self.context.window.start - seconds - series.times[0]) / step, 6))
        ends = np.arange(max(0, skipped + points), series.times.size)
        return late, np.maximum(ends - points + 1, 0), ends, points

    def _of_samples(self, series: Series) -> tuple[float, Numbering, Numbering, int | Numbering]:
        """Return the windows over irregular samples: a window of time holds the samples in it."""
        times = series.times
        ends = np.arange(np.searchsorted(times, self.context.window.start), times.size)
        if isinstance(self.size, int):
            return 0.0, np.maximum(ends - self.size + 1, 0), ends, self.size
        starts = np.searchsorted(times, times[ends] - abs(interval(self.size, "windowSize")), side="right")
        return 0.0, starts, ends, ends - starts + 1


def over_windows(values: Numbers, starts: Numbering, lengths: Numbering, func: str, context: Context) -> Numbers:
    """Aggregate windows of successive values, ignoring nulls; null for a window without a value.

    Parameters
    ----------
    values
        Shape (n,).
    starts, lengths
        Where each window begins, and how many values it holds; shape (k,). No window begins or ends before the previous one does.
    func
        An aggregation function's name.
    """
    func = func.removesuffix("Series")
    func = ALIASES.get(func, func)
    known = np.flatnonzero(~np.isnan(values))
    # Among the known values, those of a window are adjacent, too.
    firsts = np.searchsorted(known, starts)
    numbers = np.searchsorted(known, starts + lengths) - firsts
    values = values[known]
    if func == "median":
        return _running_median(values, firsts, numbers, context)
    found = np.full(starts.size, np.nan)
    filled = np.flatnonzero(numbers)
    found[filled] = _WINDOWED[func](values, firsts[filled], numbers[filled])
    return found


def _sums(values: Numbers, starts: Numbering, lengths: Numbering) -> Numbers:
    return fold(np.add, values, starts, lengths, 0.0)


def _means(values: Numbers, starts: Numbering, lengths: Numbering) -> Numbers:
    return _sums(values, starts, lengths) / lengths


def _largest(values: Numbers, starts: Numbering, lengths: Numbering) -> Numbers:
    return fold(np.maximum, values, starts, lengths, -np.inf)


def _smallest(values: Numbers, starts: Numbering, lengths: Numbering) -> Numbers:
    return fold(np.minimum, values, starts, lengths, np.inf)


def _deviations(values: Numbers, starts: Numbering, lengths: Numbering) -> Numbers:
    """Combine counts, means and sums of squared deviations of pieces (Chan, Golub and LeVeque, 1979): no digits are lost."""

    def combine(one: Numbers, other: Numbers) -> Numbers:
        number = one[0] + other[0]
        distance = other[1] - one[1]
        part = other[0] / number
        return np.stack((number, one[1] + distance * part, one[2] + other[2] + distance**2 * one[0] * part))

    pieces = np.stack((np.ones(values.size), values, np.zeros(values.size)))
    number, _, squares = fold(combine, pieces, starts, lengths, 0.0)
    deviations: Numbers = np.sqrt(squares / number)
    return deviations


_WINDOWED: dict[str, Callable[[Numbers, Numbering, Numbering], Numbers]] = {
    "average": _means,
    "avg_zero": _means,
    "count": lambda _values, _starts, lengths: lengths.astype(float),
    "diff": lambda values, starts, lengths: 2 * values[starts] - _sums(values, starts, lengths),
    "last": lambda values, starts, lengths: values[starts + lengths - 1],
    "max": _largest,
    "min": _smallest,
    "multiply": lambda values, starts, lengths: fold(np.multiply, values, starts, lengths, 1.0),
    "range": lambda values, starts, lengths: _largest(values, starts, lengths) - _smallest(values, starts, lengths),
    "stddev": _deviations,
    "sum": _sums,
}


def _running_median(values: Numbers, starts: Numbering, lengths: Numbering, context: Context) -> Numbers:
    """Take medians of a sorted list into which values are inserted and removed: its time hardly grows with the windows' length."""
    numbers = values.tolist()
    inside: list[float] = []
    begin = end = 0
    found = np.full(starts.size, np.nan)
    for place, (first, behind) in enumerate(zip(starts.tolist(), (starts + lengths).tolist(), strict=True)):
        if place % 4096 == 0:
            context.budget.check_time()
        for number in numbers[end:behind]:
            insort(inside, number)
        end = max(end, behind)
        for number in numbers[begin:first]:
            del inside[bisect_left(inside, number)]
        begin = first
        if inside:
            found[place] = (inside[(len(inside) - 1) // 2] + inside[len(inside) // 2]) / 2
    return found


def fold(
    combine: Callable[[Numbers, Numbers], Numbers], values: Numbers, starts: Numbering, lengths: Numbering, empty: float
) -> Numbers:
    """Combine windows of successive values by pieces of 1, 2, 4, ... values: as exact as pairwise sums, for windows of any length.

    Parameters
    ----------
    combine
        Combines two adjacent pieces, shapes (..., m); associative.
    values
        Shape (..., n).
    starts, lengths
        Where each window begins, and how many values it holds; shape (k,).
    empty
        The result for a window without values.

    Returns
    -------
    Shape (..., k).
    """
    found = np.full((*values.shape[:-1], starts.size), empty)
    positions, pieces, size = starts.copy(), values, 1
    longest = int(lengths.max(initial=0))
    while size <= longest:
        chosen = np.flatnonzero(lengths & size)
        if chosen.size:
            found[..., chosen] = combine(found[..., chosen], pieces[..., positions[chosen]])
            positions[chosen] += size
        pieces = combine(pieces[..., :-size], pieces[..., size:])
        size *= 2
    return found


@function(
    "stdev",
    "Calculate",
    SERIES,
    Parameter("points", "integer", required=True),
    Parameter("windowTolerance", "float", default=0.1),
)
def moving_deviation(context: Context, series: SeriesList, points: int, tolerance: float) -> SeriesList:
    """Show the standard deviation of a number of points up to each, null if less than a tenth of them have values."""
    if points < 1:
        raise RequestError(f"stdev: a window must have at least one point, not {points}")
    found = []
    for each in series:
        filled = context.filled(each)
        values = _running_deviation(filled.values, points, tolerance)
        found.append(filled.called(f"stdev({each.name},{points})", values=values))
    return found


def _running_deviation(values: Numbers, points: int, tolerance: float) -> Numbers:
    """Return the deviations by running sums, to which values are added when they enter and from which they are subtracted later.

    Ours are of differences from one of the values: in squares of 4 K, noise of a microkelvin would be rounded away.
    """
    there = ~np.isnan(values)
    known = np.where(there, values - values[there][0], 0.0) if there.any() else np.zeros(values.size)
    dropped = np.concatenate((np.zeros(min(points, values.size)), known[:-points]))
    number = np.cumsum(there)
    number = number - np.concatenate((np.zeros(min(points, values.size), int), number[:-points]))

    def running(come: Numbers, gone: Numbers) -> Numbers:
        return np.cumsum(np.stack((-gone, come), axis=-1))[1::2]

    sums, squares = running(known, dropped), running(known**2, dropped**2)
    deviation = np.sqrt(np.maximum(number * squares - sums**2, 0.0)) / number
    return np.where((number > 0) & (number / points >= tolerance), deviation, np.nan)


# --- intervals ----------------------------------------------------------------------------------------------------------


@function(
    "summarize",
    "Transform",
    SERIES,
    INTERVAL,
    AGGREGATE,
    Parameter("alignToFrom", "boolean", default=False),
    keeps_unit=False,
)
def summarize(context: Context, series: SeriesList, length: str, func: str, align_to_from: bool) -> SeriesList:
    """Aggregate the values in each interval, which begins at a multiple of its length, or is counted from the requested start."""
    seconds = _seconds(length, "summarize")
    found = []
    for each in series:
        filled = context.filled(each)
        extent = _extent(filled, context.window)
        if not align_to_from:
            extent = Window(extent.start - extent.start % seconds, extent.end - extent.end % seconds + seconds)
        name = f'summarize({each.name}, "{length}", "{func}"{", true" if align_to_from else ""})'
        summarized = _summarized(context, filled, func, extent, seconds)
        found.append(summarized.called(name, **_origin(filled, context.window, func, seconds)))
    return found


def _seconds(length: str, what: str) -> int:
    seconds = abs(interval(length, what))
    if not seconds:
        raise RequestError(f"{what}: an interval must be longer than {shown(length)}")
    return seconds


_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400, "weeks": 7 * 86400}
_MONDAY = 4 * 86400
"""The first Monday, UNIX seconds."""


@function(
    "smartSummarize",
    "Transform",
    SERIES,
    INTERVAL,
    AGGREGATE,
    Parameter("alignTo", "string", options=tuple(_UNITS)),
    window=lambda window, arguments: _aligned(window, arguments[3]),
    delayed=True,
    keeps_unit=False,
)
def smart_summarize(context: Context, tree: Tree, length: str, func: str, align_to: str | None) -> SeriesList:
    """Aggregate the values in each interval, counted from the requested start, or from the start of its minute, hour, ... (UTC)."""
    seconds = _seconds(length, "smartSummarize")
    window = _aligned(context.window, align_to)
    found = []
    for each in context.evaluate(tree, window):
        filled = grid.filled(each, window, context.spend)
        name = f'smartSummarize({each.name}, "{length}", "{func}")'
        summarized = _summarized(context, filled, func, _extent(filled, window), seconds)
        found.append(summarized.called(name, **_origin(filled, window, func, seconds)))
    return found


def _aligned(window: Window, unit: str | None) -> Window:
    if unit is None:
        return window
    origin = _MONDAY if unit == "weeks" else 0
    return window.reaching_back((window.start - origin) % _UNITS[unit])


def _extent(series: Series, window: Window) -> Window:
    """Return where a series begins and ends: for a regular one, at its first point and one step after its last."""
    if series.step is None or not series.times.size:
        return window
    return Window(float(series.times[0]), float(series.times[-1] + series.step))


def _summarized(context: Context, series: Series, func: str, extent: Window, seconds: int) -> Series:
    number = max(0, math.ceil(extent.length / seconds - grid.RESOLUTION)) if series.times.size else 0
    context.spend(number)
    numbers = grid.cells(series.times, extent.start, seconds)
    inside = (numbers >= 0) & (numbers < number)
    rows, lengths = grid.grouped(series.values[inside], numbers[inside], number, context.spend)
    times = grid.regular(extent.start, seconds, number)
    return replace(series, times=times, values=aggregate(func)(rows, lengths), step=float(seconds))


def _origin(series: Series, window: Window, func: str, seconds: int) -> dict[str, Any]:
    """Return for how long an interval's aggregate holds while there is no other, and which intervals can get no more samples."""
    end = min(_extent(series, window).end, series.settled.end if series.settled else math.inf)
    overdue = series.overdue
    if series.step is None and series.times.size:
        overdue = cadence(series.times, window).overdue
    if overdue:
        holds = ALIASES.get(func, func) in HOLDING
        overdue = overdue + seconds if holds else 0.0
    return {"overdue": overdue, "settled": Window(0.0, end)}


# --- other times --------------------------------------------------------------------------------------------------------


def _signed(shift: str) -> str:
    return f"-{shift}" if shift[:1].isdigit() else shift


def _shifted(window: Window, arguments: Sequence[Any]) -> Window:
    return window.moved(interval(_signed(arguments[1]), "timeShift"))


@function(
    "timeShift",
    "Transform",
    SERIES,
    Parameter("timeShift", "interval", required=True, suggestions=("1h", "6h", "12h", "1d", "2d", "7d", "14d", "30d")),
    Parameter("resetEnd", "boolean", default=True),
    Parameter("alignDst", "boolean", default=False),
    window=_shifted,
    delayed=True,
    keeps_extremes=True,
)
def time_shift(context: Context, tree: Tree, shift: str, _reset_end: bool, _align_dst: bool) -> SeriesList:
    """Show the values of some time ago, or with a plus sign of some time later. A day has 24 hours: alignDst has no effect."""
    shift = _signed(shift)
    seconds = interval(shift, "timeShift")
    return [
        replace(
            each,
            name=f'timeShift({each.name}, "{shift}")',
            times=each.times - seconds,
            settled=each.settled and each.settled.moved(-seconds),
        )
        for each in context.evaluate(tree, context.window.moved(seconds))
    ]
