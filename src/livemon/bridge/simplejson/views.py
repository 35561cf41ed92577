"""The views of the protocol: docs/architecture.md."""

from __future__ import annotations

import math
import time
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from flask import Blueprint, Response, request

from livemon.bridge.annotations import Mark, marks, named
from livemon.bridge.catalogue import Field
from livemon.bridge.current import source
from livemon.bridge.gaps import gaps_between
from livemon.bridge.json_bodies import json_body, object_in, text_in
from livemon.bridge.json_responses import json_response, pairs, with_silent
from livemon.bridge.limits import shared_points
from livemon.bridge.simplejson import builder
from livemon.bridge.simplejson.filters import FILTER_KEYS, filters_of, values_of
from livemon.bridge.simplejson.tables import column, milliseconds, table
from livemon.bridge.simplejson.targets import Target, targets_of
from livemon.bridge.source import Answer
from livemon.bridge.times import check_range, count, number, unix_seconds
from livemon.series.gaps import broken

blueprint = Blueprint("simplejson", __name__)

HOUR = 3600.0
MAX_HEADER = 2000
MAX_MARKS = 1000
MAX_ECHO = 2000
"""Bytes of an annotation that each of its marks repeats, at most."""


@blueprint.route("/search", methods=["GET", "POST"])
def search() -> Response:
    """List the metrics, ``NODE::field``; a target that is not null restricts them to those that contain it.

    Strings are listed only if the request is for tables.
    """
    body = json_body()
    wanted = text_in(body, "target", "part of a metric's name").lower()
    catalogue = source().catalogue
    fields = catalogue.fields if body.get("type") == "table" else catalogue.plottable
    return json_response([each.short for each in fields if wanted in each.short.lower()])


@blueprint.post("/query")
def query() -> Response:
    """Return the targets' samples, each as a series of values and milliseconds or as a table."""
    body = json_body()
    start, end = _range(body)
    targets, unknown = targets_of(body, source().catalogue, filters_of(body))
    fields = list(dict.fromkeys(field for target in targets for field in target.fields))
    points = shared_points(_points(body, end - start), len(fields))
    answer = source().fetch(fields, start, end, points) if fields else Answer()
    wants_events = any(target.events is not None for target in targets)
    found, silent = marks(source(), start, end, gaps_between(start, end)) if wants_events else ([], [])
    content: list[dict[str, Any]] = []
    for target in targets:
        if target.events is not None:
            content.append(_with_ref(_events(named(found, target.events)[-MAX_MARKS:]), target))
        elif target.as_table:
            content.append(_with_ref(_table(target, answer, start, end), target))
        else:
            content += [_with_ref(series, target) for series in _series(target, answer)]
    response = with_silent(json_response(content), sorted({*answer.silent, *silent}))
    if unknown:
        # Names are whatever people typed; a header may contain few characters.
        response.headers["X-Livemon-Unknown"] = ",".join(quote(name, safe=":") for name in unknown)[:MAX_HEADER]
    return response


@blueprint.post("/annotations")
def list_annotations() -> Response:
    """Return joins and leaves of agents and data nodes; the annotation's query restricts them to names that contain it.

    If there are too many to be distinguished in a plot, the newest are returned.
    """
    body = json_body()
    start, end = _range(body)
    annotation = object_in(body, "annotation", '{"name": "Joins and leaves", "query": "ls240"}')
    wanted = text_in(annotation, "query", "part of a name")
    found, silent = marks(source(), start, end, gaps_between(start, end))
    found = named(found, wanted)
    echo = annotation if len(orjson.dumps(annotation)) <= MAX_ECHO else {}
    items = [
        {"annotation": echo, "time": _ms(mark.time), "title": mark.title, "tags": mark.tags, "text": mark.text}
        for mark in found[-MAX_MARKS:]
    ]
    response = with_silent(json_response(items), silent)
    if len(found) > MAX_MARKS:
        response.headers["X-Livemon-Left-Out"] = str(len(found) - MAX_MARKS)
    return response


@blueprint.route("/tag-keys", methods=["GET", "POST"])
def list_tag_keys() -> Response:
    """List the keys for ad-hoc filters."""
    return json_response([{"type": "string", "text": key} for key in FILTER_KEYS])


