"""How the lines of a text file are read: a time, followed by columns of numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from livemon.contract import END_OF_TIME
from livemon.textfiles.localtime import LocalClock, resolved

Samples = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Times (UNIX seconds), shape (n,), and values, shape (k, n), NaN for no value."""


@dataclass(frozen=True)
class Layout:
    """Where in a line the time and the columns are.

    Attributes
    ----------
    columns
        The names of the columns after the time, `None` for one that is ignored. A line may have more.
    separator
        Between columns; `None` for any white space.
    time
        How the time at the start of a line is written: ``unix`` (seconds), ``iso`` (ISO 8601) or a format of :func:`time.strptime` as
        it appears in the file: with a separator in it, it takes two columns.
    comment
        Lines that start with it are ignored.
    time_zone
        IANA name of the zone of times without an offset; `None` for UTC.
    """

    columns: Sequence[str | None]
    separator: str | None = None
    time: str = "unix"
    comment: str = "#"
    time_zone: str | None = None

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
    def _moments(self) -> Callable[[str], tuple[float, float]]:
        """Returns the first and last moment (UNIX seconds) that the time in a line may mean."""
        if self.time == "unix":
            return lambda text: (float(text),) * 2
        moments = LocalClock(self.time_zone).moments if self.time_zone else _moments_in_utc
        if self.time == "iso":
            return lambda text: moments(datetime.fromisoformat(text))
        return lambda text: moments(datetime.strptime(text, self.time))

    def parse(self, content: bytes, before: bytes = b"", after: bytes = b"", until: float | None = None) -> Parsed:
        """Read lines; a malformed one does not affect the others.

        Parameters
        ----------
        content
            Whole lines.
        before, after
            The lines before and after these, which may show when lines of an ambiguous local time were written.
        until
            When the last line of all was written, according to the file system, UNIX seconds.
        """
        parts = [self._rows(part) for part in (before, content, after)]
        first, last = np.concatenate([part.moments for part in parts], axis=1)
        begin = parts[0].moments.shape[1]
        times = resolved(first, last, until)[begin : begin + parts[1].moments.shape[1]]
        return Parsed(times, parts[1].values, parts[1].malformed)

    def is_ambiguous(self, lines: bytes, place: int) -> bool:
        """Whether the local time of the first readable line (`place` 0), or of the last one (-1), occurs twice."""
        moments = self._rows(lines).moments if self.time_zone else np.empty((2, 0))
        return bool(moments.size) and bool(moments[0, place] < moments[1, place])

    def fault(self, line: str) -> str:
        """Return why a line cannot be read; empty if it can."""
        try:
            self._table([line])
        except (ValueError, OverflowError) as error:
            return str(error)
        return ""

    def _rows(self, content: bytes) -> Rows:
        text = content.decode(errors="replace").replace('"', "")
        lines = [
            line for line in map(str.strip, text.split("\n")) if line and not line.startswith(self.comment or "\n")
        ]
        malformed: list[str] = []
        parts = list(self._tables(lines, malformed))
        if not parts:
            return Rows(np.empty((2, 0)), np.empty((len(self.names), 0)), malformed)
        moments, values = (np.concatenate(each, axis=1) for each in zip(*parts, strict=True))
        return Rows(moments, values, malformed)

    def _tables(self, lines: list[str], malformed: list[str]) -> Iterator[Samples]:
        """Yield moments and values of lines: all at once if all can be read, otherwise of each half separately."""
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
        moments = np.array(list(map(self._moments, stamps)), dtype=np.float64).T
        if not ((moments > 0) & (moments < END_OF_TIME)).all():
            raise ValueError(f"its time is not a valid UNIX time (seconds since 1970): {stamps[0]}")
        values = np.array([[row[place].strip() or "nan" for row in rows] for place in self._places], dtype=np.float64)
        values[np.isinf(values)] = np.nan
        return moments, values


@dataclass(frozen=True)
class Rows:
    """Readable lines: the two moments that each may mean, shape (2, n), and values, shape (k, n); and the malformed lines."""

    moments: NDArray[np.float64]
    values: NDArray[np.float64]
    malformed: list[str]


@dataclass(frozen=True)
class Parsed:
    """The content of some lines: times (UNIX seconds), shape (n,), values, shape (k, n), and the malformed lines."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    malformed: list[str] = field(default_factory=list)


def _moments_in_utc(when: datetime) -> tuple[float, float]:
    return ((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp(),) * 2


def is_time_format(text: str) -> bool:
    """Whether it is ``unix``, ``iso`` or a format of :func:`time.strptime` that determines the day and the time of day."""
    if text in {"unix", "iso"}:
        return True
    when = datetime(2031, 12, 29, 23, 58, 47, tzinfo=UTC)
    try:
        read = datetime.strptime(when.strftime(text), text)
    except ValueError:
        return False
    return read.date() == when.date() and read.hour in {0, when.hour}
