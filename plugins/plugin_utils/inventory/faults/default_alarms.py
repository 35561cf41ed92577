"""Faults of the default alarms: what the inventory says about them for the site, an instrument, an agent or a channel."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import durations
from ..alarm_settings import (
    CHANNEL_DEFAULTS,
    INSTRUMENT_DEFAULTS,
    SEVERITIES,
    shortest_frozen,
    usual_frozen,
    usual_silence,
)
from ..checks import kind, placed, unknown_keys
from ..entries import Entry
from ..grafana.alarms.kinds import KINDS
from ..instruments import scan_cycle
from ..models import MODELS

INSTRUMENT_KEYS = ("scan_cycle", *INSTRUMENT_DEFAULTS)
AGENT_KEYS = ("silent_after", "away_after", "degraded_after")
SHORTEST_SILENCE = 60
"""Seconds: in less, a silent sensor cannot be told from an instrument or an agent that is away."""
SHORTEST_ABSENCE = 40
"""Seconds: in less, an agent or an instrument that is away cannot be told from a router that is."""
LONGEST_CYCLE = 6 * 3600
"""Seconds: sixteen channels, each with the longest pause and dwell, take less than two hours."""
_EXAMPLES = {
    "instrument_alarms": "{silent_after: 15m, invalid_after: false}",
    "appliance_alarms": "{disk_free_GB: 50, certificate_days: false}",
}


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of ``instrument_alarms`` and ``appliance_alarms``."""
    known: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("instrument_alarms", INSTRUMENT_DEFAULTS),
        ("appliance_alarms", KINDS),
    )
    for place, defaults in known:
        alarms = settings.get(place)
        if alarms is None:
            continue
        if not isinstance(alarms, Mapping):
            yield f"{place}: this is {kind(alarms)}; write, for example, {_EXAMPLES[place]}"
            continue
        yield from unknown_keys(place, alarms, defaults)
        if place == "instrument_alarms":
            yield from _default_faults(place, alarms, INSTRUMENT_DEFAULTS)
            yield from _frozen_faults(place, alarms, _slowest(settings.get("instruments")))
        else:
            yield from _of_appliance(place, alarms)


def of_instrument(place: str, instrument: Entry) -> Iterator[str]:
    """Every fault of what an instrument says for all its channels."""
    yield from _default_faults(place, instrument, INSTRUMENT_DEFAULTS)
    if not _is_cycle(instrument.get("scan_cycle")):
        yield (
            f"{place}.scan_cycle: {instrument['scan_cycle']!r} is not a valid time in which an instrument returns to a channel; "
            "write, for example, 3m: pause and dwell of all channels that it scans"
        )
    else:
        yield from _silence_faults(place, instrument, instrument)
        yield from _frozen_faults(place, instrument, instrument)


def of_channel(place: str, options: Entry, instrument: Entry) -> Iterator[str]:
    """Every fault of what a channel of an instrument says."""
    yield from _default_faults(place, options, CHANNEL_DEFAULTS)
    yield from _silence_faults(place, options, instrument)
    yield from _frozen_faults(place, options, instrument)


def of_agent(place: str, agent: Entry) -> Iterator[str]:
    """Every fault of what an agent says."""
    yield from _default_faults(place, agent, AGENT_KEYS)


def of_field(place: str, options: Entry) -> Iterator[str]:
    """Every fault of what a field of an agent says."""
    yield from _default_faults(place, options, ("silent_after",))
    after = _after(options.get("silent_after"))
    if after is not None and after < SHORTEST_SILENCE:
        yield (
            f"{place}.silent_after: {durations.formatted(after)} is too short to tell a silent sensor from an agent that is away; "
            f"write {durations.formatted(SHORTEST_SILENCE)} or longer"
        )


def severity_faults(place: str, entry: Entry) -> Iterator[str]:
    """Every fault of the severity of an alarm."""
    severity = entry.get("severity")
    if severity is not None and severity not in SEVERITIES:
        yield f"{place}.severity: {severity!r} is not a severity; write {' or '.join(SEVERITIES)}"


def has_sound_cycle(instrument: Entry) -> bool:
    """Whether it is known how often the instrument is read."""
    channels = instrument.get("channels")
    is_known = str(instrument.get("model")) in MODELS and (channels is None or isinstance(channels, Mapping))
    return is_known and _is_cycle(instrument.get("scan_cycle"))


