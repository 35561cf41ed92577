"""Text files of one layout in a directory, read as one series of samples.

Files are read in parts of some MiB, and only the parts that overlap an interval. Their samples stay in memory while there is room,
and a summary of each part for good: a plot of a year reads each file once, and a file may have any size. If a file grows, reading
goes on where it ended; if it is truncated, rewritten or replaced, it starts again. Lines whose local time occurs twice are read
together with the lines around them, in whichever part those are.
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
"""Bytes at both ends of a part in which its first and last times are looked for."""
PART = 1 << 22
"""Bytes."""
MAX_LINE = 1 << 16
"""Bytes."""
MAX_NUMBERS = 1 << 22
"""Numbers of whole parts that are kept in memory, and in one answer before it is down-sampled: 32 MiB each."""
SUMMARY = 1024
"""Points in the summary of a part."""
CHECK_EVERY = 1.0
"""Seconds between two checks of the files, at least."""
PATIENCE = 4.0
"""Seconds for one question; the next one goes on where it ended."""


@dataclass(eq=False)
class Part:
    """Whole lines of a file, from one byte to another; only the last part of a file grows."""

    path: Path
    begin: int
    end: int = 0
    first: float = np.inf
    last: float = -np.inf
    """Times of its first and last lines; by default no interval overlaps it."""
    tail: Samples | None = None
    """The content of its last lines; `None` if it has no times."""
    samples: Samples | None = None
    """Its content up to `offset`, while there is room in memory."""
    offset: int = 0
    unsettled: int = 0
    """The file's size if later lines may show when the last one was written, otherwise 0."""
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
        """Note lines that cannot be read, after `before` others; return whether there are more than known so far."""
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
    """Device and inode: another file of the same name has others."""
    parts: list[Part]
    stamp: tuple[int, int] = (0, 0)
    """Size in bytes, and modification time in nanoseconds."""
    head: bytes = b""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.stamp[0]

    @property
    def malformed(self) -> int:
        """How many of its lines cannot be read, as far as it has been read."""
        return sum(part.malformed for part in self.parts)

    @property
    def is_unreadable(self) -> bool:
        """Whether no line could be read at the ends of any part, and there is more than one (a heading)."""
        return self.malformed > 1 and all(part.first > part.last for part in self.parts)


