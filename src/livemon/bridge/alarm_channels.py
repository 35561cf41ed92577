"""The states of alarms as channels that Grafana's rules query: ``alarms.<rule>.<alarm>.<quantity>``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.alarms.definition import Alarm
from livemon.alarms.judgement import State
from livemon.alarms.watch import AlarmWatch
from livemon.bridge.catalogue import Field

ROOT = "alarms"
NODE = "alarms"
NOTHING = np.empty(0)
LATELY = 300.0
"""Seconds before the last judgement: a query of earlier times gets no samples, because none are kept."""


def _limit(alarm: Alarm, state: State) -> float | None:
    return alarm.limit_of(alarm.limits[0] if state.value is None else state.value, already=state.is_out)


QUANTITIES: Mapping[str, Callable[[Alarm, State], float | None]] = {
    "state": lambda _alarm, state: float(state.firing),
    "value": lambda _alarm, state: state.value,
    "limit": _limit,
    "age": lambda _alarm, state: state.age or 0.0,
}
"""The channels of each alarm: 1 while it fires, else 0; the measured value; the limit nearest to it; the value's age in seconds.

The age of a value that is always current is 0, not null: Grafana 9.4 turns null into NaN, with which it cannot store an annotation
of the alarm's change.
"""


@dataclass(frozen=True)
class AlarmChannel(Field):
    """One quantity of an alarm; without an alarm, for how many seconds no alarm has been judged."""

    alarm: Alarm | None = field(default=None, compare=False)

    @property
    def short(self) -> str:
        """The path: sisock knows no such field."""
        return self.path

    @property
    def tags(self) -> dict[str, str]:
        """The alarm's tags; `name` is its id for all quantities, because Grafana joins values by equal tags.

        Without an alarm there are none, as for a query that fails: Grafana takes the two for one alarm, which can then end.
        """
        return {} if self.alarm is None else {**self.alarm.tags, "name": self.alarm.id}


UNJUDGED = AlarmChannel(node=NODE, name="unjudged", path=f"{ROOT}.unjudged", units="s")


class AlarmChannels:
    """Every alarm's state, value, limit and age, each with one sample: from the last time that alarms were judged.

    Grafana queries up to a whole second, which may be several seconds ago when it does so: the sample lies before that. It exists
    however long ago alarms were judged; `UNJUDGED` says how long.

    Parameters
    ----------
    watch
        Judges the alarms.
    """

    def __init__(self, watch: AlarmWatch) -> None:
        self.watch = watch
        self._made_of: tuple[Alarm, ...] = ()
        self._fields = [UNJUDGED]

    @property
    def fields(self) -> list[AlarmChannel]:
        """`UNJUDGED`, and the channels of all alarms once they have been judged: before that, nothing is known about them."""
        alarms = self.watch.alarms if self.watch.judged is not None else ()
        if alarms is not self._made_of:
            self._made_of = alarms
            self._fields = [UNJUDGED, *(_channel(alarm, name) for alarm in alarms for name in QUANTITIES)]
        return self._fields

    def samples(
        self, channel: AlarmChannel, start: float, end: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the one sample of a channel in ``[start, end)``, UNIX seconds; empty if nothing is known, or `end` is long ago."""
        if channel.alarm is None:
            return _one(end - 1.0, self.watch.unjudged, start)
        judged, state = self.watch.judged, self.watch.states.get(channel.alarm.id)
        if state is None or judged is None or end <= judged - LATELY:
            return NOTHING, NOTHING
        value = QUANTITIES[channel.name](channel.alarm, state)
        return _one(min(judged, end - 1.0), math.nan if value is None else value, start)

    def as_dict(self) -> dict[str, Any]:
        """Return ``judged`` (UNIX seconds, `None` before the first time) and ``alarms``, a mapping for each."""
        states = self.watch.states
        return {
            "judged": self.watch.judged,
            "alarms": [_as_dict(alarm, states[alarm.id]) for alarm in self.watch.alarms if alarm.id in states],
        }


def _as_dict(alarm: Alarm, state: State) -> dict[str, Any]:
    numbers = {name: quantity(alarm, state) for name, quantity in QUANTITIES.items() if name != "state"}
    known = {"firing": state.firing, "since": state.since, "held_back": state.held_back}
    return {"id": alarm.id, "rule": alarm.rule, "tags": dict(alarm.tags), **known, **numbers}


def _one(time: float, value: float, start: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array([max(time, start)]), np.array([value])


def _channel(alarm: Alarm, name: str) -> AlarmChannel:
    return AlarmChannel(node=NODE, name=name, path=f"{ROOT}.{alarm.rule}.{alarm.id}.{name}", alarm=alarm)