def _is_cycle(value: Any) -> bool:
    return value is None or 0 < (durations.seconds(value) or 0) <= LONGEST_CYCLE


def is_duration(value: Any) -> bool:
    """Whether it is a valid duration, also 0."""
    return durations.seconds(value) is not None


def is_number(value: Any) -> bool:
    """Whether it is a finite number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _of_appliance(place: str, alarms: Entry) -> Iterator[str]:
    for name, value in alarms.items():
        if name not in KINDS or value is None:
            continue
        limit, is_time = KINDS[name].limit, KINDS[name].is_duration
        usual = durations.formatted(int(limit)) if is_time else f"{limit:g}"
        yield from _limit_faults(f"{place}.{name}", value, "limit", "duration" if is_time else "number", usual)


def _default_faults(place: str, entry: Entry, keys: Iterable[str]) -> Iterator[str]:
    for key in keys:
        if entry.get(key) is None:
            continue
        yield from _limit_faults(f"{place}.{key}", entry[key], "after", "duration", "10m")
        after = _after(entry[key])
        if key in ("away_after", "unreachable_after") and after is not None and after < SHORTEST_ABSENCE:
            yield (
                f"{place}.{key}: {durations.formatted(after)} is too short to tell it from a router that is not running; "
                f"write {SHORTEST_ABSENCE}s or longer"
            )


def _limit_faults(place: str, value: Any, name: str, what: str, example: str) -> Iterator[str]:
    """Every fault of a limit that may be alone, `false`, or beside a severity."""
    is_valid = {"duration": is_duration, "number": is_number}[what]
    if isinstance(value, Mapping):
        yield from unknown_keys(place, value, (name, "severity"))
        yield from severity_faults(place, value)
        value = value.get(name)
    if value is not None and value is not False and not is_valid(value):
        yield (
            f"{place}: {value!r} is not a valid {what}; write, for example, {example}, false to switch the alarm off, "
            f"or {{{name}: {example}, severity: critical}}"
        )


def _after(value: Any) -> int | None:
    """Return the seconds of a default alarm, which may be alone or beside a severity."""
    return durations.seconds(value.get("after") if isinstance(value, Mapping) else value)


def _silence_faults(place: str, entry: Entry, instrument: Entry) -> Iterator[str]:
    """Say so if a channel would be silent between any two of its readings."""
    after = _after(entry.get("silent_after"))
    if after is None or not has_sound_cycle(instrument):
        return
    cycle = scan_cycle(instrument)
    too_short = f"{place}.silent_after: {durations.formatted(after)} is too short"
    example = f"write, for example, {durations.formatted(usual_silence(instrument))}"
    if after <= cycle:
        yield f"{too_short}, as a reading may take {cycle} s; {example}"
    elif after < SHORTEST_SILENCE:
        yield f"{too_short} to tell a silent sensor from an instrument that does not answer; {example}"


def _frozen_faults(place: str, entry: Entry, instrument: Entry) -> Iterator[str]:
    """Say so if steady readings would be called frozen."""
    value = entry.get("frozen_after")
    if isinstance(value, Mapping) and value.get("after") is None:
        yield f"{place}.frozen_after: the time is missing; write, for example, {{after: 30m, severity: critical}}"
        return
    after = _after(value)
    if after is None or not has_sound_cycle(instrument):
        return
    shortest, cycle = shortest_frozen(instrument), scan_cycle(instrument)
    if after < shortest:
        why = f", as {instrument.get('id')} returns to a channel after {cycle} s" if cycle else ""
        yield (
            f"{place}.frozen_after: {durations.formatted(after)} is too short to tell a frozen reading from a steady one{why}; "
            f"write {durations.formatted(usual_frozen(instrument))}, or at least {durations.formatted(shortest)}"
        )


def _slowest(instruments: Any) -> Entry:
    """Return the instrument that scans most slowly among those for which the site's ``frozen_after`` holds."""
    sound = [each for _, each in placed("instruments", instruments) if has_sound_cycle(each)]
    return max((each for each in sound if each.get("frozen_after") is None), key=scan_cycle, default={})
