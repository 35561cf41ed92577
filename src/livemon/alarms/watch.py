"""Looks at the channels that alarms are of, again and again, and keeps what it knows of them through a restart."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from livemon.alarms.definition import Alarm
from livemon.alarms.judgement import State, judge, restored, saved
from livemon.alarms.measures import Moment
from livemon.alarms.tracks import Track
from livemon.errors import LivemonError
from livemon.files import write_public
from livemon.wamp import log

LOOK_EVERY = 2.0
RECENT = 300.0
"""Seconds: channels whose newest known sample is no older are asked for together, from the oldest of those on."""
FURTHEST = 3600.0
"""Seconds of the past that are looked at after an outage: what lies before is not judged any more."""
AHEAD = 60.0
"""Seconds by which the clock of another machine may be ahead of this one's."""
POINTS_PER_SECOND = 5
"""More samples than a channel has, so that none is left out."""
EACH = ".*"
"""The end of a path that stands for all channels of a feed; of those only the newest time is known."""
AT_ONCE = 100
"""Channels in one question."""


class AlarmWatch:
    """The alarms of a site and their states.

    :meth:`look` is called by one thread, every few seconds; the others read `states`, which is replaced as a whole.

    Parameters
    ----------
    source
        Where samples and the site are (:class:`livemon.bridge.source.Source`).
    file
        Where states are kept; `None` if nowhere.
    """

    def __init__(
        self,
        source: Any,
        file: Path | None = None,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source, self._file, self._clock, self._steady = source, file, clock, steady
        self._began, self._connected = clock(), steady()
        self._tracks: dict[str, Track] = {}
        self._working = _read(file)
        self._saved = ""
        self.states: Mapping[str, State] = {}
        self.judged: float | None = None
        """When `states` was made, UNIX seconds; `None` before the first look."""

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms of the inventory."""
        return self._source.site.alarms

    def look(self) -> None:
        """Take the new samples and judge all alarms by them."""
        now = self._clock()
        if self._source.connected:
            self._connected = self._steady()
        alarms = self.alarms
        try:
            self._read_samples(alarms, now)
        except LivemonError as error:
            log.debug("alarms are judged without new samples: {error}", error=error)
        moment = Moment(now, self._began, self._steady() - self._connected)
        judge(alarms, self._working, self._track, moment)
        self.states = {name: State(**vars(state)) for name, state in self._working.items()}
        self.judged = now
        self._save()

    def _track(self, path: str) -> Track:
        return self._tracks.setdefault(path, Track())

    def _read_samples(self, alarms: Iterable[Alarm], now: float) -> None:
        memory: dict[str, float] = {}
        positive: set[str] = set()
        for alarm in alarms:
            for path in alarm.measure.paths:
                memory[path] = max(memory.get(path, 0.0), alarm.measure.memory)
            if getattr(alarm.measure, "positive", False):
                positive.add(alarm.measure.path)
        for path in self._tracks.keys() - memory.keys():
            del self._tracks[path]
        for track in self._tracks.values():
            track.fresh = []
        catalogue = self._source.catalogue
        asked: dict[float, list[str]] = {}
        for path, seconds in memory.items():
            start = self._news(catalogue, path, seconds, now)
            if start is not None:
                asked.setdefault(start, []).append(path)
        for start, paths in asked.items():
            for first in range(0, len(paths), AT_ONCE):
                fields = {path: catalogue.by_path[path] for path in paths[first : first + AT_ONCE]}
                self._take(fields, start, now, memory, positive)

    def _news(self, catalogue: Any, path: str, memory: float, now: float) -> float | None:
        """Return from when on a channel is to be read, UNIX seconds; `None` if there is nothing new of it."""
        if path.endswith(EACH):
            known = self._track(path).newest
            # Nodes that are away take their channels with them, and not what is known of these.
            newest = _newest_of_each(catalogue, path) or (
                known if known is not None and known[0] <= now + AHEAD else None
            )
            self._tracks[path] = Track(newest=newest)
            return None
        last, track = _last(catalogue, path), self._track(path)
        if last is None:
            return None
        if track.newest is not None and last < track.newest[0] and now < track.newest[0]:
            # The clock was set back: what comes now is new, whatever its time.
            track = self._tracks[path] = Track()
        if track.newest is None:
            return now - max(memory, RECENT)
        if last <= track.newest[0]:
            return None
        return now - RECENT if now - track.newest[0] < RECENT else max(track.newest[0], now - FURTHEST)

    def _take(
        self, fields: Mapping[str, Any], start: float, now: float, memory: Mapping[str, float], positive: set[str]
    ) -> None:
        end = now + AHEAD
        answer = self._source.fetch(fields.values(), start, end, int((end - start) * POINTS_PER_SECOND))
        for path, each in fields.items():
            times, values = answer.series[each]
            track = self._track(path)
            new = slice(0 if track.newest is None else times.searchsorted(track.newest[0], side="right"), None)
            samples = zip(times[new].tolist(), values[new].tolist(), strict=True)
            track.take(samples, memory[path], positive=path in positive)

    def _save(self) -> None:
        if self._file is None:
            return
        states = {name: state for name, state in self._working.items() if state.firing or state.trips}
        text = json.dumps(saved(states), sort_keys=True)
        firing = json.dumps(sorted((name, state.firing, state.trips) for name, state in states.items()))
        if firing == self._saved:
            return
        try:
            write_public(self._file, text.encode())
        except OSError as error:
            log.warn("the states of alarms cannot be kept in {file}: {error}", file=self._file, error=error.strerror)
        self._saved = firing


def _read(file: Path | None) -> dict[str, State]:
    if file is None or not file.exists():
        return {}
    try:
        return restored(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        log.warn("the states of alarms in {file} cannot be read: {error}", file=file, error=error)
        return {}


def _newest_of_each(catalogue: Any, pattern: str) -> tuple[float, float] | None:
    """Return the time of the newest sample of all channels of a feed, with no value; `None` if there is none."""
    stem = pattern.removesuffix("*")
    times = [_last(catalogue, path) for path in catalogue.by_path if path.startswith(stem)]
    return max(((time, math.nan) for time in times if time is not None), default=None)


def _last(catalogue: Any, path: str) -> float | None:
    """Return the time of a channel's newest sample; `None` if it has none, or there is no such channel."""
    field = catalogue.by_path.get(path)
    node = catalogue.nodes.get(field.node) if field is not None else None
    last = node.last.get(field.name) if node is not None else None
    return None if last is None else float(last[0])
