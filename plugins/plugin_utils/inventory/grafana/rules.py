"""Grafana's alert rules: one for each instrument, one for all other agents, one for each alarm of the appliance.

The bridge judges the alarms (livemon.alarms); a rule asks for their states. It has one series for each alarm, so that dozens of rules
serve hundreds of alarms. Only what Grafana 9.4 reads is used, and newer releases read it as well (see its documentation of file
provisioning). Annotations keep their ``$``: no release reads ``$values`` there as a variable of the environment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..entries import Document
from . import sentences
from .alarms.build import alarms_of
from .alarms.kinds import BRIDGE, KINDS
from .alarms.requested import AGENTS_RULE, Equipment, Requested
from .identity import APPLIANCE, DATA_SOURCE, WATCHDOG, PanelPlace, instrument_uid, panel_id, readings_panel
from .releases import KEEPS_LAST, Release
from .uids import uid

EXPRESSIONS = "-100"
"""The uid of Grafana's own data source of expressions, as 9.4 and all later releases know it."""
LATELY = 120
"""Seconds of the past that are asked for: the bridge answers with what it has judged last."""
OLD = 120.0
"""Seconds from which on a value is said to be old."""
ASKED = {"state": sentences.STATE, "value": sentences.VALUE, "limit": sentences.LIMIT, "age": sentences.AGE}
"""What the bridge answers for each alarm (livemon.bridge.alarm_channels), and the letter of its newest number."""
POINTS = 500
"""What 9.4 asks for, whatever a rule says; newer releases are asked for the same, so that all get the same numbers."""


@dataclass(frozen=True)
class Rule:
    """One rule, and the panel that shows its alarms.

    `asks` is the name under which the bridge judges its alarms; empty for a rule of another kind. `states` is what an alarm becomes
    if the rule has no data or its query fails; `None`: it keeps its state, if Grafana can do that.
    """

    uid: str
    title: str
    group: str
    queries: list[Document]
    annotations: Mapping[str, str]
    asks: str = ""
    panel: PanelPlace | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    hold: int = 0
    states: str | None = None


def rules_of(requested: Requested) -> list[Rule]:
    """Return the rules of all alarms that there are."""
    kinds: dict[str, dict[str, None]] = {}
    for alarm in alarms_of(requested):
        kinds.setdefault(alarm.rule, {})[alarm.kind] = None
    rules = [*_of_bridge(requested)]
    for name, kind in KINDS.items():
        rules += _of_appliance(name, f"appliance:{name}", kind.title, kind.panel, kinds)
    rules += _of_appliance("agents", AGENTS_RULE, "Agents", "connected", kinds)
    return rules + [
        _of_instrument(each, list(kinds[each.rule])) for each in requested.instruments if each.rule in kinds
    ]


def rendered(rule: Rule, release: Release) -> Document:
    """Return a rule as the file of a Grafana of that `release` has it."""
    # What a rule asks for is answered even if data, nodes or the router are away. If the bridge itself does not answer, alarms keep
    # their states in a Grafana that can do that. An older one takes them to be over: see notifications.py.
    states = rule.states or ("KeepLast" if release >= KEEPS_LAST else "OK")
    annotations = dict(rule.annotations)
    if rule.panel:
        # Grafana requires both or neither, and otherwise does not start.
        annotations |= {
            "__dashboardUid__": rule.panel.dashboard,
            "__panelId__": str(rule.panel.panel),
            "link": f"/d/{rule.panel.dashboard}?viewPanel={rule.panel.panel}",
        }
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": rule.queries[-1]["refId"],
        "for": f"{rule.hold}s",  # 9.4 does not accept a rule without
        "noDataState": states,
        "execErrState": states,
        "annotations": annotations,
        "labels": dict(rule.labels),
        "data": rule.queries,
    }


