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
from livemon.bridge.graphite.paths import children, expand_braces, matching
from livemon.bridge.limits import check_series, check_targets, shared_points
from livemon.bridge.source import Answer
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError, shown

VERSION = "1.1.10"
"""The Graphite whose interface this is."""

DAY = 86400.0
MAX_PATTERNS = 1000
"""Patterns in the targets of one request, braces expanded: each is held against every path."""
PLAIN_FAULTS = {"/render", "/render/", "/metrics/find", "/metrics/find/"}
"""Where Grafana shows a fault's text as it is."""

blueprint = Blueprint("graphite", __name__)


def _route(path: str) -> Any:
    return blueprint.route(path, methods=["GET", "POST"], strict_slashes=False)


@_route("/render")
def render() -> Response:
    """Evaluate targets."""
    targets = request.values.getlist("target")
    check_targets(len(targets))
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
    fields = _Fields()
    number = 0
    for path in [path for tree in trees for path in _paths(tree)]:
        number += max(1, len(fields.matching(path)))  # one that is asked for twice is answered twice
        check_series(number)
    # One question to each node, whatever the number of targets.
    wanted = fields.found
    source = current_app.extensions["source"]
    answer = source.fetch(wanted, window.start, window.end, shared_points(points, len(wanted))) if wanted else Answer()
    series = []
    with np.errstate(all="ignore"):  # numbers too large for one are null in the answer
        for tree in trees:
            series += _evaluate(tree, window, fields, answer)
            check_series(len(series))
    return with_silent(json_answer([_as_json(each) for each in series]), answer.silent)


@_route("/metrics/find")
def find() -> Response:
    """Find the nodes of the metrics' tree that a query matches."""
    query = request.values.get("query", "")
    if not query:
        raise RequestError("query: write a pattern, for example observatory.*")
    return json_answer(
        [
            {
                "text": child.name,
                "id": child.pattern,
                "allowChildren": int(not child.is_leaf),
                "expandable": int(not child.is_leaf),
                "leaf": int(child.is_leaf),
            }
            for child in children(query, _all_paths())
        ]
    )


@_route("/metrics/expand")
def expand() -> Response:
    """Expand queries to full paths."""
    patterns = {each for query in request.values.getlist("query") for each in expand_braces(query)}
    _check_patterns(len(patterns))
    all_nodes = [path.split(".") for path in _all_paths()]
    paths = set()
    for pattern in patterns:
        depth = pattern.count(".") + 1
        paths.update(matching(pattern, {".".join(nodes[:depth]) for nodes in all_nodes if len(nodes) >= depth}))
    return json_answer({"results": sorted(paths)})


@_route("/functions")
def list_functions() -> Response:
    """Describe the functions that targets may use."""
    return json_answer(functions.describe())


@_route("/functions/<name>")
def describe_function(name: str) -> Response:
    """Describe one function."""
    described = functions.describe().get(name)
    return json_answer(described) if described else json_answer({"error": f"there is no function {shown(name)}"}, 404)


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


def _check_patterns(number: int) -> None:
    if number > MAX_PATTERNS:
        raise RequestError(f"more than {MAX_PATTERNS} patterns in one request, braces expanded")


class _Fields:
    """The fields that paths match, looked up once for a whole request: the catalogue may change meanwhile."""

    def __init__(self) -> None:
        catalogue = current_app.extensions["source"].catalogue
        self._by_path = {path: each for path, each in catalogue.by_path.items() if each.type != "string"}
        self._matching: dict[str, list[Field]] = {}
        self._patterns = 0

    @property
    def found(self) -> list[Field]:
        """All that were found so far, each once."""
        return list(dict.fromkeys(field for fields in self._matching.values() for field in fields))

    def matching(self, path: Path) -> list[Field]:
        """Return the fields that a path matches, in the order of their own paths."""
        if path.text not in self._matching:
            self._patterns += len(expand_braces(path.text))
            _check_patterns(self._patterns)
            self._matching[path.text] = [self._by_path[each] for each in sorted(matching(path.text, self._by_path))]
        return self._matching[path.text]


def _paths(tree: Any) -> list[Path]:
    if isinstance(tree, Path):
        return [tree]
    if isinstance(tree, Call):
        return [
            path for argument in (*tree.arguments, *(value for _, value in tree.keywords)) for path in _paths(argument)
        ]
    return []


def _evaluate(tree: Any, window: Window, fields: _Fields, answer: Answer) -> SeriesList:
    if isinstance(tree, Path):
        return [_series(each, answer) for each in fields.matching(tree)]
    if not isinstance(tree, Call):
        return tree
    arguments = tuple(_evaluate(argument, window, fields, answer) for argument in tree.arguments)
    keywords = {name: _evaluate(value, window, fields, answer) for name, value in tree.keywords}
    return functions.call(tree.name, window, arguments, keywords)


def _series(field: Field, answer: Answer) -> Series:
    times, values = answer.series[field]
    # Alarms tell series apart by their tags alone, so each has its own name among them.
    tags = {"name": field.path, "node": field.node, "field": field.name}
    tags |= {key: value for key, value in (("label", field.label), ("unit", field.units)) if value}
    return Series(field.path, field.path, tags, times, values)


def _as_json(series: Series) -> dict[str, Any]:
    return {"target": series.name, "tags": series.tags, "datapoints": pairs(series.times, series.values)}
