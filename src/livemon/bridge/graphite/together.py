"""Several series on common times: docs/decisions/0030.

Regular series are aligned as in graphite-web. Of series that are not sampled together, each has at any time the last measured value,
until its next sample is overdue.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.graphite import grid
from livemon.bridge.graphite.aggregates import CONSOLIDATIONS
from livemon.bridge.graphite.cadence import Cadence, cadence
from livemon.bridge.graphite.grid import RESOLUTION, Spend
from livemon.bridge.graphite.series import Series, Window

Numbers = NDArray[np.float64]
HOLDING = frozenset({"average", "avg", "first", "last", "max", "min", "median"})
"""Functions whose result holds until the next sample: a value does, a count or a sum does not."""
PATIENCE = 10.0
"""Seconds by which one channel's samples may arrive later than another's."""
MOST_CELLS = 10_000
"""In a window, unless the series' steps require more."""


@dataclass(frozen=True)
class Together:
    """Several series on common times.

    Attributes
    ----------
    times
        UNIX seconds, shape (n,).
    values
        One row per series, NaN for null, shape (k, n).
    step
        Seconds.
    apart
        Whether they are not sampled together.
    settled
        The interval in which their points are final; `None` if all are final.
    """

    times: Numbers
    values: Numbers
    step: float
    apart: bool
    settled: Window | None

    @property
    def origin(self) -> dict[str, Any]:
        """The attributes that a series made from them inherits (:class:`.series.Series`); its nulls hold no earlier value."""
        overdue = 0.0 if self.apart else None
        return {"times": self.times, "step": self.step, "overdue": overdue, "settled": self.settled}


def together(series: Sequence[Series], window: Window, spend: Spend, points: int = 1000) -> Together:
    """Put series on common times.

    Samples of one series in the same step are averaged, or combined as ``consolidateBy`` says.

    Parameters
    ----------
    series
        Any number.
    window
        The requested interval.
    spend
        Takes the number of points that are about to be computed.
    points
        How many the request can use.
    """
    series, apart = _beside(series, window, spend)
    known = _cadences(series, window)
    step = _step(series, known, window, points)
    starts = [each.times[0] for each in series if each.step is not None and each.times.size]
    start = min(starts) if starts else _first_cell(series, window, step)
    overdue = [
        each.overdue if known_of is None else known_of.overdue for each, known_of in zip(series, known, strict=True)
    ]
    newest = max((each.times[-1] for each in series if each.times.size), default=start)
    now = time.time()
    # If only a value is left that holds for an unknown time, it is not worth millions of cells.
    cells = _Cells(start, step, min(window.end, now, newest + MOST_CELLS * step), spend)
    values = cells.rows(series, overdue)
    first, after = cells.settled(series, values.shape[1])
    if not apart and np.isnan(values[:, after:]).all():
        after = values.shape[1]  # as in graphite-web, whose summaries may end with an empty interval
    if apart:
        first = max(first, _unknown(values, overdue, start - window.start, step))
    if apart or window.end > now - PATIENCE:
        after -= _awaited(values[:, :after], math.ceil(PATIENCE / step))
    first = min(first, after)
    times = grid.regular(start, step, after - first, first)
    final = apart or any(each.settled is not None for each in series)
    settled = Window(start + step * first, start + step * after) if final else None
    return Together(times, values[:, first:after], step, apart, settled)


def _beside(series: Sequence[Series], window: Window, spend: Spend) -> tuple[Sequence[Series], bool]:
    """Return the series in the form in which they are combined, and whether they are not sampled together.

    They are if all are regular, and their samples coincide. If not, even a regular series is only its samples.
    """
    filled = [grid.filled(each, window, spend) for each in series]
    known = [each for each in filled if each.times.size]
    apart = any(each.step is None or each.overdue is not None for each in known) or not _in_phase(known)
    return (series if apart else filled), apart


def _in_phase(series: Sequence[Series]) -> bool:
    if not series:
        return True
    common = math.gcd(*(round(1000 * each.step) for each in series if each.step is not None)) / 1000
    late = np.array([each.times[0] - series[0].times[0] for each in series])
    return bool(np.abs(late - np.rint(late / common) * common).max() <= RESOLUTION)


def _cadences(series: Sequence[Series], window: Window) -> list[Cadence | None]:
    return [cadence(each.times, window) if each.step is None and each.times.size else None for each in series]


def _step(series: Sequence[Series], known: Sequence[Cadence | None], window: Window, points: int) -> float:
    """Return a multiple of all regular series' steps, long enough that each other series nearly always has a sample in it.

    For a scanned channel as many cells as the request can use are enough, but they are no longer than its cycle.
    """
    regular = math.lcm(*(round(1000 * each.step) for each in series if each.step is not None)) / 1000
    samples = [each for each in known if each is not None]
    if not samples:
        return regular if any(each.step is not None for each in series) else 1.0
    finest = max(grid.round_step(each.step) for each in samples)
    longest = max((grid.round_step(each.cycle) for each in samples if math.isfinite(each.cycle)), default=math.inf)
    step = max(finest, min(longest, asked_step(window, points)))
    if all(each.step is None for each in series):
        return step
    return regular * max(1, math.ceil(step / regular - RESOLUTION))


