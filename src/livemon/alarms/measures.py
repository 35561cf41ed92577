"""What alarms are of: how a number to be compared follows from the samples of one or more channels."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from livemon.alarms.tracks import Track

Readings = list[tuple[float, float]]
"""Times (UNIX seconds) and numbers, oldest first; empty where nothing new is known."""


@dataclass(frozen=True)
class Moment:
    """When alarms are judged, and what the bridge knows besides samples.

    `now` and `began` (of this process) are UNIX seconds; `routerless` is for how many seconds the router has been away, 0 while it is
    connected; `hubless` for how many the hub has not answered, 0 while it does and while the router is away. What lies at or before
    `told` (UNIX seconds) was judged by an earlier process.
    """

    now: float
    began: float
    routerless: float = 0.0
    hubless: float = 0.0
    told: float = -math.inf


Tracks = Callable[[str], Track]
"""Returns what is known of a channel by its path; an empty one if it was never heard."""


@dataclass(frozen=True)
class Measure:
    """One way to come to a number.

    Of an `is_duration` measure the number is a time in seconds that grows as long as something lasts.
    """

    is_duration: ClassVar[bool] = False

    @property
    def memory(self) -> float:
        """How many seconds of the past of its channels it needs."""
        return 0.0

    @property
    def paths(self) -> tuple[str, ...]:
        """The channels that it looks at."""
        return self._paths()

    def readings(self, tracks: Tracks, moment: Moment) -> Readings:
        """Return the numbers that are new since the last look."""
        return self._readings(tracks, moment)

    def age(self, tracks: Tracks, moment: Moment) -> float | None:
        """Return how many seconds ago the newest number was measured; `None` if that is always now, or unknown."""
        return self._age(tracks, moment)

    def shown(self, compared: float | None, tracks: Tracks) -> float | None:
        """Return the number to tell people of in place of the `compared` one; `None` if nothing new is known of it."""
        return self._shown(compared, tracks)

    def _paths(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _shown(self, compared: float | None, tracks: Tracks) -> float | None:
        del tracks
        return compared

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        raise NotImplementedError

    def _age(self, tracks: Tracks, moment: Moment) -> float | None:
        del tracks, moment
        return None


@dataclass(frozen=True)
class OfChannel(Measure):
    """A measure of one channel."""

    path: str

    def _paths(self) -> tuple[str, ...]:
        return (self.path,)


@dataclass(frozen=True)
class Value(OfChannel):
    """Each reading of a channel: every sample that is a finite number, and above zero if it is `positive`.

    With `provided`, a channel that must not be zero for the reading to count.
    """

    positive: bool = False
    provided: str | None = None
    memory = 600.0

    def _paths(self) -> tuple[str, ...]:
        return (self.path,) if self.provided is None else (self.path, self.provided)

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        del moment
        if self.provided is not None:
            condition = tracks(self.provided).known
            if condition is None or not condition[1] > 0:
                return []
        return [(time, value) for time, value in tracks(self.path).fresh if _is_reading(value, positive=self.positive)]

    def _age(self, tracks: Tracks, moment: Moment) -> float | None:
        return _age_of_reading(tracks(self.path), moment)


@dataclass(frozen=True)
class Rise(OfChannel):
    """How much a channel rises in `per` seconds: the mean of the last `mean` seconds less that of as many `over` seconds earlier.

    It is divided by the time between their samples on average, which is not `over` where visits of a scan are missing. Nothing is
    known where that is less than half of `over`: noise would be taken for a rise.
    """

    over: float
    mean: float
    per: float
    positive: bool = False

    @property
    def memory(self) -> float:
        """Both means, and what is half a mean older."""
        return self.over + 2 * self.mean

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        track, now = tracks(self.path), moment.now
        if track.valid is None or now - track.valid > self.mean:
            return []
        before = track.mean(now - self.over - self.mean, now - self.over)
        after = track.mean(now - self.mean, now)
        if before is None or after is None or (between := after[0] - before[0]) < self.over / 2:
            return []
        return [(now, (after[1] - before[1]) * self.per / between)]

    def _age(self, tracks: Tracks, moment: Moment) -> float | None:
        return _age_of_reading(tracks(self.path), moment)


@dataclass(frozen=True)
class Age(Measure):
    """How long ago the newest sample of several channels was; if there never was one, how long this process has waited for it."""

    of: tuple[str, ...]
    is_duration: ClassVar[bool] = True

    def _paths(self) -> tuple[str, ...]:
        return self.of

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        newest = _newest(self.of, tracks)
        return [(moment.now, max(moment.now - (moment.began if newest is None else newest), 0.0))]


@dataclass(frozen=True)
class Invalid(OfChannel):
    """For how long samples have not been valid readings, from the first such sample to the newest one.

    Without new samples it stays as it is.
    """

    positive: bool = False
    is_duration: ClassVar[bool] = True
    memory = 3600.0

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        track = tracks(self.path)
        if not track.fresh or track.newest is None:
            return []
        return [(moment.now, 0.0 if track.invalid is None else track.newest[0] - track.invalid)]


@dataclass(frozen=True)
class Unchanged(OfChannel):
    """For how long all readings of a channel have been bit-identical, from the first of them to the newest.

    It is as it was while there is no new sample: a channel that is silent is not frozen. With fewer than `samples` readings it is 0.
    Where no different reading is remembered it is nothing instead of 0, and of what lasts for no longer than `memory` (seconds): a
    process that has only begun does not know what it has not seen. People are told of the reading; its age is that of the first.
    """

    memory: float = 0.0
    samples: int = 10
    positive: bool = False
    is_duration: ClassVar[bool] = True

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        track = tracks(self.path)
        run = track.run
        if run is None or not track.fresh:
            return []
        lasted = run.until - run.since
        if run.samples >= self.samples and (run.is_whole or lasted > self.memory):
            return [(moment.now, lasted)]
        return [(moment.now, 0.0)] if run.is_whole else []

    def _shown(self, compared: float | None, tracks: Tracks) -> float | None:
        del compared
        run = tracks(self.path).run
        return None if run is None else run.value

    def _age(self, tracks: Tracks, moment: Moment) -> float | None:
        run = tracks(self.path).run
        return None if run is None else max(moment.now - run.since, 0.0)


@dataclass(frozen=True)
class Lasting(OfChannel):
    """For how long a channel has had a value, 0 while it has another; nothing new while it has no number."""

    value: float
    is_duration: ClassVar[bool] = True
    memory = 3600.0

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        track = tracks(self.path)
        if track.known is None or track.since is None or track.newest is None or track.known[0] != track.newest[0]:
            return []
        return [(moment.now, track.known[0] - track.since if track.known[1] == self.value else 0.0)]


@dataclass(frozen=True)
class Absence(Measure):
    """For how long an agent has had no heartbeat (`connected`), of an agent that was never heard since this process began.

    One that restarts again and again because its instrument does not answer is not absent: it was there some time (`patience`
    seconds) after the newest sample of the channels that it reads (`of`), see :class:`Unanswered`.
    """

    connected: str
    of: tuple[str, ...] = ()
    patience: float = 20.0
    is_duration: ClassVar[bool] = True
    memory = 3600.0

    def _paths(self) -> tuple[str, ...]:
        return (self.connected, *self.of)

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        track = tracks(self.connected)
        if track.known is None or track.since is None:
            return [(moment.now, max(moment.now - moment.began, 0.0))]
        if track.known[1] > 0 or _waits(self, tracks):
            return [(moment.now, 0.0)]
        return [(moment.now, max(moment.now - track.since, 0.0))]


@dataclass(frozen=True)
class Unanswered(Measure):
    """For how long an agent that is there, or was there later than its newest sample, has had no sample of any of its channels."""

    connected: str
    of: tuple[str, ...]
    patience: float = 20.0
    is_duration: ClassVar[bool] = True
    memory = 3600.0

    def _paths(self) -> tuple[str, ...]:
        return (self.connected, *self.of)

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        if not _waits(self, tracks):
            return [(moment.now, 0.0)]
        newest = _newest(self.of, tracks)
        return [(moment.now, max(moment.now - (moment.began if newest is None else newest), 0.0))]


@dataclass(frozen=True)
class Least(Measure):
    """The least of the newest numbers of other measures, all of them durations: for how long what they are of has lasted for all."""

    of: tuple[Measure, ...]
    is_duration: ClassVar[bool] = True

    @property
    def memory(self) -> float:
        """The longest of theirs."""
        return max(each.memory for each in self.of)

    def _paths(self) -> tuple[str, ...]:
        return tuple(path for each in self.of for path in each.paths)

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        newest = [readings[-1] for each in self.of if (readings := each.readings(tracks, moment))]
        return [(moment.now, min(number for _, number in newest))] if newest else []


@dataclass(frozen=True)
class Increase(OfChannel):
    """By how much a counter has increased within the last `over` seconds; after a reset it counts from zero."""

    over: float

    @property
    def memory(self) -> float:
        """The time in which it counts."""
        return self.over

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        track = tracks(self.path)
        if track.known is None:
            return []
        return [(moment.now, sum(by for time, by in track.rises if time >= moment.now - self.over))]


@dataclass(frozen=True)
class News(OfChannel):
    """A channel's value for `within` seconds after it changed, and 0 from then on: an alarm that cannot be fixed ends."""

    within: float

    @property
    def memory(self) -> float:
        """Longer than the news are, so that what is old is known to be."""
        return self.within + 600.0

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        track = tracks(self.path)
        if track.known is None or track.since is None:
            return []
        return [(moment.now, track.known[1] if moment.now - track.since < self.within else 0.0)]


