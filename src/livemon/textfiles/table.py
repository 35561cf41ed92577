"""Text files of one layout in a directory, read as one series of samples.

Files are read in parts of some MiB, and only those parts that an interval touches. Their samples stay in memory as long as there is
room, and a summary of each for ever: a plot of a year reads each file once, and a file may have any size. One that grows is read on
where it ended; one that was truncated, rewritten or replaced is begun anew. Lines of an hour that comes twice in local time are read
together with those around them, whatever the part.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from threading import Lock

import numpy as np

from livemon.errors import RequestError, shown
from livemon.series.envelope import Points, fitted, needs_thinning
from livemon.textfiles.layout import Layout, Parsed, Samples

GLANCE = 1 << 14
"""Bytes at a part's begin and end in which its first and last times are looked for."""
PART = 1 << 22
LONGEST_LINE = 1 << 16
MOST_NUMBERS = 1 << 22
"""Numbers kept in memory of whole parts, and in one answer before it is down-sampled: 32 MiB each."""
SUMMARY = 1024
"""Points of a part's summary."""
LOOK_EVERY = 1.0
PATIENCE = 4.0
"""Seconds for one question; who asks again goes on where that ended."""


@dataclass(eq=False)
class Part:
    """Whole lines of a file, from one byte to another; only the last part of a file grows."""

    path: Path
    begin: int
    end: int = 0
    first: float = np.inf
    last: float = -np.inf
    """Times of its first and last lines; of what has none here, no interval touches it."""
    tail: Samples | None = None
    """What is in its last lines."""
    samples: Samples | None = None
    """All of it up to `offset`, as long as there is room in memory."""
    offset: int = 0
    unsettled: int = 0
    """The file's size if more lines may tell when the last one was written."""
    malformed: int = 0
    """Lines that cannot be read, as far as it has been read."""
    read_malformed: int = 0
    """Of these, the ones up to `offset`."""
    first_malformed: str = ""
    summary: Samples | None = None
    summary_stride: float = np.inf

    @property
    def numbers(self) -> int:
        """How many numbers it has in memory."""
        return 0 if self.samples is None else self.samples[0].size + self.samples[1].size

    def note(self, malformed: list[str], before: int = 0) -> bool:
        """Note lines that cannot be read, `before` many others being in front of them; return whether there are more than known."""
        are_more = before + len(malformed) > self.malformed
        if are_more:
            self.malformed = before + len(malformed)
            self.first_malformed = self.first_malformed or malformed[0]
        return are_more


