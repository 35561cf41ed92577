"""Inventories of all sorts, and every file that Grafana gets of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml
from paths import ROOT

from plugins.plugin_utils.inventory.grafana import alerting
from plugins.plugin_utils.inventory.grafana.dashboards.render import dashboards
from plugins.plugin_utils.inventory.grafana.receiver_settings import RECEIVERS

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ"}
EVERY_ALARM = [
    {"above": 4.6, "severity": "warning", "for": "10m"},
    {"above": 5.0, "clears_at": 4.8, "summary": "Compressor"},
    {"below": 1.0},
    {"outside": [1100, 1400], "of": "sensor"},
    {"rising": 0.5},
    {"rising": 2, "per": "minute", "over": "10m", "severity": "critical"},
]
ODD = [
    "Kälteplatte: 4 K",
    "冷却板 (°C) 1/2",
    "}} %s <b> `x` {value} {value:duration}",
    "🥶",
    "a{b}c* [0-9] ~ ^|",
    "x" * 80,
]
"""Words that the inventory takes, and that mean something to somebody on the way."""
FORMATS = {"gateway_id": "*LIVEMON", "recipient_id": "ABCDEFGH", "url": "https://lab.example/$x", "message": "{{ $x }}"}


def of_file(inventory: str) -> dict:
    content = yaml.safe_load((ROOT / "inventory" / inventory / "hosts.yml").read_text())
    return {key: value for key, value in content["livemon"]["vars"].items() if "{{" not in str(value)}


def oddly_named(text: str) -> dict:
    alarms = [{**alarm, "summary": text} for alarm in EVERY_ALARM]
    return {
        "instruments": [FRIDGE | {"description": text, "channels": {2: {"label": text, "alarms": alarms}}}],
        "ocs_agents": [
            {
                "agent_class": "FakeDataAgent",
                "id": "fake1",
                "feeds": ["false_temperatures"],
                "alarms": [{"field": "false_temperatures.channel_00", "unit": "K", "label": text, "above": 1}],
            }
        ],
    }


def told(*points: dict, **further: Any) -> dict:
    secrets = {"it": "xyzzy"}
    smtp = {"host": "smtp.lab.example:587", "from": "cryo@lab.example"}
    notifications = {"contact_points": list(points), **further}
    return {"instruments": [FRIDGE], "notifications": notifications, "notification_secrets": secrets, "smtp": smtp}


def point(kind: str, names: tuple[str, ...]) -> dict:
    """A contact point of a type as Grafana names it, with these settings."""
    settings = {
        name: {"secret": "it"} if name in RECEIVERS[kind].hidden else FORMATS.get(name, "-42") for name in names
    }
    return {"name": f"{kind} it is", "type": kind, "settings": settings | {"message": FORMATS["message"]}}


KINDS = {f"{kind} by {names[0]}": (kind, names) for kind, each in RECEIVERS.items() for names in each.required}
SITES: Mapping[str, dict] = {
    "example": of_file("example"),
    "demo": of_file("demo"),
    "nothing": {"instruments": []},
    "every alarm on every channel": {
        "instruments": [
            FRIDGE | {"channels": {n: {"label": f"Stage {n}", "alarms": EVERY_ALARM} for n in range(1, 17)}},
            DIODES | {"channels": {n: {"alarm_above_K": 5, "alarm_below_K": 0} for n in range(1, 9)}},
        ]
    },
    "twelve with sixteen channels": {
        "instruments": [
            FRIDGE
            | {"id": f"f{n}", "serial": f"L{n}", "address": f"192.0.2.{n}", "channels": dict.fromkeys(range(1, 17))}
            for n in range(12)
        ]
    },
    "long ids": {
        "instruments": [DIODES | {"id": "d" * 63 + end, "serial": end, "channels": {1: None}} for end in "ab"]
    },
    **{f"named {text[:12]}": oddly_named(text) for text in ODD},
    "told in every friendly way": told(
        {"name": "On call", "email": ["a@lab.example", "b@lab.example"], "slack": {"secret": "it"}},
        {
            "name": "hook",
            "webhook": {"url": "https://lab.example/$hook", "username": "it", "password": {"secret": "it"}},
        },
        default="hook",
        repeat="6h",
        routes=[
            {"severity": "critical", "instrument": ["control", "registry"], "to": ["hook", "On call"], "repeat": "30m"},
            {"labels": {"label": ["4K plate", "Pot 2.1 (A)", *ODD]}, "to": "hook", "continue": True},
        ],
    ),
    "watched, and nobody told": {"instruments": [FRIDGE], "dead_mans_switch": {"url": "https://hc.example/1"}},
    **{name: told(point(*each)) for name, each in KINDS.items()},
}


def rendered(settings: dict, release: tuple[int, ...]) -> dict:
    """All files that a Grafana of that release gets of an inventory."""
    lists = [settings["instruments"], settings.get("ocs_agents") or [], settings.get("data_nodes") or []]
    return {
        "alerting": copy.deepcopy(_alerting(json.dumps(alerting.document(settings, release[:2])))),
        "dashboards": copy.deepcopy(_dashboards(json.dumps(lists))),
        "datasources": yaml.safe_load((ROOT / "roles/grafana/templates/datasources.yml.j2").read_text()),
    }


@cache
def _alerting(document: str) -> dict:
    """The file of a document, JSON, written and read again: most releases have the same."""
    return yaml.load(alerting.text_after(json.loads(document), ""), yaml.CSafeLoader)


@cache
def _dashboards(lists: str) -> dict:
    """The dashboards of an inventory's lists, as JSON: the same for all releases."""
    return dashboards(*json.loads(lists))


def oldest_for(settings: dict) -> tuple[int, ...]:
    """The first release that knows the receivers of an inventory."""
    points = (settings.get("notifications") or {}).get("contact_points") or []
    return max((RECEIVERS[each["type"]].since for each in points if "type" in each), default=(9, 4))
