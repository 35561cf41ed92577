"""History from the archive: a node that starts, or reconnects, fills its window before it is announced."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from twisted.internet import threads
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from livemon.hkarchive.reader import Piece, pieces
from livemon.log import log
from livemon.sisock.datanode import History, RecordedSamples
from livemon.sisock.deferreds import InlineCallbacks

GATHER = 0.05
"""Seconds for which requests are gathered: the nodes of a process start together, and the archive is read once for all of them."""
SEAM = 15.0
"""Seconds until everything that was published before the window was filled is in the archive, too."""

Found = dict[tuple[str, str], RecordedSamples]
"""By feed address and block."""


class Archive:
    """The house-keeping files, read in a thread, once for all requests that have been gathered.

    Parameters
    ----------
    directory
        Where the files are.
    clock
        Schedules later calls.
    """

    def __init__(self, directory: Path, clock: IReactorTime) -> None:
        self.directory = directory
        self.clock = clock
        self._waiting: list[tuple[set[str], float, Deferred[Found]]] = []

    def samples(self, feeds: set[str], start: float) -> Deferred[Found]:
        """Return the samples of some feeds since `start` (UNIX seconds), by feed address and block.

        Times ascend; one that a clock gave twice, before and after it was set back, is there twice.
        """
        if not self._waiting:
            self.clock.callLater(GATHER, self._read)
        answer: Deferred[Found] = Deferred()
        self._waiting.append((feeds, start, answer))
        return answer

    def _read(self) -> None:
        waiting, self._waiting = self._waiting, []
        feeds = set().union(*(feeds for feeds, _, _ in waiting))
        reading = threads.deferToThread(self._gather, feeds, min(start for _, start, _ in waiting))

        def distribute(found: Found) -> None:
            for wanted, _, answer in waiting:
                answer.callback({key: samples for key, samples in found.items() if key[0] in wanted})

        def fail(failure: Failure) -> None:
            for _, _, answer in waiting:
                answer.errback(failure)

        reading.addCallbacks(distribute, fail)

    def _gather(self, feeds: set[str], start: float) -> Found:
        found: dict[tuple[str, str], list[Piece]] = {}
        for piece in pieces(feeds, start, math.inf, self.directory):
            found.setdefault((piece.feed, piece.block), []).append(piece)
        return {key: _joined(parts) for key, parts in found.items()}


class Refillable(Protocol):
    """A node that can be filled from the archive."""

    name: str
    window: float

    def clock(self) -> float:
        """Return the present, UNIX seconds."""

    def topics(self) -> Iterable[str]:
        """Return the addresses of the feeds."""

    def insert(self, topic: str, block_name: str, times: NDArray[np.float64], data: Mapping[str, NDArray[Any]]) -> None:
        """Insert samples of one block, whose times ascend; those that are there already change nothing."""


class Refill:
    """Fills a node's window, and a little later the seam between the archive's last samples and the first live ones."""

    def __init__(self, node: Refillable) -> None:
        self._node = node
        self._open_from = math.inf
        self._closing_seam: IDelayedCall | None = None

    @property
    def open_from(self) -> float:
        """Return the time (UNIX seconds) from which the archive may still bring samples; infinity if it will not."""
        return self._open_from

    def start(self, archive: History) -> Deferred[None]:
        """Fill the window; the Deferred fires when that is done."""
        self.stop()
        self._open_from = self._node.clock() - self._node.window
        return self._fill(archive, self._open_from).addCallback(self._filled, archive)

    def stop(self) -> None:
        """Leave the seam as it is."""
        if self._closing_seam is not None and self._closing_seam.active():
            self._closing_seam.cancel()
        self._closing_seam = None

    @inlineCallbacks
    def _fill(self, archive: History, start: float) -> InlineCallbacks[float]:
        """Insert what the archive has since `start`; return the time up to which it is complete."""
        try:
            found: Found = yield archive.samples(set(self._node.topics()), start)
        except Exception as error:
            log.warn("{name}: no history from the archive: {error}", name=self._node.name, error=error)
            return start
        for (feed, block), (times, data) in found.items():
            self._node.insert(feed, block, times, data)
        until, now = min((float(times[-1]) for times, _ in found.values()), default=start), self._node.clock()
        # Time stamps in the future come from a clock that was ahead, and do not show how far the archive is.
        return until if until <= now else now - SEAM

    def _filled(self, until: float, archive: History) -> None:
        self._open_from = until
        self._closing_seam = archive.clock.callLater(SEAM, self._close_seam, archive)

    def _close_seam(self, archive: History) -> None:
        self._closing_seam = None
        self._fill(archive, self._open_from).addCallback(self._seam_closed)

    def _seam_closed(self, _until: float) -> None:
        self._open_from = math.inf


def _joined(parts: list[Piece]) -> RecordedSamples:
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    names = dict.fromkeys(name for part in parts for name in part.columns)
    return times[order], {name: _column(parts, name)[order] for name in names}


def _column(parts: list[Piece], name: str) -> NDArray[Any]:
    is_text = any(part.columns[name].dtype.kind == "U" for part in parts if name in part.columns)
    missing = "" if is_text else np.nan
    return np.concatenate(
        [part.columns[name] if name in part.columns else np.full(part.times.size, missing) for part in parts]
    )
