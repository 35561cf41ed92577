"""Reading the archive into numpy, including the file that is being written."""

from __future__ import annotations

import os
import warnings
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spt3g import core

from livemon.errors import TimeRangeError, UnknownFieldError
from livemon.hkarchive.content import content_of
from livemon.hkarchive.damage import Frames, Hole, providers_of
from livemon.hkarchive.frames import DATA, STATUS, field_origins, unix_times
from livemon.hkarchive.writer import PART

Array = NDArray[Any]

DEFAULT_DATA_DIR = Path("/data/hk")
MARGIN = 3600.0
"""Seconds by which samples may be older than the file that holds them; so3g's ``load_range`` allows the same."""


class DamagedFileWarning(UserWarning):
    """Samples may be missing because a file of the archive is damaged: says in which file, where in it, and of what time.

    Attributes
    ----------
    path, holes
        The file and its damaged places.
    """

    def __init__(self, path: Path, holes: Sequence[Hole]) -> None:
        super().__init__(
            f"{path}: {'; '.join(map(str, holes))}. `livemon archive repair {path}` makes a copy that so3g reads"
        )
        self.path = path
        self.holes = tuple(holes)


@dataclass(frozen=True)
class Piece:
    """Co-sampled samples of one frame: times (UNIX seconds) and columns, shape (n,) each.

    `block` and the names of the columns are those that the agent gave them.
    """

    feed: str
    block: str
    times: Array
    columns: dict[str, Array]


@dataclass
class FieldSpan:
    """What the archive has of one field: number of samples, first and last time (UNIX seconds, both inclusive)."""

    count: int
    first: float
    last: float


def load(
    fields: Sequence[str], start: float, end: float, data_dir: Path | str | None = None
) -> dict[str, tuple[Array, Array]]:
    """Read samples with ``start <= t < end``.

    Parameters
    ----------
    fields
        Permanent names, ``observatory.<instance-id>.feeds.<feed>.<field>``, with the field's name as its agent or the
        archive has it (:func:`livemon.hkarchive.names.archived`).
    start, end
        UNIX seconds (UTC).
    data_dir
        The archive; by default the environment's ``OCS_DATA_DIR``, else ``/data/hk``.

    Returns
    -------
    dict
        For each field its times, float64 UNIX seconds, ascending, and its values: float64, bool or str, shape (n,) both. A time
        occurs twice only with two values, after a clock was set back; a sample that the archive has twice is returned once.
        Both arrays are empty if the archive has the field, but no sample in the range.

    Raises
    ------
    UnknownFieldError
        If no file in the range, or within an hour of it, has the field.
    TimeRangeError
        If `end` lies before `start`.

    Warns
    -----
    DamagedFileWarning
        For each file that was read and is partly damaged. What follows the damaged part is read.
    """
    parts: dict[str, list[tuple[Array, Array]]] = {field: [] for field in fields}
    seen: set[str] = set()
    # Only the archive knows which of the dots separates the feed's address from the field's name.
    feeds = {address for field in fields for address in accumulate(field.split("."), "{}.{}".format)}
    for block in _blocks(_directory(data_dir), start, end, feeds):
        keys = block.columns.keys()
        requested = [(key, name) for key in keys for name in block.fields(key) if name in parts]
        if not requested:
            continue
        seen.update(name for _, name in requested)
        inside = (block.times >= start) & (block.times < end)
        if inside.any():
            for key, name in requested:
                parts[name].append((block.times[inside], np.asarray(block.columns[key])[inside]))
    for field in fields:
        if field not in seen:
            raise UnknownFieldError(f"the archive has no field {field!r} around that time")
    return {field: _joined(pieces) for field, pieces in parts.items()}


def pieces(feeds: Container[str], start: float, end: float, data_dir: Path | str | None = None) -> Iterator[Piece]:
    """Yield the samples of some feeds (addresses) with ``start <= t < end``, frame by frame in the order of the files."""
    for block in _blocks(_directory(data_dir), start, end, feeds):
        inside = (block.times >= start) & (block.times < end)
        if inside.any():
            columns = {block.origins.get(key, key): np.asarray(column)[inside] for key, column in block.columns.items()}
            yield Piece(block.feed, block.name, block.times[inside], columns)


