"""How the lines of a text file are read: columns of numbers behind a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from livemon.series.block import END_OF_TIME

Samples = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Times, shape (n,), and values, shape (k, n), NaN for no value."""


@dataclass(frozen=True)
class Layout:
    """What stands where in a line.

    Attributes
    ----------
    columns
        The names of the columns behind the time, `None` for one that is left out. A line may have more.
    separator
        Between columns; `None` for any white space.
    time
        What a line begins with: ``unix`` (seconds), ``iso`` (ISO 8601) or a format of :func:`time.strptime` as it stands in the file:
        with a separator in it, it takes two columns. In UTC where it does not say otherwise.
    comment
        Lines that begin so are left out.
    """

    columns: Sequence[str | None]
    separator: str | None = None
    time: str = "unix"
    comment: str = "#"

    @cached_property
    def names(self) -> list[str]:
        """The columns that are read, in the order of their values."""
        return [name for name in self.columns if name is not None]

    @cached_property
    def _time_columns(self) -> int:
        return len(self.time.split(self.separator))

    @cached_property
    def _places(self) -> list[int]:
        return [self._time_columns + place for place, name in enumerate(self.columns) if name is not None]

    @cached_property
    def _seconds(self) -> Callable[[str], float]:
        if self.time == "unix":
            return float
        if self.time == "iso":
            return lambda text: _seconds(datetime.fromisoformat(text))
        return lambda text: _seconds(datetime.strptime(text, self.time))

    def parse(self, content: bytes) -> Parsed:
        """Read lines. One that is malformed costs nothing but itself."""
        text = content.decode(errors="replace").replace('"', "")
        lines = [
            line for line in map(str.strip, text.split("\n")) if line and not line.startswith(self.comment or "\n")
        ]
        malformed: list[str] = []
        parts = list(self._tables(lines, malformed))
        if not parts:
            return Parsed(np.empty(0), np.empty((len(self.names), 0)), malformed)
        return Parsed(
            np.concatenate([each for each, _ in parts]), np.concatenate([each for _, each in parts], axis=1), malformed
        )

    def _tables(self, lines: list[str], malformed: list[str]) -> Iterator[Samples]:
        """Yield the samples of lines, all at once where all are well; else each half by itself."""
        if not lines:
            return
        try:
            yield self._table(lines)
        except (ValueError, OverflowError):
            if len(lines) == 1:
                malformed += lines
                return
            middle = len(lines) // 2
            yield from self._tables(lines[:middle], malformed)
            yield from self._tables(lines[middle:], malformed)

    def _table(self, lines: list[str]) -> Samples:
        rows = [line.split(self.separator) for line in lines]
        if min(map(len, rows)) <= max(self._places):
            raise ValueError("too few columns")
        if self._time_columns == 1:
            stamps = [row[0] for row in rows]
        else:
            between = self.separator or " "
            stamps = [between.join(row[: self._time_columns]) for row in rows]
        times = np.array(list(map(self._seconds, stamps)), dtype=np.float64)
        if not ((times > 0) & (times < END_OF_TIME)).all():
            raise ValueError("no time")
        values = np.array([[row[place].strip() or "nan" for row in rows] for place in self._places], dtype=np.float64)
        values[np.isinf(values)] = np.nan
        return times, values


@dataclass(frozen=True)
class Parsed:
    """What was in some lines: times of shape (n,), values of shape (k, n), and the lines that were malformed."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    malformed: list[str] = field(default_factory=list)


def _seconds(when: datetime) -> float:
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
