"""``/render``: targets evaluated over the nodes' samples, as Grafana's Graphite data source asks for them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from flask import Response, current_app, request

from livemon.bridge import evaluated_rules
from livemon.bridge.graphite import rules
from livemon.bridge.graphite.consolidation import shortened
from livemon.bridge.graphite.evaluation import Evaluation
from livemon.bridge.graphite.grammar import parse
from livemon.bridge.graphite.routes import route
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.json_responses import json_answer, pairs, with_silent
from livemon.bridge.limits import check_series, check_targets, shared_points
from livemon.bridge.times import check_range, count, unix_seconds
from livemon.errors import RequestError
from livemon.series.gaps import broken

DAY = 86400.0


@route("/render")
def render() -> Response:
    """Evaluate targets."""
    targets = request.values.getlist("target")
    check_targets(len(targets))
    evaluated_rules.note(targets)
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
    rule = rules.asks()
    room = rules.ROOM if rule and points > 1 else 0
    evaluation = Evaluation(current_app.extensions["source"], window, points, room)
    for tree in trees:
        evaluation.prepare(tree)
    series = []
    with np.errstate(all="ignore"):  # numbers too large for one are null in the answer
        for tree in trees:
            series += evaluation.evaluate(tree)
            check_series(len(series))
        series = _for_a_rule(series, evaluation, room) if rule else _for_a_plot(series, evaluation)
    return with_silent(json_answer([_as_json(each) for each in told_apart(series)]), evaluation.silent)


def _for_a_plot(series: SeriesList, evaluation: Evaluation) -> SeriesList:
    """Return series of so many points as there is room for, with a null where there is a gap."""
    points = shared_points(evaluation.points, len(series))
    return [_with_gaps(each) for each in shortened(series, evaluation.window, points, evaluation.budget)]


def _for_a_rule(series: SeriesList, evaluation: Evaluation, room: int) -> SeriesList:
    """Return series of samples that Grafana's server can tell apart, as many as there is room for in all of them."""
    series = [rules.one_a_second(each, evaluation.budget) for each in series]
    points = shared_points(max(evaluation.points, room // max(len(series), 1)), len(series))
    seconds = max(1, int(evaluation.window.length))
    return shortened(series, evaluation.window, min(points, seconds), evaluation.budget)


def _with_gaps(series: Series) -> Series:
    if series.step is not None:  # it has a null in the place of each sample that is missing
        return series
    times, values = broken(series.times, series.values)
    return replace(series, times=times, values=values)


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
    about = {"target": series.name, "tags": series.tags, "datapoints": pairs(series.times, series.values)}
    return about | ({"envelope": True} if series.thinned else {})
