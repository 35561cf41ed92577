"""What there is to notify of: the inventory's alarms, as the bridge judges them, and what only livemon itself can tell.

That is the absence of the bridge, and what the bridge says is wrong with the appliance (``/api/health``) where no alarm tells it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from livemon.alarms.kinds import MEASURED
from livemon.errors import LivemonError
from livemon.notify import sentences
from livemon.notify.message import NOT_WELL

BRIDGE_AFTER = 40.0
"""Seconds without an answer of the bridge, or without a judgement, after which people are told so."""
UNKNOWN_AFTER = 180.0
"""Seconds after which a Grafana of which nothing was ever heard counts as silent."""
STALE = 30.0
"""Seconds; the bridge judges every other second."""
PROBLEM_AFTER = 120.0
"""Seconds that a problem of the appliance must last."""
SAME_CAUSE = 600.0
"""Seconds: a problem and an alarm about the appliance that begin within so long of each other count as one thing."""
PLANT_KINDS = {*MEASURED, "invalid", "frozen"}
"""Kinds of alarms that are about the cryostat, and explain no problem of the appliance."""
SILENCE_LASTS = 4 * 3600.0
"""Seconds for which a silence of Grafana's holds after Grafana was heard last: its end is not known then."""
BRIDGE = "notifier:bridge_away"
_NUMBER = re.compile(r"\b\d+(\.\d+)?\b")


@dataclass(frozen=True)
class Alarm:
    """One thing to notify of. `since` is UNIX seconds (UTC); `sentence` is worded for the present state.

    `is_ours` is whether livemon is to notify of it, `None` while that is not known. Of a silenced one no beginning is told, and
    nothing is told again.
    """

    id: str
    tags: Mapping[str, str]
    firing: bool
    since: float
    sentence: str
    advice: str = ""
    is_ours: bool | None = True
    silenced: bool = False


@dataclass(frozen=True)
class Seen:
    """What one look found. What is not among `alarms` is as it was, or, if `is_whole`, there no more.

    `notifies` is whether livemon notifies of the inventory's alarms, because Grafana does not.
    """

    alarms: Mapping[str, Alarm]
    is_whole: bool
    notifies: bool


@dataclass
class Watch:
    """Looks at the bridge; `look` is to be called every few seconds.

    Parameters
    ----------
    ask_alarms, ask_health
        Return what ``/api/alarms`` and ``/api/health`` answer; raise a LivemonError if the bridge cannot be asked.
    sentences
        By kind of alarm: ``{"firing", "over", "advice"}``.
    problems
        When each problem was seen first, UNIX seconds, by what it says without its numbers: an earlier process's, to begin with.
    silenced
        When Grafana was last known to hold the messages of an alarm back, UNIX seconds, by the alarm's id: likewise.
    by_grafana
        Whether Grafana notified when the bridge was heard last; `None` if it never was.
    """

    ask_alarms: Callable[[], Mapping[str, Any]]
    ask_health: Callable[[], Mapping[str, Any]]
    sentences: Mapping[str, Mapping[str, str]]
    problems: dict[str, float] = field(default_factory=dict)
    silenced: dict[str, float] = field(default_factory=dict)
    by_grafana: bool | None = None
    clock: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._began = self._answered = self.steady()
        self._away_since = self.clock()

    def look(self) -> Seen:
        """Return what there is to notify of now."""
        try:
            told, health = self.ask_alarms(), self.ask_health()
        except LivemonError as error:
            return Seen({BRIDGE: self._bridge(f"The bridge does not answer ({error})")}, False, self._notifies())
        judged = told["judged"]
        if judged is None or abs(self.clock() - judged) > STALE:
            return Seen({BRIDGE: self._bridge("The bridge judges no alarms")}, False, self._notifies())
        self._answered, self._away_since = self.steady(), self.clock()
        known = [each["grafana"] for each in told["alarms"] if each["grafana"] is not None]
        if known or not told["alarms"]:
            self.by_grafana = any(known)
        self._follow_silences(health, {each["id"] for each in told["alarms"] if each["firing"]})
        alarms = [self._bridge("The bridge answers again"), *map(self._of_inventory, told["alarms"])]
        alarms += self._of_appliance(health, alarms)
        return Seen({alarm.id: alarm for alarm in alarms}, True, self._notifies())

    def _notifies(self) -> bool:
        if self.by_grafana is None:
            return self.steady() - self._began > UNKNOWN_AFTER
        return not self.by_grafana

    def _bridge(self, sentence: str) -> Alarm:
        """Return the alarm that alarms are no longer judged; it fires once the bridge has been away for long enough."""
        return Alarm(
            BRIDGE,
            {"kind": "bridge_away", "severity": "critical", "subject": "The bridge"},
            firing=self.steady() - self._answered > BRIDGE_AFTER,
            since=self._away_since,
            sentence=sentence,
            advice="No alarm can be judged: all stay as they were. On the monitor: docker ps; docker logs sisock_grafana_http.",
            is_ours=self._notifies(),
        )

    def _of_inventory(self, told: Mapping[str, Any]) -> Alarm:
        say = sentences.firing if told["firing"] else sentences.over
        return Alarm(
            told["id"],
            {**told["tags"], "name": told["id"], "rule": told["rule"]},
            firing=told["firing"],
            since=told["since"] if told["since"] is not None else self.clock(),
            sentence=say(told, self.sentences),
            advice=sentences.advice(told, self.sentences),
            is_ours=None if told["grafana"] is None else not told["grafana"],
            silenced=told["id"] in self.silenced,
        )

    def _follow_silences(self, health: Mapping[str, Any], firing: set[str]) -> None:
        """Note which alarms Grafana's silences are about, as long as Grafana says so and for a while after that."""
        now = self.clock()
        for each in health.get("alarms", []):
            if each.get("silenced"):
                self.silenced[each["id"]] = now
            elif each.get("silenced") is False:
                self.silenced.pop(each["id"], None)
        self.silenced = {
            name: when for name, when in self.silenced.items() if name in firing and now - when < SILENCE_LASTS
        }

    def _of_appliance(self, health: Mapping[str, Any], alarms: list[Alarm]) -> Iterator[Alarm]:
        """Yield what is wrong with the appliance: ours to tell if Grafana is silent, and what is wrong with Grafana always."""
        now, of_grafana = self.clock(), health.get("grafana", [])
        own = health.get("notifier", {}).get("problems", [])
        said = {_NUMBER.sub("N", each): each for each in health["problems"] if each not in own}
        self.problems = {name: min(self.problems.get(name, now), now) for name in said}
        causes = [alarm.since for alarm in alarms if alarm.firing and alarm.tags.get("kind") not in PLANT_KINDS]
        for name, sentence in said.items():
            first, is_grafanas = self.problems[name], sentence in of_grafana
            explained = not is_grafanas and any(abs(first - since) < SAME_CAUSE for since in causes)
            yield Alarm(
                f"problem:{name}",
                {"kind": "problem", "severity": "critical", "subject": "The appliance"},
                firing=now - first >= PROBLEM_AFTER,
                since=first,
                sentence=NOT_WELL + sentence,
                is_ours=True if is_grafanas else self._notifies(),
                silenced=explained,
            )
