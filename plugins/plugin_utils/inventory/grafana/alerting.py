"""Grafana's alerting file: rules, contact points and their routes, and the removal of what an earlier run left."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import yaml

from .. import durations
from ..entries import Document, Entry
from . import messages, notifications
from .alarms.requested import requested
from .identity import FOLDER, WATCHDOG_FOLDER
from .releases import NEWEST, Release
from .rules import WATCHDOG_RULE, Rule, rendered, rules_of

EVERY = "20s"
"""The time between two evaluations, unless the inventory says so; a multiple of ten seconds."""
ORGANISATION = 1
HEAD = "# Made by livemon: what is changed here by hand is lost at its next run.\n"


def document(settings: Entry, release: Release = NEWEST) -> Document:
    """Return the file for a sound inventory, as if there had been none before.

    `settings` are those of the inventory: ``instruments``, ``ocs_agents``, ``instrument_alarms``, ``appliance_alarms``,
    ``notifications``, ``alarm_interval`` and ``dead_mans_switch``; each may be missing. `release` is that of Grafana.
    """
    watched = bool(settings.get("dead_mans_switch"))
    rules = [*rules_of(requested(settings)), *([WATCHDOG_RULE] if watched else [])]
    interval = durations.parsed(settings.get("alarm_interval") or EVERY)
    content: Document = {"apiVersion": 1, "groups": _groups(rules, interval, release)}
    routing = settings.get("notifications") or {}
    if routing or watched:
        content["templates"] = messages.templates()
        content["contactPoints"] = notifications.contact_points(routing, watched=watched, release=release)
        content["policies"] = [notifications.policy(routing, watched=watched)]
    return content


def _groups(rules: list[Rule], interval: int, release: Release) -> list[Document]:
    return [
        {
            "orgId": ORGANISATION,
            "name": group,
            "folder": WATCHDOG_FOLDER if group == WATCHDOG_RULE.group else FOLDER,
            "interval": f"{interval}s",
            "rules": [rendered(rule, release) for rule in members],
        }
        for group, members in groupby(rules, key=lambda rule: rule.group)
    ]


def after(content: Mapping[str, Any], former: Mapping[str, Any] | None) -> Document:
    """Return a file that also removes what the `former` one made, or removed, and the new one no longer has.

    Grafana keeps whatever a file once made until a file removes it. So that a machine which missed a run catches up, removals are
    repeated in every later file, until what was removed comes back.
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
    """Writes repeated parts out in full, for people who read the file."""

    def ignore_aliases(self, data: Any) -> bool:
        """Whether it is written out: always."""
        del data
        return True


def _uids(key: str, content: Mapping[str, Any]) -> list[str]:
    members = {"groups": "rules", "contactPoints": "receivers"}[key]
    return [each["uid"] for whole in content.get(key) or [] for each in whole.get(members) or []]
