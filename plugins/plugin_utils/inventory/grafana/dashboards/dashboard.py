"""A dashboard around its panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ...entries import Document, Entry
from ..identity import DATA_SOURCE, TAG

SCHEMA_VERSION = 37
"""That of Grafana 9.4; newer releases migrate it to their own."""
EVENTS = {"agent": "blue", "data-node": "purple", "archive": "red"}
"""The colours of the bridge's events by their tags: what joins and leaves, or has gaps."""


@dataclass(frozen=True)
class DashboardSettings:
    """What the inventory says of all dashboards.

    `span` is the interval that they show first, `refresh` how often they ask for new samples, as Grafana writes durations (``6h``,
    ``10s``). `instrument_alarms` and `appliance_alarms` are the settings of those names.
    """

    span: str = "6h"
    refresh: str = "10s"
    instrument_alarms: Entry = field(default_factory=dict)
    appliance_alarms: Entry = field(default_factory=dict)


def dashboard(
    uid: str, title: str, panels: list[Document], settings: DashboardSettings, events: Sequence[Sequence[str]]
) -> Document:
    """Return a dashboard; `events` are the tags of the events that it marks in its plots."""
    return {
        "uid": uid,
        "title": title,
        "tags": [TAG],
        "timezone": "browser",
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": settings.refresh,
        "time": {"from": f"now-{settings.span}", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": [_marks(tags) for tags in events]},
        "links": [_dashboards()],
        "panels": panels,
    }


def _marks(tags: Sequence[str]) -> Document:
    return {
        "name": f"{'Gaps' if tags[0] == 'archive' else 'Joins and leaves'}: {' '.join(tags)}",
        "datasource": DATA_SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": EVENTS[tags[0]],
        "target": {"refId": "Anno", "fromAnnotations": True, "queryType": "tags", "tags": list(tags)},
    }


def _dashboards() -> Document:
    """Return the menu of all our dashboards, which keeps the time range."""
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