@dataclass
class TextFile:
    """What is known of one file."""

    path: Path
    identity: tuple[int, int]
    """Device and number on it: another file of that name has another one."""
    parts: list[Part]
    written: tuple[int, int] = (0, 0)
    """Its size, and when it was written last, nanoseconds."""
    head: bytes = b""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.written[0]

    @property
    def malformed(self) -> int:
        """How many of its lines cannot be read, as far as it has been read."""
        return sum(part.malformed for part in self.parts)

    @property
    def is_foreign(self) -> bool:
        """Whether no line could be read where parts begin and end, and that was more than a heading."""
        return self.malformed > 1 and all(part.first > part.last for part in self.parts)


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
        self._all: list[Part] = []
        self._newest: Part | None = None
        self._kept: list[Part] = []
        """Those in memory, in the order in which they were used."""
        self._looked = -np.inf
        self._lock = Lock()
        self.malformed = 0
        """Lines of all files that cannot be read, as far as the files have been read."""
        self.foreign: list[str] = []
        """What is wrong with each file of which no line can be read, one sentence each."""

    def samples(self, start: float, end: float, stride: float = 0.0, spaced: bool = False) -> Points:
        """Return the samples in ``[start, end)``, UNIX seconds, as :func:`livemon.series.envelope.fitted` does.

        Raises
        ------
        RequestError
            If there are too many, or if they could not be read in time.
        """
        with self._lock:
            self._look()
            parts = list(self._parts(start, end, stride))
        times, values = _joined([(times, values) for times, values, _, _ in parts], len(self.layout.names))
        dense = any(each.thinned for each in parts)
        points = fitted(times, values, start, end, stride, spaced=spaced or dense)
        # A dense part has had no more room than its share of the interval.
        return points._replace(thinned=None) if dense else points

    def latest(self) -> dict[str, tuple[float, float]]:
        """Return time and value of each column's newest sample in the last lines of the file that goes on longest."""
        with self._lock:
            self._look()
            tail = self._newest and self._newest.tail
        found = {}
        for name, row in zip(self.layout.names, tail[1] if tail else (), strict=False):
            numbers = np.flatnonzero(~np.isnan(row))
            if numbers.size:
                found[name] = float(tail[0][numbers[-1]]), float(row[numbers[-1]])
        return found

    def _parts(self, start: float, end: float, stride: float) -> Iterator[Points]:
        deadline, numbers = time.monotonic() + PATIENCE, 0
        touched = [part for part in self._all if part.last >= start and part.first < end]
        for part in sorted(touched, key=lambda part: part.first):
            if time.monotonic() > deadline:
                raise RequestError("reading the files took too long so far; ask again, or for a shorter interval")
            summarised = part.summary is not None and part.summary_stride <= stride
            times, values = part.summary if summarised else self._read(part)
            inside = (times >= start) & (times < end)
            times, values = times[inside], values[:, inside]
            points = Points(times, values, None, False)
            # Each part has room for as many points as its own share of the interval.
            if times.size and needs_thinning(times, times[0], times[-1] + stride, stride):
                points = fitted(times, values, start, end, stride, spaced=True)
            numbers += points.times.size + points.values.size
            if numbers > MOST_NUMBERS:
                raise RequestError(f"more than {MOST_NUMBERS} numbers; ask for less, or with a longer min_stride")
            yield points._replace(thinned=points.thinned or summarised)

    def _read(self, part: Part) -> Samples:
        """Return all samples of a part; of one that is in memory only what is new has to be read."""
        if part.samples is None or part.unsettled not in {0, _written(part.path)[0]}:
            part.samples, part.offset = (np.empty(0), np.empty((len(self.layout.names), 0))), part.begin
            part.read_malformed = 0
        content = _lines(part.path, part.offset, part.end)
        if content:
            parsed, part.unsettled = self._parsed(part.path, part.offset, content)
            if part.note(parsed.malformed, part.read_malformed):
                self._complain(part.path.name, parsed.malformed)
            part.read_malformed += len(parsed.malformed)
            samples = [part.samples, (parsed.times, parsed.values)]
            part.samples, part.offset = _joined(samples, len(self.layout.names)), part.offset + len(content)
        grows = part is self._newest or part.unsettled  # and would make points of a plot move
        if part.summary is None and not grows:
            _summarise(part)
        self._kept = [*(each for each in self._kept if each is not part), part]
        self._make_room()
        return part.samples

    def _make_room(self) -> None:
        numbers = sum(part.numbers for part in self._kept)
        while numbers > MOST_NUMBERS and len(self._kept) > 1:
            forgotten = self._kept.pop(0)
            numbers -= forgotten.numbers
            forgotten.samples = None

    def _look(self) -> None:
        """See what has happened to the files since; with very many of them less often."""
        begin = time.monotonic()
        if begin < self._looked:
            return
        found = {}
        for path in self.directory.glob(self.pattern):
            try:
                status = path.stat()
                if S_ISREG(status.st_mode):
                    found[path] = self._seen(path, status)
            except OSError:
                continue  # gone meanwhile, or not for us
        self._files = found
        self._all = [part for file in found.values() for part in file.parts]
        self._newest = max(
            (part for part in self._all if part.tail is not None), key=lambda part: part.tail[0].max(), default=None
        )
        self.malformed = sum(file.malformed for file in found.values())
        self.foreign = [self._sentence(file) for file in found.values() if file.is_foreign]
        there = {id(part) for part in self._all}
        self._kept = [part for part in self._kept if id(part) in there]
        now = time.monotonic()
        self._looked = now + max(LOOK_EVERY, 20 * (now - begin))

    def _sentence(self, file: TextFile) -> str:
        line = next(part.first_malformed for part in file.parts if part.first_malformed)
        return f"no line of {file.path.name} can be read, the first is {shown(line)}: {self.layout.fault(line)}"

    def _seen(self, path: Path, status: os.stat_result) -> TextFile:
        """Return what is known of a file now."""
        known, identity = self._files.get(path), (status.st_dev, status.st_ino)
        written = status.st_size, status.st_mtime_ns
        if known is not None and (known.identity, known.written) == (identity, written):
            return known
        head = _bytes(path, 0, min(GLANCE, status.st_size))
        goes_on = known is not None and known.identity == identity and known.size < status.st_size
        if not goes_on or not head.startswith(known.head):
            known = TextFile(path, identity, [Part(path, 0)])
        known.written, known.head = written, head
        self._divide(known)
        return known

    def _divide(self, file: TextFile) -> None:
        """Make parts of what a file has more than before."""
        part = file.parts[-1]
        while file.size - part.begin > PART:
            limit = part.begin + PART
            found = _bytes(file.path, limit - 1, limit + LONGEST_LINE).find(b"\n")
            if found < 0 and file.size - limit < LONGEST_LINE:
                break  # a line that is being written
            part.end = limit + max(found, 0)
            self._glance(part)
            part = Part(file.path, part.end)
            file.parts.append(part)
        part.end, part.summary = file.size, None
        self._glance(part)

    def _glance(self, part: Part) -> None:
        """Find where in time a part begins and ends. A file that has no good line at either place is none of ours."""
        begin = max(part.end - GLANCE, part.begin)
        if begin > part.begin:
            begin += _bytes(part.path, begin, part.end).find(b"\n") + 1
        tail, _ = self._parsed(part.path, begin, _lines(part.path, begin, part.end))
        head, _ = self._parsed(part.path, part.begin, _lines(part.path, part.begin, min(part.begin + GLANCE, begin)))
        first = head.times if begin > part.begin else tail.times
        malformed = head.malformed + tail.malformed
        if part.note(malformed):
            self._complain(part.path.name, malformed)
        if tail.times.size:
            part.tail = tail.times, tail.values
        if tail.times.size or first.size:
            part.first = float(first.min()) if first.size else -np.inf
            part.last = float(tail.times.max()) if tail.times.size else np.inf

    def _parsed(self, path: Path, begin: int, content: bytes) -> tuple[Parsed, int]:
        """Return what is in the lines from one byte of a file on, read with those around them where these may tell their times.

        And the file's size if lines that are to come may tell the times of the last ones, otherwise 0.
        """
        end, (size, written) = begin + len(content), _written(path)
        before, reach = b"", GLANCE
        while len(before) < begin and self.layout.is_twice((before or content)[:GLANCE], 0):
            before, reach = _lines_before(path, begin, reach), 2 * reach
        after, reach = b"", GLANCE
        while reach < 2 * (size - end) + GLANCE and self.layout.is_twice((after or content)[-GLANCE:], -1):
            after, reach = _lines(path, end, end + reach), 2 * reach
        parsed = self.layout.parse(content, before, after, written)
        return parsed, size if self.layout.is_twice((after or content)[-GLANCE:], -1) else 0


def _written(path: Path) -> tuple[int, float]:
    """Return a file's size and when it was written last, UNIX seconds."""
    try:
        status = path.stat()
    except OSError:  # gone meanwhile
        return 0, 0.0
    return status.st_size, status.st_mtime


def _summarise(part: Part) -> None:
    times, values = part.samples
    if times.size > 2 * SUMMARY:
        stride = (times[-1] - times[0]) / SUMMARY
        points, extremes, _, _ = fitted(times, values, times[0], np.nextafter(times[-1], np.inf), stride)
        # A point lies within a bucket, at most 2.5 strides, of what it stands for.
        part.summary, part.summary_stride = (points, extremes), 2.5 * stride


def _lines(path: Path, begin: int, end: int) -> bytes:
    """Return the lines that begin at a line's begin and end before `end`: one without its end is not one yet."""
    content = _bytes(path, begin, end)
    return content[: content.rfind(b"\n") + 1]


def _lines_before(path: Path, end: int, length: int) -> bytes:
    """Return the whole lines in about `length` bytes before a line's begin."""
    begin = max(end - length, 0)
    content = _bytes(path, begin, end)
    return content[content.find(b"\n") + 1 :] if begin else content


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
