"""History from the archive: a node that starts, or comes back, has its window before it is announced."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from twisted.internet import reactor, threads
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall

from livemon.hkarchive.reader import Piece, pieces
from livemon.log import log

GATHER = 0.05
"""Seconds in which requests gather: the nodes of a process start together, and the archive is read once for all."""
SEAM = 15.0
"""Seconds until what was published when the window was filled is in the archive, too."""

Columns = tuple[np.ndarray, dict[str, np.ndarray]]


class Archive:
    """The house-keeping files, read in a thread for everybody who has asked meanwhile."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._waiting: list[tuple[set[str], float, Deferred]] = []

    def samples(self, feeds: set[str], start: float) -> Deferred:
        """Return, later, ``{(feed address, block): (times, {field: values})}`` since `start` (UNIX seconds).

        Times ascend; what a clock stamped twice, before and after it was set back, has one time twice.
        """
        if not self._waiting:
            reactor.callLater(GATHER, self._read)
        answer: Deferred = Deferred()
        self._waiting.append((feeds, start, answer))
        return answer

    def _read(self) -> None:
        waiting, self._waiting = self._waiting, []
        feeds = set().union(*(feeds for feeds, _, _ in waiting))
        reading = threads.deferToThread(self._gather, feeds, min(start for _, start, _ in waiting))

        def hand_out(found: dict[tuple[str, str], Columns]) -> None:
            for wanted, _, answer in waiting:
                answer.callback({key: columns for key, columns in found.items() if key[0] in wanted})

        def fail(failure: Any) -> None:
            for _, _, answer in waiting:
                answer.errback(failure)

        reading.addCallbacks(hand_out, fail)

    def _gather(self, feeds: set[str], start: float) -> dict[tuple[str, str], Columns]:
        found: dict[tuple[str, str], list[Piece]] = {}
        for piece in pieces(feeds, start, math.inf, self.directory):
            found.setdefault((piece.feed, piece.block), []).append(piece)
        return {key: _joined(parts) for key, parts in found.items()}


class Refillable(Protocol):
    """What can be filled from the archive."""

    name: str
    window: float

    def clock(self) -> float:
        """Return the present, UNIX seconds."""

    def topics(self) -> Iterable[str]:
        """Return the addresses of the feeds."""

    def insert(self, topic: str, block_name: str, times: np.ndarray, data: Mapping[str, np.ndarray]) -> None:
        """Take samples of one block, whose times ascend; those that are there already change nothing."""


class Refill:
    """Fills a node's window, and a little later mends the seam between the archive's last samples and the first live ones."""

    def __init__(self, node: Refillable) -> None:
        self._node = node
        self._open_from = math.inf
        self._mending: IDelayedCall | None = None

    def open_from(self, _block: str) -> float:
        """Return since when samples may still come out of the archive (UNIX seconds), infinity if none will."""
        return self._open_from

    def start(self, archive: Archive) -> Deferred:
        """Fill the window; the Deferred fires when that is done."""
        self.stop()
        self._open_from = self._node.clock() - self._node.window
        return self._fill(archive, self._open_from).addCallback(self._filled, archive)

    def stop(self) -> None:
        """Mend no longer."""
        if self._mending is not None and self._mending.active():
            self._mending.cancel()
        self._mending = None

    @inlineCallbacks
    def _fill(self, archive: Archive, start: float) -> Iterator:
        """Insert what the archive has since `start`; return until when it has everything."""
        try:
            found = yield archive.samples(set(self._node.topics()), start)
        except Exception as error:
            log.warn("{name}: no history from the archive: {error}", name=self._node.name, error=error)
            return start
        for (feed, block), (times, data) in found.items():
            self._node.insert(feed, block, times, data)
        until, now = min((float(times[-1]) for times, _ in found.values()), default=start), self._node.clock()
        # Beyond the present are stamps of a clock that was ahead, and they do not tell how far the archive is.
        return until if until <= now else now - SEAM

    def _filled(self, until: float, archive: Archive) -> None:
        self._open_from = until
        self._mending = reactor.callLater(SEAM, self._mend, archive)

    def _mend(self, archive: Archive) -> Deferred:
        self._mending = None
        filling = self._fill(archive, self._open_from)
        return filling.addCallback(lambda _: setattr(self, "_open_from", math.inf))


def _joined(parts: list[Piece]) -> Columns:
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    names = dict.fromkeys(name for part in parts for name in part.columns)
    return times[order], {name: _column(parts, name)[order] for name in names}


def _column(parts: list[Piece], name: str) -> np.ndarray:
    is_text = any(part.columns[name].dtype.kind == "U" for part in parts if name in part.columns)
    missing = "" if is_text else np.nan
    return np.concatenate(
        [part.columns[name] if name in part.columns else np.full(part.times.size, missing) for part in parts]
    )
