"""What can be wrong with the alarms of an inventory. Each fault is one sentence: where, what, and what to type instead."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import durations
from ..checks import is_list, kind, text_faults, unknown_keys, written
from ..grafana.alarms.appliance import KINDS
from ..grafana.alarms.equipment import rate, shortest_mean
from ..grafana.alarms.requested import (
    CHANNEL_DEFAULTS,
    INSTRUMENT_DEFAULTS,
    LIMIT_KINDS,
    PER,
    QUANTITIES,
    SEVERITIES,
    entries_of,
    kind_of,
    scan_cycle,
    severity_of,
    shortest_frozen,
    usual_frozen,
    usual_silence,
)
from ..models import HOTTEST, MODELS

CHANNEL_KEYS = ("alarm_above_K", "alarm_below_K", "alarms", *CHANNEL_DEFAULTS)
INSTRUMENT_KEYS = ("scan_cycle", *INSTRUMENT_DEFAULTS)
AGENT_KEYS = ("alarms", "silent_after", "away_after", "degraded_after")
_ENTRY_KEYS = (*LIMIT_KINDS, "per", "over", "clears_at", "for", "severity", "summary")
CHANNEL_ENTRY_KEYS = (*_ENTRY_KEYS, "of")
AGENT_ENTRY_KEYS = (*_ENTRY_KEYS, "field", "label", "unit")
SHORTEST_SILENCE = 60
"""Seconds: before, nobody can tell a silent sensor from an instrument or an agent that is away."""
SHORTEST_ABSENCE = 40
"""Seconds: before, nobody can tell an agent or an instrument that is away from a router that is."""
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*\Z")
LONGEST_CYCLE = 6 * 3600
"""Sixteen channels, each with the longest pause and dwell, take less than two hours."""


def of_channel(place: str, options: Mapping[str, Any], instrument: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of one channel's alarms."""
    sound = dict(options)
    for key in ("alarm_above_K", "alarm_below_K"):
        if key in options and not _is_temperature(options[key]):
            yield f"{place}.{key}: {options[key]!r} is no temperature; write kelvins, for example {key}: 5.0"
            del sound[key]
        elif key in options:
            yield from _too_hot(f"{place}.{key}", options[key])
    sound["alarms"] = []
    for where, entry in _listed(place, options, "{above: 5.0, severity: critical}"):
        if isinstance(entry, str):
            yield entry
            continue
        faults = list(_of_entry(where, entry, CHANNEL_ENTRY_KEYS, instrument)) or list(
            _beyond_sensors(where, written(entry))
        )
        yield from faults
        if not faults:
            sound["alarms"].append(written(entry))
    yield from _contradictions(place, sound)
    yield from _by_itself(place, options, CHANNEL_DEFAULTS)
    yield from _silence_faults(place, options, instrument)
    yield from _frozen_faults(place, options, instrument)


