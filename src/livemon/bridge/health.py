"""Whether the appliance is well, its path for alarms included: what the dead-man's switch asks. docs/dead-mans-switch.md."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from flask import Blueprint, Response, current_app

from livemon import health
from livemon.bridge import watched
from livemon.bridge.answers import json_answer
from livemon.bridge.api import state
from livemon.bridge.asked import Asked
from livemon.bridge.site import ROOT
from livemon.errors import LivemonError

LOOK_BACK = 600.0
"""Seconds for which a loss of samples counts as something that is wrong now."""
SAMPLES = 1000
NAMED = 5
"""Rules in one sentence."""

blueprint = Blueprint("health", __name__, url_prefix="/api")


@blueprint.get("/health")
def how_it_is() -> Response:
    """Tell whether all is well: 200 if it is, 503 if not, as monitors expect, with the reasons in the body."""
    of_grafana = list(watched.problems(time.time()))
    problems = [*_problems(current_app.extensions["source"]), *of_grafana]
    about = {name: current_app.extensions[name].told() for name in ("alarm_path", "dead_mans_switch")}
    content = {"well": not problems, "problems": problems, "grafana": of_grafana, "time": time.time()} | about
    return json_answer(content, 503 if problems else 200)


def _problems(source: Any) -> Iterator[str]:
    try:
        status = state(source)
        yield from health.problems(status)
        yield from health.agent_problems(status, source.site.has_dropped)
        yield from _absences(source)
        yield from _losses(source)
        yield from _unevaluated(current_app.extensions["asked"], source.site.rules)
    except LivemonError as error:
        yield str(error)


def _absences(source: Any) -> Iterator[str]:
    """Yield what the inventory has and nobody has seen, be it that it never came, or that it went too long ago."""
    nodes, channels = source.catalogue.nodes, source.catalogue.by_path
    for node in sorted({each.node for each in source.site.expected} - nodes.keys()):
        yield f"node {node} is not there: docker logs sisock_nodes tells why"
    for agent in source.site.agents:
        if f"{ROOT}.{agent}{health.CONNECTED}" not in channels:
            yield f"agent {agent} has not been heard yet: docker logs ocs_{agent} tells why"


def _unevaluated(asked: Asked, rules: Sequence[str]) -> Iterator[str]:
    if silent := asked.silent(rules):
        named = ", ".join(silent[:NAMED]) + (f" and {len(silent) - NAMED} more" if len(silent) > NAMED else "")
        yield (
            f"Grafana has stopped evaluating {len(silent)} of its {len(rules)} alarm rules ({named}): "
            "were they deleted or paused? Run the playbook again"
        )


def _losses(source: Any) -> Iterator[str]:
    field = source.catalogue.by_path.get(health.LOST)
    if field is None:
        return
    now = time.time()
    _times, values = source.fetch([field], now - LOOK_BACK, now, SAMPLES).series[field]
    # A recording that begins anew counts from zero.
    lost = np.maximum(np.diff(values[np.isfinite(values)]), 0).sum()
    if lost > 0:
        yield f"the archive lost {lost:.0f} samples within the last {health.age(LOOK_BACK)}: docker logs ocs_aggregator tells why"
