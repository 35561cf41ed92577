"""Grafana's alerting file: rules, contact points and their routes, and what an earlier run left that is to go.

The bridge judges the alarms (livemon.alarms), a rule asks for their states: one for each instrument, with many series, so that dozens
of rules do for hundreds of alarms. Only what Grafana 9.4 reads, which newer ones do, too (its documentation of file provisioning).
Annotations keep their ``$``: no version takes ``$values`` there for a variable of the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import yaml

from .. import durations
from ..instruments import name_of
from . import messages, notifications, sentences
from .alarms import appliance, equipment
from .alarms.appliance import KINDS
from .alarms.requested import Alarm, Entry, scan_cycle
from .identity import APPLIANCE, DATA_SOURCE, FOLDER, instrument_uid, panel_id, temperature_panel
from .releases import KEEPS_LAST, NEWEST
from .uids import uid

WATCHDOG_FOLDER = "livemon watchdog"
"""A folder of its own: lists of what fires leave it out."""
EXPRESSIONS = "-100"
"""The uid of Grafana's own data source of expressions, as 9.4 and all after it know it."""
EVERY = "20s"
"""The time between two evaluations, unless the inventory says so; a multiple of ten seconds."""
LATELY = 120
"""Seconds of the past that are asked for: the bridge tells what it has judged the last time."""
OLD = 120.0
"""Seconds from which on a value is said to be old."""
BRIDGE = "bridge_away"
TOLD = {"state": sentences.STATE, "value": sentences.VALUE, "limit": sentences.LIMIT, "age": sentences.AGE}
"""What the bridge tells of each alarm (livemon.bridge.alarm_channels), and the letter of its newest number."""
ORGANISATION = 1
POINTS = 500
"""What 9.4 asks for, whatever a rule says; the same from newer ones, so that all see the same numbers."""
HEAD = "# Made by livemon: what is changed here by hand is lost at its next run.\n"


