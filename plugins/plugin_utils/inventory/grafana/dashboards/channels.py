"""The channels of an instrument as lines of panels: their paths, their names, and the limits of their colours."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ...alarm_settings import DefaultAlarm, Limits, Range, channel_limits, default_alarm, usual_silence
from ...entries import Entry
from ...instruments import fields_of, model_of, name_of, path_of
from ...models import Field
from ..identity import instrument_uid
from .panels import GRAY, GREEN, ORANGE, RED, Line, Steps, link, steps, words

COLORS = {"critical": RED, "warning": ORANGE}
"""The colour of a value beyond a limit of that severity, the worst first."""


def title_of(instrument: Entry) -> str:
    """Return what people call an instrument; its name makes the title unique."""
    return f"{instrument.get('description') or model_of(instrument).name} ({name_of(instrument)})"


def titles_of(reading: Field) -> tuple[str, str]:
    """Return the titles of a plot of what channels are read for, and of their present values: Temperature, Temperatures."""
    title = reading.quantity.replace("_", " ").capitalize()
    return title, f"{title}s"


def is_logarithmic(reading: Field) -> bool:
    """Whether values are on a logarithmic axis: from millikelvins to room temperature they could not be told apart on another one."""
    return reading.quantity == "temperature"


def values(instrument: Entry, quantity: str) -> list[Line]:
    """Return one line for each field of `quantity`, coloured beyond the limits of the channel's alarms."""
    linked = link(instrument_uid(instrument["id"]), title_of(instrument))
    return [
        Line(
            path_of(instrument, field.name),
            label,
            steps=value_steps(channel_limits(instrument, options, quantity)),
            link=linked,
        )
        for field, label, options in fields_of(instrument)
        if field.quantity == quantity
    ]


def limits(instrument: Entry, quantity: str) -> list[tuple[float, str]]:
    """Return the lines that show the limits of all fields of `quantity`."""
    of_fields = [
        channel_limits(instrument, options, quantity)
        for field, _, options in fields_of(instrument)
        if field.quantity == quantity
    ]
    return limit_lines(of_fields)


def ages(instrument: Entry, site_wide: Entry) -> list[Line]:
    """Return one line for each channel: the age of its newest sample, full and coloured when its alarm calls it silent.

    An instrument without listed channels has one line for all of them: some may not be in use.
    """
    if not instrument.get("channels"):
        return [newest(instrument, "All channels", site_wide)]
    return [
        age(
            f"age.{path_of(instrument, field.name)}",
            label,
            default_alarm("silent_after", instrument, options, site_wide),
        )
        for field, label, options in fields_of(instrument)
        if field.quantity == model_of(instrument).reading.quantity
    ]


def newest(instrument: Entry, name: str, site_wide: Entry) -> Line:
    """Return the age of an instrument's newest sample, of any channel."""
    silence = default_alarm("silent_after", instrument, None, site_wide)
    return age(f"minSeries(age.{path_of(instrument, '*')})", name, silence)


def age(target: str, name: str, silence: DefaultAlarm) -> Line:
    """Return an age as a line with the colours of the alarm of `silence`."""
    colors = None if silence.after is None else value_steps({silence.severity: Range(high=silence.after)})
    return Line(target, name, steps=colors, maximum=silence.after)


def validity(instrument: Entry, site_wide: Entry) -> list[Line]:
    """Return one line for each channel: whether its newest sample is a reading, and nothing if that is too old to say."""
    return [
        Line(
            _while_heard(
                path_of(instrument, field.name),
                default_alarm("silent_after", instrument, options, site_wide).after or usual_silence(instrument),
            ),
            label,
            mappings=words(
                (0, "valid", GREEN), (1, "invalid", color_of("invalid_after", instrument, options, site_wide))
            ),
        )
        for field, label, options in fields_of(instrument)
        if field.quantity == model_of(instrument).reading.quantity
    ]


def _while_heard(path: str, silence: float) -> str:
    """Return a target of a channel's validity, null where its newest sample is older than `silence` seconds.

    The bridge never forgets the validity of the newest sample. It is multiplied by 1 while the age is not too great.
    """
    return f"multiplySeries(invalid.{path},offset(scale(removeAboveValue(age.{path},{silence}),0),1))"


def color_of(alarm: str, entry: Entry, options: Entry | None, site_wide: Entry) -> str:
    """Return the colour of a state that a default alarm is about; gray if it is switched off."""
    after, severity = default_alarm(alarm, entry, options, site_wide)
    return GRAY if after is None else COLORS[severity]


def prefixed(lines: Iterable[Line], instrument: Entry) -> list[Line]:
    """Return the lines with the name of their instrument, for panels of several instruments."""
    return [Line(line.target, f"{line.name} ({name_of(instrument)})") for line in lines]


def value_steps(limits: Limits) -> Steps | None:
    """Return the colours between limits; `None` if there is no limit."""
    lows = {low for low, _ in limits.values() if low is not None}
    highs = {beyond(high) for _, high in limits.values() if high is not None}
    edges = sorted(lows | highs)
    if not edges:
        return None
    found: list[tuple[float | None, str]] = []
    for start in (None, *edges):
        color = next((COLORS[each] for each in COLORS if each in limits and _alarms(start, *limits[each])), GREEN)
        if not found or found[-1][1] != color:
            found.append((start, color))
    return steps(*found)


def beyond(limit: float) -> float:
    """Return the lowest value above a limit: Grafana's colours start at their value, an alarm just above its limit."""
    return math.nextafter(limit, math.inf)


def _alarms(start: float | None, low: float | None, high: float | None) -> bool:
    """Whether values from `start` (`None`: from minus infinity) up to the next limit are below `low` or above `high`."""
    if start is None:
        return low is not None
    return (low is not None and start < low) or (high is not None and start > high)


def limit_lines(limits: Iterable[Limits]) -> list[tuple[float, str]]:
    """Return values and colours of limits that are drawn as lines, sorted; where two have the same value, that of the worse one."""
    limits = list(limits)
    found: dict[float, str] = {}
    for severity, color in COLORS.items():
        edges = [edge for each in limits for edge in each.get(severity, Range()) if edge is not None]
        found = dict.fromkeys(edges, color) | found
    return sorted(found.items())
