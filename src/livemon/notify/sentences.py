"""The sentences of the inventory's alarms, filled in with the numbers of the bridge, as Grafana fills them in for its messages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from livemon.alarms.kinds import MEASURED, OLD
from livemon.quantities import duration

_PLACE = re.compile(r"\{([a-z]+)\}")


def firing(alarm: Mapping[str, Any], sentences: Mapping[str, Mapping[str, str]]) -> str:
    """Return what is said of an alarm of the bridge's ``/api/alarms`` that fires; its subject alone where its kind is not known."""
    return _sentence(alarm, sentences, "firing") + _as_measured(alarm)


def over(alarm: Mapping[str, Any], sentences: Mapping[str, Mapping[str, str]]) -> str:
    """Return what is said of one that is over."""
    return _sentence(alarm, sentences, "over")


def advice(alarm: Mapping[str, Any], sentences: Mapping[str, Mapping[str, str]]) -> str:
    """Return what to do; empty where its kind is not known."""
    said = sentences.get(alarm["tags"].get("kind", ""), {})
    return _filled(said.get("advice", ""), alarm)


def _sentence(alarm: Mapping[str, Any], sentences: Mapping[str, Mapping[str, str]], state: str) -> str:
    said = sentences.get(alarm["tags"].get("kind", ""))
    return _filled(said[state] if said else "{subject}", alarm)


def _filled(sentence: str, alarm: Mapping[str, Any]) -> str:
    tags, value, limit, age = alarm["tags"], alarm["value"], alarm["limit"], alarm["age"]
    unit = f" {tags['unit']}" if tags.get("unit") else ""
    places = {
        "subject": tags.get("subject") or alarm["id"],
        "instrument": tags.get("instrument", ""),
        "value": "no value" if value is None else f"{value:.4g}{unit}",
        "exactly": "the same" if value is None else f"{value:.10g}{unit}",
        "limit": "its limit" if limit is None else f"{limit:.4g}{unit}",
        "side": "below" if None not in (value, limit) and value < limit else "above",
        "duration": duration(value) if value is not None else "some time",
        "lasting": f" for {duration(age)}" if age else "",
    }
    return _PLACE.sub(lambda found: places[found[1]], sentence)


def _as_measured(alarm: Mapping[str, Any]) -> str:
    is_old = alarm["tags"].get("kind") in MEASURED and (alarm["age"] or 0) > OLD
    return f", as measured {duration(alarm['age'])} ago" if is_old else ""
