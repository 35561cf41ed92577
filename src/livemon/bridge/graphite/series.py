"""Series, and the window in which they are evaluated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

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
        """Return the interval shifted by so many seconds."""
        return Window(self.start + seconds, self.end + seconds)

    def reaching_back(self, seconds: float) -> Window:
        """Return the interval that begins so many seconds earlier."""
        return Window(self.start - seconds, self.end)


@dataclass(frozen=True)
class Series:
    """One series; its arrays are never changed in place.

    Attributes
    ----------
    name
        Its name in the response.
    expression
        Its part in the names of combined series: the path as in the target, or the name of the function call.
    tags
        What identifies it, by name.
    times
        UNIX seconds, strictly ascending, shape (n,).
    values
        Shape (n,), NaN for null.
    step
        Seconds between successive times if there is a point at each step; `None` for irregular samples.
    overdue
        For a series with a step that was made of irregular samples: for how many seconds a point holds while there is no other.
        `None` if that follows from the times (:mod:`.cadence`), and for a series as graphite-web has them, where null is null.
    settled
        The interval in which its points are final; others may still lack samples. `None` if all are final.
    consolidation
        The function of :mod:`.aggregates` that combines several points into one; `None` for the default.
    thinned
        Whether the points are smallest and largest values of buckets of time instead of all samples.
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

    def called(self, name: str, **changes: Any) -> Series:
        """Return the series that a function made from this one, named after the function call."""
        return replace(self, name=name, expression=name, **changes)


SeriesList = list[Series]
