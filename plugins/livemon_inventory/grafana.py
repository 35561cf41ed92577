"""Grafana's overview of all instruments: classic dashboard JSON that Grafana 9 to 13 read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from livemon_inventory.models import FEED, Field
from livemon_inventory.plant import ADDRESS_ROOT, fields_of, model_of, name_of

DATA_SOURCE = {"type": "graphite", "uid": "livemon"}
SCHEMA_VERSION = 37
"""What Grafana 9.4 knows; newer ones migrate it, older than theirs."""

GRID_WIDTH = 24
PLOT_HEIGHT = 9
STAT_WIDTH, STAT_HEIGHT = 4, 4
UNITS = {"K": "kelvin", "ohm": "ohm", None: "none"}


def overview(instruments: Iterable[Mapping[str, Any]]) -> dict:
    """Return the overview: for each instrument a row, its temperatures and sensor readings over time, and its present values."""
    panels: list[dict] = []
    y = 0
    for instrument in instruments:
        title = f"{instrument.get('description') or model_of(instrument).name} ({name_of(instrument)})"
        panels.append(
            {"type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": _grid(0, y, GRID_WIDTH, 1)}
        )
        y += 1
        fields = fields_of(instrument)
        for x, quantity, heading in ((0, "temperature", "Temperature"), (12, "sensor", "Sensor reading")):
            chosen = [entry for entry in fields if entry[0].quantity == quantity]
            panels.append(_plot(heading, instrument, chosen) | {"gridPos": _grid(x, y, 12, PLOT_HEIGHT)})
        y += PLOT_HEIGHT
        temperatures = [entry for entry in fields if entry[0].quantity == "temperature"]
        columns = GRID_WIDTH // STAT_WIDTH
        for number, entry in enumerate(temperatures):
            place = _grid(number % columns * STAT_WIDTH, y + number // columns * STAT_HEIGHT, STAT_WIDTH, STAT_HEIGHT)
            panels.append(_stat(instrument, *entry) | {"gridPos": place})
        y += -(-len(temperatures) // columns) * STAT_HEIGHT
    for number, panel in enumerate(panels, start=1):
        panel["id"] = number
    return {
        "uid": "livemon-overview",
        "title": "Overview",
        "tags": ["livemon"],
        "timezone": "browser",
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "refresh": "5s",
        "time": {"from": "now-15m", "to": "now"},
        "templating": {"list": []},
        "annotations": {"list": []},
        "editable": True,
        "graphTooltip": 1,
        "panels": panels,
    }


def _grid(x: int, y: int, width: int, height: int) -> dict:
    return {"x": x, "y": y, "w": width, "h": height}


def _target(instrument: Mapping[str, Any], field: Field, label: str, number: int = 0) -> dict:
    path = f"{ADDRESS_ROOT}.{instrument['id']}.feeds.{FEED}.{field.name}"
    return {
        "refId": _ref_id(number),
        "datasource": DATA_SOURCE,
        "target": f"alias({path}, '{label}')",
        "textEditor": False,
    }


def _ref_id(number: int) -> str:
    """Return A to Z, AA to AZ, ... as Grafana counts."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _plot(title: str, instrument: Mapping[str, Any], entries: list[tuple[Field, str, dict]]) -> dict:
    # From millikelvins to room temperature only a logarithmic axis shows all stages.
    scale = {"type": "log", "log": 10} if entries[0][0].quantity == "temperature" else {"type": "linear"}
    return {
        "type": "timeseries",
        "title": title,
        "datasource": DATA_SOURCE,
        "targets": [_target(instrument, field, label, number) for number, (field, label, _) in enumerate(entries)],
        "fieldConfig": {
            "defaults": {
                "unit": UNITS[entries[0][0].unit],
                "custom": {
                    "scaleDistribution": scale,
                    "lineWidth": 1,
                    "fillOpacity": 0,
                    "showPoints": "never",
                    "spanNulls": False,
                },
            },
            "overrides": [],
        },
        "options": {
            "legend": {"displayMode": "list", "placement": "right", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    }


def _stat(instrument: Mapping[str, Any], field: Field, label: str, options: dict) -> dict:
    return {
        "type": "stat",
        "title": label,
        "datasource": DATA_SOURCE,
        "targets": [_target(instrument, field, label)],
        "fieldConfig": {
            "defaults": {"unit": UNITS[field.unit], "thresholds": {"mode": "absolute", "steps": _steps(options)}},
            "overrides": [],
        },
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
            "textMode": "value",
        },
    }


def _steps(options: Mapping[str, Any]) -> list[dict]:
    """Return the colours of a present value: red beyond the alarm's limits."""
    below, above = options.get("alarm_below_K"), options.get("alarm_above_K")
    steps = [{"color": "green" if below is None else "red", "value": None}]
    if below is not None:
        steps.append({"color": "green", "value": below})
    if above is not None:
        steps.append({"color": "red", "value": above})
    return steps
