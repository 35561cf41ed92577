"""What a function of render targets is called with, beside its arguments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from livemon.bridge.graphite import grid
from livemon.bridge.graphite.grammar import Call, Path
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.limits import Budget

Tree = Path | Call


@dataclass(frozen=True)
class Context:
    """What a function knows of its call: the window, and what it may still make."""

    window: Window
    points: int
    """How many points of each series the asker can use."""
    budget: Budget
    evaluate: Callable[[Tree, Window], SeriesList]
    tagged: Callable[[Sequence[str]], SeriesList]
    """Returns the series whose tags meet expressions."""

    def spend(self, points: int) -> None:
        """Take points that are about to be made; raises a RequestError if they are too many."""
        self.budget.spend(points)

    def filled(self, series: Series) -> Series:
        """Return a regular series with null for each missing sample; another one as it is."""
        return grid.filled(series, self.window, self.spend)

    def filled_throughout(self, series: Series) -> Series:
        """Return the same, and a series without any sample as one of nulls."""
        if series.times.size or not self.window.length:
            return self.filled(series)
        return grid.nulls(series, self.window, max(1.0, grid.round_step(self.window.length / self.points)), self.spend)
