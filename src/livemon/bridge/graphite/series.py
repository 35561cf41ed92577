"""What targets are made of: series, and the interval in which they are looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """The interval ``[start, end)``, UNIX seconds."""

    start: float
    end: float

    @property
    def length(self) -> float:
        """Seconds from start to end."""
        return self.end - self.start

    def moved(self, seconds: float) -> Window:
        """Return the interval that lies so much later."""
        return Window(self.start + seconds, self.end + seconds)

    def reaching_back(self, seconds: float) -> Window:
        """Return the interval that begins so much earlier."""
        return Window(self.start - seconds, self.end)


@dataclass(frozen=True)
class Series:
    """One series; its arrays are never changed in place.

    Attributes
    ----------
    name
        What the answer calls it.
    expression
        What the names of its combinations are made of: the path as the target has it, or the name of what a function made of it.
    tags
        What tells it apart, by name.
    times
        UNIX seconds, strictly ascending, shape (n,).
    values
        Shape (n,), NaN for null.
    step
        Seconds between successive times if it has a point at each of them; `None` of samples as they came.
    overdue
        Of a series with a step that was made of samples as they came: for how many seconds a point holds while there is none. `None`
        if the times themselves tell (:mod:`.cadence`), and of what graphite-web could hold: there null is null.
    settled
        The interval in which its points are final; others may still lack samples. `None` if all are.
    consolidation
        The function of :mod:`.aggregates` that makes one point of several; `None` for the usual one.
    thinned
        Whether the points are smallest and largest values of pieces of time instead of all samples.
    """

    name: str
    expression: str
    tags: dict[str, str]
    times: NDArray[np.float64]
    values: NDArray[np.float64]
    step: float | None = None
    overdue: float | None = None
    settled: Window | None = None
    consolidation: str | None = None
    thinned: bool = False

    def called(self, name: str, **changes: object) -> Series:
        """Return the series that a function made of this one, with the function's call as its name."""
        return replace(self, name=name, expression=name, **changes)


SeriesList = list[Series]
