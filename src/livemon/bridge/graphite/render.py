"""``/render``: targets evaluated over the nodes' samples, as Grafana's Graphite data source asks for them."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from flask import Response, current_app, request

from livemon.bridge.answers import json_answer, pairs, with_silent
from livemon.bridge.catalogue import Field
from livemon.bridge.graphite import functions
from livemon.bridge.graphite.functions import Series, SeriesList, Window
from livemon.bridge.graphite.grammar import Call, Path, parse
from livemon.bridge.graphite.paths import expand_braces, matching
from livemon.bridge.graphite.routes import check_patterns, route
from livemon.bridge.limits import check_series, check_targets, shared_points
from livemon.bridge.source import Answer
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError

DAY = 86400.0


@route("/render")
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
            check_patterns(self._patterns)
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