def scan(start: float, end: float, data_dir: Path | str | None = None) -> dict[str, FieldSpan]:
    """Return which fields have samples with ``start <= t < end``, and how many; arguments and warnings as in :func:`load`.

    Fields have their agents' names.
    """
    spans: dict[str, FieldSpan] = {}
    for block in _blocks(_directory(data_dir), start, end):
        times = block.times[(block.times >= start) & (block.times < end)]
        if not times.size:
            continue
        first, last = float(times.min()), float(times.max())
        for key in block.columns.keys():  # noqa: SIM118 - a map of spt3g's
            span = spans.setdefault(block.field(key), FieldSpan(0, first, last))
            span.count += times.size
            span.first = min(span.first, first)
            span.last = max(span.last, last)
    return spans


def files(data_dir: Path, start: float, end: float) -> list[Path]:
    """Return the files that may hold samples with ``start <= t < end``, oldest first, also the one being written."""
    if end < start:
        raise TimeRangeError(f"the range ends ({end:.3f}) before it starts ({start:.3f})")
    named = sorted(
        (int(path.name.split(".")[0]), path)
        for pattern in ("[0-9]*/[0-9]*.g3", f"[0-9]*/[0-9]*.g3{PART}")
        for path in data_dir.glob(pattern)
        if path.name.split(".")[0].isdigit()
    )
    # A file lasts until the next one begins.
    return [
        path
        for (ctime, path), (next_ctime, _) in pairwise([*named, (float("inf"), data_dir)])
        if ctime < end + MARGIN and next_ctime >= start - MARGIN
    ]


@dataclass(frozen=True)
class _FrameBlock:
    """One block of a data frame; `origins` has the agent's names of those fields that have another one in the archive."""

    feed: str
    name: str
    times: Array
    columns: core.G3TimesampleMap
    origins: dict[str, str]

    def field(self, key: str) -> str:
        """Return the permanent name of a field, with its agent's name for it."""
        return f"{self.feed}.{self.origins.get(key, key)}"

    def fields(self, key: str) -> list[str]:
        """Return the permanent names of a field: the agent's, and the archive's if that is different."""
        return [self.field(key), *([f"{self.feed}.{key}"] if key in self.origins else [])]


def _blocks(data_dir: Path, start: float, end: float, feeds: Container[str] | None = None) -> Iterator[_FrameBlock]:
    """Yield the blocks of all data frames, or of those of some feeds."""
    for path in files(data_dir, start, end):
        providers: dict[int, str] = {}
        for frame in _frames(path):
            kind = frame["hkagg_type"]
            if kind == STATUS:
                providers = providers_of(frame)
            elif kind == DATA:
                feed = providers.get(frame["prov_id"]) or _address(frame)
                if feeds is None or feed in feeds:
                    yield from _blocks_of(frame, feed)


def _address(frame: core.G3Frame) -> str:
    """Return the feed's address from the data frame itself: the status frame that lists the provider may be damaged."""
    return str(frame.get("address", f"provider_{frame['prov_id']}"))


def _blocks_of(frame: core.G3Frame, feed: str) -> Iterator[_FrameBlock]:
    names = frame["block_origins"] if "block_origins" in frame else frame["block_names"]
    origins = field_origins(frame)
    for name, block in zip(names, frame["blocks"], strict=True):
        yield _FrameBlock(feed, name, unix_times(block.times), block, origins)


def _frames(path: Path) -> Iterator[core.G3Frame]:
    """Yield the frames of a file, also if it gets its final name at this moment."""
    try:
        yield from _whole_frames(path)
    except FileNotFoundError:
        if path.suffix != PART:
            raise
        yield from _whole_frames(path.with_suffix(""))


def _whole_frames(path: Path) -> Iterator[core.G3Frame]:
    """Yield the whole frames of a file, and warn about the rest."""
    with content_of(path) as content:
        frames = Frames(content)
        for whole in frames:
            yield whole.frame
        # The end of a file that is being written may be half a frame.
        holes = [hole for hole in frames.holes if path.suffix != PART or hole.end < len(content)]
    if holes:
        warnings.warn(DamagedFileWarning(path, holes), stacklevel=2)


def _joined(pieces: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    if not pieces:
        return np.empty(0), np.empty(0)
    times, values = (np.concatenate(each) for each in zip(*pieces, strict=True))
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[order]
    kept = np.ones(times.size, dtype=bool)
    seen: set[tuple[float, object]] = set()
    ties = np.flatnonzero(times[1:] == times[:-1])
    for row in np.union1d(ties, ties + 1):
        value = values[row].item()
        sample = times[row], value if value == value else None  # noqa: PLR0124 - NaN is not
        kept[row] = sample not in seen
        seen.add(sample)
    return times[kept], values[kept]


def _directory(data_dir: Path | str | None) -> Path:
    return Path(data_dir or os.environ.get("OCS_DATA_DIR") or DEFAULT_DATA_DIR)
