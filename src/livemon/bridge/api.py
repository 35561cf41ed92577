"""The bridge's own interface, for the quick-look page and the command ``livemon``: docs/architecture.md."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, current_app, request

from livemon.alarms.definition import Alarm
from livemon.bridge.catalogue import Field
from livemon.bridge.downloads import csv_answer, every_sample, title
from livemon.bridge.json_responses import json_answer, with_silent
from livemon.bridge.limits import check_targets, shared_points
from livemon.bridge.notifying import by_grafana
from livemon.bridge.source import Answer
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.get("/status")
def status() -> Response:
    """Tell the nodes, their fields and each field's newest sample."""
    return json_answer(state(_source()))


def state(source: Any) -> dict[str, Any]:
    """Return what ``/api/status`` answers."""
    now = time.time()
    nodes = []
    for node in list(source.catalogue.nodes.values()):
        fields = []
        for each in node.fields.values():
            if each.ended:
                continue
            when, value = node.last.get(each.name, (None, None))
            fields.append(
                {
                    "name": each.name,
                    "path": each.path,
                    "label": each.label,
                    "units": each.units,
                    "type": each.type,
                    "time": when,
                    "value": value,
                    "age": None if when is None else now - when,
                    "tags": each.tags,
                    "expected": each.expected,
                    "limits": [_limit(alarm) for alarm in source.site.limits_of(each.path)],
                }
            )
        about = {"name": node.name, "description": node.description, "error": node.error}
        about |= {"faults": node.faults, "counts": node.counts, "notes": node.notes}
        nodes.append(about | {"silent_after": node.silent_after, "fields": fields})
    hub = {"away": source.hubless, "left_out": source.left_out}
    about = {"name": source.site.name, "time_zone": source.site.time_zone}
    return {"time": now, "router": {"connected": source.connected}, "hub": hub, "nodes": nodes} | about


def _limit(alarm: Alarm) -> dict[str, Any]:
    return {"test": alarm.test, "limits": alarm.limits, "severity": alarm.tags.get("severity"), "id": alarm.id}


@blueprint.get("/alarms")
def alarms() -> Response:
    """Tell every alarm of the inventory: whether it fires, since when, its value and limit, what it is called by, who notifies."""
    told = _source().alarms()
    grafana = by_grafana({each["rule"] for each in told["alarms"]})
    return json_answer(told | {"alarms": [each | {"grafana": grafana[each["rule"]]} for each in told["alarms"]]})


@blueprint.get("/series")
def series() -> Response:
    """Return samples of fields."""
    asked = _asked()
    answer = _fetched(asked, count(request.args.get("points"), "points"))
    found = []
    for name, each in asked.fields.items():
        times, values = answer.series[each]
        about = {"field": name, "node": each.node, "path": each.path, "label": each.label, "units": each.units}
        found.append(about | {"times": times, "values": values, "envelope": each in answer.thinned})
    return with_silent(json_answer({"series": found}), answer.silent)


@blueprint.get("/series.csv")
def series_csv() -> Response:
    """Return the same as a table; without `points` all samples that there are."""
    asked = _asked()
    if request.args.get("points"):
        answer = _fetched(asked, count(request.args.get("points"), "points"))
    else:
        answer = every_sample(_source(), asked.distinct, asked.start, asked.end)
    columns = [
        (title(name, each, envelope=each in answer.thinned), answer.series[each]) for name, each in asked.fields.items()
    ]
    moments = [time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment)) for moment in (asked.start, asked.end)]
    return with_silent(csv_answer(columns, f"livemon-{'-'.join(moments)}.csv"), answer.silent)


@dataclass(frozen=True)
class Asked:
    """What samples a request asks for: fields by the names that it gives them, and ``[start, end)`` in UNIX seconds."""

    fields: Mapping[str, Field]
    start: float
    end: float

    @property
    def distinct(self) -> list[Field]:
        """The fields, each once, whatever it is called."""
        return list(dict.fromkeys(self.fields.values()))


def _asked() -> Asked:
    names = list(dict.fromkeys(request.args.getlist("field")))
    if not names:
        raise RequestError("name a channel: field=NODE::field or field=<path>")
    check_targets(len(names), "fields")
    now = time.time()
    start = unix_seconds(request.args.get("from"), "from", now - 600, now)
    end = unix_seconds(request.args.get("until"), "until", now, now)
    check_range(start, end)
    catalogue = _source().catalogue
    return Asked({name: catalogue.find(name) for name in names}, start, end)


def _fetched(asked: Asked, points: int) -> Answer:
    return _source().fetch(asked.distinct, asked.start, asked.end, shared_points(points, len(asked.fields)))


def _source() -> Any:
    return current_app.extensions["source"]
