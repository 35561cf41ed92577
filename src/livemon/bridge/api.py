"""The bridge's own interface, for the quick-look page and the command ``livemon``: docs/architecture.md."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, current_app, request

from livemon.bridge.answers import json_answer, with_silent
from livemon.bridge.limits import check_series, shared_points
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError

blueprint = Blueprint("api", __name__, url_prefix="/api")


@blueprint.get("/status")
def status() -> Response:
    """Tell the nodes, their fields and each field's newest sample."""
    return json_answer(state(current_app.extensions["source"]))


def state(source: Any) -> dict[str, Any]:
    """Return what ``/api/status`` answers."""
    now = time.time()
    nodes = []
    for node in list(source.catalogue.nodes.values()):
        fields = []
        for each in node.fields.values():
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
                }
            )
        nodes.append({"name": node.name, "description": node.description, "error": node.error, "fields": fields})
    return {"time": now, "router": {"connected": source.connected}, "nodes": nodes}


@blueprint.get("/series")
def series() -> Response:
    """Return samples of fields."""
    source = current_app.extensions["source"]
    names = request.args.getlist("field")
    if not names:
        raise RequestError("name a channel: field=NODE::field or field=<path>")
    check_series(len(names))
    now = time.time()
    start = unix_seconds(request.args.get("from"), "from", now - 600, now)
    end = unix_seconds(request.args.get("until"), "until", now, now)
    check_range(start, end)
    fields = [source.catalogue.find(name) for name in names]
    points = shared_points(count(request.args.get("points"), "points"), len(fields))
    answer = source.fetch(list(dict.fromkeys(fields)), start, end, points)
    found = []
    for name, each in zip(names, fields, strict=True):
        times, values = answer.series[each]
        about = {"field": name, "node": each.node, "path": each.path, "label": each.label, "units": each.units}
        found.append(about | {"times": times, "values": values})
    return with_silent(json_answer({"series": found}), answer.silent)
