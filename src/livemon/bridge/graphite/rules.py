"""What Grafana's alarm rules are answered: docs/decisions/0031.

Grafana's server truncates times to whole seconds, and its expressions find two series' samples by their times: of two samples in
one second it would take one of a kind and one of another. Its strict reducers make an alarm of any null. And a rule's
``maxDataPoints``, 500 up to 11.3 whatever the rule says, is nothing that anybody chose.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flask import current_app, request

from livemon.bridge.evaluated_rules import sent_by_server
from livemon.bridge.graphite import grid
from livemon.bridge.graphite.aggregates import CONSOLIDATIONS
from livemon.bridge.graphite.series import Series
from livemon.bridge.limits import Budget
from livemon.series.envelope import fitted

ROOM = 20_000
"""Samples that all series of a rule have together before extremes stand for them: five hours of one channel, a sample a second."""


def asks() -> bool:
    """Whether the present request is, or may be, the evaluation of a rule."""
    return sent_by_server() and current_app.extensions["asked"].may_be_a_rule(
        request.headers.get("FromAlert") == "true"
    )


def one_a_second(series: Series, budget: Budget) -> Series:
    """Return a series of which no two points have the same whole second.

    Of the samples in each second that is the newest, or what ``consolidateBy`` makes of them. Of a series of extremes it is the
    extremes of longer pieces of time, and the newest sample.
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
