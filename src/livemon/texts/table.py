"""Text files of one layout in a directory, read as one series of samples.

Only the files that an interval touches are read. Their samples stay in memory as long as there is room, and a summary of each for
ever: a plot of a year reads each file once. A file that grows is read on where it ended; one that was truncated or replaced is begun
anew.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from livemon.errors import RequestError
from livemon.series.envelope import envelope
from livemon.texts.layout import Layout, Samples

GLANCE = 1 << 14
"""Bytes at a file's begin and end in which its first and last times are looked for."""
LARGEST_FILE = 1 << 27
MOST_NUMBERS = 1 << 22
"""Numbers kept in memory of whole files, and in one answer before it is down-sampled: 32 MiB each."""
SUMMARY = 1024
"""Points of a file's summary."""
LOOK_EVERY = 1.0
PATIENCE = 4.0
"""Seconds for one question; who asks again goes on where that ended."""


@dataclass
class TextFile:
    """What is known of one file."""

    path: Path
    identity: tuple[int, int]
    """Device and number on it: another file of that name has another one."""
    size: int
    head: bytes
    first: float
    last: float
    tail: Samples
    samples: Samples | None = None
    """All of it up to `offset`, as long as there is room in memory."""
    offset: int = 0
    summary: Samples | None = None
    summary_stride: float = field(default=np.inf)

    @property
    def numbers(self) -> int:
        """How many numbers it has in memory."""
        return 0 if self.samples is None else self.samples[0].size + self.samples[1].size


