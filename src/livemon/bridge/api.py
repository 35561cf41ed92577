"""The bridge's own HTTP API, for the quick-look page and the command ``livemon``: docs/architecture.md."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request

from livemon.alarms.definition import Alarm
from livemon.bridge.catalogue import Field
from livemon.bridge.current import source
from livemon.bridge.downloads import csv_response, every_sample, title
from livemon.bridge.json_responses import json_response, with_silent
from livemon.bridge.limits import check_targets, shared_points
from livemon.bridge.notifying import by_grafana
from livemon.bridge.source import Answer, Source
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.get("/status")
def status() -> Response:
    """Return the nodes, their fields and each field's newest sample."""
    return json_response(status_of(source()))


def status_of(source: Source) -> dict[str, Any]:
    """Return the content of ``/api/status``."""
    now = time.time()
    nodes = []
    for node in source.catalogue.nodes.values():
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
                    **({} if each.silent_after is None else {"silent_after": each.silent_after}),
                    "limits": [_limit(alarm) for alarm in source.inventory.limits_of(each.path)],
                }
            )
        nodes.append(
            {
                "name": node.name,
                "description": node.description,
                "error": node.error,
                "faults": node.faults,
                "counts": node.counts,
                "notes": node.notes,
                "silent_after": node.silent_after,
                "fields": fields,
                **({"operations": node.operations} if node.operations else {}),
            }
        )
    hub = {"away": source.hubless, "left_out": source.left_out}
    site = {"name": source.inventory.site_name, "time_zone": source.inventory.time_zone}
    return {"time": now, "router": {"connected": source.connected}, "hub": hub, "nodes": nodes} | site


def _limit(alarm: Alarm) -> dict[str, Any]:
    return {"test": alarm.test, "limits": alarm.limits, "severity": alarm.tags.get("severity"), "id": alarm.id}


@blueprint.get("/alarms")
def alarms() -> Response:
    """Return every alarm of the inventory: whether it fires, since when, its value, limit and tags, and whether Grafana notifies."""
    content = source().alarms()
    grafana = by_grafana({each["rule"] for each in content["alarms"]})
    each_with_grafana = [each | {"grafana": grafana[each["rule"]]} for each in content["alarms"]]
    return json_response(content | {"alarms": each_with_grafana})


@blueprint.get("/series")
def series() -> Response:
    """Return samples of fields."""
    query = _query()
    answer = _fetch(query, count(request.args.get("points"), "points"))
    found = []
    for name, each in query.fields.items():
        times, values = answer.series[each]
        about = {"field": name, "node": each.node, "path": each.path, "label": each.label, "units": each.units}
        found.append(about | {"times": times, "values": values, "envelope": each in answer.thinned})
    return with_silent(json_response({"series": found}), answer.silent)


@blueprint.get("/series.csv")
def series_csv() -> Response:
    """Return the same as a table; without `points`, every sample."""
    query = _query()
    if request.args.get("points"):
        answer = _fetch(query, count(request.args.get("points"), "points"))
    else:
        answer = every_sample(source(), query.distinct, query.start, query.end)
    columns = [
        (title(name, each, envelope=each in answer.thinned), answer.series[each]) for name, each in query.fields.items()
    ]
    moments = [time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment)) for moment in (query.start, query.end)]
    return with_silent(csv_response(columns, f"livemon-{'-'.join(moments)}.csv"), answer.silent)


@dataclass(frozen=True)
class Query:
    """Which samples a request asks for: fields by the names that it gives them, in ``[start, end)``, UNIX seconds."""

    fields: Mapping[str, Field]
    start: float
    end: float

    @property
    def distinct(self) -> list[Field]:
        """The fields, each once, even if the request gives one several names."""
        return list(dict.fromkeys(self.fields.values()))


def _query() -> Query:
    names = list(dict.fromkeys(request.args.getlist("field")))
    if not names:
        raise RequestError("name a channel: field=NODE::field or field=<path>")
    check_targets(len(names), "fields")
    now = time.time()
    start = unix_seconds(request.args.get("from"), "from", now - 600, now)
    end = unix_seconds(request.args.get("until"), "until", now, now)
    check_range(start, end)
    catalogue = source().catalogue
    return Query({name: catalogue.find(name) for name in names}, start, end)


def _fetch(query: Query, points: int) -> Answer:
    return source().fetch(query.distinct, query.start, query.end, shared_points(points, len(query.fields)))
