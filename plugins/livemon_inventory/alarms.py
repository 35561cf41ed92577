"""The alarms that an inventory asks for, and those that every appliance has. What Grafana makes of them: alerting.py.

Times are in seconds. A series is asked for by its permanent name; every alarm has a uid that stays the same while its limit,
its label or its text changes, so that Grafana knows it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from livemon_inventory import durations
from livemon_inventory.plant import model_of

Entry = Mapping[str, Any]

SEVERITIES = ("warning", "critical")
TOLERANCE = 300
"""Seconds for which anything may be silent: a restart of agent or router takes less."""
LIMIT_KINDS = ("above", "below", "outside", "rising")
QUANTITIES = ("temperature", "sensor")
HOLD = 60
RATE_OVER = {"minute": 300, "hour": 1800}
"""Seconds across which a rate is measured, unless the inventory says so."""
PER = {"minute": 60, "hour": 3600}

CHANNEL_DEFAULTS: dict[str, tuple[int | None, str]] = {
    "silent_after": (None, "warning"),
    "invalid_after": (300, "warning"),
}
"""Of each alarm that every listed channel has: after how many seconds (`None`: by the scan cycle), and how severe."""
INSTRUMENT_DEFAULTS: dict[str, tuple[int | None, str]] = CHANNEL_DEFAULTS | {
    "away_after": (120, "critical"),
    "degraded_after": (300, "warning"),
}
"""The same of each instrument and agent."""


@dataclass(frozen=True)
class Query:
    """A target, and which part of its past counts: from `start` to `end` seconds ago, reduced to one number."""

    target: str
    start: int
    end: int = 0
    reducer: str = "last"


@dataclass(frozen=True)
class Alarm:
    """One alarm.

    `test` is what its value is compared by, in Grafana's words (``gt``, ``lt``, ``outside_range``), with `limits`; `clear` is the
    value at which it is over, where that is another one. The value is that of the only query; with `per`, so many seconds, it
    is a rate: the second query's less the first one's, for so long. `hold`: seconds for which it must last. `no_data` and
    `error`: what an answer without samples means, and none at all. The summary says ``{value}`` where it shows the value.
    """

    uid: str
    title: str
    group: str
    kind: str
    severity: str
    queries: tuple[Query, ...]
    test: str
    limits: tuple[float, ...]
    summary: str
    advice: str
    clear: float | None = None
    per: int | None = None
    hold: int = 0
    no_data: str = "OK"
    error: str = "OK"
    labels: Mapping[str, str] = field(default_factory=dict)
    dashboard: str | None = None
    panel: int | None = None


def limits_of(options: Entry, quantity: str = "temperature") -> dict[str, tuple[float | None, float | None]]:
    """Return by severity, for those that a channel has, below and above which value it alarms; `None` where on that side it does not.

    Where several alarms of a severity have a limit on the same side, the nearest counts.
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    for entry in entries_of(options):
        if entry.get("of", "temperature") != quantity or "rising" in entry:
            continue
        severity = severity_of(entry)
        low, high = found.get(severity, (None, None))
        below, above = entry.get("outside") or (entry.get("below"), entry.get("above"))
        low = max((value for value in (low, below) if value is not None), default=None)
        high = min((value for value in (high, above) if value is not None), default=None)
        found[severity] = low, high
    return found


def entries_of(options: Entry) -> list[Entry]:
    """Return the alarms of a channel in their long form, whichever they were written in."""
    short = [
        {kind: options[key]}
        for kind, key in (("above", "alarm_above_K"), ("below", "alarm_below_K"))
        if options.get(key) is not None
    ]
    return short + list(options.get("alarms") or [])


def kind_of(entry: Entry) -> str:
    """Return which of the kinds an alarm in its long form is."""
    return next(kind for kind in LIMIT_KINDS if kind in entry)


def severity_of(entry: Entry) -> str:
    """Return how severe it is: unless it says so, a limit is critical and a rate is a warning."""
    return entry.get("severity") or ("warning" if kind_of(entry) == "rising" else "critical")


def scan_cycle(instrument: Entry) -> int:
    """Return after how many seconds an instrument comes back to a channel."""
    if instrument.get("scan_cycle") is not None:
        return durations.seconds(instrument["scan_cycle"])
    model = model_of(instrument)
    return model.scan_seconds * len(instrument.get("channels") or model.channels)


def silent_after(instrument: Entry, options: Entry | None = None, defaults: Entry | None = None) -> int | None:
    """Return after how many seconds without a sample a channel is silent; `None` if nobody wants to know.

    By itself two scan cycles beyond what anything may be silent for, in whole minutes.
    """
    return by_itself("silent_after", instrument, options, defaults)[0]


def by_itself(
    key: str, instrument: Entry, options: Entry | None = None, defaults: Entry | None = None
) -> tuple[int | None, str]:
    """Return ``(seconds, severity)`` of one of the alarms that are there unasked, `None` for seconds if it is switched off.

    What is written at the channel goes before what is at the instrument, and that before what is at the site.
    """
    after, severity = INSTRUMENT_DEFAULTS[key]
    if after is None and "model" in instrument:
        after = usual_silence(instrument)
    for level in (defaults, instrument, options):
        said = (level or {}).get(key)
        if said is None:
            continue
        about = said if isinstance(said, Mapping) else {"after": said}
        severity = about.get("severity") or severity
        if about.get("after") is not None:
            after = None if about["after"] is False else durations.seconds(about["after"])
    return after, severity


def usual_silence(instrument: Entry) -> int:
    """Return after how many seconds a channel is silent if nobody says when."""
    return -(-(TOLERANCE + 2 * scan_cycle(instrument)) // 60) * 60
