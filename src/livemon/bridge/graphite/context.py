"""What a function of render targets is called with, besides its arguments."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from livemon.bridge.graphite import grid
from livemon.bridge.graphite.cadence import cadence
from livemon.bridge.graphite.grammar import Call, Path
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.graphite.together import Together, asked_step, together
from livemon.bridge.limits import Budget

Tree = Path | Call


@dataclass(frozen=True)
class Context:
    """What a function knows about its call: the window, and how much it may still compute."""

    window: Window
    points: int
    """How many points of each series the request can use."""
    budget: Budget
    evaluate: Callable[[Tree, Window], SeriesList]
    tagged: Callable[[Sequence[str]], SeriesList]
    """Returns the series whose tags meet expressions."""

    def spend(self, points: int) -> None:
        """Count points that are about to be computed; raises a RequestError if they are too many."""
        self.budget.spend(points)

    def together(self, series: Sequence[Series]) -> Together:
        """Put series on common times."""
        return together(series, self.window, self.spend, self.points)

    def filled(self, series: Series) -> Series:
        """Return a regular series with null for each missing sample; any other as it is."""
        return grid.filled(series, self.window, self.spend)

    def filled_throughout(self, series: Series) -> Series:
        """Return the same; other samples with nulls while the next one is overdue, and a series without samples as nulls."""
        if not self.window.length:
            return self.filled(series)
        if not series.times.size:
            step = grid.round_step(self.window.length / self.points)
            return grid.nulls(series, self.window, max(1.0, step), self.spend)
        known = cadence(series.times, self.window)
        return self._interrupted(series, known.overdue, max(known.step, asked_step(self.window, self.points)))

    def filled_between(self, series: Series) -> Series:
        """Return the same with nulls between the visits of a scanned series, too, and after the last one."""
        if not series.times.size:
            return series
        known = cadence(series.times, self.window)
        step = max(known.step, asked_step(self.window, self.points))
        return self._interrupted(series, step if known.scanned else known.overdue, step)

    def _interrupted(self, series: Series, after: float, every: float) -> Series:
        filled = self.filled(series)
        if filled.step is not None:
            return filled
        window = replace(self.window, end=min(self.window.end, time.time()))
        return grid.interrupted(series, window, self.spend, after=after, every=grid.round_step(every))
