"""A stand-in of Grafana's alerting, for where there is none: it evaluates provisioned rules over a bridge and says what is told.

It does what pkg/expr (reduce, threshold) and the state machine (pkg/services/ngalert/state) of Grafana 9.4 and 11 to 13 do with our
rules, and no more: not its scheduler, nor its contact points. 9.4 takes tags as the bridge sends them, newer ones put the answer's
name in place of the tag `name`.
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
Numbers = dict[frozenset, float | None]


class EvaluationError(Exception):
    """A query that failed, or an answer that Grafana does not take."""


Answer = dict[str, dict[frozenset, list]] | EvaluationError
"""The values of the series of each query, by its letter and their labels."""


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

    def evaluate(self, now: float, answer: Answer | None = None) -> list[Message]:
        """Evaluate it once, and return what changes for who is told; `answer` is that to its queries, if they were asked already."""
        try:
            results, values = self._results(self.ask(now) if answer is None else answer)
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
        assert state in ({"OK", "Alerting"} | ({"KeepLast"} if self.is_newer else set())), f"{state} does not do"
        # 9.4 takes it for one more series, which has no labels but of the query that has no data; newer ones for the state of all.
        one = {"Error": {}, "NoData": {"ref_id": "A", "datasource_uid": "livemon"}}[why]
        if not self.is_newer and (why, state) == ("NoData", "Alerting"):
            raise AssertionError("9.4 does not wait for such a rule's `for`")
        of = (self.is_newer and list(self.instances)) or [frozenset(one.items())]
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
    def is_newer(self) -> bool:
        """Whether this Grafana keeps the states of series where a query fails, and takes their names from the answer."""
        return RELEASES[self.release] >= (11, 0)

    # --- its queries ----------------------------------------------------------------------------------------------------------

    def ask(self, now: float) -> Answer:
        """Return the series of its queries by their letters."""
        return _asked([self], now)[self.about["uid"]]

    @property
    def queries(self) -> list[dict]:
        """What it asks of the bridge."""
        return [query for query in self.about["data"] if query["datasourceUid"] != "-100"]

    def _results(self, series: Answer) -> tuple[dict[frozenset, bool], dict[frozenset, dict[str, float]]]:
        """Return whether each series is beyond, and the numbers of all expressions for it, NaN where there is none."""
        if isinstance(series, EvaluationError):
            raise series
        numbers: dict[str, Numbers] = {}
        for query in self.about["data"]:
            model = query["model"]
            if model.get("type") == "reduce":
                numbers[query["refId"]] = _reduced(series[model["expression"]], model)
        condition = next(each["model"] for each in self.about["data"] if each["refId"] == self.about["condition"])
        assert condition["type"] == "threshold"
        found = {labels: value for labels, value in numbers[condition["expression"]].items() if value is not None}
        (compared,) = condition["conditions"]
        results = {labels: _is_beyond(value, compared["evaluator"]) for labels, value in found.items()}
        # Labels match where they are equal, or more than those of the other.
        values = {
            labels: {
                letter: math.nan if value is None else value
                for letter, each in numbers.items()
                for other, value in each.items()
                if labels <= other or other <= labels
            }
            for labels in results
        }
        return results, values


def _asked(rules: list[Rule], now: float) -> dict[str, Answer]:
    """Return the answer to each rule's queries by its uid.

    All is asked in one request, by wrapped targets as 9.4 sends those of one rule: the numbers are those of single ones.
    """
    first = rules[0]
    span = max(query["relativeTimeRange"]["from"] for rule in rules for query in rule.queries)
    asked = {f"{number}:{query['refId']}": (rule, query) for number, rule in enumerate(rules) for query in rule.queries}
    body = [("from", int(now) - span), ("until", int(now)), ("format", "json"), ("maxDataPoints", 500)]
    for ref, (_, query) in asked.items():
        body.append(("target", f'aliasSub({query["model"]["target"]},"(^.*$)","\\1 {ref}")'))
    answer = first.client.post("/render", data=urlencode(body), content_type="application/x-www-form-urlencoded")
    if answer.status_code // 100 != 2:
        return dict.fromkeys((rule.about["uid"] for rule in rules), EvaluationError(answer.text))
    frames: dict[str, Answer] = {rule.about["uid"]: {query["refId"]: {} for query in rule.queries} for rule in rules}
    for each in answer.get_json():
        name, _, ref = each["target"].rpartition(" ")
        rule, query = asked[ref]
        tags = each["tags"] | ({"name": name} if rule.is_newer else {})
        of_rule = frames[rule.about["uid"]]
        if isinstance(of_rule, EvaluationError):
            continue
        if frozenset(tags.items()) in of_rule[query["refId"]]:
            frames[rule.about["uid"]] = EvaluationError(f"frame cannot uniquely be identified by its labels: {tags}")
            continue
        of_rule[query["refId"]][frozenset(tags.items())] = [value for value, _time in each["datapoints"]]
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
        answers = _asked(list(self.rules.values()), now)
        told = [message for uid, rule in self.rules.items() for message in rule.evaluate(now, answers[uid])]
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