class TextTable:
    """The samples in all files of a directory that match a pattern. Any thread may ask; one at a time is answered.

    Parameters
    ----------
    pattern
        Of the files' names, as :meth:`pathlib.Path.glob` takes it.
    complain
        Called with a file's name and its malformed lines.
    """

    def __init__(
        self,
        directory: Path,
        pattern: str,
        layout: Layout,
        complain: Callable[[str, list[str]], None] = lambda _name, _lines: None,
    ) -> None:
        self.directory = directory
        self.pattern = pattern
        self.layout = layout
        self._complain = complain
        self._files: dict[Path, TextFile] = {}
        self._looked = -np.inf
        self._lock = Lock()

    def samples(
        self, start: float, end: float, stride: float = 0.0
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
        """Return the samples in ``[start, end)``, UNIX seconds, as :func:`livemon.series.envelope.envelope` does.

        Raises
        ------
        RequestError
            If there are too many, or if they could not be read in time.
        """
        with self._lock:
            self._look()
            times, values = _joined(list(self._parts(start, end, stride)), len(self.layout.names))
        return envelope(times, values, start, end, stride)

    def latest(self) -> dict[str, tuple[float, float]]:
        """Return time and value of each column's newest sample in the last lines of the file that goes on longest."""
        with self._lock:
            self._look()
            newest = max(self._files.values(), key=lambda file: file.last, default=None)
        found = {}
        for name, row in zip(self.layout.names, newest.tail[1] if newest else (), strict=False):
            numbers = np.flatnonzero(~np.isnan(row))
            if numbers.size:
                found[name] = float(newest.tail[0][numbers[-1]]), float(row[numbers[-1]])
        return found

    def _parts(self, start: float, end: float, stride: float) -> Iterator[Samples]:
        deadline, numbers = time.monotonic() + PATIENCE, 0
        touched = [file for file in self._files.values() if file.last >= start and file.first < end]
        for file in sorted(touched, key=lambda file: file.first):
            if time.monotonic() > deadline:
                raise RequestError("reading the files took too long so far; ask again, or for a shorter interval")
            if file.summary is not None and file.summary_stride <= stride:
                times, values = file.summary
            else:
                times, values = self._read(file)
            inside = (times >= start) & (times < end)
            times, values, _ = envelope(times[inside], values[:, inside], start, end, stride)
            numbers += times.size + values.size
            if numbers > MOST_NUMBERS:
                raise RequestError(f"more than {MOST_NUMBERS} numbers; ask for less, or with a longer min_stride")
            yield times, values

    def _read(self, file: TextFile) -> Samples:
        """Return all samples of a file; of one that is in memory only what is new has to be read."""
        if file.samples is None:
            file.samples, file.offset = (np.empty(0), np.empty((len(self.layout.names), 0))), 0
        content = _bytes(file.path, file.offset, min(file.size, LARGEST_FILE))
        content = content[: content.rfind(b"\n") + 1]  # a line without its end is not one yet
        if content:
            parsed = self.layout.parse(content)
            if parsed.malformed:
                self._complain(file.path.name, parsed.malformed)
            parts = [file.samples, (parsed.times, parsed.values)]
            file.samples, file.offset = _joined(parts, len(self.layout.names)), file.offset + len(content)
            self._summarise(file)
        # To the end of the files: those at the beginning are forgotten first.
        self._files[file.path] = self._files.pop(file.path)
        self._make_room(file)
        return file.samples

    def _make_room(self, kept: TextFile) -> None:
        numbers = sum(file.numbers for file in self._files.values())
        for file in list(self._files.values()):
            if numbers <= MOST_NUMBERS:
                return
            if file is not kept:
                numbers -= file.numbers
                file.samples = None

    def _summarise(self, file: TextFile) -> None:
        times, values = file.samples
        if times.size > 2 * SUMMARY and file.last < max(other.last for other in self._files.values()):
            stride = (times[-1] - times[0]) / SUMMARY
            points, extremes, _ = envelope(times, values, times[0], np.inf, stride)
            # A point lies within a bucket, at most 2.5 strides, of what it stands for.
            file.summary, file.summary_stride = (points, extremes), 2.5 * stride

    def _look(self) -> None:
        """See what has happened to the files since; with very many of them less often."""
        begin = time.monotonic()
        if begin < self._looked:
            return
        found = {}
        for path in self.directory.glob(self.pattern):
            try:
                status = path.stat()
                if S_ISREG(status.st_mode) and (file := self._seen(path, status)) is not None:
                    found[path] = file
            except OSError:
                continue  # gone meanwhile, or not for us
        # In the order in which they were used.
        self._files = {path: found[path] for path in [*self._files, *found] if path in found}
        now = time.monotonic()
        self._looked = now + max(LOOK_EVERY, 20 * (now - begin))

    def _seen(self, path: Path, status: os.stat_result) -> TextFile | None:
        """Return what is known of a file now; `None` if it has no good line."""
        known, identity = self._files.get(path), (status.st_dev, status.st_ino)
        head = _bytes(path, 0, GLANCE)
        same = (
            known is not None
            and known.identity == identity
            and known.size <= status.st_size
            and head.startswith(known.head)
        )
        if same and known.size == status.st_size:
            return known
        begin = max(status.st_size - GLANCE, 0)
        lines = _bytes(path, begin, status.st_size)
        if begin:
            lines = lines[lines.find(b"\n") + 1 :]
        tail = self.layout.parse(lines[: lines.rfind(b"\n") + 1])
        first = self.layout.parse(head[: head.rfind(b"\n") + 1]).times
        if not tail.times.size or not first.size:
            return None
        if not same:
            known = TextFile(path, identity, 0, b"", float(first.min()), 0.0, (tail.times, tail.values))
        known.size, known.head, known.last, known.tail = (
            status.st_size,
            head[: status.st_size],
            float(tail.times.max()),
            (tail.times, tail.values),
        )
        known.summary = None
        return known


def _bytes(path: Path, begin: int, end: int) -> bytes:
    try:
        with path.open("rb") as opened:
            opened.seek(begin)
            return opened.read(max(end - begin, 0))
    except OSError:  # gone meanwhile
        return b""


def _joined(parts: list[Samples], rows: int) -> Samples:
    """Return samples with ascending times, each once."""
    if not parts:
        return np.empty(0), np.empty((rows, 0))
    times = np.concatenate([each for each, _ in parts])
    values = np.concatenate([each for _, each in parts], axis=1)
    if (np.diff(times) <= 0).any():
        times, first = np.unique(times, return_index=True)
        values = values[:, first]
    return times, values