def _of_appliance(
    name: str, asks: str, title: str, panel: str, kinds: Mapping[str, Mapping[str, None]]
) -> Iterator[Rule]:
    if asks in kinds:
        yield Rule(
            uid("appliance", name),
            title,
            "The appliance",
            _of_series(asks),
            _annotations(list(kinds[asks]), OLD),
            asks,
            PanelPlace(APPLIANCE, panel_id("appliance", panel)),
        )


def _of_instrument(instrument: Equipment, kinds: list[str]) -> Rule:
    return Rule(
        uid("rule", instrument.id),
        instrument.title,
        "Instruments",
        _of_series(instrument.rule),
        _annotations(kinds, OLD + 2 * instrument.cycle),
        instrument.rule,
        PanelPlace(instrument_uid(instrument.id), readings_panel(instrument.id)),
    )


def _of_bridge(requested: Requested) -> Iterator[Rule]:
    """Yield the rule that fires if the bridge does not answer: all others leave that to this one."""
    kind = KINDS[BRIDGE]
    limit, severity = requested.appliance[BRIDGE]
    if limit:
        yield Rule(
            uid("appliance", BRIDGE),
            kind.title,
            "The appliance",
            _judged(),
            {
                "summary": sentences.bridge_summary(),
                "description": kind.advice,
                "state": sentences.bridge_state(),
                "answered": sentences.bridge_answered(),
            },
            panel=PanelPlace(APPLIANCE, panel_id("appliance", kind.panel)),
            labels={"kind": BRIDGE, "severity": severity, "subject": kind.title},
            hold=int(limit),
            states="Alerting",
        )


def _annotations(kinds: list[str], old_after: float) -> dict[str, str]:
    return {
        "summary": sentences.summary(kinds, old_after),
        "description": sentences.advice(kinds),
        "state": sentences.state(),
    }


def _of_series(asks: str) -> list[Document]:
    """Return the queries of a rule: what the bridge answers for each of its alarms, and that it fires if the state is 1."""
    letters = dict(zip(ASKED, "ABCD", strict=True))
    # They have one name and the same tags, so that Grafana knows which value belongs to which state.
    queries = [_query(letters[what], f"aliasByNode(alarms.{asks}.*.{what}, 2)") for what in ASKED]
    reduced = [_reduced(number, letters[what]) for what, number in ASKED.items()]
    return [*queries, *reduced, _compared("I", sentences.STATE, "gt", 0.5)]


def _constant() -> list[Document]:
    """Return the queries of a rule that the bridge always answers with 1."""
    return [_query("A", "constantLine(1)", 600), _reduced("B", "A"), _compared("C", "B", "gt", 0)]


def _judged() -> list[Document]:
    """Return the queries of whether alarms are judged: they fail if the bridge does not answer, and are late if it hangs."""
    return [
        _query("A", "alarms.unjudged"),
        _reduced(sentences.UNJUDGED, "A"),
        _compared("C", sentences.UNJUDGED, "gt", sentences.LONGEST),
    ]


def _query(ref: str, target: str, seconds: int = LATELY) -> Document:
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


def _reduced(ref: str, query: str) -> Document:
    return _expression(ref, type="reduce", expression=query, reducer="last", settings={"mode": "dropNN"})


def _compared(ref: str, number: str, test: str, limit: float) -> Document:
    conditions = [{"evaluator": {"type": test, "params": [limit]}}]
    return _expression(ref, type="threshold", expression=number, conditions=conditions)


def _expression(ref: str, **model: Any) -> Document:
    return {
        "refId": ref,
        "datasourceUid": EXPRESSIONS,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {"refId": ref, "datasource": {"type": "__expr__", "uid": EXPRESSIONS}} | model,
    }


WATCHDOG_RULE = Rule(
    uid("watchdog"),
    WATCHDOG,
    "The alarm path",
    _constant(),
    {
        "summary": "This one always fires: while it arrives, any other would",
        "description": "Nothing is to be done. Its absence stops the dead-man's switch.",
    },
    labels={"kind": "watchdog", "severity": "none"},
    states="OK",
)