@dataclass(frozen=True)
class Rule:
    """One rule: alarms of several kinds, which the bridge judges under one name (`asks`), and the panel that shows them.

    A value that is older than `old_after` seconds is said to be so. Of a rule that asks for no alarm, `data`, `texts`, `labels` and
    `states` say what it has instead.
    """

    uid: str
    title: str
    group: str
    asks: str = ""
    kinds: list[str] = field(default_factory=list)
    dashboard: str | None = None
    panel: int | None = None
    old_after: float = OLD
    hold: int = 0
    data: list[dict] | None = None
    texts: Mapping[str, str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    states: str | None = None


def _of_bridge(settings: Entry) -> Rule:
    """Return the rule that fires where the bridge does not answer: all others leave that to this one."""
    kind = KINDS[BRIDGE]
    limit, severity = appliance.limit_of(BRIDGE, settings.get("appliance_alarms") or {})
    return Rule(
        uid("appliance", BRIDGE),
        kind.title,
        "The appliance",
        dashboard=APPLIANCE,
        panel=panel_id("appliance", kind.panel),
        hold=int(limit),
        data=_judged(),
        texts={
            "summary": sentences.bridge_summary(),
            "description": kind.advice,
            "state": sentences.bridge_state(),
            "answered": sentences.bridge_answered(),
        },
        labels={"kind": BRIDGE, "severity": severity, "subject": kind.title},
        states="Alerting",
    )


def document(settings: Entry, release: tuple[int, int] = NEWEST) -> dict:
    """Return the file for a sound inventory, as if there had been none before.

    `settings` are those of the inventory: ``instruments``, ``ocs_agents``, ``instrument_alarms``, ``appliance_alarms``,
    ``notifications``, ``alarm_interval`` and ``dead_mans_switch``; each may be missing. `release` is that of Grafana.
    """
    watched = bool(settings.get("dead_mans_switch"))
    rules = [*rules_of(settings), *([WATCHDOG] if watched else [])]
    interval = durations.seconds(settings.get("alarm_interval") or EVERY)
    groups = [
        {
            "orgId": ORGANISATION,
            "name": group,
            "folder": WATCHDOG_FOLDER if group == WATCHDOG.group else FOLDER,
            "interval": f"{interval}s",
            "rules": [_rule(rule, release) for rule in members],
        }
        for group, members in groupby(rules, key=lambda rule: rule.group)
    ]
    content = {"apiVersion": 1, "groups": groups}
    asked_for = settings.get("notifications") or {}
    if asked_for or watched:
        content["templates"] = messages.templates()
        content["contactPoints"] = notifications.contact_points(asked_for, watched=watched, release=release)
        content["policies"] = [notifications.policy(asked_for, watched=watched)]
    return content


def alarms_of(settings: Entry) -> list[Alarm]:
    """Return all alarms that the bridge judges: those of the appliance, of its instruments and of its other agents."""
    defaults, instruments = settings.get("instrument_alarms") or {}, settings.get("instruments") or []
    alarms = list(appliance.of_appliance(settings.get("appliance_alarms") or {}, defaults, instruments))
    for instrument in instruments:
        alarms += equipment.of_instrument(instrument, defaults)
    for agent in settings.get("ocs_agents") or []:
        alarms += equipment.of_agent(agent, defaults)
    return alarms


def rules_of(settings: Entry) -> list[Rule]:
    """Return the rules, one for each instrument, one for all other agents, one for each alarm of the appliance."""
    kinds: dict[str, dict[str, None]] = {}
    for alarm in alarms_of(settings):
        kinds.setdefault(alarm.rule, {})[alarm.kind] = None
    rules = [_of_bridge(settings)] if appliance.limit_of(BRIDGE, settings.get("appliance_alarms") or {})[0] else []
    of_appliance = [(name, f"appliance:{name}", kind.title, kind.panel) for name, kind in KINDS.items()]
    of_appliance.append(("agents", equipment.AGENTS_RULE, "Agents", "connected"))
    rules += [
        Rule(
            uid("appliance", name),
            title,
            "The appliance",
            asks,
            list(kinds[asks]),
            APPLIANCE,
            panel_id("appliance", panel),
        )
        for name, asks, title, panel in of_appliance
        if asks in kinds
    ]
    rules += [
        Rule(
            uid("rule", each["id"]),
            f"{each.get('description') or name_of(each)} ({each['id']})",
            "Instruments",
            each["id"],
            list(kinds[each["id"]]),
            instrument_uid(each),
            temperature_panel(each),
            old_after=OLD + 2 * scan_cycle(each),
        )
        for each in settings.get("instruments") or []
        if each["id"] in kinds
    ]
    return rules


def after(content: Mapping[str, Any], former: Mapping[str, Any] | None) -> dict:
    """Return a file that also removes what the `former` one made, or removed, and the new one has no more.

    Grafana keeps whatever a file once made until a file says that it is to go. So that a machine which missed a run catches
    up, what has gone is told for ever after, unless it comes back.
    """
    former = former or {}
    result = dict(content)
    for key, removal in (("groups", "deleteRules"), ("contactPoints", "deleteContactPoints")):
        here = _uids(key, content)
        gone = dict.fromkeys([*(each["uid"] for each in former.get(removal) or []), *_uids(key, former)])
        tombstones = sorted(each for each in gone if each not in here)
        if tombstones:
            result[removal] = [{"orgId": ORGANISATION, "uid": each} for each in tombstones]
    if "templates" not in content and ("templates" in former or "deleteTemplates" in former):
        result["deleteTemplates"] = [{"orgId": ORGANISATION, "name": messages.NAME}]
    if "policies" not in content and ("policies" in former or "resetPolicies" in former):
        result["resetPolicies"] = [ORGANISATION]
    return result


def text_after(content: Mapping[str, Any], former: str) -> str:
    """Return :func:`after` as the text of the file; `former` is the text of the earlier one, empty if there was none."""
    return HEAD + yaml.dump(
        after(content, yaml.safe_load(former)), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=1000
    )


class _Plain(yaml.SafeDumper):
    """Writes out what stands in several places, for people who read the file."""

    def ignore_aliases(self, data: Any) -> bool:
        """Whether it is written out: always."""
        del data
        return True


def _uids(key: str, content: Mapping[str, Any]) -> list[str]:
    members = {"groups": "rules", "contactPoints": "receivers"}[key]
    return [each["uid"] for whole in content.get(key) or [] for each in whole.get(members) or []]


def _rule(rule: Rule, release: tuple[int, int]) -> dict:
    texts = rule.texts or {
        "summary": sentences.summary(rule.kinds, rule.old_after),
        "description": sentences.advice(rule.kinds),
        "state": sentences.state(),
    }
    data = _of_series(rule.asks) if rule.data is None else rule.data
    # What a rule asks goes on answering when data, nodes or router are away; where the bridge itself does not answer, alarms stay as
    # they were in a Grafana that can do that. An older one takes them for over: notifications.py.
    states = rule.states or ("KeepLast" if release >= KEEPS_LAST else "OK")
    annotations = dict(texts)
    if rule.dashboard is not None and rule.panel is not None:
        # Grafana takes both or neither, and does not start otherwise.
        annotations |= {
            "__dashboardUid__": rule.dashboard,
            "__panelId__": str(rule.panel),
            "link": f"/d/{rule.dashboard}?viewPanel={rule.panel}",
        }
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": data[-1]["refId"],
        "for": f"{rule.hold}s",  # 9.4 takes no rule without
        "noDataState": states,
        "execErrState": states,
        "annotations": annotations,
        "labels": dict(rule.labels),
        "data": data,
    }


