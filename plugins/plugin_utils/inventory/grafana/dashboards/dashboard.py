"""A dashboard around its panels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..identity import DATA_SOURCE, TAG

SCHEMA_VERSION = 37
"""What Grafana 9.4 knows; newer ones migrate it, older than theirs."""
EVENTS = {"agent": "blue", "data-node": "purple", "archive": "red"}
"""The tags of the bridge's events: what joins and leaves, or has gaps, and their colours."""


@dataclass(frozen=True)
class Site:
    """What a site says of all dashboards.

    `span` is the interval that they show first, `refresh` how often they ask for new samples, in Grafana's words (``6h``,
    ``10s``); `defaults` and `appliance_alarms` are what it says of the alarms that are there unasked, of channels and of itself.
    """

    span: str = "6h"
    refresh: str = "10s"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    appliance_alarms: Mapping[str, Any] = field(default_factory=dict)


def dashboard(uid: str, title: str, panels: list[dict], site: Site, events: Sequence[Sequence[str]]) -> dict:
    """Return a dashboard; `events` are the tags of what it marks in its plots."""
    return {
        "uid": uid,
        "title": title,
        "tags": [TAG],
        "timezone": "browser",
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": site.refresh,
        "time": {"from": f"now-{site.span}", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": [_marks(tags) for tags in events]},
        "links": [_dashboards()],
        "panels": panels,
    }


def _marks(tags: Sequence[str]) -> dict:
    return {
        "name": f"{'Gaps' if tags[0] == 'archive' else 'Joins and leaves'}: {' '.join(tags)}",
        "datasource": DATA_SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": EVENTS[tags[0]],
        "target": {"refId": "Anno", "fromAnnotations": True, "queryType": "tags", "tags": list(tags)},
    }


def _dashboards() -> dict:
    """Return the menu of all our dashboards, which keeps the times that are looked at."""
    return {
        "type": "dashboards",
        "title": "All of livemon",
        "icon": "external link",
        "tooltip": "",
        "url": "",
        "tags": [TAG],
        "asDropdown": True,
        "targetBlank": False,
        "includeVars": False,
        "keepTime": True,
    }
