"""Grafana's alerting file: rules, contact points and their routes, and what an earlier run left that is to go.

Only what Grafana 9.4 reads, which newer ones do, too (its documentation of file provisioning); what 9.4 passes over is told where
it is written. Annotations keep their ``$``: no version takes ``$values`` there for a variable of the environment.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import yaml

from livemon_inventory import appliance_alarms, notifications, plant_alarms
from livemon_inventory.alarms import Alarm, Entry, Query
from livemon_inventory.dashboards.identity import DATA_SOURCE, FOLDER
from livemon_inventory.uids import uid

WATCHDOG_FOLDER = "livemon watchdog"
"""A folder of its own: lists of what fires leave it out."""
EXPRESSIONS = "-100"
"""The uid of Grafana's own data source of expressions, as 9.4 and all after it know it."""
EVERY = 60
"""Seconds between two evaluations; a multiple of ten."""
ORGANISATION = 1
POINTS = 500
"""What 9.4 asks for, whatever a rule says; the same from newer ones, so that all see the same numbers."""
HEAD = "# Made by livemon: what is changed here by hand is lost at its next run.\n"
NAMED = re.compile(r"\{value(:duration)?\}")

WATCHDOG = Alarm(
    uid=uid("watchdog"),
    title=notifications.WATCHDOG,
    group="The alarm path",
    kind="watchdog",
    severity="none",
    queries=(Query("constantLine(1)", 600),),
    test="gt",
    limits=(0,),
    summary="This one always fires: while it arrives, any other would",
    advice="Nothing is to be done. Its absence stops the dead-man's switch.",
)


def document(settings: Entry) -> dict:
    """Return the file for a sound inventory, as if there had been none before.

    `settings` are those of the inventory: ``instruments``, ``ocs_agents``, ``instrument_alarms``, ``appliance_alarms``,
    ``notifications`` and ``dead_mans_switch``; each may be missing.
    """
    alarms = alarms_of(settings)
    watched = bool(settings.get("dead_mans_switch"))
    if watched:
        alarms.append(WATCHDOG)
    groups = [
        {
            "orgId": ORGANISATION,
            "name": group,
            "folder": WATCHDOG_FOLDER if group == WATCHDOG.group else FOLDER,
            "interval": f"{EVERY}s",
            "rules": [_rule(alarm) for alarm in members],
        }
        for group, members in groupby(alarms, key=lambda alarm: alarm.group)
    ]
    content = {"apiVersion": 1, "groups": groups}
    asked_for = settings.get("notifications") or {}
    if asked_for or watched:
        content["contactPoints"] = notifications.contact_points(asked_for, watched=watched)
        content["policies"] = [notifications.policy(asked_for, watched=watched)]
    return content


def alarms_of(settings: Entry) -> list[Alarm]:
    """Return all alarms, group by group: those of the appliance, of its instruments and of its other agents."""
    defaults = settings.get("instrument_alarms") or {}
    alarms = list(appliance_alarms.of_appliance(settings.get("appliance_alarms") or {}, defaults))
    for instrument in settings.get("instruments") or []:
        alarms += plant_alarms.of_instrument(instrument, defaults)
    for agent in settings.get("ocs_agents") or []:
        alarms += plant_alarms.of_agent(agent, defaults)
    return alarms


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


def _rule(alarm: Alarm) -> dict:
    data = [_query(ref, query) for ref, query in zip("AB", alarm.queries, strict=False)]
    reduced = [chr(ord("A") + len(data) + number) for number in range(len(data))]
    data += [
        _expression(ref, type="reduce", expression=asked["refId"], reducer=query.reducer, settings={"mode": "dropNN"})
        for ref, asked, query in zip(reduced, list(data), alarm.queries, strict=True)
    ]
    value = reduced[-1]
    if alarm.per is not None:
        before, now = reduced
        value = chr(ord(value) + 1)
        rate = f"(${now} - ${before}) * {alarm.per} / {alarm.queries[0].end}"
        data.append(_expression(value, type="math", expression=rate))
    condition = chr(ord(value) + 1)
    data.append(_expression(condition, type="threshold", expression=value, conditions=[_comparison(alarm)]))
    annotations = {"summary": _summary(alarm.summary, value), "description": alarm.advice}
    if alarm.dashboard and alarm.panel is not None:  # one without the other stops Grafana
        annotations["__dashboardUid__"] = alarm.dashboard
        annotations["__panelId__"] = str(alarm.panel)
    return {
        "uid": alarm.uid,
        "title": alarm.title,
        "condition": condition,
        "for": f"{alarm.hold}s",  # 9.4 takes no rule without
        "noDataState": alarm.no_data,
        "execErrState": alarm.error,
        "annotations": annotations,
        "labels": {"severity": alarm.severity, "kind": alarm.kind, **alarm.labels},
        "data": data,
    }


def _query(ref: str, query: Query) -> dict:
    return {
        "refId": ref,
        "datasourceUid": DATA_SOURCE["uid"],
        "relativeTimeRange": {"from": int(query.start), "to": int(query.end)},
        "model": {
            "refId": ref,
            "target": query.target,
            "textEditor": True,
            "intervalMs": 1000,
            "maxDataPoints": POINTS,
            "datasource": DATA_SOURCE,
        },
    }


def _expression(ref: str, **model: Any) -> dict:
    return {
        "refId": ref,
        "datasourceUid": EXPRESSIONS,
        "relativeTimeRange": {"from": 600, "to": 0},
        "model": {"refId": ref, "datasource": {"type": "__expr__", "uid": EXPRESSIONS}} | model,
    }


def _comparison(alarm: Alarm) -> dict:
    comparison: dict[str, Any] = {"evaluator": {"type": alarm.test, "params": list(alarm.limits)}}
    if alarm.clear is not None:
        # From Grafana 10.4 on; 9.4 passes over it, and the alarm is over where it began.
        opposite = {"gt": "lt", "lt": "gt"}[alarm.test]
        comparison["unloadEvaluator"] = {"type": opposite, "params": [alarm.clear]}
    return comparison


def _summary(text: str, ref: str) -> str:
    def shown(found: re.Match) -> str:
        value = f"$values.{ref}.Value"
        if not found[1]:
            return f'{{{{ printf "%.4g" {value} }}}}'
        # Where there is no answer, Grafana has 0 for it.
        return f"{{{{ if {value} }}}}{{{{ humanizeDuration {value} }}}}{{{{ else }}}}an unknown time{{{{ end }}}}"

    return NAMED.sub(shown, text)
