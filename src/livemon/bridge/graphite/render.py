"""``/render``: targets evaluated over the nodes' samples, as Grafana's Graphite data source requests them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from flask import Response, request

from livemon.bridge.current import source
from livemon.bridge.graphite import rules
from livemon.bridge.graphite.consolidation import shortened
from livemon.bridge.graphite.evaluation import Evaluation
from livemon.bridge.graphite.grammar import parse
from livemon.bridge.graphite.routes import route
from livemon.bridge.graphite.series import Series, SeriesList, Window
from livemon.bridge.json_responses import json_response, pairs, with_silent
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
    rules.note(targets)
    if request.values.get("format", "json") != "json":
        raise RequestError("format: only json is supported")
    now = time.time()
    window = Window(
        unix_seconds(request.values.get("from"), "from", now - DAY, now),
        unix_seconds(request.values.get("until"), "until", now, now),
    )
    check_range(window.start, window.end)
    points = count(request.values.get("maxDataPoints"), "maxDataPoints")
    trees = [parse(target) for target in targets]
    is_rule = rules.may_be_evaluated()
    room = rules.ROOM if is_rule and points > 1 else 0
    evaluation = Evaluation(source(), window, points, room)
    for tree in trees:
        evaluation.prepare(tree)
    series: SeriesList = []
    with np.errstate(all="ignore"):  # numbers beyond float64 are null in the response
        for tree in trees:
            series += evaluation.evaluate(tree)
            check_series(len(series))
        series = _for_a_rule(series, evaluation, room) if is_rule else _for_a_plot(series, evaluation)
    return with_silent(json_response([_as_json(each) for each in distinguished(series)]), evaluation.silent)


def _for_a_plot(series: SeriesList, evaluation: Evaluation) -> SeriesList:
    """Return series of as many points as there is room for, with a null in each gap."""
    points = shared_points(evaluation.points, len(series))
    return [_with_gaps(each) for each in shortened(series, evaluation.window, points, evaluation.budget)]


def _for_a_rule(series: SeriesList, evaluation: Evaluation, room: int) -> SeriesList:
    """Return series of samples that Grafana's server can distinguish, as many as there is room for in all series."""
    series = [rules.one_a_second(each, evaluation.budget) for each in series]
    points = shared_points(max(evaluation.points, room // max(len(series), 1)), len(series))
    seconds = max(1, int(evaluation.window.length))
    return shortened(series, evaluation.window, min(points, seconds), evaluation.budget)


def _with_gaps(series: Series) -> Series:
    if series.step is not None:  # it has a null for each missing sample
        return series
    times, values = broken(series.times, series.values)
    return replace(series, times=times, values=values)


def distinguished(series: SeriesList) -> SeriesList:
    """Return series with distinct tags, even if the tag `name` is replaced by the name of the series.

    Alarms identify a series by its tags alone, and fail if two have the same; newer Grafanas replace the tag by the name.
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
