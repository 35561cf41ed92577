"""The kinds of panels: classic JSON, in the words that Grafana 9.4 to 13 have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..identity import DATA_SOURCE, FOLDER, ref_id

UNITS = {"K": "si:K", "ohm": "ohm", "s": "s", "%": "percent", "GB": "decgbytes", "d": "suffix:days", None: "none"}
"""Grafana's names of units. Its own kelvin has no millikelvin, seconds and ohms have all prefixes."""
GREEN, ORANGE, RED, GRAY = "green", "orange", "red", "gray"
NO_DATA = "no data"

Steps = list[dict[str, Any]]


@dataclass(frozen=True)
class Line:
    """One series of a panel: what to ask the bridge for, what to call it, and what is its own in the panel.

    Without a name it may be several, each called as the target says.
    `steps` are the colours of its values; `mappings` the words for its values; `maximum` the end of its bar.
    """

    target: str
    name: str = ""
    steps: Steps | None = None
    mappings: list[dict] = field(default_factory=list)
    unit: str | None = None
    maximum: float | None = None
    link: dict | None = None

    @property
    def query(self) -> str:
        """The target under its name. In single quotes Grafana would take a name like 5m for an interval, and rewrite it."""
        return f'alias({self.target}, "{self.name}")' if self.name else self.target


def steps(*limits: tuple[float | None, str]) -> Steps:
    """Return the colours of values: each from its limit on, the first one (`None`) from below."""
    return [{"color": color, "value": limit} for limit, color in limits]


ALWAYS_GREEN = steps((None, GREEN))
_NOTHING = {
    "type": "special",
    "options": {"match": "null+nan", "result": {"text": NO_DATA, "color": GRAY, "index": 99}},
}
"""How a value that is not there is shown: without it, in the colour of the lowest values, which is green."""


def words(*values: tuple[float, str, str]) -> list[dict]:
    """Return the words and colours that stand for values."""
    options = {
        f"{value:g}": {"text": text, "color": color, "index": index}
        for index, (value, text, color) in enumerate(values)
    }
    return [{"type": "value", "options": options}]


def plot(
    title: str,
    lines: Sequence[Line],
    unit: str | None,
    *,
    log: bool = False,
    span: tuple = (),
    limits: Sequence[tuple[float, str]] = (),
) -> dict:
    """Return a plot over time; `span` are the ends of its axis, which follow the values otherwise.

    `limits` are drawn as lines: of one axis Grafana draws those of the panel only, never those of each series.

    A line breaks where the bridge puts a null, which `spanNulls` leaves alone in every release. Of newer ones `insertNulls` would
    break it by itself: after so many milliseconds whatever the range, so that a plot of a month would have no line at all.
    """
    lines = [replace(line, target=_with_values(line.target), steps=None) for line in lines]
    defaults: dict[str, Any] = {
        "unit": _unit(unit),
        "thresholds": _thresholds(steps((None, "transparent"), *limits)),
        "custom": {
            "scaleDistribution": {"type": "log", "log": 10} if log else {"type": "linear"},
            "lineWidth": 1,
            "fillOpacity": 0,
            "showPoints": "never",
            "spanNulls": False,
            "thresholdsStyle": {"mode": "dashed" if limits else "off"},
        },
    }
    if span:
        defaults["min"], defaults["max"] = span
    # Names of more lines than these leave no room for the lines.
    few = len(lines) <= 24
    return _panel("timeseries", title, lines, defaults) | {
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": few, "calcs": []},
            "tooltip": {"mode": "multi" if few else "single", "sort": "none"},
        }
    }


def present(
    title: str,
    lines: Sequence[Line],
    unit: str | None,
    *,
    description: str = "",
    sizes: tuple[int, int] | None = None,
    reducer: str = "lastNotNull",
) -> dict:
    """Return the present values of `lines`; one alone has its trend behind it: those of several would share one scale.

    `sizes` are those of names and values in pixels. Grafana's own are as if the longest value had the longest unit, too. With the
    `reducer` ``last`` a null that is the newest is no data, too: an older reading is not the present one.
    """
    defaults = {"unit": _unit(unit), "thresholds": _thresholds(ALWAYS_GREEN), **_SAYS_NO_DATA}
    panel = _panel("stat", title, map(_says_no_data, lines), defaults, description)
    several = len(lines) > 1
    return panel | {
        "options": {
            "reduceOptions": _LAST | {"calcs": [reducer]},
            "colorMode": "value",
            "graphMode": "none" if several else "area",
            "textMode": "value_and_name" if several else "value",
            "justifyMode": "auto",
            "orientation": "auto",
            **({"text": dict(zip(("titleSize", "valueSize"), sizes, strict=True))} if sizes else {}),
        }
    }


