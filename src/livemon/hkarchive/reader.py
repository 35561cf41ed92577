"""Reading the archive into numpy, with the file that is being written."""

from __future__ import annotations

import os
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from spt3g import core

from livemon.errors import TimeRangeError, UnknownFieldError
from livemon.hkarchive.frames import DATA, STATUS, unix_times
from livemon.hkarchive.writer import PART, frames_of

DEFAULT_DATA_DIR = Path("/data/hk")
MARGIN = 3600.0
"""Seconds by which samples may be older than the file that holds them; so3g's ``load_range`` allows the same."""


@dataclass(frozen=True)
class Piece:
    """Co-sampled samples as they stand in one frame: times (UNIX seconds) and columns, shape (n,) each.

    `block` is what the agent calls their block.
    """

    feed: str
    block: str
    times: np.ndarray
    columns: dict[str, np.ndarray]


@dataclass
class FieldSpan:
    """What the archive has of one field: number of samples, first and last time (UNIX seconds, both inclusive)."""

    count: int
    first: float
    last: float


def load(
    fields: Sequence[str], start: float, end: float, data_dir: Path | str | None = None
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read samples with ``start <= t < end``.

    Parameters
    ----------
    fields
        Permanent names, ``observatory.<instance-id>.feeds.<feed>.<field>``.
    start, end
        UNIX seconds (UTC).
    data_dir
        The archive; by default the environment's ``OCS_DATA_DIR``, else ``/data/hk``.

    Returns
    -------
    dict
        For each field its times, float64 UNIX seconds, strictly increasing, and its values: float64, bool or str.
        Both arrays are empty where the archive has the field, but no sample in the range.

    Raises
    ------
    UnknownFieldError
        If no file in the range, or within an hour of it, has the field.
    TimeRangeError
        If `end` lies before `start`.
    """
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {field: [] for field in fields}
    seen: set[str] = set()
    feeds = {field.rpartition(".")[0] for field in fields}
    for prefix, _name, block in _blocks(_directory(data_dir), start, end, feeds):
        wanted = [key for key in block.keys() if f"{prefix}.{key}" in parts]  # noqa: SIM118 - a map of spt3g's
        if not wanted:
            continue
        seen.update(f"{prefix}.{key}" for key in wanted)
        times = unix_times(block.times)
        inside = (times >= start) & (times < end)
        if inside.any():
            for key in wanted:
                parts[f"{prefix}.{key}"].append((times[inside], np.asarray(block[key])[inside]))
    for field in fields:
        if field not in seen:
            raise UnknownFieldError(f"the archive has no field {field!r} around that time")
    return {field: _joined(pieces) for field, pieces in parts.items()}


def pieces(feeds: Container[str], start: float, end: float, data_dir: Path | str | None = None) -> Iterator[Piece]:
    """Yield the samples of some feeds (addresses) with ``start <= t < end``, frame by frame in the order of the files."""
    for feed, name, block in _blocks(_directory(data_dir), start, end, feeds):
        times = unix_times(block.times)
        inside = (times >= start) & (times < end)
        if inside.any():
            yield Piece(feed, name, times[inside], {key: np.asarray(block[key])[inside] for key in block.keys()})  # noqa: SIM118


def scan(start: float, end: float, data_dir: Path | str | None = None) -> dict[str, FieldSpan]:
    """Say which fields have samples with ``start <= t < end``, and how many; arguments as in :func:`load`."""
    spans: dict[str, FieldSpan] = {}
    for prefix, _name, block in _blocks(_directory(data_dir), start, end):
        times = unix_times(block.times)
        times = times[(times >= start) & (times < end)]
        if not times.size:
            continue
        first, last = float(times.min()), float(times.max())
        for key in block.keys():  # noqa: SIM118 - a map of spt3g's
            span = spans.setdefault(f"{prefix}.{key}", FieldSpan(0, first, last))
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


def _blocks(
    data_dir: Path, start: float, end: float, feeds: Container[str] | None = None
) -> Iterator[tuple[str, str, core.G3TimesampleMap]]:
    """Yield ``(feed address, the agent's name of the block, block)`` of every data frame, or of those of some feeds."""
    for path in files(data_dir, start, end):
        providers: dict[int, str] = {}
        for frame, _ in _frames(path):
            kind = frame["hkagg_type"]
            if kind == STATUS:
                providers = {entry["prov_id"].value: entry["description"].value for entry in frame["providers"]}
            elif kind == DATA and frame["prov_id"] in providers:
                feed = providers[frame["prov_id"]]
                if feeds is None or feed in feeds:
                    names = frame["block_origins"] if "block_origins" in frame else frame["block_names"]
                    for name, block in zip(names, frame["blocks"], strict=True):
                        yield feed, name, block


def _frames(path: Path) -> Iterator[tuple[core.G3Frame, int]]:
    """Yield the frames of a file, also if it gets its final name in this moment."""
    try:
        yield from frames_of(path)
    except FileNotFoundError:
        if path.suffix != PART:
            raise
        yield from frames_of(path.with_suffix(""))


def _joined(pieces: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    if not pieces:
        return np.empty(0), np.empty(0)
    times, first = np.unique(np.concatenate([times for times, _ in pieces]), return_index=True)
    return times, np.concatenate([values for _, values in pieces])[first]


def _directory(data_dir: Path | str | None) -> Path:
    return Path(data_dir or os.environ.get("OCS_DATA_DIR") or DEFAULT_DATA_DIR)
