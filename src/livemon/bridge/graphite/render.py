"""``/render``: targets evaluated over the nodes' samples, as Grafana's Graphite data source asks for them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from flask import Response, current_app, request

from livemon.bridge import asked
from livemon.bridge.answers import json_answer, pairs, with_silent
from livemon.bridge.graphite.consolidation import shortened
from livemon.bridge.graphite.evaluation import Evaluation
from livemon.bridge.graphite.grammar import parse
from livemon.bridge.graphite.routes import route
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.limits import check_series, check_targets, shared_points
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError

DAY = 86400.0


@route("/render")
def render() -> Response:
    """Evaluate targets."""
    targets = request.values.getlist("target")
    check_targets(len(targets))
    asked.note(targets)
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
    evaluation = Evaluation(current_app.extensions["source"], window, points)
    for tree in trees:
        evaluation.prepare(tree)
    series = []
    with np.errstate(all="ignore"):  # numbers too large for one are null in the answer
        for tree in trees:
            series += evaluation.evaluate(tree)
            check_series(len(series))
        series = shortened(series, window, shared_points(points, len(series)), evaluation.budget)
    return with_silent(json_answer([_as_json(each) for each in told_apart(series)]), evaluation.silent)


def told_apart(series: SeriesList) -> SeriesList:
    """Return series no two of which have the same tags, also when the name among them is that of the answer.

    Alarms know a series by its tags alone, and fail when two have the same; newer Grafanas put the answer's name in place of the tag.
    """
    seen: set[frozenset[tuple[str, str]]] = set()
    found = []
    for each in series:
        tags, number = each.tags, 1
        while not seen.isdisjoint(_keys(each.name, tags)):
            number += 1
            tags = each.tags | {"series": str(number)}
        seen.update(_keys(each.name, tags))
        found.append(each if number == 1 else replace(each, tags=tags))
    return found


def _keys(name: str, tags: dict[str, str]) -> list[frozenset[tuple[str, str]]]:
    return [frozenset(tags.items()), frozenset((tags | {"name": name}).items())]


def _as_json(series: Series) -> dict[str, Any]:
    return {"target": series.name, "tags": series.tags, "datapoints": pairs(series.times, series.values)}
