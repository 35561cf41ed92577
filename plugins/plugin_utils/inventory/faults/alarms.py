"""Faults of the alarms that the inventory sets: limits and rates of channels, and of the fields of agents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import durations
from ..alarm_settings import (
    CHANNEL_DEFAULTS,
    LIMIT_KINDS,
    PER,
    entries_of,
    kind_of,
    quantity_of,
    rate_of,
    severity_of,
    shortest_mean,
)
from ..checks import kind, text_faults, unknown_keys
from ..entries import Entry, given, is_list
from ..models import HOTTEST, MODELS, Field
from . import default_alarms
from .common import field_faults
from .default_alarms import has_sound_cycle, is_duration, is_number, severity_faults

CHANNEL_KEYS = ("alarm_above_K", "alarm_below_K", "alarms", *CHANNEL_DEFAULTS)
_ENTRY_KEYS = (*LIMIT_KINDS, "per", "over", "clears_at", "for", "severity", "summary")
CHANNEL_ENTRY_KEYS = (*_ENTRY_KEYS, "of")
FIELD_ENTRY_KEYS = _ENTRY_KEYS
AGENT_ENTRY_KEYS = (*_ENTRY_KEYS, "field", "label", "unit")


def of_channel(place: str, options: Entry, instrument: Entry) -> Iterator[str]:
    """Every fault of the alarms of a channel of an instrument."""
    reading = _reading_of(instrument)
    sound = dict(options)
    for key in ("alarm_above_K", "alarm_below_K"):
        if key in options and reading.unit != "K":
            kind_, unit = key.removeprefix("alarm_").removesuffix("_K"), reading.unit
            yield f"{place}.{key}: this channel measures {_called(reading.quantity)} in {unit}; write alarms: [{{{kind_}: 5.0}}]"
            del sound[key]
        elif key in options and not (is_number(options[key]) and options[key] >= 0):
            yield f"{place}.{key}: {options[key]!r} is not a valid temperature; write kelvins, for example {key}: 5.0"
            del sound[key]
        elif key in options:
            yield from _heat_faults(f"{place}.{key}", options[key])
    yield from _list_faults(place, options, "{above: 5.0, severity: critical}")
    sound["alarms"] = []
    for where, entry in _placed(place, options):
        faults = list(_entry_faults(where, entry, CHANNEL_ENTRY_KEYS, instrument)) or list(
            _range_heat_faults(where, given(entry), instrument)
        )
        yield from faults
        if not faults:
            sound["alarms"].append(given(entry))
    yield from _contradictions(place, sound, instrument)
    yield from default_alarms.of_channel(place, options, instrument)


def of_agent(place: str, agent: Entry) -> Iterator[str]:
    """Every fault of the alarms of an agent's fields: of those under ``alarms``, and of those under ``fields``."""
    yield from _list_faults(place, agent, "{field: pressures.pressure_ch1, above: 0.001}")
    seen = set[tuple[str, str, str]]()
    for where, entry in _placed(place, agent):
        faults = [*_entry_faults(where, entry, AGENT_ENTRY_KEYS, {}), *_field_faults(where, given(entry), agent)]
        yield from faults
        if not faults:
            yield from _repeated(where, entry["field"], entry, seen)
    fields = agent.get("fields")
    for field, options in fields.items() if isinstance(fields, Mapping) else ():
        if isinstance(options, Mapping):
            yield from _of_field(f"{place}.fields.{field}", field, options, seen)


def _of_field(place: str, field: str, options: Entry, seen: set[tuple[str, str, str]]) -> Iterator[str]:
    yield from _list_faults(place, options, "{above: 0.001}")
    for where, entry in _placed(place, options):
        faults = list(_entry_faults(where, entry, FIELD_ENTRY_KEYS, {}))
        yield from faults
        if not faults:
            yield from _repeated(where, field, entry, seen)


def _repeated(place: str, field: str, entry: Entry, seen: set[tuple[str, str, str]]) -> Iterator[str]:
    """Say so if a sound alarm of a field is among those that were `seen`, and add it to them."""
    alarm = (field, kind_of(given(entry)), severity_of(given(entry)))
    if alarm in seen:
        yield f"{place}: another alarm of {alarm[0]} is {alarm[1]} and {alarm[2]}; leave one out, or give it another severity"
    seen.add(alarm)


def _list_faults(place: str, options: Entry, example: str) -> Iterator[str]:
    alarms = options.get("alarms")
    if alarms is not None and not is_list(alarms):
        yield f"{place}.alarms: this is {kind(alarms)}; write a list, for example [{example}]"
        return
    for number, entry in enumerate(alarms or []):
        if not isinstance(entry, Mapping):
            yield f"{place}.alarms[{number}]: this is {kind(entry)}; write, for example, {example}"


def _placed(place: str, options: Entry) -> Iterator[tuple[str, Entry]]:
    """Yield each alarm that is a mapping behind its place."""
    alarms = options.get("alarms")
    for number, entry in enumerate(alarms if is_list(alarms) else []):
        if isinstance(entry, Mapping):
            yield f"{place}.alarms[{number}]", entry


def _field_faults(place: str, entry: Entry, agent: Entry) -> Iterator[str]:
    yield from field_faults(f"{place}.field", entry.get("field"), agent.get("feeds"))
    for key in ("label", "unit"):
        yield from text_faults(place, entry, key)


