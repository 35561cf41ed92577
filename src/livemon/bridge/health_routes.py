"""Whether the appliance is well, including the path of its alarms, and whether the cryostat is, which is a separate question.

The dead-man's switch queries the former (docs/dead-mans-switch.md), people query both.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from flask import Blueprint, Response

from livemon.alarms import cryostat_health
from livemon.alarms.definition import Alarm
from livemon.bridge import gaps, grafana_state, notifying
from livemon.bridge.api import status_of
from livemon.bridge.catalogue import Field
from livemon.bridge.current import bridge
from livemon.bridge.evaluated_rules import EvaluatedRules
from livemon.bridge.inventory import Inventory
from livemon.bridge.json_responses import json_response
from livemon.bridge.notifying import NotifierReport
from livemon.bridge.source import Source
from livemon.contract import ADDRESS_ROOT, CONNECTED, LOST
from livemon.errors import LivemonError
from livemon.health import limits
from livemon.hkarchive.gaps import Gap
from livemon.quantities import some

LOOK_BACK = 60.0
"""Seconds for which a loss of samples counts as a present problem: a continuing loss is reported with each heartbeat."""
SAMPLES = 1000
NAMED = 5
"""Names in one sentence, at most."""

blueprint = Blueprint("health", __name__, url_prefix="/api")


@blueprint.get("/health")
def health() -> Response:
    """Answer 200 if everything is well and 503 if not, as monitors expect, with the reasons in the body."""
    here, source = bridge(), bridge().source
    of_grafana = [
        *grafana_state.problems(time.time()),
        *_unevaluated(here.evaluated_rules, source.inventory.rules),
    ]
    notifier = notifying.notifier_report()
    problems = [*_problems(source), *of_grafana, *notifier["problems"]]
    content = {
        "well": not problems,
        "problems": problems,
        "grafana": of_grafana,
        "time": time.time(),
        "alarm_path": here.alarm_path.as_dict(),
        "dead_mans_switch": here.dead_mans_switch.as_dict(),
        "notifier": notifier,
    }
    return json_response(content | _cryostat(source, notifier), 503 if problems else 200)


def _cryostat(source: Source, notifier: NotifierReport) -> dict[str, Any]:
    """Return what the alarms say about the cryostat and its instruments; it does not affect `well`."""
    alarms, states, unjudged = source.inventory.alarms, *_judged(source)
    silenced, channels = grafana_state.silenced(time.time()), _channels(source)
    beyond = [
        cryostat_health.told(alarm, state)
        | _place(source.inventory, channels, alarm)
        | {"silenced": silenced.get(alarm.id)}
        for alarm, state in cryostat_health.beyond(alarms, states)
    ]
    cryostat = cryostat_health.cryostat(alarms, states, unjudged, _notified_by(source, notifier))
    return {"alarms": beyond, "cryostat": cryostat}


def _judged(source: Source) -> tuple[cryostat_health.States, float]:
    """Return the states of the alarms, and for how many seconds none was judged."""
    watch = source.alarm_watch
    return ({}, 0.0) if watch is None else (watch.states, watch.unjudged)


def _channels(source: Source) -> Mapping[str, Field]:
    try:
        return source.catalogue.by_path
    except LivemonError:  # the router is away, which is among the problems
        return {}


def _place(inventory: Inventory, channels: Mapping[str, Field], alarm: Alarm) -> dict[str, str | None]:
    """Return where people find an alarm's channel: its node, and the field there, null if no node has it now."""
    channel = channels.get(cryostat_health.path_of(alarm) or "")
    if channel is not None:
        return {"node": channel.node, "field": channel.name}
    instrument = alarm.tags.get("instrument", alarm.rule)
    return {"node": inventory.nodes.get(instrument, instrument), "field": None}


def _notified_by(source: Source, notifier: NotifierReport) -> str | None:
    """Return who notifies people: Grafana, or our notifier where Grafana leaves alarms to it; `None` if nobody does."""
    age = notifier["age"]
    if notifier["notifies"] and age is not None and age < notifying.SILENT_AFTER:
        return "notifier"
    evaluates = False not in notifying.by_grafana(source.inventory.rules).values()
    return "grafana" if evaluates and grafana_state.notifies_people(time.time()) else None


def _problems(source: Source) -> Iterator[str]:
    yield from _unjudged(source)
    try:
        status = status_of(source)
        yield from limits.problems(status)
        yield from limits.agent_problems(status, source.inventory.has_dropped)
        yield from _absences(source)
        yield from _losses(source)
        yield from _uncounted(gaps.gaps_between(time.time() - LOOK_BACK, time.time()))
    except LivemonError as error:
        yield str(error)


def _absences(source: Source) -> Iterator[str]:
    """Yield what is in the inventory and not on the monitor, because it never came or left too long ago."""
    inventory, catalogue = source.inventory, source.catalogue
    due = {name for name, after in inventory.silent_after.items() if after is not None}
    for node in sorted(({each.node for each in inventory.expected} | due) - catalogue.nodes.keys()):
        yield f"node {node} is not running: see docker logs sisock_nodes"
    for agent in inventory.agents:
        if f"{ADDRESS_ROOT}.{agent}{CONNECTED}" not in catalogue.by_path:
            yield f"agent {agent} has sent no heartbeat yet: see docker logs ocs_{agent}"


def _unjudged(source: Source) -> Iterator[str]:
    unjudged = _judged(source)[1]
    if unjudged > cryostat_health.UNJUDGED_AFTER:
        yield f"no alarm has been judged for {limits.age(unjudged)}: see docker logs sisock_grafana_http"


def _unevaluated(evaluated: EvaluatedRules, rules: Sequence[str]) -> Iterator[str]:
    if silent := evaluated.silent(rules):
        yield (
            f"Grafana has stopped evaluating {len(silent)} of its {len(rules)} alarm rules ({some(silent, NAMED)}): "
            "were they deleted or paused? Run the playbook again"
        )


def _uncounted(recent: Sequence[Gap]) -> Iterator[str]:
    """Yield which feeds may lack samples whose number is unknown."""
    feeds = sorted({gap.feed for gap in recent if gap.is_loss and gap.samples is None})
    if feeds:
        yield (
            f"the archive may lack samples of {some(feeds, NAMED)} from the last {LOOK_BACK:.0f} s: "
            "see livemon gaps for the reason"
        )


def _losses(source: Source) -> Iterator[str]:
    field = source.catalogue.by_path.get(LOST)
    if field is None:
        return
    now = time.time()
    _times, values = source.fetch([field], now - LOOK_BACK, now, SAMPLES).series[field]
    known = values[np.isfinite(values)]
    rises = np.diff(known)
    lost = np.where(rises < 0, known[1:], rises).sum()  # a recorder that was restarted counts from zero
    if lost > 0:
        yield (
            f"the archive lost {lost:.0f} samples within the last {LOOK_BACK:.0f} s: "
            "see livemon gaps for which, and the reason"
        )
