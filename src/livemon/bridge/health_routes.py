"""Whether the appliance is well, its path for alarms included, and whether the cryostat is, which is another question.

The dead-man's switch asks for the first (docs/dead-mans-switch.md), people for both.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from flask import Blueprint, Response, current_app

from livemon.alarms import cryostat_health
from livemon.alarms.definition import Alarm
from livemon.bridge import gaps, grafana_state, notifying
from livemon.bridge.api import state
from livemon.bridge.catalogue import Field
from livemon.bridge.evaluated_rules import Asked
from livemon.bridge.json_responses import json_answer
from livemon.bridge.site import Site
from livemon.contract import ADDRESS_ROOT, CONNECTED, LOST
from livemon.errors import LivemonError
from livemon.health import limits
from livemon.hkarchive.gaps import Gap
from livemon.quantities import some

LOOK_BACK = 60.0
"""Seconds for which a loss of samples counts as something that is wrong now: one that goes on is told anew with each heartbeat."""
SAMPLES = 1000
NAMED = 5
"""Names in one sentence."""

blueprint = Blueprint("health", __name__, url_prefix="/api")


@blueprint.get("/health")
def how_it_is() -> Response:
    """Tell whether all is well: 200 if it is, 503 if not, as monitors expect, with the reasons in the body."""
    source, extensions = current_app.extensions["source"], current_app.extensions
    of_grafana = [*grafana_state.problems(time.time()), *_unevaluated(extensions["asked"], source.site.rules)]
    about = {name: extensions[name].told() for name in ("alarm_path", "dead_mans_switch")}
    about["notifier"] = notifying.told()
    problems = [*_problems(source), *of_grafana, *about["notifier"]["problems"]]
    content = {"well": not problems, "problems": problems, "grafana": of_grafana, "time": time.time()} | about
    return json_answer(content | _plant(source, about["notifier"]), 503 if problems else 200)


def _plant(source: Any, notifier: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the alarms say of the cryostat and its instruments; nothing of it counts for `well`."""
    alarms, states, unjudged = source.site.alarms, *_judged(source)
    silenced, channels = grafana_state.silenced(time.time()), _channels(source)
    told = [
        cryostat_health.told(alarm, state) | _place(source.site, channels, alarm) | {"silenced": silenced.get(alarm.id)}
        for alarm, state in cryostat_health.beyond(alarms, states)
    ]
    return {"alarms": told, "cryostat": cryostat_health.cryostat(alarms, states, unjudged, _told_by(source, notifier))}


def _judged(source: Any) -> tuple[cryostat_health.States, float]:
    return ({}, 0.0) if source.watch is None else (source.watch.states, source.watch.unjudged)


def _channels(source: Any) -> Mapping[str, Field]:
    try:
        return source.catalogue.by_path
    except LivemonError:  # the router is away, and told of as a problem
        return {}


def _place(site: Site, channels: Mapping[str, Field], alarm: Alarm) -> dict[str, str | None]:
    """Return where people find the channel of an alarm: its node and the field there, null if no node has it now."""
    path = cryostat_health.path_of(alarm)
    if path in channels:
        return {"node": channels[path].node, "field": channels[path].name}
    instrument = alarm.tags.get("instrument", alarm.rule)
    return {"node": site.nodes.get(instrument, instrument), "field": None}


def _told_by(source: Any, notifier: Mapping[str, Any]) -> str | None:
    """Return who sends alarms to people: Grafana, or our notifier where Grafana leaves them to it; `None` if nobody does."""
    if notifier["notifies"] and notifier["age"] < notifying.SILENT_AFTER:
        return "notifier"
    evaluates = False not in notifying.by_grafana(source.site.rules).values()
    return "grafana" if evaluates and grafana_state.tells_somebody(time.time()) else None


def _problems(source: Any) -> Iterator[str]:
    yield from _unjudged(source)
    try:
        status = state(source)
        yield from limits.problems(status)
        yield from limits.agent_problems(status, source.site.has_dropped)
        yield from _absences(source)
        yield from _losses(source)
        yield from _holes(gaps.gaps_between(time.time() - LOOK_BACK, time.time()))
    except LivemonError as error:
        yield str(error)


def _absences(source: Any) -> Iterator[str]:
    """Yield what the inventory has and nobody has seen, be it that it never came, or that it went too long ago."""
    nodes, channels = source.catalogue.nodes, source.catalogue.by_path
    due = {name for name, after in source.site.silent_after.items() if after is not None}
    for node in sorted(({each.node for each in source.site.expected} | due) - nodes.keys()):
        yield f"node {node} is not running: docker logs sisock_nodes tells why"
    for agent in source.site.agents:
        if f"{ADDRESS_ROOT}.{agent}{CONNECTED}" not in channels:
            yield f"agent {agent} has not been heard yet: docker logs ocs_{agent} tells why"


def _unjudged(source: Any) -> Iterator[str]:
    unjudged = _judged(source)[1]
    if unjudged > cryostat_health.UNJUDGED_AFTER:
        yield f"no alarm has been judged for {limits.age(unjudged)}: docker logs sisock_grafana_http tells why"


def _unevaluated(asked: Asked, rules: Sequence[str]) -> Iterator[str]:
    if silent := asked.silent(rules):
        yield (
            f"Grafana has stopped evaluating {len(silent)} of its {len(rules)} alarm rules ({some(silent, NAMED)}): "
            "were they deleted or paused? Run the playbook again"
        )


def _holes(recent: Sequence[Gap]) -> Iterator[str]:
    """Yield of which feeds samples may be missing that nobody counted."""
    feeds = sorted({gap.feed for gap in recent if gap.is_loss and gap.samples is None})
    if feeds:
        yield f"the archive may lack samples of {some(feeds, NAMED)} within the last {LOOK_BACK:.0f} s: livemon gaps tells why"


def _losses(source: Any) -> Iterator[str]:
    field = source.catalogue.by_path.get(LOST)
    if field is None:
        return
    now = time.time()
    _times, values = source.fetch([field], now - LOOK_BACK, now, SAMPLES).series[field]
    known = values[np.isfinite(values)]
    rises = np.diff(known)
    lost = np.where(rises < 0, known[1:], rises).sum()  # a recording that begins anew counts from zero
    if lost > 0:
        yield f"the archive lost {lost:.0f} samples within the last {LOOK_BACK:.0f} s: livemon gaps tells which, and why"