def _of_series(asks: str) -> list[dict]:
    """Return the queries of a rule: what the bridge tells of each of its alarms, and that it fires where the state is 1."""
    letters = dict(zip(TOLD, "ABCD", strict=True))
    # Of one name and with the same tags, so that Grafana knows which value is whose.
    queries = [_query(letters[what], f"aliasByNode(alarms.{asks}.*.{what}, 2)") for what in TOLD]
    reduced = [_reduced(number, letters[what]) for what, number in TOLD.items()]
    return [*queries, *reduced, _compared("I", sentences.STATE, "gt", 0.5)]


def _constant(test: str, limit: float) -> list[dict]:
    """Return the queries of a rule that the bridge answers with 1, whatever it knows."""
    return [_query("A", "constantLine(1)", 600), _reduced("B", "A"), _compared("C", "B", test, limit)]


def _judged() -> list[dict]:
    """Return the queries of whether alarms are judged: a bridge that does not answer makes them fail, one that hangs is late."""
    return [
        _query("A", "alarms.unjudged"),
        _reduced(sentences.UNJUDGED, "A"),
        _compared("C", sentences.UNJUDGED, "gt", sentences.LONGEST),
    ]


def _query(ref: str, target: str, seconds: int = LATELY) -> dict:
    return {
        "refId": ref,
        "datasourceUid": DATA_SOURCE["uid"],
        "relativeTimeRange": {"from": seconds, "to": 0},
        "model": {
            "refId": ref,
            "target": target,
            "textEditor": True,
            "intervalMs": 1000,
            "maxDataPoints": POINTS,
            "datasource": DATA_SOURCE,
        },
    }


def _reduced(ref: str, query: str) -> dict:
    return _expression(ref, type="reduce", expression=query, reducer="last", settings={"mode": "dropNN"})


def _compared(ref: str, number: str, test: str, limit: float) -> dict:
    conditions = [{"evaluator": {"type": test, "params": [limit]}}]
    return _expression(ref, type="threshold", expression=number, conditions=conditions)


def _expression(ref: str, **model: Any) -> dict:
    return {
        "refId": ref,
        "datasourceUid": EXPRESSIONS,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {"refId": ref, "datasource": {"type": "__expr__", "uid": EXPRESSIONS}} | model,
    }


WATCHDOG = Rule(
    uid("watchdog"),
    notifications.WATCHDOG,
    "The alarm path",
    data=_constant("gt", 0),
    texts={
        "summary": "This one always fires: while it arrives, any other would",
        "description": "Nothing is to be done. Its absence stops the dead-man's switch.",
    },
    labels={"kind": "watchdog", "severity": "none"},
    states="OK",
)