def bars(title: str, lines: Sequence[Line], unit: str | None, *, description: str = "") -> dict:
    """Return the present values of `lines` as bars, which are full where the last of their colours begins."""
    defaults = {"unit": _unit(unit), "min": 0, "thresholds": _thresholds(ALWAYS_GREEN), **_SAYS_NO_DATA}
    return _panel("bargauge", title, map(_says_no_data, lines), defaults, description) | {
        "options": {
            "reduceOptions": _LAST,
            "displayMode": "basic",
            "orientation": "horizontal",
            "showUnfilled": True,
            "minVizWidth": 0,
            "minVizHeight": 10,
        }
    }


def states(title: str, lines: Sequence[Line]) -> dict:
    """Return the states of `lines` over time, as coloured bands, with the words and colours of the lines' mappings.

    By thresholds Grafana would merge the values before it looks at the mappings. Where there are no values it draws nothing up to
    9.4, and "no data" in newer releases.
    """
    defaults = {
        "custom": {"lineWidth": 0, "fillOpacity": 70},
        "color": {"mode": "fixed", "fixedColor": GRAY},
        **_SAYS_NO_DATA,
    }
    return _panel("state-timeline", title, map(_says_no_data, lines), defaults) | {
        "options": {
            "mergeValues": True,
            "showValue": "auto",
            "alignValue": "left",
            "rowHeight": 0.9,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": False, "calcs": []},
            "tooltip": {"mode": "single", "sort": "none"},
        }
    }


def alarms(title: str, labels: Mapping[str, str] | None = None) -> dict:
    """Return the alarms that fire or are about to, by severity and what they are about: those with `labels`, or all.

    By themselves lists name the rule, which is that of a whole instrument.
    """
    matchers = ", ".join(f'{label}="{value}"' for label, value in (labels or {}).items())
    return {
        "type": "alertlist",
        "title": title,
        "options": {
            "viewMode": "list",
            "groupMode": "custom",
            "groupBy": ["severity", "subject"],
            "maxItems": 50,
            "sortOrder": 3,
            "dashboardAlerts": False,
            "alertName": "",
            "alertInstanceLabelFilter": f"{{{matchers}}}" if matchers else "",
            "folder": {"title": FOLDER},  # Grafana compares titles
            "stateFilter": {"firing": True, "pending": True, "noData": True, "normal": False, "error": True},
        },
    }


def heading(title: str) -> dict:
    """Return a row's title."""
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def link(uid: str, title: str) -> dict:
    """Return a link to a dashboard, at the times that are looked at."""
    return {"title": title, "url": f"/d/{uid}?${{__url_time_range}}", "targetBlank": False}


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_SAYS_NO_DATA = {"mappings": [_NOTHING], "noValue": NO_DATA}


def _says_no_data(line: Line) -> Line:
    """Return a line whose own mappings do not take away the panel's."""
    return replace(line, mappings=[*line.mappings, _NOTHING]) if line.mappings else line


def _with_values(target: str) -> str:
    """Return a target without the series that have no value, so that Grafana says "No data" instead of drawing no axis.

    That is its own word: one of ours (``noValue``) would stand at each tick of a logarithmic axis that has no number.
    `removeEmptySeries` would have the bridge read every sample.
    """
    return f"maximumAbove({target},-1e300)"


def _panel(kind: str, title: str, lines: Iterable[Line], defaults: dict, description: str = "") -> dict:
    lines = list(lines)
    panel = {
        "type": kind,
        "title": title,
        "datasource": DATA_SOURCE,
        "targets": [
            {"refId": ref_id(number), "datasource": DATA_SOURCE, "target": line.query, "textEditor": False}
            for number, line in enumerate(lines)
        ],
        "fieldConfig": {"defaults": defaults, "overrides": [each for line in lines for each in _override(line)]},
    }
    return panel | ({"description": description} if description else {})


def _override(line: Line) -> Iterable[dict]:
    """Yield what is a line's own. Lines are known by their names: by their query's letter, Grafana 9.4 does not find them."""
    own = {
        "thresholds": _thresholds(line.steps) if line.steps else None,
        "mappings": line.mappings,
        "unit": _unit(line.unit) if line.unit else None,
        "max": line.maximum,
        "links": [line.link] if line.link else None,
    }
    properties = [{"id": key, "value": value} for key, value in own.items() if value]
    if properties:
        yield {"matcher": {"id": "byName", "options": line.name}, "properties": properties}


def _unit(unit: str | None) -> str:
    """Return Grafana's name of a unit; one that it is not known by here stands behind the number as it is written."""
    return UNITS.get(unit) or f"suffix:{unit}"


def _thresholds(of: Steps) -> dict:
    return {"mode": "absolute", "steps": of}
