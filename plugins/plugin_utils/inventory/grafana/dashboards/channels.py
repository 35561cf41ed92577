"""The channels of an instrument as lines of panels: where they are, what they are called, when they are red."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ...instruments import fields_of, model_of, name_of, path_of
from ..alarms.requested import by_itself, limits_of, usual_silence
from ..identity import instrument_uid
from .panels import GRAY, GREEN, ORANGE, RED, Line, Steps, link, steps, words

COLORS = {"critical": RED, "warning": ORANGE}
"""Of a value beyond a limit of that severity, worst first."""

Limits = Mapping[str, tuple[float | None, float | None]]


def title_of(instrument: Mapping[str, Any]) -> str:
    """What an instrument is called for people; its name makes it unique."""
    return f"{instrument.get('description') or model_of(instrument).name} ({name_of(instrument)})"


def values(instrument: Mapping[str, Any], quantity: str) -> list[Line]:
    """Return one line for each field of `quantity`, coloured beyond the limits of the channel's alarms."""
    linked = link(instrument_uid(instrument), title_of(instrument))
    return [
        Line(path_of(instrument, field.name), label, steps=value_steps(limits_of(options, quantity)), link=linked)
        for field, label, options in fields_of(instrument)
        if field.quantity == quantity
    ]


def limits(instrument: Mapping[str, Any], quantity: str) -> list[tuple[float, str]]:
    """Return the lines that show the limits of all fields of `quantity`."""
    of_fields = [
        limits_of(options, quantity) for field, _, options in fields_of(instrument) if field.quantity == quantity
    ]
    return limit_lines(of_fields)


def ages(instrument: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Line]:
    """Return one line for each channel: how long ago its newest sample was, full and coloured when its alarm calls it silent.

    Of an instrument whose channels nobody listed it is one line for all of them: some may not be in use.
    """
    if not instrument.get("channels"):
        return [newest(instrument, "All channels", defaults)]
    return [
        age(f"age.{path_of(instrument, field.name)}", label, by_itself("silent_after", instrument, options, defaults))
        for field, label, options in fields_of(instrument)
        if field.quantity == "temperature"
    ]


def newest(instrument: Mapping[str, Any], name: str, defaults: Mapping[str, Any]) -> Line:
    """Return the age of an instrument's newest sample, of whatever channel."""
    silence = by_itself("silent_after", instrument, None, defaults)
    return age(f"minSeries(age.{path_of(instrument, '*')})", name, silence)


def age(target: str, name: str, silence: tuple[float | None, str]) -> Line:
    """Return an age as a line with the colours of `silence`: beyond how many seconds it is one, if ever, and how severe."""
    limit, severity = silence
    colors = None if limit is None else value_steps({severity: (None, limit)})
    return Line(target, name, steps=colors, maximum=limit)


def validity(instrument: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Line]:
    """Return one line for each channel: whether its newest sample is a temperature, and nothing once that is too old to tell."""
    return [
        Line(
            _while_heard(
                path_of(instrument, field.name),
                by_itself("silent_after", instrument, options, defaults)[0] or usual_silence(instrument),
            ),
            label,
            mappings=words(
                (0, "valid", GREEN), (1, "invalid", color_of("invalid_after", instrument, options, defaults))
            ),
        )
        for field, label, options in fields_of(instrument)
        if field.quantity == "temperature"
    ]


def _while_heard(path: str, silence: float) -> str:
    """Return a target of a channel's validity, null where its newest sample is older than `silence` seconds.

    The bridge knows the validity of the newest sample for ever. It is multiplied by 1 while the age is not too great.
    """
    return f"multiplySeries(invalid.{path},offset(scale(removeAboveValue(age.{path},{silence}),0),1))"


def color_of(alarm: str, *levels: Mapping[str, Any] | None) -> str:
    """Return the colour of a state that one of the alarms which are there unasked is about; gray if it is switched off."""
    after, severity = by_itself(alarm, *levels)
    return GRAY if after is None else COLORS[severity]


def prefixed(lines: Iterable[Line], instrument: Mapping[str, Any]) -> list[Line]:
    """Return the lines with their instrument's name, for panels of several instruments."""
    return [Line(line.target, f"{line.name} ({name_of(instrument)})") for line in lines]


def value_steps(limits: Limits) -> Steps | None:
    """Return the colours between limits, ``{severity: (below, above)}``; `None` where there is no limit."""
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
    """Return where values above a limit begin: a colour of Grafana's counts from its value on, an alarm from the next one on."""
    return math.nextafter(limit, math.inf)


def _alarms(start: float | None, low: float | None, high: float | None) -> bool:
    """Whether values from `start` (`None`: from minus infinity) up to the next limit are below `low` or above `high`."""
    if start is None:
        return low is not None
    return (low is not None and start < low) or (high is not None and start > high)


def limit_lines(limits: Iterable[Limits]) -> list[tuple[float, str]]:
    """Return values and colours of limits that are drawn as lines; where two are at one value, the more severe one's."""
    limits = list(limits)
    found: dict[float, str] = {}
    for severity, color in COLORS.items():
        edges = [edge for each in limits for edge in each.get(severity, ()) if edge is not None]
        found = dict.fromkeys(edges, color) | found
    return sorted(found.items())
