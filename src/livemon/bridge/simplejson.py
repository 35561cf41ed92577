"""SimpleJson, the protocol of the Grafana plug-in of the first live monitors (grafana-simple-json-datasource 1.4)."""

from __future__ import annotations

import math
import time
from typing import Any

from flask import Blueprint, Response, current_app, request

from livemon.bridge.answers import json_answer, pairs, with_silent
from livemon.bridge.times import check_range, count, number, unix_seconds
from livemon.errors import RequestError

blueprint = Blueprint("simplejson", __name__)


@blueprint.route("/search", methods=["GET", "POST"])
def search() -> Response:
    """List the metrics, ``NODE::field``; a target that is not null narrows them to those that contain it."""
    wanted = _body().get("target") or ""
    if not isinstance(wanted, str):
        raise RequestError("target: write a text, part of a metric's name")
    names = [each.short for each in current_app.extensions["source"].catalogue.plottable]
    return json_answer([name for name in names if wanted.lower() in name.lower()])


@blueprint.post("/query")
def query() -> Response:
    """Return time series for the targets: values and times in milliseconds."""
    source = current_app.extensions["source"]
    body = _body()
    times = body.get("range") or {}
    if not isinstance(times, dict):
        raise RequestError('range: write {"from": ..., "to": ...}')
    now = time.time()
    start = unix_seconds(times.get("from"), "range.from", now - 3600, now)
    end = unix_seconds(times.get("to"), "range.to", now, now)
    check_range(start, end)
    points = count(body.get("maxDataPoints"), "maxDataPoints")
    interval = number(body.get("intervalMs")) or 0
    if interval > 0:
        points = max(1, math.ceil(min(points, (end - start) / interval * 1000)))
    names = _targets(body)
    fields = [source.catalogue.find(name) for name in names]
    answer = source.fetch(fields, start, end, points) if fields else None
    series = []
    for name, each in zip(names, fields, strict=True):
        when, values = answer.series[each]
        series.append({"target": name, "datapoints": pairs(when * 1000, values)})
    return with_silent(json_answer(series), answer.silent if answer else [])


def _targets(body: dict[str, Any]) -> list[str]:
    targets = body.get("targets")
    if not isinstance(targets, list) or not all(isinstance(target, dict) for target in targets):
        raise RequestError('targets: write a list, for example [{"target": "LSA21OQ::channel_1_t"}]')
    # A panel's editor asks before anything is chosen: no target, or the words that stand in its place.
    chosen = [target.get("target") for target in targets]
    chosen = [name for name in chosen if name not in (None, "", "select metric")]
    if not all(isinstance(name, str) for name in chosen):
        raise RequestError("targets: each target is a text, NODE::field")
    return chosen


def _body() -> dict[str, Any]:
    if not request.get_data():
        return {}
    try:
        body = request.get_json(force=True, silent=True)
    except RecursionError:
        body = None
    if not isinstance(body, dict):
        raise RequestError("the request's body is no JSON object")
    return body
