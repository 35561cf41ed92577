"""Whether alarms fire: limits, hysteresis, how long it must last, and which alarm explains which. No input or output."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from livemon.alarms.definition import Alarm
from livemon.alarms.measures import Moment, Tracks

SEEN_FOR = 75.0
"""Seconds for which an excursion is told at least: longer than Grafana takes from one evaluation to the next."""
GRACE = 60.0
"""Seconds after the end of what explains an alarm in which it is still held back: agents and nodes need that long to come back."""
WHILE = 10.0
"""Seconds after which what usually lasts for less may explain something: every part of a machine that is well was heard since."""


@dataclass
class State:
    """What is known of one alarm. Times are UNIX seconds, UTC.

    `firing` is what is told, `since` since when. It stays as it is until a number says otherwise, and while `held_back`: then
    something else fires that explains it, or may do so soon. `value` is what people are told: the newest number, or the worst of an
    excursion that is over and still told; of a measure that has a number of its own for people (`Measure.shown`), that.
    """

    firing: bool = False
    since: float | None = None
    value: float | None = None
    age: float | None = None
    """Seconds since the value was measured; `None` where that is always now, or not known."""
    measured: float | None = None
    """When the value was measured: its age goes on growing after the sample itself has been forgotten."""
    held_back: bool = False
    beyond_since: float | None = None
    """The time of the first of the numbers that have been beyond without another one in between."""
    noticed: float | None = None
    """When that one was looked at: samples may be late."""
    newest: float | None = None
    worst: float | None = None
    beyond_seen: float = -math.inf
    """When a number beyond was seen the last time."""
    explained: float = -math.inf
    """When it was held back the last time."""
    trips: bool = False
    """What it would be if nothing explained it."""

    @property
    def is_out(self) -> bool:
        """Whether it has been beyond its limits and is not over yet."""
        return self.firing or self.trips or self.beyond_since is not None

    def shift(self, by: float) -> None:
        """Move all times by so many seconds: the clock was set."""
        for name in ("since", "measured", "beyond_since", "noticed", "beyond_seen", "explained"):
            if getattr(self, name) is not None:
                setattr(self, name, getattr(self, name) + by)


def judge(alarms: Iterable[Alarm], states: dict[str, State], tracks: Tracks, moment: Moment) -> None:
    """Bring `states`, by the ids of alarms, up to date; those of alarms that there are no more are dropped."""
    alarms = list(alarms)
    for gone in states.keys() - {alarm.id for alarm in alarms}:
        del states[gone]
    for alarm in alarms:
        _look(alarm, states.setdefault(alarm.id, State()), tracks, moment)
    known = {alarm.id: alarm for alarm in alarms}
    for alarm in alarms:
        state = states[alarm.id]
        if any(states[each].trips for each in alarm.held_back_by):
            state.explained = moment.now
        state.held_back = moment.now - state.explained < GRACE or (
            state.trips
            and moment.now - (state.noticed or moment.now) < GRACE
            and any(_begins(known[each], states[each]) for each in alarm.held_back_by)
        )
        if not state.held_back and state.firing != state.trips:
            state.firing = state.trips
            state.since = (state.beyond_since or moment.now) if state.firing else moment.now


def _begins(alarm: Alarm, state: State) -> bool:
    """Whether something has lasted for a while that may trip an alarm soon."""
    return alarm.measure.is_duration and not state.trips and (state.newest or 0.0) > WHILE


def _look(alarm: Alarm, state: State, tracks: Tracks, moment: Moment) -> None:
    if alarm.held_back_by:
        # A process that has only just begun does not know yet what may explain it.
        state.explained = max(state.explained, moment.began)
    _follow_limits(alarm, state)
    for time, number in alarm.measure.readings(tracks, moment):
        if math.isfinite(number):
            _take(alarm, state, time, number, moment)
    state.age = alarm.measure.age(tracks, moment)
    if state.age is not None:
        state.measured = moment.now - state.age
    elif state.measured is not None:
        state.age = max(moment.now - state.measured, 0.0)
    if state.beyond_since is not None and state.noticed is not None:
        state.beyond_seen = moment.now
        state.trips = state.trips or moment.now - state.noticed >= alarm.hold
    elif state.trips and (alarm.measure.is_duration or moment.now - state.beyond_seen >= SEEN_FOR):
        state.trips = False
    compared = state.worst if state.trips and state.beyond_since is None else state.newest
    shown = alarm.measure.shown(compared, tracks)
    state.value = state.value if shown is None else shown


def _follow_limits(alarm: Alarm, state: State) -> None:
    """Forget that a number was beyond which is not so any more: the inventory has other limits now, and no new number may come."""
    if alarm.measure.is_duration:
        return
    if state.newest is not None and not alarm.is_beyond(state.newest, already=True):
        state.beyond_since = None
    if state.worst is not None and not alarm.is_beyond(state.worst, already=True):
        state.beyond_since, state.trips = None, False


def _counted(alarm: Alarm, state: State, number: float, moment: Moment) -> float:
    """Return the number that counts: a silence that an outage explains does not count, unless it began before the outage."""
    if not alarm.measure.is_duration or state.firing:
        return number
    return min(number, moment.now - state.explained)


def _take(alarm: Alarm, state: State, time: float, value: float, moment: Moment) -> None:
    state.newest = value
    counted = _counted(alarm, state, value, moment)
    if not alarm.is_beyond(counted, already=state.beyond_since is not None or state.trips):
        state.beyond_since = None
        if time <= moment.told and not state.firing:
            # What an earlier process told is not told again.
            state.trips = False
        return
    if state.beyond_since is None:
        state.beyond_since, state.noticed, state.worst = time, moment.now, value
    state.worst = value if state.worst is None else alarm.worse(value, state.worst)
    state.beyond_seen = moment.now
    state.trips = state.trips or time - state.beyond_since >= alarm.hold


def saved(states: Mapping[str, State]) -> dict[str, Any]:
    """Return the states as JSON can carry them."""
    return {
        name: {key: value for key, value in asdict(state).items() if value not in (None, -math.inf)}
        for name, state in states.items()
    }


def restored(content: Any) -> dict[str, State]:
    """Return the states of :func:`saved`, without entries that are malformed or incomplete."""
    known = {each.name: each for each in fields(State)}
    states = {}
    for name, entry in content.items() if isinstance(content, Mapping) else ():
        if isinstance(entry, Mapping) and entry.keys() <= known.keys():
            numbers = (value for value in entry.values() if not isinstance(value, bool))
            is_whole = "beyond_since" not in entry or {"noticed", "worst"} <= entry.keys()
            if is_whole and all(isinstance(value, (int, float)) for value in numbers):
                states[str(name)] = State(**entry)
    return states