@dataclass(frozen=True)
class Routerless(Measure):
    """For how long the router has been away."""

    is_duration: ClassVar[bool] = True

    def _paths(self) -> tuple[str, ...]:
        return ()

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        del tracks
        return [(moment.now, moment.routerless)]


@dataclass(frozen=True)
class Hubless(Measure):
    """For how long the hub has not answered."""

    is_duration: ClassVar[bool] = True

    def _paths(self) -> tuple[str, ...]:
        return ()

    def _readings(self, tracks: Tracks, moment: Moment) -> Readings:
        del tracks
        return [(moment.now, moment.hubless)]


MEASURES: Mapping[str, type[Measure]] = {
    "value": Value,
    "rise": Rise,
    "age": Age,
    "invalid": Invalid,
    "unchanged": Unchanged,
    "lasting": Lasting,
    "absence": Absence,
    "unanswered": Unanswered,
    "least": Least,
    "increase": Increase,
    "news": News,
    "routerless": Routerless,
    "hubless": Hubless,
}
"""By what the site file calls them."""


def _is_reading(value: float, *, positive: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not positive)


def _age_of_reading(track: Track, moment: Moment) -> float | None:
    return None if track.valid is None else max(moment.now - track.valid, 0.0)


def _newest(paths: Iterable[str], tracks: Tracks) -> float | None:
    return max((track.newest[0] for track in map(tracks, paths) if track.newest is not None), default=None)


def _waits(measure: Absence | Unanswered, tracks: Tracks) -> bool:
    """Whether an agent was there later than its newest sample: it runs, and has nothing to read."""
    there = tracks(measure.connected).true
    if not measure.of or there is None:
        return False
    newest = _newest(measure.of, tracks)
    return newest is None or there - newest > measure.patience
