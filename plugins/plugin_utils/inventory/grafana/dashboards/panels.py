"""The kinds of panels, in classic JSON that Grafana 9.4 to 13 have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...entries import Document
from ..identity import DATA_SOURCE, FOLDER, ref_id

UNITS = {
    "K": "si:K",
    "ohm": "ohm",
    "s": "s",
    "A": "amp",
    "%": "percent",
    "GB": "decgbytes",
    "d": "suffix:days",
    None: "none",
}
"""Grafana's names of units. Its own kelvin has no millikelvin; seconds and ohms have all prefixes."""
GREEN, ORANGE, RED, GRAY = "green", "orange", "red", "gray"
NO_DATA = "no data"

Steps = list[Document]
"""The colours of values: each from its limit on."""


@dataclass(frozen=True)
class Line:
    """One series of a panel: what to ask the bridge for, its name, and what it does not share with the panel.

    Without a name it may be several series, named by the target.
    `steps` are the colours of its values, `mappings` the words for its values, `maximum` is the end of its bar.
    """

    target: str
    name: str = ""
    steps: Steps | None = None
    mappings: list[Document] = field(default_factory=list)
    unit: str | None = None
    maximum: float | None = None
    link: Document | None = None

    @property
    def query(self) -> str:
        """The target under its name. In single quotes Grafana would read a name like 5m as an interval, and rewrite it."""
        return f'alias({self.target}, "{self.name}")' if self.name else self.target


def steps(*limits: tuple[float | None, str]) -> Steps:
    """Return the colours of values: each from its limit on, the first one (`None`) from below."""
    return [{"color": color, "value": limit} for limit, color in limits]


ALWAYS_GREEN = steps((None, GREEN))
_NOTHING = {
    "type": "special",
    "options": {"match": "null+nan", "result": {"text": NO_DATA, "color": GRAY, "index": 99}},
}
"""How a missing value is shown: without this, in the colour of the lowest values, which is green."""


def words(*values: tuple[float, str, str]) -> list[Document]:
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
    span: tuple[float, float] | None = None,
    limits: Sequence[tuple[float, str]] = (),
) -> Document:
    """Return a plot over time; `span` are the ends of its axis, which otherwise follow the values.

    `limits` are drawn as lines: on an axis Grafana draws only those of the panel, never those of each series.

    A line breaks where the bridge puts a null, which `spanNulls` leaves alone in every release. `insertNulls` of newer releases would
    break it as well: after so many milliseconds whatever the time range, so that a plot of a month would have no line at all.
    """
    lines = [replace(line, target=_with_values(line.target), steps=None) for line in lines]
    defaults: Document = {
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
    # The names of more lines than these leave no room for the lines.
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
) -> Document:
    """Return the present values of `lines`; a single one has its trend behind it, as those of several would share one scale.

    `sizes` are those of names and values in pixels: Grafana's own assume that the longest value has the longest unit. With the
    `reducer` ``last`` a null that is the newest value means no data: an older reading is not the present one.
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


def bars(title: str, lines: Sequence[Line], unit: str | None, *, description: str = "") -> Document:
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


def states(title: str, lines: Sequence[Line]) -> Document:
    """Return the states of `lines` over time, as coloured bands, with the words and colours of the lines' mappings.

    With thresholds Grafana would merge the values before it applies the mappings. Where there are no values, Grafana up to 9.4 draws
    nothing, and newer releases draw "no data".
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


def alarms(title: str, labels: Mapping[str, str] | None = None) -> Document:
    """Return the alarms that fire or are pending, by severity and subject: those with `labels`, or all.

    By default a list names the rule, which is that of a whole instrument.
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


def heading(title: str) -> Document:
    """Return a row's title."""
    return {"type": "row", "title": title, "collapsed": False, "panels": []}


def link(uid: str, title: str) -> Document:
    """Return a link to a dashboard, with the same time range."""
    return {"title": title, "url": f"/d/{uid}?${{__url_time_range}}", "targetBlank": False}


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_SAYS_NO_DATA = {"mappings": [_NOTHING], "noValue": NO_DATA}


def _says_no_data(line: Line) -> Line:
    """Return a line whose own mappings do not replace the panel's."""
    return replace(line, mappings=[*line.mappings, _NOTHING]) if line.mappings else line


def _with_values(target: str) -> str:
    """Return a target without the series that have no value, so that Grafana says "No data" instead of drawing no axis.

    That is Grafana's own text: ours (``noValue``) would appear at each tick without a number of a logarithmic axis.
    `removeEmptySeries` would make the bridge read every sample.
    """
    return f"maximumAbove({target},-1e300)"


def _panel(kind: str, title: str, lines: Iterable[Line], defaults: Document, description: str = "") -> Document:
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


def _override(line: Line) -> Iterable[Document]:
    """Yield what a line does not share with the panel. Grafana 9.4 finds it by its name only, not by its query's letter."""
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
    """Return Grafana's name for a unit; one without such a name is a suffix, as it is written."""
    return UNITS.get(unit) or f"suffix:{unit}"


def _thresholds(colors: Steps) -> Document:
    return {"mode": "absolute", "steps": colors}
