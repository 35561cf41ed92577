"""Queries that evaluate Grafana's alarm rules, and what they are answered: docs/decisions/0031.

Grafana's server truncates times to whole seconds, and its expressions match the samples of two series by their times: with two
samples in one second they could pair different ones. Its strict reducers turn any null into an alarm. And a rule's
``maxDataPoints``, 500 up to 11.3 whatever the rule says, is not a choice.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from flask import request

from livemon.bridge.current import bridge
from livemon.bridge.graphite import grid
from livemon.bridge.graphite.aggregates import CONSOLIDATIONS
from livemon.bridge.graphite.series import Series
from livemon.bridge.limits import Budget
from livemon.series.envelope import fitted

ROOM = 20_000
"""Samples of all series of a rule before extremes replace them: five hours of one channel at one sample per second."""


def may_be_evaluated() -> bool:
    """Whether the present request is, or may be, the evaluation of a rule."""
    return _is_from_server() and bridge().evaluated_rules.may_be_a_rule(_is_marked())


def note(targets: Iterable[str]) -> None:
    """Record the targets of the present request, if Grafana's server sent it itself."""
    if _is_from_server():
        for target in targets:
            bridge().evaluated_rules.note(target, marked=_is_marked())


def _is_from_server() -> bool:
    """Whether Grafana's server sent the present request itself, rather than a browser through its proxy."""
    return (request.user_agent.string or "").startswith("Grafana/") and "X-Forwarded-For" not in request.headers


def _is_marked() -> bool:
    return request.headers.get("FromAlert") == "true"


def one_a_second(series: Series, budget: Budget) -> Series:
    """Return a series without two points in the same whole second.

    Of the samples in each second the newest is kept, or what ``consolidateBy`` makes of them. A series of extremes becomes the
    extremes of longer buckets of time, and the newest sample.
    """
    if series.thinned:
        points = fitted(series.times, series.values[np.newaxis], series.times[0], np.inf, 1.0, spaced=True)
        return replace(series, times=points.times, values=points.values[0])
    seconds = np.floor(series.times)
    newest = np.append(seconds[1:] != seconds[:-1], True)[: seconds.size]
    if newest.all():
        return series
    values = series.values[newest]
    if series.consolidation is not None:
        numbers = np.concatenate(([0], np.cumsum(newest[:-1])))
        rows, lengths = grid.grouped(series.values, numbers, values.size, budget.spend)
        values = CONSOLIDATIONS[series.consolidation](rows, lengths)
    return replace(series, times=series.times[newest], values=values, step=None)
