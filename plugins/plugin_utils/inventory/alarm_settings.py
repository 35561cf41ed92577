"""What the inventory's words about alarms mean: limits, rates, and the default alarms that exist unless they are switched off.

Times are in seconds. The entries are sound (faults/alarms.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from . import durations
from .entries import Entry
from .instruments import model_of, scan_cycle

SEVERITIES = ("warning", "critical")
LIMIT_KINDS = ("above", "below", "outside", "rising")
HOLD = 60
"""For how long a limit must be exceeded, unless the inventory says so."""
RATE_OVER = {"minute": 300, "hour": 1800}
"""Across how much time a rate is measured, unless the inventory says so."""
PER = {"minute": 60, "hour": 3600}
SHORTEST_MEAN = 60
"""Of how much time a mean is taken where a rate is measured; two scan cycles if that is longer."""
TOLERANCE = 300
"""For how long anything may be silent: a restart of an agent or of the router takes less."""
SHORTEST_FROZEN, USUAL_FROZEN = 60, 1800
"""For how long the readings of a channel that is not scanned must, and should, be the same before it counts as frozen."""


class DefaultAlarm(NamedTuple):
    """When a default alarm fires: after how many seconds (`None`: never), and how severe it is."""

    after: int | None
    severity: str


class Range(NamedTuple):
    """Values between which there is no alarm; `None` where there is no limit on that side."""

    low: float | None = None
    high: float | None = None


class Rate(NamedTuple):
    """How a rate is measured: per what (`PER`), and across how many seconds."""

    per: str
    over: int


Limits = Mapping[str, Range]
"""The limits of a value by severity."""

CHANNEL_DEFAULTS = {
    "silent_after": DefaultAlarm(None, "warning"),
    "invalid_after": DefaultAlarm(300, "warning"),
    "frozen_after": DefaultAlarm(None, "warning"),
}
"""The default alarms of each listed channel. Of an instrument, `None` for ``silent_after`` means by its scan cycle."""
INSTRUMENT_DEFAULTS = CHANNEL_DEFAULTS | {
    "unreachable_after": DefaultAlarm(50, "critical"),
    "away_after": DefaultAlarm(40, "critical"),
    "degraded_after": DefaultAlarm(300, "warning"),
}
"""The default alarms of each instrument and agent."""


def entries_of(options: Entry) -> list[Entry]:
    """Return the alarms of a channel in their long form, however they were written."""
    short: list[Entry] = [
        {kind: options[key]}
        for kind, key in (("above", "alarm_above_K"), ("below", "alarm_below_K"))
        if options.get(key) is not None
    ]
    return short + list(options.get("alarms") or [])


def kind_of(entry: Entry) -> str:
    """Return the kind of an alarm in its long form, one of `LIMIT_KINDS`."""
    return next(kind for kind in LIMIT_KINDS if kind in entry)


def severity_of(entry: Entry) -> str:
    """Return the severity of an alarm in its long form: by default a limit is critical and a rate is a warning."""
    return entry.get("severity") or ("warning" if kind_of(entry) == "rising" else "critical")


def quantity_of(entry: Entry, instrument: Entry) -> str:
    """Return what an alarm of a channel, in its long form, is about: what the channel is read for, unless it says so."""
    return entry.get("of") or model_of(instrument).reading.quantity


def channel_limits(instrument: Entry, options: Entry, quantity: str) -> Limits:
    """Return the limits of one of the quantities that a channel measures."""
    return limits_of(entry for entry in entries_of(options) if quantity_of(entry, instrument) == quantity)


def limits_of(entries: Iterable[Entry]) -> Limits:
    """Return the limits of a value by its alarms, in their long form.

    Where several alarms of a severity have a limit on the same side, the nearest counts.
    """
    found: dict[str, Range] = {}
    for entry in entries:
        if "rising" in entry:
            continue
        severity = severity_of(entry)
        former = found.get(severity, Range())
        below, above = entry.get("outside") or (entry.get("below"), entry.get("above"))
        found[severity] = Range(
            low=max((value for value in (former.low, below) if value is not None), default=None),
            high=min((value for value in (former.high, above) if value is not None), default=None),
        )
    return found


def rate_of(entry: Entry, mean: int) -> Rate:
    """Return how the rate of an alarm is measured; `mean` is the shortest time across which it can be."""
    per = entry.get("per") or "hour"
    over = durations.parsed(entry["over"]) if entry.get("over") is not None else max(RATE_OVER[per], mean)
    return Rate(per, over)


def shortest_mean(entry: Entry) -> int:
    """Return how much time a mean must cover to contain samples for certain."""
    return max(SHORTEST_MEAN, 2 * scan_cycle(entry)) if "model" in entry else SHORTEST_MEAN


def default_alarm(key: str, entry: Entry, options: Entry | None = None, site_wide: Entry | None = None) -> DefaultAlarm:
    """Return one of `INSTRUMENT_DEFAULTS` as the inventory has it.

    What is written at the channel (`options`) goes before what is at the instrument or agent (`entry`), and that before what is
    said of all of them (`site_wide`, the setting ``instrument_alarms``).
    """
    after, severity = INSTRUMENT_DEFAULTS[key]
    if key == "silent_after" and "model" in entry:
        after = usual_silence(entry)
    for level in (site_wide, entry, options):
        value = (level or {}).get(key)
        if value is None:
            continue
        alarm = value if isinstance(value, Mapping) else {"after": value}
        severity = alarm.get("severity") or severity
        if alarm.get("after") is not None:
            after = None if alarm["after"] is False else durations.parsed(alarm["after"])
    return DefaultAlarm(after, severity)


def default_alarms(entry: Entry, options: Entry | None, site_wide: Entry) -> dict[str, DefaultAlarm]:
    """Return all default alarms by their keys, as :func:`default_alarm`."""
    return {key: default_alarm(key, entry, options, site_wide) for key in INSTRUMENT_DEFAULTS}


def usual_silence(instrument: Entry) -> int:
    """Return after how many seconds a channel is silent by default: two scan cycles beyond `TOLERANCE`, in whole minutes."""
    return _whole_minutes(TOLERANCE + 2 * scan_cycle(instrument))


def shortest_frozen(instrument: Entry) -> int:
    """Return for how many seconds readings must be the same to mean anything: until a scanned channel's third visit."""
    return max(SHORTEST_FROZEN, 2 * scan_cycle(instrument))


def usual_frozen(instrument: Entry) -> int:
    """Return after how many seconds we advise to call a channel frozen (docs/alarms.md gives the reasons)."""
    return _whole_minutes(max(USUAL_FROZEN, 3 * scan_cycle(instrument)))


def _whole_minutes(duration: int) -> int:
    return -(-duration // 60) * 60