class TextTable:
    """The samples in all files of a directory that match a pattern. Thread-safe; answers one question at a time.

    Parameters
    ----------
    directory
        Where the files are; it may be missing.
    pattern
        Of the files' names, as for :meth:`pathlib.Path.glob`.
    layout
        How their lines are read.
    on_malformed
        Called with a file's name and its malformed lines, in the thread of the question.
    """

    def __init__(
        self,
        directory: Path,
        pattern: str,
        layout: Layout,
        on_malformed: Callable[[str, list[str]], None] = lambda _name, _lines: None,
    ) -> None:
        self.directory = directory
        self.pattern = pattern
        self.layout = layout
        self._on_malformed = on_malformed
        self._files: dict[Path, TextFile] = {}
        self._parts: list[Part] = []
        self._newest_tail: Samples | None = None
        self._newest: Part | None = None
        self._in_memory: list[Part] = []
        """The least recently used part first."""
        self._next_check = -np.inf
        self._lock = Lock()
        self.malformed = 0
        """Lines of all files that cannot be read, as far as the files have been read."""
        self.unreadable: list[str] = []
        """One sentence for each file of which no line can be read."""

    def samples(self, start: float, end: float, stride: float = 0.0, spaced: bool = False) -> Points:
        """Return the samples in ``[start, end)``, UNIX seconds, as :func:`livemon.series.envelope.fitted` does.

        Raises
        ------
        RequestError
            If there are too many, or if they could not be read in time.
        """
        with self._lock:
            self._check()
            parts = list(self._points(start, end, stride))
        times, values = _joined([(times, values) for times, values, _, _ in parts], len(self.layout.names))
        dense = any(each.thinned for each in parts)
        points = fitted(times, values, start, end, stride, spaced=spaced or dense)
        # A dense part had room only for its share of the interval.
        return points._replace(thinned=None) if dense else points

    def latest(self) -> dict[str, tuple[float, float]]:
        """Return time and value of each column's newest sample, from the last lines of the file with the newest sample."""
        with self._lock:
            self._check()
            tail = self._newest_tail
        found: dict[str, tuple[float, float]] = {}
        if tail is None:
            return found
        times, values = tail
        for name, row in zip(self.layout.names, values, strict=False):
            numbers = np.flatnonzero(~np.isnan(row))
            if numbers.size:
                found[name] = float(times[numbers[-1]]), float(row[numbers[-1]])
        return found

    def _points(self, start: float, end: float, stride: float) -> Iterator[Points]:
        """Yield the samples of each part that overlaps an interval, by time."""
        deadline, numbers = time.monotonic() + PATIENCE, 0
        overlapping = [part for part in self._parts if part.last >= start and part.first < end]
        for part in sorted(overlapping, key=lambda part: part.first):
            if time.monotonic() > deadline:
                raise RequestError("reading the files takes too long; ask again, or for a shorter interval")
            summary = part.summary if part.summary_stride <= stride else None
            times, values = summary if summary is not None else self._read(part)
            inside = (times >= start) & (times < end)
            times, values = times[inside], values[:, inside]
            points = Points(times, values, None, False)
            # Each part has room for as many points as its own share of the interval.
            if times.size and needs_thinning(times, times[0], times[-1] + stride, stride):
                points = fitted(times, values, start, end, stride, spaced=True)
            numbers += points.times.size + points.values.size
            if numbers > MAX_NUMBERS:
                raise RequestError(f"more than {MAX_NUMBERS} numbers; ask for less, or with a longer min_stride")
            yield points._replace(thinned=points.thinned or summary is not None)

    def _read(self, part: Part) -> Samples:
        """Return all samples of a part; if it is in memory, only what is new is read."""
        samples = part.samples
        if samples is None or part.unsettled not in {0, _size_and_time(part.path)[0]}:
            samples, part.offset = (np.empty(0), np.empty((len(self.layout.names), 0))), part.begin
            part.read_malformed = 0
        content = _lines(part.path, part.offset, part.end)
        if content:
            parsed, part.unsettled = self._parsed(part.path, part.offset, content)
            if part.note(parsed.malformed, part.read_malformed):
                self._on_malformed(part.path.name, parsed.malformed)
            part.read_malformed += len(parsed.malformed)
            samples = _joined([samples, (parsed.times, parsed.values)], len(self.layout.names))
            part.offset += len(content)
        part.samples = samples
        grows = part is self._newest or part.unsettled  # a summary of it would make the points of a plot move
        if part.summary is None and not grows:
            _summarise(part, samples)
        self._in_memory = [*(each for each in self._in_memory if each is not part), part]
        self._make_room()
        return samples

    def _make_room(self) -> None:
        numbers = sum(part.numbers for part in self._in_memory)
        while numbers > MAX_NUMBERS and len(self._in_memory) > 1:
            oldest = self._in_memory.pop(0)
            numbers -= oldest.numbers
            oldest.samples = None

    def _check(self) -> None:
        """Find new, changed and removed files; less often if there are very many."""
        begin = time.monotonic()
        if begin < self._next_check:
            return
        found = {}
        for path in self.directory.glob(self.pattern):
            try:
                status = path.stat()
                if S_ISREG(status.st_mode):
                    found[path] = self._file(path, status)
            except OSError:
                continue  # removed meanwhile, or not readable
        self._files = found
        self._parts = [part for file in found.values() for part in file.parts]
        self._newest, self._newest_tail = None, None
        for part in self._parts:
            if part.tail is not None and (self._newest_tail is None or part.tail[0].max() > self._newest_tail[0].max()):
                self._newest, self._newest_tail = part, part.tail
        self.malformed = sum(file.malformed for file in found.values())
        self.unreadable = [self._sentence(file) for file in found.values() if file.is_unreadable]
        present = {id(part) for part in self._parts}
        self._in_memory = [part for part in self._in_memory if id(part) in present]
        now = time.monotonic()
        self._next_check = now + max(CHECK_EVERY, 20 * (now - begin))

    def _sentence(self, file: TextFile) -> str:
        line = next(part.first_malformed for part in file.parts if part.first_malformed)
        return f"no line of {file.path.name} can be read, the first is {shown(line)}: {self.layout.fault(line)}"

    def _file(self, path: Path, status: os.stat_result) -> TextFile:
        """Return what is known of a file, after looking at what is new in it."""
        known, identity = self._files.get(path), (status.st_dev, status.st_ino)
        stamp = status.st_size, status.st_mtime_ns
        if known is not None and (known.identity, known.stamp) == (identity, stamp):
            return known
        head = _bytes(path, 0, min(GLANCE, status.st_size))
        file = known
        if file is None or file.identity != identity or file.size >= status.st_size or not head.startswith(file.head):
            file = TextFile(path, identity, [Part(path, 0)])
        file.stamp, file.head = stamp, head
        self._divide(file)
        return file

    def _divide(self, file: TextFile) -> None:
        """Divide what is new in a file into parts."""
        part = file.parts[-1]
        while file.size - part.begin > PART:
            limit = part.begin + PART
            found = _bytes(file.path, limit - 1, limit + MAX_LINE).find(b"\n")
            if found < 0 and file.size - limit < MAX_LINE:
                break  # a line that is being written
            part.end = limit + max(found, 0)
            self._glance(part)
            part = Part(file.path, part.end)
            file.parts.append(part)
        part.end, part.summary = file.size, None
        self._glance(part)

    def _glance(self, part: Part) -> None:
        """Find the first and last times of a part. A file without a readable line at either end is not one of ours."""
        begin = max(part.end - GLANCE, part.begin)
        if begin > part.begin:
            begin += _bytes(part.path, begin, part.end).find(b"\n") + 1
        tail, _ = self._parsed(part.path, begin, _lines(part.path, begin, part.end))
        head, _ = self._parsed(part.path, part.begin, _lines(part.path, part.begin, min(part.begin + GLANCE, begin)))
        first = head.times if begin > part.begin else tail.times
        malformed = head.malformed + tail.malformed
        if part.note(malformed):
            self._on_malformed(part.path.name, malformed)
        if tail.times.size:
            part.tail = tail.times, tail.values
        if tail.times.size or first.size:
            part.first = float(first.min()) if first.size else -np.inf
            part.last = float(tail.times.max()) if tail.times.size else np.inf

    def _parsed(self, path: Path, begin: int, content: bytes) -> tuple[Parsed, int]:
        """Parse lines from one byte of a file on, with the lines around them where their local times occur twice.

        Return also the file's size if later lines may show the times of the last ones, otherwise 0.
        """
        end, (size, modified) = begin + len(content), _size_and_time(path)
        before, reach = b"", GLANCE
        while len(before) < begin and self.layout.is_ambiguous((before or content)[:GLANCE], 0):
            before, reach = _lines_before(path, begin, reach), 2 * reach
        after, reach = b"", GLANCE
        while reach < 2 * (size - end) + GLANCE and self.layout.is_ambiguous((after or content)[-GLANCE:], -1):
            after, reach = _lines(path, end, end + reach), 2 * reach
        parsed = self.layout.parse(content, before, after, modified)
        return parsed, size if self.layout.is_ambiguous((after or content)[-GLANCE:], -1) else 0