def of_instrument(place: str, instrument: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of what an instrument says for all its channels."""
    yield from _by_itself(place, instrument, INSTRUMENT_DEFAULTS)
    cycle = instrument.get("scan_cycle")
    if cycle is not None and not 0 < (durations.seconds(cycle) or 0) <= LONGEST_CYCLE:
        yield (
            f"{place}.scan_cycle: {cycle!r} is no time in which an instrument comes back to a channel; "
            "write for example 3m: pause and dwell of all channels that it scans"
        )
    else:
        yield from _silence_faults(place, instrument, instrument)
        yield from _frozen_faults(place, instrument, instrument)


def of_agent(place: str, agent: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of what an agent says of its alarms."""
    yield from _by_itself(place, agent, [key for key in AGENT_KEYS if key in INSTRUMENT_DEFAULTS])
    seen = set()
    for where, entry in _listed(place, agent, "{field: pressure.Channel_1, above: 0.001}"):
        if isinstance(entry, str):
            yield entry
            continue
        faults = [*_of_entry(where, entry, AGENT_ENTRY_KEYS, {}), *_field_faults(where, written(entry), agent)]
        yield from faults
        if not faults:
            what = (entry["field"], kind_of(written(entry)), severity_of(written(entry)))
            if what in seen:
                yield f"{where}: another alarm of {what[0]} is {what[1]} and {what[2]}; leave one out, or give it another severity"
            seen.add(what)


def of_site(settings: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of ``instrument_alarms`` and ``appliance_alarms``."""
    for place, known in (("instrument_alarms", INSTRUMENT_DEFAULTS), ("appliance_alarms", KINDS)):
        said = settings.get(place)
        if said is None:
            continue
        if not isinstance(said, Mapping):
            yield f"{place}: this is {kind(said)}; write for example {_EXAMPLES[place]}"
            continue
        yield from unknown_keys(place, said, known)
        if place == "instrument_alarms":
            yield from _by_itself(place, said, known)
            yield from _frozen_everywhere(place, said, settings.get("instruments"))
        else:
            yield from _of_appliance(place, said)


_EXAMPLES = {
    "instrument_alarms": "{silent_after: 15m, invalid_after: false}",
    "appliance_alarms": "{disk_free_GB: 50, certificate_days: false}",
}


def _of_appliance(place: str, said: Mapping[str, Any]) -> Iterator[str]:
    for name, value in said.items():
        if name not in KINDS or value is None:
            continue
        about = KINDS[name]
        usual = durations.written(int(about.limit)) if about.is_duration else f"{about.limit:g}"
        what = "duration" if about.is_duration else "number"
        yield from _value_or_mapping(f"{place}.{name}", value, "limit", what, usual)


def _silence_faults(place: str, entry: Mapping[str, Any], instrument: Mapping[str, Any]) -> Iterator[str]:
    """Say so if a channel would be silent between any two of its readings."""
    said = entry.get("silent_after")
    after = durations.seconds(said.get("after") if isinstance(said, Mapping) else said)
    if after is None or str(instrument.get("model")) not in MODELS:
        return
    cycle = scan_cycle(instrument)
    too_short = f"{place}.silent_after: {durations.written(after)} is too short"
    example = f"write for example {durations.written(usual_silence(instrument))}"
    if after <= cycle:
        yield f"{too_short}, a reading may take {cycle} s; {example}"
    elif after < SHORTEST_SILENCE:
        yield f"{too_short} to tell a silent sensor from an instrument that does not answer; {example}"


def _frozen_everywhere(place: str, said: Mapping[str, Any], instruments: Any) -> Iterator[str]:
    """Every fault of what is said for all instruments: one may scan more slowly than another."""
    sound = [each for each in instruments if isinstance(each, Mapping)] if is_list(instruments) else []
    slowest = max(
        (each for each in sound if _is_sound(each) and each.get("frozen_after") is None), key=scan_cycle, default={}
    )
    yield from _frozen_faults(place, said, slowest)


def _is_sound(instrument: Mapping[str, Any]) -> bool:
    cycle, channels = instrument.get("scan_cycle"), instrument.get("channels")
    is_known = str(instrument.get("model")) in MODELS and (channels is None or isinstance(channels, Mapping))
    return is_known and (cycle is None or durations.seconds(cycle) is not None)


def _frozen_faults(place: str, entry: Mapping[str, Any], instrument: Mapping[str, Any]) -> Iterator[str]:
    """Say so if readings would be called frozen that nobody can tell from others."""
    said = entry.get("frozen_after")
    if isinstance(said, Mapping) and said.get("after") is None:
        yield f"{place}.frozen_after: this does not say after what time; write for example {{after: 30m, severity: critical}}"
        return
    after = durations.seconds(said.get("after") if isinstance(said, Mapping) else said)
    if after is None or not _is_sound(instrument):
        return
    shortest = shortest_frozen(instrument)
    if after < shortest:
        why = (
            f", {instrument.get('id')} comes back to a channel after {cycle} s"
            if (cycle := scan_cycle(instrument))
            else ""
        )
        yield (
            f"{place}.frozen_after: {durations.written(after)} is too short to tell a frozen reading from a steady one{why}; "
            f"write {durations.written(usual_frozen(instrument))}, or {durations.written(shortest)} at least"
        )


def _by_itself(place: str, entry: Mapping[str, Any], keys: Iterable[str]) -> Iterator[str]:
    """Every fault of the alarms that are there unasked."""
    for key in keys:
        if entry.get(key) is None:
            continue
        yield from _value_or_mapping(f"{place}.{key}", entry[key], "after", "duration", "10m")
        said = entry[key].get("after") if isinstance(entry[key], Mapping) else entry[key]
        after = durations.seconds(said)
        if key in ("away_after", "unreachable_after") and after is not None and after < SHORTEST_ABSENCE:
            yield (
                f"{place}.{key}: {durations.written(after)} is too short to tell it from a router that is not running; "
                f"write {SHORTEST_ABSENCE}s or longer"
            )


def _value_or_mapping(place: str, value: Any, name: str, what: str, example: str) -> Iterator[str]:
    """Every fault of a limit that may stand alone, be `false`, or have a severity beside it."""
    will_do = {"duration": _is_duration, "number": _is_number}[what]
    if isinstance(value, Mapping):
        yield from unknown_keys(place, value, (name, "severity"))
        yield from _severity(place, value)
        value = value.get(name)
    if value is not None and value is not False and not will_do(value):
        yield (
            f"{place}: {value!r} is no {what}; write for example {example}, false for no such alarm, "
            f"or {{{name}: {example}, severity: critical}}"
        )


def _listed(place: str, options: Mapping[str, Any], example: str) -> Iterator[tuple[str, Mapping[str, Any] | str]]:
    """Yield each of the alarms with its place, or a fault instead."""
    alarms = options.get("alarms")
    if alarms is not None and not is_list(alarms):
        yield place, f"{place}.alarms: this is {kind(alarms)}; write a list, for example [{example}]"
        return
    for number, entry in enumerate(alarms or []):
        where = f"{place}.alarms[{number}]"
        yield (
            where,
            entry if isinstance(entry, Mapping) else f"{where}: this is {kind(entry)}; write for example {example}",
        )


def _field_faults(place: str, entry: Mapping[str, Any], agent: Mapping[str, Any]) -> Iterator[str]:
    name, feeds = entry.get("field"), agent.get("feeds")
    if not isinstance(name, str) or not _FIELD.match(name):
        yield f"{place}.field: {name!r} is no field of a feed; write feed and field, for example pressure.Channel_1"
    elif not is_list(feeds) or name.partition(".")[0] not in feeds:
        feed = name.partition(".")[0]
        yield f"{place}.field: {feed} is not among the feeds that are shown; write feeds: [{feed}] at the agent"
    for key in ("label", "unit"):
        yield from text_faults(place, entry, key)


def _of_entry(
    place: str, entry: Mapping[str, Any], keys: Iterable[str], instrument: Mapping[str, Any]
) -> Iterator[str]:
    yield from unknown_keys(place, entry, keys)
    entry = written(entry)
    kinds = [each for each in LIMIT_KINDS if each in entry]
    if len(kinds) != 1:
        yield f"{place}: an alarm has one of {', '.join(LIMIT_KINDS)}, and this has {' and '.join(kinds) or 'none'}"
        return
    alarm = kinds[0]
    yield from _severity(place, entry)
    yield from text_faults(place, entry, "summary")
    quantity = entry.get("of", "temperature")
    if quantity not in QUANTITIES:
        yield f"{place}.of: {quantity!r} is nothing that a channel measures; write {' or '.join(QUANTITIES)}"
    if "for" in entry and not _is_duration(entry["for"]):
        yield f"{place}.for: {entry['for']!r} is no duration; write for example 90s, 5m or 2h"
    if alarm == "outside":
        yield from _range_faults(place, entry["outside"])
    elif not _is_number(entry[alarm]) or (alarm == "rising" and entry[alarm] <= 0):
        yield f"{place}.{alarm}: {entry[alarm]!r} is no {'rise' if alarm == 'rising' else 'number'}; write for example {alarm}: 5.0"
    elif "clears_at" in entry:
        yield from _clearing_faults(place, entry, alarm)
    if alarm == "outside" and "clears_at" in entry:
        yield f"{place}.clears_at: a range has none; write two alarms, above and below, each with its own"
    if alarm == "rising":
        yield from _rate_faults(place, entry, instrument)
    else:
        for key in ("per", "over"):
            if key in entry:
                yield f"{place}.{key}: only a rate has it; leave it out, or write rising instead of {alarm}"


def _range_faults(place: str, limits: Any) -> Iterator[str]:
    if not is_list(limits) or len(limits) != 2 or not all(map(_is_number, limits)) or limits[0] >= limits[1]:
        yield f"{place}.outside: {limits!r} is no range; write the lower and the upper limit, for example [3.0, 5.0]"


def _beyond_sensors(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the temperatures of a sound alarm."""
    alarm = kind_of(entry)
    if entry.get("of", "temperature") == "temperature" and alarm != "rising":
        for limit in entry[alarm] if alarm == "outside" else [entry[alarm]]:
            yield from _too_hot(f"{place}.{alarm}", limit)


def _too_hot(place: str, limit: float) -> Iterator[str]:
    """Say so if a channel never gets there: the alarm would never fire, or always."""
    if limit > HOTTEST:
        yield f"{place}: {limit!r} K is hotter than any sensor of these models reads ({HOTTEST:g} K); write kelvins, as in 5.0"


def _clearing_faults(place: str, entry: Mapping[str, Any], alarm: str) -> Iterator[str]:
    clears_at, limit = entry["clears_at"], entry[alarm]
    side = "above" if alarm == "below" else "below"
    if not _is_number(clears_at) or (clears_at <= limit if side == "above" else clears_at >= limit):
        yield f"{place}.clears_at: {clears_at!r} is not {side} {limit!r}, where it begins; write where it is to be over"


def _rate_faults(place: str, entry: Mapping[str, Any], instrument: Mapping[str, Any]) -> Iterator[str]:
    if entry.get("per", "hour") not in PER:
        yield f"{place}.per: {entry['per']!r} is no time; write {' or '.join(PER)}"
        return
    if "over" in entry and not durations.seconds(entry["over"]):
        yield f"{place}.over: {entry['over']!r} is no duration; write for example 30m"
        return
    if str(instrument.get("model")) in MODELS and not list(of_instrument("", instrument)):
        mean = shortest_mean(instrument)
        _, over = rate(entry, mean)
        if over < mean:
            yield (
                f"{place}.over: within {durations.spoken(over)} there are too few samples to tell a rate; "
                f"write {durations.written(mean)} or longer, two scans of the instrument"
            )


def _contradictions(place: str, options: Mapping[str, Any]) -> Iterator[str]:
    """Every pair of sound alarms of a channel that cannot be together."""
    below, above = options.get("alarm_below_K"), options.get("alarm_above_K")
    if below is not None and above is not None and below >= above:
        yield (
            f"{place}.alarm_below_K: {below!r} is not below alarm_above_K, {above!r}: "
            "no temperature would be without an alarm; exchange them"
        )
    seen = set()
    for entry in entries_of(options):
        what = (kind_of(entry), entry.get("of", "temperature"), severity_of(entry))
        if what in seen:
            yield (
                f"{place}.alarms: two alarms are {what[0]} and {what[2]}, and one of them says nothing new; "
                "leave one out, or give it another severity"
            )
        seen.add(what)


def _severity(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    severity = entry.get("severity")
    if severity is not None and severity not in SEVERITIES:
        yield f"{place}.severity: {severity!r} is none; write {' or '.join(SEVERITIES)}"


def _is_duration(value: Any) -> bool:
    return durations.seconds(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_temperature(value: Any) -> bool:
    return _is_number(value) and value >= 0
