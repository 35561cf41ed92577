"""Where the last recorder of the archive stopped, read from the newest file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from spt3g import core

from livemon.hkarchive.content import content_of
from livemon.hkarchive.damage import Frames
from livemon.hkarchive.frames import DATA, STATUS, accounts_of, gaps_of, quiet, unix_times
from livemon.hkarchive.gaps import Gap
from livemon.hkarchive.writer import PART

DIGITS = 5
"""How many digits of a file's time its directory is named after."""


@dataclass
class Stopped:
    """How the archive was left.

    `accounts` is what :class:`livemon.hkarchive.ledger.Ledger` begins with, `None` if nothing in the archive has been counted.
    `gaps` are those of the newest file, and `written` is when its last frame was made (UNIX seconds), `None` if there is no file.
    """

    accounts: dict[str, Any] | None = None
    gaps: list[Gap] = field(default_factory=list)
    written: float | None = None


def stopped(data_dir: Path, now: float) -> Stopped:
    """Return how the archive was left; a file that cannot be read is ignored. `now` is in UNIX seconds."""
    found = Stopped()
    newest = max(_candidates(data_dir, now), key=lambda path: (_number(path), path.name), default=None)
    for frame in _frames(newest) if newest else ():
        _take(found, frame)
    return found


def _candidates(data_dir: Path, now: float) -> Iterator[Path]:
    """Yield the files that may have been written last: those with the newest names, and those around the present.

    The two differ if the clock was ahead for a while.
    """
    directories = sorted(path.name for path in data_dir.glob("[0-9]*") if path.is_dir())
    present = {str(int(moment))[:DIGITS] for moment in (now, now - 10 ** (10 - DIGITS))}
    for directory in {*directories[-2:], *(present & set(directories))}:
        for pattern in ("[0-9]*.g3", f"[0-9]*.g3{PART}"):
            yield from (data_dir / directory).glob(pattern)


def _number(path: Path) -> int:
    """Return the number of the file in the archive, by its first frames; -1 if they do not have it."""
    accounts = (accounts_of(frame) for frame in islice(_frames(path), 2) if frame["hkagg_type"] == STATUS)
    return next((int(each.get("file", -1)) for each in accounts if each), -1)


def _frames(path: Path) -> Iterator[core.G3Frame]:
    try:
        with content_of(path) as content, quiet():
            yield from (whole.frame for whole in Frames(content))
    except OSError:
        return


def _take(found: Stopped, frame: core.G3Frame) -> None:
    kind = frame["hkagg_type"]
    if kind == STATUS:
        found.gaps += gaps_of(frame)
        found.accounts = accounts_of(frame) or found.accounts
    elif kind == DATA and found.accounts is not None:
        _move(found.accounts["feeds"], frame)
    found.written = frame.get("timestamp", found.written)


def _move(feeds: dict[str, Any], frame: core.G3Frame) -> None:
    """Advance the account of a feed to the end of one of its frames."""
    session, counted = frame["provider_session_id"], "published" in frame
    known: Mapping[str, Any] = feeds.get(frame["address"], {})
    if known.get("session") != session:
        known = {"session": session, "stored": 0, "pause": 0.0}
    feeds[frame["address"]] = dict(known) | {
        "counted": counted,
        "stored": frame["published"] if counted else known["stored"],
        "stored_time": max(float(unix_times(block.times)[-1]) for block in frame["blocks"]),
        "heard": frame["timestamp"],
    }