def _entry_faults(place: str, entry: Entry, keys: tuple[str, ...], instrument: Entry) -> Iterator[str]:
    yield from unknown_keys(place, entry, keys)
    entry = given(entry)
    kinds = [each for each in LIMIT_KINDS if each in entry]
    if len(kinds) != 1:
        yield f"{place}: an alarm has one of {', '.join(LIMIT_KINDS)}, and this one has {' and '.join(kinds) or 'none'}"
        return
    alarm = kinds[0]
    yield from severity_faults(place, entry)
    yield from text_faults(place, entry, "summary")
    if instrument and "of" in entry:
        yield from _quantity_faults(place, entry["of"], instrument)
    if "for" in entry and not is_duration(entry["for"]):
        yield f"{place}.for: {entry['for']!r} is not a valid duration; write, for example, 90s, 5m or 2h"
    if alarm == "outside":
        yield from _range_faults(place, entry)
    else:
        yield from _number_faults(place, entry, alarm)
    if alarm == "rising":
        yield from _rate_faults(place, entry, instrument)
    else:
        for key in ("per", "over"):
            if key in entry:
                yield f"{place}.{key}: only a rate has it; leave it out, or write rising instead of {alarm}"


def _reading_of(instrument: Entry) -> Field:
    return MODELS[str(instrument["model"])].reading


def _called(quantity: str) -> str:
    """Return a quantity as people write it."""
    return quantity.replace("_", " ")


def _quantity_faults(place: str, quantity: object, instrument: Entry) -> Iterator[str]:
    model = MODELS[str(instrument["model"])]
    known = [field.quantity for field in model.fields(model.channels[0])]
    if quantity not in known:
        yield f"{place}.of: {quantity!r} is not a quantity that a channel measures; write {' or '.join(known)}"


def _range_faults(place: str, entry: Entry) -> Iterator[str]:
    limits = entry["outside"]
    if not is_list(limits) or len(limits) != 2 or not all(map(is_number, limits)) or limits[0] >= limits[1]:
        yield f"{place}.outside: {limits!r} is not a valid range; write the lower and the upper limit, for example [3.0, 5.0]"
    if "clears_at" in entry:
        yield f"{place}.clears_at: not possible for a range; write two alarms, above and below, each with its own"


def _number_faults(place: str, entry: Entry, alarm: str) -> Iterator[str]:
    limit = entry[alarm]
    if not is_number(limit) or (alarm == "rising" and limit <= 0):
        what = "positive number" if alarm == "rising" else "number"
        yield f"{place}.{alarm}: {limit!r} is not a valid {what}; write, for example, {alarm}: 5.0"
    elif "clears_at" in entry:
        clears_at, side = entry["clears_at"], "above" if alarm == "below" else "below"
        if not is_number(clears_at) or (clears_at <= limit if side == "above" else clears_at >= limit):
            yield f"{place}.clears_at: {clears_at!r} is not {side} {limit!r}, where it starts; write where the alarm is to end"


def _rate_faults(place: str, entry: Entry, instrument: Entry) -> Iterator[str]:
    if entry.get("per", "hour") not in PER:
        yield f"{place}.per: {entry['per']!r} is not a unit of time; write {' or '.join(PER)}"
        return
    if "over" in entry and not durations.seconds(entry["over"]):
        yield f"{place}.over: {entry['over']!r} is not a valid duration; write, for example, 30m"
        return
    if has_sound_cycle(instrument):
        mean = shortest_mean(instrument)
        _, over = rate_of(entry, mean)
        if over < mean:
            yield (
                f"{place}.over: {durations.spelled_out(over)} contain too few samples to measure a rate; "
                f"write {durations.formatted(mean)} or longer, two scans of the instrument"
            )


def _range_heat_faults(place: str, entry: Entry, instrument: Entry) -> Iterator[str]:
    """Every temperature of a sound alarm that no channel reaches."""
    alarm = kind_of(entry)
    if quantity_of(entry, instrument) == "temperature" and alarm != "rising":
        for limit in entry[alarm] if alarm == "outside" else [entry[alarm]]:
            yield from _heat_faults(f"{place}.{alarm}", limit)


def _heat_faults(place: str, limit: float) -> Iterator[str]:
    """Say so if no channel reaches the limit: the alarm would never fire, or always."""
    if limit > HOTTEST:
        yield f"{place}: {limit!r} K is hotter than any sensor of these models reads ({HOTTEST:g} K); write kelvins, as in 5.0"


def _contradictions(place: str, options: Entry, instrument: Entry) -> Iterator[str]:
    """Every pair of sound alarms of a channel that exclude each other."""
    below, above = options.get("alarm_below_K"), options.get("alarm_above_K")
    if below is not None and above is not None and below >= above:
        yield (
            f"{place}.alarm_below_K: {below!r} is not below alarm_above_K, {above!r}: "
            "every temperature would be an alarm; exchange them"
        )
    seen = set()
    for entry in entries_of(options):
        alarm = (kind_of(entry), quantity_of(entry, instrument), severity_of(entry))
        if alarm in seen:
            yield (
                f"{place}.alarms: two alarms are {alarm[0]} and {alarm[2]}, and one of them is redundant; "
                "leave one out, or give it another severity"
            )
        seen.add(alarm)
