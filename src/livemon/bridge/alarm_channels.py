"""The states of alarms as channels that Grafana's rules ask for: ``alarms.<rule>.<alarm>.<what>``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.alarms.definition import Alarm
from livemon.alarms.judgement import State
from livemon.bridge.catalogue import Field

ROOT = "alarms"
NODE = "alarms"
NOTHING = np.empty(0)
LATELY = 300.0
"""Seconds before the last judgement: a question about what was before that gets nothing, for nothing is kept of it."""


def _limit(alarm: Alarm, state: State) -> float | None:
    return alarm.limit_of(alarm.limits[0] if state.value is None else state.value, already=state.is_out)


WHAT: Mapping[str, Callable[[Alarm, State], float | None]] = {
    "state": lambda _alarm, state: float(state.firing),
    "value": lambda _alarm, state: state.value,
    "limit": _limit,
    "age": lambda _alarm, state: state.age or 0.0,
}
"""What is told of each alarm: 1 while it fires, else 0; the number that it is of; the limit next to that; its age in seconds.

The age of what is measured of every moment is 0, not null: of a null, Grafana 9.4 makes a NaN, with which it cannot write down that
an alarm has changed, and the plot has no mark.
"""


@dataclass(frozen=True)
class AlarmChannel(Field):
    """What is told of one alarm; with none, for how many seconds no alarm has been judged."""

    alarm: Alarm | None = field(default=None, compare=False)

    @property
    def short(self) -> str:
        """Return the path: to sisock there is no such field."""
        return self.path

    @property
    def tags(self) -> dict[str, str]:
        """The alarm's own: `name` is its id, for all that is told of it, since Grafana joins values by equal tags.

        Without an alarm there are none: so has a query that fails, and Grafana takes both for one alarm, which can be over.
        """
        return {} if self.alarm is None else {**self.alarm.tags, "name": self.alarm.id}


UNJUDGED = AlarmChannel(node=NODE, name="unjudged", path=f"{ROOT}.unjudged", units="s")


class AlarmChannels:
    """Every alarm's state, value, limit and age, each with one sample: of when alarms were judged the last time.

    Grafana asks for what was until a whole second, which may be several ago when it comes to ask: the sample lies before that. It
    is there however long ago alarms were judged; that this was long ago `UNJUDGED` tells.

    Parameters
    ----------
    watch
        Who judges (:class:`livemon.alarms.watch.AlarmWatch`).
    """

    def __init__(self, watch: Any) -> None:
        self.watch = watch
        self._made: tuple[tuple[Alarm, ...], list[AlarmChannel]] = ((), [UNJUDGED])

    @property
    def fields(self) -> list[AlarmChannel]:
        """`UNJUDGED`, and the channels of all alarms once they have been judged: before, nothing is known of any."""
        alarms = self.watch.alarms if self.watch.judged is not None else ()
        if alarms is not self._made[0]:
            self._made = alarms, [UNJUDGED, *(_channel(alarm, what) for alarm in alarms for what in WHAT)]
        return self._made[1]

    def samples(
        self, channel: AlarmChannel, start: float, end: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the one sample of a channel in ``[start, end)``, UNIX seconds; empty if nothing is known, or of so long ago."""
        if channel.alarm is None:
            return _one(end - 1.0, self.watch.unjudged, start)
        judged, state = self.watch.judged, self.watch.states.get(channel.alarm.id)
        if state is None or judged is None or end <= judged - LATELY:
            return NOTHING, NOTHING
        value = WHAT[channel.name](channel.alarm, state)
        return _one(min(judged, end - 1.0), math.nan if value is None else value, start)

    def told(self) -> dict[str, Any]:
        """Return ``judged`` (UNIX seconds, `None` before the first time) and ``alarms``, a mapping for each."""
        states = self.watch.states
        return {
            "judged": self.watch.judged,
            "alarms": [_told(alarm, states[alarm.id]) for alarm in self.watch.alarms if alarm.id in states],
        }


def _told(alarm: Alarm, state: State) -> dict[str, Any]:
    about = {what: number(alarm, state) for what, number in WHAT.items() if what != "state"}
    known = {"firing": state.firing, "since": state.since, "held_back": state.held_back}
    return {"id": alarm.id, "rule": alarm.rule, "tags": dict(alarm.tags), **known, **about}


def _one(time: float, value: float, start: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([max(time, start)]), np.array([value])


def _channel(alarm: Alarm, what: str) -> AlarmChannel:
    return AlarmChannel(node=NODE, name=what, path=f"{ROOT}.{alarm.rule}.{alarm.id}.{what}", alarm=alarm)
