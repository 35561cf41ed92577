"""Gaps of the archive: what each of them is, and the list of them that stands beside the archive."""

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
"""Of the list, some 20,000 gaps. When it has more, the older half of it is left out."""
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
"""Reasons for which somebody decided that samples are not archived: a gap, but nothing that was lost."""


@dataclass(frozen=True)
class Gap:
    """A stretch in which the archive has no sample of a feed.

    `begin` is the time of the last archived sample before it and `end` that of the first one after it, both in UNIX seconds (UTC).
    Of a feed that published nothing that arrived after a loss, `end` is when its agent told of the loss. `samples` is how many
    samples the agent published that the archive does not have, 0 where it is known that there are none, and `None` where nobody
    counted.
    """

    feed: str
    begin: float
    end: float
    samples: int | None
    reason: str

    @property
    def seconds(self) -> float:
        """Its length."""
        return max(self.end - self.begin, 0.0)

    @property
    def is_loss(self) -> bool:
        """Whether samples are missing, or may be, that somebody wanted to have."""
        return self.samples != 0 and self.reason not in DELIBERATE

    def as_dict(self) -> dict[str, Any]:
        """Return it in JSON types: ``begin``, ``end``, ``feed``, ``reason``, ``samples``."""
        return dataclasses.asdict(self)


def gap_of(content: Any) -> Gap:
    """Return the gap that :meth:`Gap.as_dict` made this of.

    Raises
    ------
    ValueError
        If it is not that of a gap.
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
    """Return gaps of which those of one feed and reason that follow each other within some seconds are one.

    Parameters
    ----------
    gaps
        In the order of their times, as far as they are of one feed.
    """
    found: list[Gap] = []
    newest: dict[str, int] = {}
    for gap in gaps:
        place = newest.get(gap.feed)
        before = found[place] if place is not None else None
        if before is not None and before.reason == gap.reason and 0 <= gap.begin - before.end < within:
            samples = None if None in (before.samples, gap.samples) else before.samples + gap.samples
            found[place] = Gap(gap.feed, before.begin, max(before.end, gap.end), samples, gap.reason)
        else:
            newest[gap.feed] = len(found)
            found.append(gap)
    return found


class GapList:
    """The file ``gaps.jsonl`` of an archive: a line of JSON for each gap, oldest first. The archive's frames have the same.

    One process writes, any number may read; a line that is not whole is passed over. A gap is known by its feed and its begin: of
    two lines with the same the later one counts.

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
        """Append gaps, on the disk when this returns; what is there already in the same words is left out.

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
        """Return all gaps in the list by their begin; none where there is no list."""
        try:
            about = self.path.stat()
            mark = about.st_mtime_ns, about.st_size
            if self._read is None or self._read[0] != mark:
                self._read = mark, _parsed(self.path.read_bytes())
        except FileNotFoundError:
            return []
        return self._read[1]

    def between(self, start: float, end: float) -> list[Gap]:
        """Return the gaps that have a part in ``[start, end)`` (UNIX seconds), by their begin.

        Raises
        ------
        OSError
            If there is a list and it cannot be read.
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
