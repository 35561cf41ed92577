"""A stand-in of Grafana's alerting, for where there is no Grafana: it evaluates provisioned rules over a bridge and tells what changes.

It does what pkg/expr (reduce, threshold) and the state machine (pkg/services/ngalert/state) of Grafana 9.4 and of 11 to 13 do with our
rules, and no more: not its scheduler, nor its contact points. How each asks is how facts about its Graphite data source have it: 9.4
wraps targets in aliasSub and sends all in one request, with 500 points, and takes tags as sent; 13 asks for each target as the rule
says, and puts the answer's name in place of the tag `name`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

RELEASES = {"9.4": (9, 4), "13": (13, 0)}
MISSING = "MissingSeries"
STALE_AFTER = 2
"""Evaluations without a series after which its alarm is over."""
Labels = frozenset
Numbers = dict[frozenset, float | None]


class EvaluationError(Exception):
    """A query that failed, or an answer that Grafana does not take."""


@dataclass(frozen=True)
class Message:
    """What goes to the notifier: at what time, of which series, ``firing`` or ``resolved``, why, and the values by their letters."""

    time: float
    uid: str
    labels: Mapping[str, str]
    status: str
    reason: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Instance:
    """One series of a rule: its state (Normal, Pending or Alerting), since when it has had that, and when it was evaluated."""

    state: str = "Normal"
    since: float = 0.0
    seen: float = 0.0
    values: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Rule:
    """A rule while it is evaluated again and again; times are UNIX seconds."""

    about: dict
    client: Any
    release: str = "13"
    interval: float = 20.0
    instances: dict[frozenset, Instance] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """The worst state of its series."""
        states = {instance.state for instance in self.instances.values()}
        return next((state for state in ("Alerting", "Pending") if state in states), "Normal")

    def evaluate(self, now: float) -> list[Message]:
        """Evaluate it once, and return what changes for who is told."""
        try:
            results, values = self._results(now)
        except EvaluationError:
            messages = self._without_results(now, "Error", self.about["execErrState"])
        else:
            if results:
                messages = [
                    message
                    for labels, beyond in results.items()
                    for message in self._step(labels, beyond, now, values.get(labels, {}))
                ]
            else:
                messages = self._without_results(now, "NoData", self.about["noDataState"])
        return messages + self._forget_missing(now)

    def _without_results(self, now: float, why: str, state: str) -> list[Message]:
        """Do what a rule says for where there is no answer (`Error`), or nothing in it (`NoData`)."""
        assert state in ({"OK", "Alerting"} | ({"KeepLast"} if self._newer else set())), f"{state} does not do"
        # 9.4 takes it for one more series, which has no labels but of the query that has no data; newer ones for the state of all.
        one = {"Error": {}, "NoData": {"ref_id": "A", "datasource_uid": "livemon"}}[why]
        if not self._newer and (why, state) == ("NoData", "Alerting"):
            raise AssertionError("9.4 does not wait for such a rule's `for`")
        of = (self._newer and list(self.instances)) or [frozenset(one.items())]
        messages = []
        for labels in of:
            instance = self.instances.setdefault(labels, Instance(since=now))
            if state == "KeepLast":
                instance.seen = now
            else:
                messages += self._step(labels, state == "Alerting", now, {}, why)
        return messages

    def _step(
        self, labels: frozenset, beyond: bool, now: float, values: Mapping[str, float], reason: str = ""
    ) -> list[Message]:
        instance = self.instances.setdefault(labels, Instance(since=now))
        before = instance.state
        instance.seen, instance.values = now, values
        hold = float(re.fullmatch(r"(\d+)s", self.about["for"])[1])
        if not beyond:
            instance.state = "Normal"
        elif before == "Normal":
            instance.state = "Pending" if hold else "Alerting"
        elif before == "Pending" and now - instance.since >= hold:
            instance.state = "Alerting"
        if instance.state == before:
            return []
        instance.since = now
        if instance.state == "Alerting":
            return [self._message(now, labels, "firing", reason, values)]
        return [self._message(now, labels, "resolved", reason, values)] if before == "Alerting" else []

    def _forget_missing(self, now: float) -> list[Message]:
        messages = []
        for labels, instance in list(self.instances.items()):
            if now - instance.seen >= STALE_AFTER * self.interval:
                del self.instances[labels]
                if instance.state == "Alerting":
                    messages.append(self._message(now, labels, "resolved", MISSING, instance.values))
        return messages

    def _message(self, now: float, labels: frozenset, status: str, reason: str, values: Mapping[str, float]) -> Message:
        # Of a label that both have, that of the rule counts.
        return Message(now, self.about["uid"], dict(labels) | self.about["labels"], status, reason, values)

    @property
    def _newer(self) -> bool:
        return RELEASES[self.release] >= (11, 0)

    # --- its queries ----------------------------------------------------------------------------------------------------------

    def _results(self, now: float) -> tuple[dict[frozenset, bool], dict[frozenset, dict[str, float]]]:
        """Return whether each series is beyond, and the numbers of all expressions for it, NaN where there is none."""
        asked = [query for query in self.about["data"] if query["datasourceUid"] != "-100"]
        series: dict[str, dict[frozenset, list]] = {}
        for together in [[query] for query in asked] if self._newer else [asked]:
            series |= self._ask(together, now)
        numbers: dict[str, Numbers] = {}
        for query in self.about["data"]:
            model = query["model"]
            if query in asked:
                continue
            if model["type"] == "reduce":
                numbers[query["refId"]] = _reduced(series[model["expression"]], model)
                continue
            assert (model["type"], query["refId"]) == ("threshold", self.about["condition"])
            found = {labels: value for labels, value in numbers[model["expression"]].items() if value is not None}
            (condition,) = model["conditions"]
            results = {labels: _is_beyond(value, condition["evaluator"]) for labels, value in found.items()}
            return results, {
                labels: {
                    letter: math.nan if values[labels] is None else values[labels]
                    for letter, values in numbers.items()
                    if labels in values
                }
                for labels in results
            }
        raise AssertionError("a rule ends with its condition")

    def _ask(self, queries: list[dict], now: float) -> dict[str, dict[frozenset, list]]:
        targets = {query["refId"]: query["model"]["target"] for query in queries}
        if not self._newer:
            targets = {ref: f'aliasSub({target},"(^.*$)","\\1 {ref}")' for ref, target in targets.items()}
        (span,) = {(query["relativeTimeRange"]["from"], query["relativeTimeRange"]["to"]) for query in queries}
        body = [
            ("from", int(now) - span[0]),
            ("until", int(now) - span[1]),
            ("format", "json"),
            ("maxDataPoints", queries[0]["model"]["maxDataPoints"] if self._newer else 500),
            *(("target", target) for target in targets.values()),
        ]
        answer = self.client.post("/render", data=urlencode(body), content_type="application/x-www-form-urlencoded")
        if answer.status_code // 100 != 2:
            raise EvaluationError(answer.text)
        frames: dict[str, dict[frozenset, list]] = {ref: {} for ref in targets}
        for each in answer.get_json():
            name, _, ref = each["target"].rpartition(" ") if not self._newer else (each["target"], "", *targets)
            tags = each["tags"] | ({"name": name} if self._newer else {})
            labels = frozenset(tags.items())
            if labels in frames[ref]:
                raise EvaluationError(f"frame cannot uniquely be identified by its labels: {tags}")
            frames[ref][labels] = [value for value, _time in each["datapoints"]]
        return frames


@dataclass
class Grafana:
    """All rules of an alerting file, evaluated together; `messages` are those that went to the notifier."""

    document: dict
    client: Any
    release: str = "13"
    messages: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take up the rules of the file."""
        self.rules = {
            rule["uid"]: Rule(rule, self.client, self.release, float(group["interval"].removesuffix("s")))
            for group in self.document["groups"]
            for rule in group["rules"]
        }

    def evaluate(self, now: float) -> list[Message]:
        """Evaluate all rules, and return what is told anew."""
        told = [message for rule in self.rules.values() for message in rule.evaluate(now)]
        self.messages += told
        return told


def _reduced(series: dict[frozenset, list], model: dict) -> Numbers:
    """Return the newest number of each series; `None` for one that has none."""
    assert (model["reducer"], model["settings"]) == ("last", {"mode": "dropNN"}), (
        "any null would make NaN, and an alarm"
    )
    kept = {labels: [each for each in values if each is not None] for labels, values in series.items()}
    return {labels: values[-1] if values else None for labels, values in kept.items()}


def _is_beyond(value: float, evaluator: dict) -> bool:
    assert math.isfinite(value)
    (limit,) = evaluator["params"]
    return {"gt": value > limit, "lt": value < limit}[evaluator["type"]]
