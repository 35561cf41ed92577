"""The state of the recording, for the aggregator's own feed: how far behind it is, what was lost, what interrupted it."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any

from livemon.hkarchive import Recorder
from livemon.hkarchive.gaps import DISCONNECTED

KEPT = 1000
"""How many interruptions are remembered, and of how many agents the time of the last heartbeat."""
BEAT = 1.0
"""Seconds between two heartbeats of an agent (ocs 0.12.1, ``OCSAgent.onJoin``)."""
SILENT_AFTER = 5 * BEAT


class Interruptions:
    """When samples could not arrive, and why: the reasons for the archive's gaps. All times are UNIX seconds.

    Methods may be called from any thread.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._open: dict[str, float] = {}
        self._over: deque[tuple[float, float, str]] = deque(maxlen=KEPT)
        self._beats: OrderedDict[str, float] = OrderedDict()
        self._silences: dict[str, deque[tuple[float, float]]] = {}
        self._lock = threading.Lock()

    def begin(self, reason: str, since: float | None = None) -> None:
        """Note that an interruption begins, unless one for the same reason has begun already."""
        with self._lock:
            self._open.setdefault(reason, self._clock() if since is None else since)

    def end(self, reason: str) -> None:
        """Note that an interruption is over, if there was one for that reason."""
        with self._lock:
            since = self._open.pop(reason, None)
            if since is not None:
                self._over.append((since, self._clock(), reason))

    def beat(self, agent: str) -> None:
        """Note a heartbeat of an agent, by its address."""
        with self._lock:
            now = self._clock()
            if now - self._beats.get(agent, now) > SILENT_AFTER:
                self._silences.setdefault(agent, deque(maxlen=KEPT // 10)).append((self._beats[agent], now))
            self._beats[agent] = now
            self._beats.move_to_end(agent)
            if len(self._beats) > KEPT:
                gone, _ = self._beats.popitem(last=False)
                self._silences.pop(gone, None)

    def why(self, feed: str, since: float, until: float) -> str | None:
        """Return why nothing came from a feed (its address) between two times: the longest interruption's reason, or `None`."""
        with self._lock:
            known = [*self._over, *((begin, self._clock(), reason) for reason, begin in self._open.items())]
            lasted = [(min(end, until) - max(begin, since), reason) for begin, end, reason in known]
            longest = max(lasted, key=itemgetter(0), default=(-1.0, ""))
            if longest[0] >= 0:
                return longest[1]
            agent = feed.partition(".feeds.")[0]
            silences = list(self._silences.get(agent, ()))
            if self._clock() - self._beats.get(agent, self._clock()) > SILENT_AFTER:
                silences.append((self._beats[agent], self._clock()))
        return DISCONNECTED if any(begin < until and end > since for begin, end in silences) else None


class Recording:
    """How far the recording is behind. All times are UNIX seconds. Each method may be called from any thread, but from one only."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._idle_since: float | None = clock()
        self._turned = clock()

    def began(self) -> None:
        """Note that samples are to be recorded from now on."""
        self._idle_since, self._turned = None, self._clock()

    def ended(self) -> None:
        """Note that recording has stopped."""
        self._idle_since = self._clock()

    def turned(self) -> None:
        """Note that everything that had arrived was handed to the recorder."""
        self._turned = self._clock()

    def lag(self, recorder: Recorder | None, *, messages_wait: bool) -> float:
        """Return how long the oldest sample that is not on the disk has waited, or how long nothing has been recorded; seconds."""
        now = self._clock()
        if self._idle_since is not None:
            return max(now - self._idle_since, 0.0)
        waiting = [recorder.waiting_since if recorder else None, self._turned if messages_wait else None]
        return max([now - since for since in waiting if since is not None] + [0.0])


def as_message(lag: float, lost: int, gap: float | None) -> dict[str, Any]:
    """Return the message of the feed; `gap` is left out as long as it is not known."""
    data = {"lag": round(lag, 3), "lost": float(lost)}
    if gap is not None:
        data["gap"] = round(gap, 3)
    return {"block_name": "archive", "timestamp": time.time(), "data": data}


def as_block(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as subscribers receive it: blocks by name, here one block of one sample."""
    data = {name: [value] for name, value in message["data"].items()}
    block = {"block_name": message["block_name"], "timestamps": [message["timestamp"]], "data": data}
    return {message["block_name"]: block}
