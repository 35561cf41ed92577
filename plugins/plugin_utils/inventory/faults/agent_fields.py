"""Faults in what the inventory says of the fields of an agent: ``fields`` of an entry of ``ocs_agents``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..agent_fields import KEYS
from ..checks import Placed, kind, repeats, text_faults, unknown_keys
from ..entries import Entry, given
from . import default_alarms
from .common import field_faults

EXAMPLE = "{pressures.pressure_ch1: {label: OVC, unit: mbar}}"


def of_agent(place: str, agent: Entry) -> Iterator[str]:
    """Every fault of the fields, except for those of their alarms (alarms.py)."""
    fields = agent.get("fields")
    if fields is None:
        return
    if not isinstance(fields, Mapping):
        yield f"{place}.fields: this is {kind(fields)}; write feed and field, and what they are, for example {EXAMPLE}"
        return
    for key, options in fields.items():
        yield from _of_field(f"{place}.fields", key, options, agent.get("feeds"))
    yield from _same_labels(f"{place}.fields", fields)


def _of_field(place: str, key: Any, options: Any, feeds: Any) -> Iterator[str]:
    faults, where = list(field_faults(place, key, feeds)), f"{place}.{key}"
    yield from faults
    if faults or options is None:
        return
    if not isinstance(options, Mapping):
        yield f"{where}: this is {kind(options)}; write, for example, {{label: OVC, unit: mbar}}"
    else:
        yield from unknown_keys(where, options, KEYS)
        for text in ("label", "unit"):
            yield from text_faults(where, given(options), text)
        yield from default_alarms.of_field(where, given(options))


def _same_labels(place: str, fields: Entry) -> Iterator[str]:
    """Every label that two fields of one unit share: in a plot they could not be told apart."""
    labels: dict[str, list[Placed]] = {}
    for key, options in fields.items():
        if isinstance(options, Mapping):
            labels.setdefault(str(options.get("unit")), []).append((f"{place}.{key}", options))
    for placed in labels.values():
        yield from repeats(placed, "label", str, "they could not be told apart in a plot: give each a label of its own")
