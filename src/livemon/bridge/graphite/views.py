"""What Grafana's Graphite data source calls, in each of its two ways (front end and back end): docs/architecture.md."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from flask import Blueprint, Response, current_app, request

from livemon.bridge.answers import json_answer, pairs, with_silent
from livemon.bridge.catalogue import Field
from livemon.bridge.graphite import functions
from livemon.bridge.graphite.functions import Series, SeriesList, Window
from livemon.bridge.graphite.grammar import Call, Path, parse
from livemon.bridge.graphite.paths import children, matching
from livemon.bridge.source import Answer
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError

VERSION = "1.1.10"
"""The Graphite whose interface this is."""

DAY = 86400.0
MAX_TARGETS, MAX_SERIES = 100, 500
PLAIN_FAULTS = {"/render", "/render/", "/metrics/find", "/metrics/find/"}
"""Where Grafana shows a fault's text as it is."""

blueprint = Blueprint("graphite", __name__)


def _route(path: str) -> Any:
    return blueprint.route(path, methods=["GET", "POST"], strict_slashes=False)


@_route("/render")
def render() -> Response:
    """Evaluate targets."""
    targets = request.values.getlist("target")
    if len(targets) > MAX_TARGETS:
        raise RequestError(f"more than {MAX_TARGETS} targets in one request")
    if request.values.get("format", "json") != "json":
        raise RequestError("format: only json is known here")
    now = time.time()
    window = Window(
        unix_seconds(request.values.get("from"), "from", now - DAY, now),
        unix_seconds(request.values.get("until"), "until", now, now),
    )
    check_range(window.start, window.end)
    points = count(request.values.get("maxDataPoints"), "maxDataPoints")
    trees = [parse(target) for target in targets]
    paths = [path for tree in trees for path in _paths(tree)]
    found = [each for path in paths[:MAX_SERIES] for each in _fields(path)]
    # One that is asked for twice is answered twice.
    if max(len(paths), len(found)) > MAX_SERIES:
        raise RequestError(f"the targets ask for more than {MAX_SERIES} series")
    # One question to each node, whatever the number of targets.
    wanted = set(found)
    source = current_app.extensions["source"]
    answer = source.fetch(wanted, window.start, window.end, points) if wanted else Answer()
    series = [each for tree in trees for each in _evaluate(tree, window, answer)]
    return with_silent(json_answer([_as_json(each) for each in series]), answer.silent)


@_route("/metrics/find")
def find() -> Response:
    """Find the nodes of the metrics' tree that a query matches."""
    query = request.values.get("query", "")
    if not query:
        raise RequestError("query: write a pattern, for example observatory.*")
    prefix = query.rpartition(".")[0]
    prefix = f"{prefix}." if prefix else ""
    return json_answer(
        [
            {
                "text": name,
                "id": prefix + name,
                "allowChildren": int(not is_leaf),
                "expandable": int(not is_leaf),
                "leaf": int(is_leaf),
            }
            for name, is_leaf in children(query, _all_paths())
        ]
    )


@_route("/metrics/expand")
def expand() -> Response:
    """Expand queries to full paths."""
    paths = set()
    for query in request.values.getlist("query"):
        depth = query.count(".") + 1
        prefixes = {".".join(path.split(".")[:depth]) for path in _all_paths() if path.count(".") + 1 >= depth}
        paths.update(matching(query, prefixes))
    return json_answer({"results": sorted(paths)})


@_route("/functions")
def list_functions() -> Response:
    """Describe the functions that targets may use."""
    return json_answer(functions.describe())


@_route("/functions/<name>")
def describe_function(name: str) -> Response:
    """Describe one function."""
    described = functions.describe().get(name)
    return json_answer(described) if described else json_answer({"error": f"there is no function {name}"}, 404)


@_route("/tags/autoComplete/tags")
def complete_tags() -> Response:
    """Complete tags: series are found by path here, not by tag."""
    return json_answer([])


@_route("/tags/autoComplete/values")
def complete_values() -> Response:
    """Complete a tag's values; see :func:`complete_tags`."""
    return json_answer([])


@_route("/events/get_data")
def events() -> Response:
    """List events: there are none."""
    return json_answer([])


@_route("/version")
def version() -> Response:
    """Tell the version of the interface."""
    return json_answer(VERSION)


def _all_paths() -> list[str]:
    return [each.path for each in current_app.extensions["source"].catalogue.plottable]


def _fields(path: Path) -> list[Field]:
    by_path = {each.path: each for each in current_app.extensions["source"].catalogue.plottable}
    return [by_path[each] for each in sorted(matching(path.text, by_path))]


def _paths(tree: Any) -> list[Path]:
    if isinstance(tree, Path):
        return [tree]
    if isinstance(tree, Call):
        return [path for argument in (*tree.arguments, *dict(tree.keywords).values()) for path in _paths(argument)]
    return []


def _evaluate(tree: Any, window: Window, answer: Answer) -> SeriesList:
    if isinstance(tree, Path):
        return [_series(each, answer) for each in _fields(tree)]
    if not isinstance(tree, Call):
        return tree
    arguments = tuple(_evaluate(argument, window, answer) for argument in tree.arguments)
    keywords = {name: _evaluate(value, window, answer) for name, value in tree.keywords}
    return functions.call(tree.name, window, arguments, keywords)


def _series(field: Field, answer: Answer) -> Series:
    # A field that appeared between the two looks at the catalogue has no samples yet.
    times, values = answer.series.get(field, (np.empty(0), np.empty(0)))
    # Alarms tell series apart by their tags alone, so each has its own name among them.
    tags = {"name": field.path, "node": field.node, "field": field.name}
    tags |= {key: value for key, value in (("label", field.label), ("unit", field.units)) if value}
    return Series(field.path, field.path, tags, times, values)


def _as_json(series: Series) -> dict[str, Any]:
    return {"target": series.name, "tags": series.tags, "datapoints": pairs(series.times, series.values)}