@blueprint.post("/tag-values")
def list_tag_values() -> Response:
    """List the values of a tag."""
    key = text_in(json_body(), "key", f"one of {', '.join(FILTER_KEYS)}")
    return json_response([{"text": value} for value in values_of(key, source().catalogue.fields)])


@blueprint.post("/metrics")
def metrics() -> Response:
    """List the metrics for the newer plug-in's query builder, and the choices for each, whatever was chosen before."""
    json_body()
    return json_response(builder.metrics(source().catalogue))


@blueprint.post("/metric-payload-options")
def metric_payload_options() -> Response:
    """List the choices for a part of a metric's payload."""
    body = json_body()
    metric = text_in(body, "metric", "a data node's name")
    name = text_in(body, "name", "a part of the metric's payload")
    return json_response(builder.options(metric, name, source().catalogue))


@blueprint.post("/variable")
def variable() -> Response:
    """List the values of a template variable."""
    body = json_body()
    payload = body.get("payload")
    if isinstance(payload, str):
        payload = {"target": payload}
    elif payload is None:
        payload = body
    wanted = text_in(object_in({"payload": payload}, "payload", '{"target": "nodes"}'), "target", builder.VARIABLES)
    return json_response(builder.variable(wanted, source().catalogue))


@blueprint.after_app_request
def allow_the_same_host(response: Response) -> Response:
    """Let a browser read responses in pages from this host's other ports: Grafana's access mode "browser" needs it.

    Pages from other hosts may not: people who reach the bridge by an SSH tunnel open those in the same browser.
    """
    origin = request.headers.get("Origin", "")
    try:
        same = bool(origin) and urlsplit(origin).hostname == urlsplit(f"//{request.host}").hostname
    except ValueError:
        same = False
    if same:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "accept, content-type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST"
        response.headers.add("Vary", "Origin")
    return response


def _range(body: dict[str, Any]) -> tuple[float, float]:
    times = object_in(body, "range", '{"from": "2026-01-31T06:00:00Z", "to": "now"}')
    now = time.time()
    start = unix_seconds(times.get("from"), "range.from", now - HOUR, now)
    end = unix_seconds(times.get("to"), "range.to", now, now)
    check_range(start, end)
    return start, end


def _points(body: dict[str, Any], seconds: float) -> int:
    points = count(body.get("maxDataPoints"), "maxDataPoints")
    interval = number(body.get("intervalMs")) or 0
    return max(1, math.ceil(min(points, seconds / interval * 1000))) if interval > 0 else points


def _series(target: Target, answer: Answer) -> list[dict[str, Any]]:
    """Return a series for each of a target's channels; an empty one for an unknown target."""
    names = _names(target)
    if not names:
        return [{"target": target.name, "datapoints": []}]
    series = []
    for field, name in names.items():
        times, values = broken(*answer.series[field])
        about = {"target": name, "datapoints": pairs(milliseconds(times), values)}
        series.append(about | ({"envelope": True} if field in answer.thinned else {}))
    return series


def _table(target: Target, answer: Answer, start: float, end: float) -> dict[str, Any]:
    catalogue = source().catalogue
    columns = {field: column(field, answer.series[field], catalogue, start, end) for field in target.fields}
    return table(_names(target), columns, answer.thinned)


def _names(target: Target) -> dict[Field, str]:
    """Return each channel's name in the response: as in the request, if the target is just that channel."""
    is_channel = len(target.fields) == 1 and target.name in (target.fields[0].short, target.fields[0].path)
    return {field: target.name if is_channel else field.short for field in target.fields}


def _events(found: list[Mark]) -> dict[str, Any]:
    headings = (("time", "time"), ("title", "string"), ("text", "string"), ("tags", "other"))
    return {
        "type": "table",
        "columns": [{"text": text, "type": kind} for text, kind in headings],
        "rows": [[_ms(mark.time), mark.title, mark.text, mark.tags] for mark in found],
    }


def _ms(when: float) -> int:
    return round(when * 1000)


def _with_ref(content: dict[str, Any], target: Target) -> dict[str, Any]:
    return content | ({"refId": target.ref_id} if target.ref_id is not None else {})
