"""A stand-in of Grafana's alerting, for where there is no Grafana: it evaluates provisioned rules over a bridge.

It does what pkg/expr (reduce, math, threshold) and the state machine of Grafana 9.4 and 13 do with our rules, and no more: not
its scheduler, nor its notifications. How each version asks is how facts about its Graphite data source have it: 9.4 wraps a
target in aliasSub and asks for 500 points, 13 asks as the rule says.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

WRAPPED = {"9.4": True, "13": False}
STALE_AFTER = 2
"""Evaluations without a series after which its alarm is over."""


class EvaluationError(Exception):
    """A rule that Grafana would show in state Error."""


@dataclass
class Instance:
    """One series of a rule: its state, and since when it has been pending."""

    state: str = "Normal"
    since: float | None = None
    seen: float = 0.0


@dataclass
class Rule:
    """A rule while it is evaluated again and again; times are UNIX seconds."""

    about: dict
    client: object
    version: str = "13"
    interval: float = 60.0
    instances: dict[frozenset, Instance] = field(default_factory=dict)
    value: float | None = None

    def evaluate(self, now: float) -> str:
        """Evaluate it once and return the worst state of its series: Alerting, Pending or Normal."""
        try:
            results = self._results(now)
        except EvaluationError:
            results = {frozenset(): {"Alerting": True, "OK": False}[self.about["execErrState"]]}
        else:
            if not results:
                results = {frozenset(): {"Alerting": True, "OK": False}[self.about["noDataState"]]}
        for labels, beyond in results.items():
            self._step(self.instances.setdefault(labels, Instance()), beyond, now)
        for labels, instance in list(self.instances.items()):
            if now - instance.seen >= STALE_AFTER * self.interval:
                del self.instances[labels]
        states = {instance.state for instance in self.instances.values()}
        return next((state for state in ("Alerting", "Pending") if state in states), "Normal")

    def _step(self, instance: Instance, beyond: bool, now: float) -> None:
        instance.seen = now
        if not beyond:
            instance.state, instance.since = "Normal", None
            return
        hold = float(re.fullmatch(r"(\d+)s", self.about["for"])[1])
        if instance.state == "Normal":
            instance.since = now
            instance.state = "Pending" if hold else "Alerting"
        if now - instance.since >= hold:
            instance.state = "Alerting"

    def _results(self, now: float) -> dict[frozenset, bool]:
        values: dict[str, dict[frozenset, object]] = {}
        for query in self.about["data"]:
            model = query["model"]
            if query["datasourceUid"] != "-100":
                values[query["refId"]] = self._ask(query, now)
            elif model["type"] == "reduce":
                values[query["refId"]] = _reduced(values[model["expression"]], model)
            elif model["type"] == "math":
                values[query["refId"]] = _computed(model["expression"], values)
            else:
                self.value = next(iter(values[model["expression"]].values()), None)
                return self._compared(values[model["expression"]], model["conditions"])
        raise AssertionError("a rule ends with its condition")

    def _ask(self, query: dict, now: float) -> dict[frozenset, list]:
        model, interval = query["model"], query["relativeTimeRange"]
        target = model["target"]
        if WRAPPED[self.version]:
            target = f'aliasSub({target},"(^.*$)","\\1 {query["refId"]}")'
        body = {
            "from": int(now) - interval["from"],
            "until": int(now) - interval["to"],
            "format": "json",
            "maxDataPoints": 500 if self.version == "9.4" else model["maxDataPoints"],
            "target": target,
        }
        answer = self.client.post("/render", data=urlencode(body), content_type="application/x-www-form-urlencoded")
        if answer.status_code // 100 != 2:
            raise EvaluationError(answer.text)
        frames: dict[frozenset, list] = {}
        for series in answer.get_json():
            if self.version == "9.4" and " " not in series["target"]:
                raise EvaluationError("invalid target format")
            labels = frozenset(series["tags"].items())
            if labels in frames:
                raise EvaluationError(f"frame cannot uniquely be identified by its labels: {dict(labels)}")
            frames[labels] = [value for value, _time in series["datapoints"]]
        return frames

    def _compared(self, numbers: dict[frozenset, float], conditions: list[dict]) -> dict[frozenset, bool]:
        (condition,) = conditions
        unload = condition.get("unloadEvaluator") if self.version != "9.4" else None
        found = {}
        for labels, value in numbers.items():
            beyond = _is_beyond(value, condition["evaluator"])
            instance = self.instances.get(labels)
            if unload and instance is not None and instance.state != "Normal":
                beyond = not _is_beyond(value, unload)
            found[labels] = beyond
        return found


def _reduced(series: dict[frozenset, list], model: dict) -> dict[frozenset, float]:
    """One number for each series; none for one that has no number at all."""
    assert model["settings"] == {"mode": "dropNN"}, "any null would make NaN, and an alarm, of the rest"
    reduce = {"last": lambda v: v[-1], "mean": lambda v: sum(v) / len(v), "sum": sum, "min": min, "max": max}
    reducer = reduce[model["reducer"]]
    kept = {labels: [each for each in values if each is not None] for labels, values in series.items()}
    return {labels: reducer(values) for labels, values in kept.items() if values}


def _computed(formula: str, values: dict[str, dict]) -> dict[frozenset, float]:
    """Arithmetic on the numbers of series that have the same labels."""
    found = re.fullmatch(r"\(\$([A-Z]) - \$([A-Z])\) \* (\d+) / (\d+)", formula)
    assert found, f"{formula} is no formula that this stand-in knows"
    left, right = values[found[1]], values[found[2]]
    return {
        labels: (left[labels] - right[labels]) * int(found[3]) / int(found[4]) for labels in left if labels in right
    }


def _is_beyond(value: float, evaluator: dict) -> bool:
    assert math.isfinite(value)
    limits = evaluator["params"]
    if evaluator["type"] == "gt":
        return value > limits[0]
    if evaluator["type"] == "lt":
        return value < limits[0]
    low, high = limits
    return {"outside_range": value < low or value > high, "within_range": low < value < high}[evaluator["type"]]