def asked_step(window: Window, points: int) -> float:
    """Return the step, in seconds, that gives as many points as the request can use."""
    return grid.round_step(window.length / min(points, MOST_CELLS))


def _first_cell(series: Sequence[Series], window: Window, step: float) -> float:
    """Return the start of the cell of the first sample, or of the first whole cell in the window."""
    first = min((each.times[0] for each in series if each.times.size), default=window.start)
    return max(math.floor(first / step + RESOLUTION), math.ceil(window.start / step - RESOLUTION)) * step


@dataclass(frozen=True)
class _Cells:
    """Cells of time, ``[start + n * step, start + (n + 1) * step)``; values hold until `end` at most."""

    start: float
    step: float
    end: float
    spend: Spend

    def rows(self, series: Sequence[Series], overdue: Sequence[float | None]) -> Numbers:
        """Return one value per series and cell, NaN for null, shape (number of series, number of cells)."""
        rows = [self._row(each, late) for each, late in zip(series, overdue, strict=True)]
        size = max((row.size for row in rows), default=0)
        self.spend(size * len(rows))
        values = np.full((len(rows), size), np.nan)
        for into, row in zip(values, rows, strict=True):
            into[: row.size] = row
        return values

    def _row(self, series: Series, overdue: float | None) -> Numbers:
        function = series.consolidation or "average"
        if series.step is None:
            return self._of_samples(series, overdue or 0.0, function)
        # As in graphite-web: the first points of all series coincide, wherever in the step they are.
        row = grid.in_groups(series.values, round(self.step / series.step), function)
        late = self._number(series.times[0]) if series.times.size else 0
        row = np.concatenate((np.full(late, np.nan), row))
        there = ~np.isnan(row)
        return self._held(row, there, self._begins(0, row.size)[_latest(there)], overdue) if overdue else row

    def _of_samples(self, series: Series, overdue: float, function: str) -> Numbers:
        if not series.times.size:
            return np.empty(0)
        numbers = grid.cells(series.times, self.start, self.step)
        first, after = min(0, int(numbers[0])), int(numbers[-1]) + 1
        rows, lengths = grid.grouped(series.values, numbers - first, after - first, self.spend)
        row = CONSOLIDATIONS[function](rows, np.maximum(lengths, 1))
        end = min(self.end, series.times[-1] + overdue)
        size = max(after, math.ceil((end - self.start) / self.step - RESOLUTION)) - first
        self.spend(size)
        row = np.append(row, np.full(size - row.size, np.nan))
        lengths = np.append(lengths, np.zeros(size - lengths.size, int))
        if function in HOLDING:
            newest = series.times[np.maximum(np.cumsum(lengths) - 1, 0)]
            row = self._held(row, lengths > 0, newest, overdue, first)
        return row[-first:]

    def _held(self, row: Numbers, there: NDArray[np.bool_], newest: Numbers, overdue: float, first: int = 0) -> Numbers:
        """Repeat the value of the previous cell in each cell that begins before the next sample is overdue.

        Parameters
        ----------
        row
            Values, from cell `first` on.
        there
            Which cells contain a sample, including null.
        newest
            The time of the newest sample up to the end of each cell.
        """
        begins = self._begins(first, row.size)
        latest = _latest(there)
        holds = ~there & (latest >= 0) & (begins < newest + overdue) & (begins < self.end)
        return np.where(holds, row[latest], row)

    def _begins(self, first: int, size: int) -> Numbers:
        return grid.regular(self.start, self.step, size, first)

    def _number(self, begin: float) -> int:
        return max(0, math.floor((begin - self.start) / self.step + RESOLUTION))

    def settled(self, series: Sequence[Series], size: int) -> tuple[int, int]:
        """Return the range ``[first, after)`` of cells in which the points of all series are final."""
        intervals = [each.settled for each in series if each.settled is not None]
        first = max((math.ceil((each.start - self.start) / self.step - RESOLUTION) for each in intervals), default=0)
        after = min((math.floor((each.end - self.start) / self.step + RESOLUTION) for each in intervals), default=size)
        return max(first, 0), max(0, min(size, after))


def _latest(there: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the index of the last true entry up to each, -1 if there is none."""
    return np.maximum.accumulate(np.where(there, np.arange(there.size), -1)) if there.size else np.empty(0, int)


def _unknown(values: Numbers, overdue: Sequence[float | None], offset: float, step: float) -> int:
    """Return how many cells at the start lack a series that may have been sampled shortly before what was read."""
    firsts = [
        first
        for row, late in zip(values, overdue, strict=True)
        if late is not None and not np.isnan(row).all()
        if offset + (first := int(np.argmax(~np.isnan(row)))) * step <= late
    ]
    return max(firsts, default=0)


def _awaited(values: Numbers, patience: int) -> int:
    """Return how many cells at the end still wait for a sample of a series that had one shortly before.

    Samples of another node may be seconds late: meanwhile a sum or an average would include the others only.
    """
    if not values.size:
        return 0
    known = ~np.isnan(values)
    ends = np.where(known.any(axis=1), values.shape[1] - np.argmax(known[:, ::-1], axis=1), 0)
    late = ends.max(initial=0) - ends
    waiting = ends[(ends > 0) & (late > 0) & (late <= patience)]
    return int(values.shape[1] - waiting.min(initial=values.shape[1]))
