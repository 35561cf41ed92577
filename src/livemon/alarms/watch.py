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
from livemon.alarms.measures import Moment, OfChannel
from livemon.alarms.tracks import Track
from livemon.errors import LivemonError
from livemon.files import write_public
from livemon.log import log

LOOK_EVERY = 2.0
RECENT = (30.0, 300.0)
"""Seconds: channels whose newest known samples are younger than one of these are asked for together, for as long."""
FURTHEST = 3600.0
"""Seconds of the past that are looked at after an outage: what lies before is not judged any more."""
AHEAD = 60.0
"""Seconds by which another machine's clock may be ahead of this one's; beyond, only the sample that came last is judged."""
EVERY_SAMPLE = 10**10
"""As many points as leave nothing out: of what is down-sampled, the pieces that end a look and begin the next would be cut in two."""
POINTS_PER_SECOND, MOST = 5, 100_000
"""Points in a longer time, which is looked at only once: there, extremes are enough."""
EACH = ".*"
"""The end of a path that stands for all channels of a feed; of those only the newest time is known."""
FEED = ".feeds."
"""In the path of what an agent publishes."""
AT_ONCE = 100
"""Channels in one question."""
UNSEEN = 5.0
"""Seconds before a clock was set back in which samples may have come that no look has seen, nor a node told."""
STAMPED_AHEAD = 86400.0
"""Seconds by which a stamp that was taken back may lie in the future; nodes remember none that are further ahead."""
JUMP = 5.0
"""Seconds by which the clock must be off from one look to the next to have been set."""


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
        self._looked = self._connected
        self._ahead = self._began - self._connected
        """Seconds by which the clock is ahead of the steady one."""
        self._tracks: dict[str, Track] = {}
        self._each: dict[str, dict[str, float | None]] = {}
        """The times of the newest samples of the channels of each feed."""
        self._lasts: dict[str, float] = {}
        """The time of the sample of each channel that came last."""
        self._stamped_until: dict[str, float] = {}
        """Of each channel whose clock was set back, until when it had stamped samples before."""
        self._needed_by: tuple[Alarm, ...] = ()
        self._memory: dict[str, float] = {}
        """For how many seconds each channel is remembered that alarms are of."""
        self._positive: set[str] = set()
        """The channels of which only what is above zero is a reading."""
        self._working, self._told = _read(file, self._began)
        self._saved = ""
        self.states: Mapping[str, State] = {}
        self.judged: float | None = None
        """When `states` was made, UNIX seconds; `None` before the first look."""

    @property
    def alarms(self) -> tuple[Alarm, ...]:
        """The alarms of the inventory."""
        alarms: tuple[Alarm, ...] = self._source.inventory.alarms
        return alarms

    @property
    def unjudged(self) -> float:
        """For how many seconds alarms have not been judged, or since this process began."""
        return self._steady() - self._looked

    def look(self) -> None:
        """Take the new samples and judge all alarms by them."""
        now, steady = self._clock(), self._steady()
        self._follow_clock(now - steady)
        if self._source.connected:
            self._connected = steady
        alarms = self.alarms
        try:
            self._read_samples(alarms, now)
        except LivemonError as error:
            log.debug("alarms are judged without new samples: {error}", error=error)
        moment = Moment(now, self._began, steady - self._connected, self._source.hubless, self._told)
        judge(alarms, self._working, self._track, moment)
        self.states = {name: State(**vars(state)) for name, state in self._working.items()}
        self.judged, self._looked = now, self._steady()
        self._save(now)

    def _follow_clock(self, ahead: float) -> None:
        """Move all that is remembered if the clock was set: nothing was silent while it jumped."""
        by = ahead - self._ahead
        if abs(by) < JUMP:
            return
        self._ahead = ahead
        self._began, self._told = self._began + by, self._told + by
        for track in self._tracks.values():
            track.shift(by)
        for state in self._working.values():
            state.shift(by)

    def _track(self, path: str) -> Track:
        return self._tracks.setdefault(path, Track())

    def _read_samples(self, alarms: tuple[Alarm, ...], now: float) -> None:
        for track in self._tracks.values():
            track.fresh = []
        if alarms is not self._needed_by:
            self._prepare(alarms)
        catalogue = self._source.catalogue
        asked: dict[float, list[str]] = {}
        for path, seconds in self._memory.items():
            start = self._news(catalogue, path, seconds, now)
            if start is not None:
                asked.setdefault(start, []).append(path)
        for start, paths in asked.items():
            for first in range(0, len(paths), AT_ONCE):
                self._take(catalogue, paths[first : first + AT_ONCE], start, now)

    def _prepare(self, alarms: tuple[Alarm, ...]) -> None:
        """Note which channels the alarms are of, and forget the others."""
        self._needed_by, self._memory, self._positive = alarms, {}, set()
        for alarm in alarms:
            for path in alarm.measure.paths:
                # What has begun to last goes on through a restart.
                self._memory[path] = max(self._memory.get(path, 0.0), alarm.measure.memory, alarm.hold + RECENT[-1])
            if isinstance(alarm.measure, OfChannel) and getattr(alarm.measure, "positive", False):
                self._positive.add(alarm.measure.path)
        for path in self._tracks.keys() - self._memory.keys():
            del self._tracks[path]
            for known in (self._each, self._lasts, self._stamped_until):
                known.pop(path, None)

    def _news(self, catalogue: Any, path: str, memory: float, now: float) -> float | None:
        """Return from when on a channel is to be read, UNIX seconds; `None` if there is nothing new of it."""
        if path.endswith(EACH):
            self._look_at_each(catalogue, path, now)
            return None
        last, track = _last(catalogue, path), self._track(path)
        if last is None:
            return None
        self._follow_stamps(path, last, now)
        if track.newest is None:
            return now - max(memory, RECENT[-1])
        if path in self._stamped_until or last > now + AHEAD:
            sample = _last_sample(catalogue, path)
            track.take([sample] if sample is not None else [], memory, positive=path in self._positive)
            return None
        # Nodes tell of the newest number, and an agent's sample may be none.
        is_new = last > track.newest[0]
        if not is_new and FEED not in path:
            return None
        furthest = max(track.newest[0], now - FURTHEST) if is_new else now - RECENT[-1]
        return next((now - span for span in RECENT if now - track.newest[0] < span), furthest)

    def _follow_stamps(self, path: str, last: float, now: float) -> None:
        """Note that the clock of a channel was set back, or that it has caught up with what it had stamped before.

        In between, old samples stand among the new ones, and only the one that came last is known to be new.
        """
        before, self._lasts[path] = self._lasts.get(path, last), last
        track, until = self._track(path), self._stamped_until.get(path, -math.inf)
        if last < before < now + STAMPED_AHEAD:
            self._stamped_until[path] = max(before + UNSEEN, until)
            if track.newest is not None and track.newest[0] >= last:
                track.shift(math.nextafter(last, 0) - track.newest[0])
        elif last > until and self._stamped_until.pop(path, 0.0) and track.newest is not None:
            track.newest = max(until, track.newest[0]), track.newest[1]

    def _look_at_each(self, catalogue: Any, pattern: str, now: float) -> None:
        """Note the time of the newest sample of all channels of a feed, if there is a new one."""
        stem = pattern.removesuffix("*")
        times = {path: self._newest(catalogue, path) for path in catalogue.by_path if path.startswith(stem)}
        known = self._each.get(pattern, {})
        new = [last for path, last in times.items() if last is not None and last != known.get(path)]
        # Nodes that are away take their channels with them, and not what is known of these.
        self._each[pattern] = known | times
        if new:
            # Of a clock that was set back there are samples of the future.
            self._tracks[pattern] = Track(newest=(min(max(new), now), math.nan))

    def _newest(self, catalogue: Any, path: str) -> float | None:
        """Return the time of a channel's newest sample, be it a number or not; `None` if there is none."""
        last, track = _last(catalogue, path), self._tracks.get(path)
        if track is None or track.newest is None:
            return last
        return track.newest[0] if last is None else max(last, track.newest[0])

    def _take(self, catalogue: Any, paths: Iterable[str], start: float, now: float) -> None:
        fields = {path: catalogue.by_path[path] for path in paths}
        end = now + AHEAD
        answer = self._source.fetch(fields.values(), start, end, _points(end - start))
        for path, each in fields.items():
            times, values = answer.series[each]
            track, memory, positive = self._track(path), self._memory[path], path in self._positive
            is_late = track.late(start, times)
            late = list(zip(times[is_late].tolist(), values[is_late].tolist(), strict=True))
            if late and track.known is not None:
                late.append(track.known)  # what is older ends nothing that it does not
            if each in answer.thinned:
                track.look_anew()
                late = []
            new = slice(0 if track.newest is None else times.searchsorted(track.newest[0], side="right"), None)
            samples = zip(times[new].tolist(), values[new].tolist(), strict=True)
            track.take(samples, memory, positive=positive)
            last = _last_sample(catalogue, path)
            if track.newest is None and last is not None and last[0] < start:
                # What it was then holds until another sample comes.
                track.take([last], memory, positive=positive)
            track.fresh = late + track.fresh

    def _save(self, now: float) -> None:
        if self._file is None:
            return
        states = {name: state for name, state in self._working.items() if state.firing or state.trips}
        text = json.dumps({"judged": now, "states": saved(states)}, sort_keys=True)
        firing = json.dumps(sorted((name, state.firing, state.trips) for name, state in states.items()))
        if firing == self._saved:
            return
        try:
            write_public(self._file, text.encode())
        except OSError as error:
            log.warn("the states of alarms cannot be kept in {file}: {error}", file=self._file, error=error.strerror)
        self._saved = firing


