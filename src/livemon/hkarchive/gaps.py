"""Gaps of the archive: what each of them is, and the list of them beside the archive."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from livemon.files import write_for_group

LIST = "gaps.jsonl"
MOST_BYTES = 4 << 20
"""Of the list, some 20,000 gaps. When it has more, its older half is dropped."""
FILE_MODE = 0o640

ROUTER = "the router was away"
AGGREGATOR = "the aggregator was not running"
STOPPED = "the recording was stopped"
DISK = "the disk took nothing"
OVERFLOW = "more came than could be recorded"
TOO_LARGE = "a message was too large"
NOT_ARCHIVED = "no frame could be made of it"
DISCONNECTED = "the agent was not connected to the router"
RESTARTED = "the agent was restarted"
UNKNOWN = "unknown"

DELIBERATE = frozenset({STOPPED})
"""Reasons that were intended: a gap, but no loss."""


@dataclass(frozen=True)
class Gap:
    """A stretch in which the archive has no sample of a feed.

    `begin` is the time of the last archived sample before it and `end` that of the first one after it, both in UNIX seconds (UTC).
    If nothing of the feed arrived after a loss, `end` is when its agent reported the loss. `samples` is how many samples the agent
    published that the archive does not have, 0 if there are certainly none, and `None` if they were not counted.
    """

    feed: str
    begin: float
    end: float
    samples: int | None
    reason: str

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return max(self.end - self.begin, 0.0)

    @property
    def is_loss(self) -> bool:
        """Whether samples that were to be archived are missing, or may be."""
        return self.samples != 0 and self.reason not in DELIBERATE

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON types: ``begin``, ``end``, ``feed``, ``reason``, ``samples``."""
        return dataclasses.asdict(self)


def gap_of(content: Any) -> Gap:
    """Return the gap that :meth:`Gap.as_dict` returned as `content`.

    Raises
    ------
    ValueError
        If it is not the content of a gap.
    """
    try:
        samples = content["samples"]
        gap = Gap(
            str(content["feed"]),
            float(content["begin"]),
            float(content["end"]),
            None if samples is None else int(samples),
            str(content["reason"]),
        )
    except (KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"{content!r} is not a gap: {error!r}") from error
    if not math.isfinite(gap.begin) or not math.isfinite(gap.end):
        raise ValueError(f"{content!r} is not a gap: its times are not finite")
    return gap


def merged(gaps: Iterable[Gap], within: float) -> list[Gap]:
    """Return the gaps with those merged that are of one feed and reason and less than `within` seconds apart.

    Parameters
    ----------
    gaps
        Those of one feed in the order of their times.
    """
    found: list[Gap] = []
    newest: dict[str, int] = {}
    for gap in gaps:
        place = newest.get(gap.feed)
        if place is not None and _follows(found[place], gap, within):
            found[place] = _joined(found[place], gap)
        else:
            newest[gap.feed] = len(found)
            found.append(gap)
    return found


def _follows(before: Gap, gap: Gap, within: float) -> bool:
    return before.reason == gap.reason and 0 <= gap.begin - before.end < within


def _joined(before: Gap, gap: Gap) -> Gap:
    samples = None if before.samples is None or gap.samples is None else before.samples + gap.samples
    return Gap(gap.feed, before.begin, max(before.end, gap.end), samples, gap.reason)


class GapList:
    """The file ``gaps.jsonl`` of an archive: a line of JSON for each gap, oldest first. The archive's frames have the same.

    One process writes, any number may read; an incomplete line is ignored. A gap is identified by its feed and its begin: of two
    lines with the same ones the later counts.

    Parameters
    ----------
    data_dir
        The archive.
    """

    def __init__(self, data_dir: Path, most_bytes: int = MOST_BYTES) -> None:
        self.path = data_dir / LIST
        self._most_bytes = most_bytes
        self._read: tuple[tuple[int, int], list[Gap]] | None = None

    def add(self, gaps: Iterable[Gap]) -> None:
        """Append gaps that the list does not have already; they are on the disk when this returns.

        Raises
        ------
        OSError
            If they cannot be stored.
        """
        known = set(self.all())
        new = [gap for gap in gaps if gap not in known]
        if not new:
            return
        lines = "".join(f"{_line(gap)}\n" for gap in new).encode()
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
        try:
            size = os.fstat(descriptor).st_size
            is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            _write_all(descriptor, b"\n" + lines if is_torn else lines)
        finally:
            os.close(descriptor)
        if size + len(lines) > self._most_bytes:
            self._shorten()

    def all(self) -> list[Gap]:
        """Return all gaps in the list by their begin; empty if there is no list."""
        try:
            about = self.path.stat()
            mark = about.st_mtime_ns, about.st_size
            if self._read is None or self._read[0] != mark:
                self._read = mark, _parsed(self.path.read_bytes())
        except FileNotFoundError:
            return []
        return self._read[1]

    def between(self, start: float, end: float) -> list[Gap]:
        """Return the gaps that overlap ``[start, end)`` (UNIX seconds), by their begin.

        Raises
        ------
        OSError
            If the list exists but cannot be read.
        """
        return [gap for gap in self.all() if gap.begin < end and gap.end >= start]

    def _shorten(self) -> None:
        kept = self.all()
        write_for_group(self.path, "".join(f"{_line(gap)}\n" for gap in kept[len(kept) // 2 :]).encode())


def _line(gap: Gap) -> str:
    return json.dumps(gap.as_dict(), ensure_ascii=True)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _parsed(content: bytes) -> list[Gap]:
    gaps = {(gap.feed, gap.begin): gap for gap in _whole_lines(content)}
    return sorted(gaps.values(), key=lambda gap: gap.begin)


def _whole_lines(content: bytes) -> Iterator[Gap]:
    for line in content.splitlines():
        try:
            yield gap_of(json.loads(line))
        except ValueError:
            continue