def _size_and_time(path: Path) -> tuple[int, float]:
    """Return a file's size in bytes and its modification time, UNIX seconds."""
    try:
        status = path.stat()
    except OSError:  # removed meanwhile
        return 0, 0.0
    return status.st_size, status.st_mtime


def _summarise(part: Part, samples: Samples) -> None:
    times, values = samples
    if times.size > 2 * SUMMARY:
        stride = (times[-1] - times[0]) / SUMMARY
        points, extremes, _, _ = fitted(times, values, times[0], np.nextafter(times[-1], np.inf), stride)
        # A point is within a bucket, at most 2.5 strides, of the sample that it stands for.
        part.summary, part.summary_stride = (points, extremes), 2.5 * stride


def _lines(path: Path, begin: int, end: int) -> bytes:
    """Return the whole lines from the start of a line up to `end`: a line without its end is not complete yet."""
    content = _bytes(path, begin, end)
    return content[: content.rfind(b"\n") + 1]


def _lines_before(path: Path, end: int, length: int) -> bytes:
    """Return the whole lines in about `length` bytes before the start of a line."""
    begin = max(end - length, 0)
    content = _bytes(path, begin, end)
    return content[content.find(b"\n") + 1 :] if begin else content


def _bytes(path: Path, begin: int, end: int) -> bytes:
    try:
        with path.open("rb") as opened:
            opened.seek(begin)
            return opened.read(max(end - begin, 0))
    except OSError:  # removed meanwhile
        return b""


def _joined(parts: list[Samples], rows: int) -> Samples:
    """Return samples with ascending times, each once; `rows` is the number of columns."""
    if not parts:
        return np.empty(0), np.empty((rows, 0))
    times = np.concatenate([each for each, _ in parts])
    values = np.concatenate([each for _, each in parts], axis=1)
    if (np.diff(times) <= 0).any():
        times, first = np.unique(times, return_index=True)
        values = values[:, first]
    return times, values