def _read(file: Path | None, now: float) -> tuple[dict[str, State], float]:
    """Return the states that an earlier process saved, and until when it judged; no states and `now` if there was no such process."""
    if file is None or not file.exists():
        return {}, now
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        return restored(content["states"]), min(float(content["judged"]), now)
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.warn("the states of alarms in {file} cannot be read: {error}", file=file, error=error)
        return {}, now


def _points(seconds: float) -> int:
    """Return how many points to ask for."""
    if seconds <= RECENT[-1] + AHEAD:
        return EVERY_SAMPLE
    return min(int(seconds * POINTS_PER_SECOND), MOST)


def _last(catalogue: Any, path: str) -> float | None:
    """Return the time of a channel's newest sample; `None` if it has none, or there is no such channel."""
    sample = _last_sample(catalogue, path)
    return None if sample is None else sample[0]


def _last_sample(catalogue: Any, path: str) -> tuple[float, float] | None:
    """Return a channel's newest sample likewise, NaN where it is not a number."""
    field = catalogue.by_path.get(path)
    node = catalogue.nodes.get(field.node) if field is not None else None
    last = node.last.get(field.name) if node is not None else None
    if last is None:
        return None
    return float(last[0]), float(last[1]) if isinstance(last[1], (int, float)) else math.nan
