"""The channels of an instrument as lines of panels: where they are, what they are called, when they are red."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from livemon_inventory.alarms import limits_of, silent_after
from livemon_inventory.dashboards.identity import instrument_uid
from livemon_inventory.dashboards.panels import GREEN, ORANGE, RED, Line, Steps, link, steps, words
from livemon_inventory.plant import fields_of, model_of, name_of, path_of

COLORS = {"critical": RED, "warning": ORANGE}
"""Of a value beyond a limit of that severity, worst first."""
VALIDITY = words((0, "valid", GREEN), (1, "invalid", RED))

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


def ages(instrument: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[Line]:
    """Return one line for each channel: how long ago its newest sample was, full and red when its alarm calls it silent.

    Of an instrument whose channels nobody listed it is one line for all of them: some may not be in use.
    """
    if not instrument.get("channels"):
        return [newest(instrument, "All channels", defaults)]
    return [
        age(f"age.{path_of(instrument, field.name)}", label, silent_after(instrument, options, defaults))
        for field, label, options in fields_of(instrument)
        if field.quantity == "temperature"
    ]


def newest(instrument: Mapping[str, Any], name: str, defaults: Mapping[str, Any]) -> Line:
    """Return the age of an instrument's newest sample, of whatever channel."""
    return age(f"minSeries(age.{path_of(instrument, '*')})", name, silent_after(instrument, None, defaults))


def age(target: str, name: str, limit: float | None) -> Line:
    """Return an age as a line that is red from `limit` seconds on, and never without one."""
    colors = None if limit is None else steps((None, GREEN), (limit, RED))
    return Line(target, name, steps=colors, maximum=limit)


def validity(instrument: Mapping[str, Any]) -> list[Line]:
    """Return one line for each channel: whether its newest sample is a temperature."""
    return [
        Line(f"invalid.{path_of(instrument, field.name)}", label, mappings=VALIDITY)
        for field, label, _ in fields_of(instrument)
        if field.quantity == "temperature"
    ]


def prefixed(lines: Iterable[Line], instrument: Mapping[str, Any]) -> list[Line]:
    """Return the lines with their instrument's name, for panels of several instruments."""
    return [Line(line.target, f"{line.name} ({name_of(instrument)})") for line in lines]


def value_steps(limits: Limits) -> Steps | None:
    """Return the colours between limits, ``{severity: (below, above)}``; `None` where there is no limit."""
    edges = sorted({edge for pair in limits.values() for edge in pair if edge is not None})
    if not edges:
        return None
    found: list[tuple[float | None, str]] = []
    for start in (None, *edges):
        color = next((COLORS[each] for each in COLORS if each in limits and _beyond(start, *limits[each])), GREEN)
        if not found or found[-1][1] != color:
            found.append((start, color))
    return steps(*found)


def _beyond(start: float | None, low: float | None, high: float | None) -> bool:
    """Whether values from `start` (`None`: from minus infinity) up to the next limit are below `low` or above `high`."""
    if start is None:
        return low is not None
    return (low is not None and start < low) or (high is not None and start >= high)
