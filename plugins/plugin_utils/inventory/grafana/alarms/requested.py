"""The alarms that an inventory asks for, as finished answers: whoever makes alarms of them need not read the inventory.

Times are in seconds. Channels are named by their permanent paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ... import durations
from ...agent_fields import alarms_of, field_path, listed_fields
from ...alarm_settings import (
    HOLD,
    DefaultAlarm,
    Rate,
    default_alarm,
    default_alarms,
    entries_of,
    kind_of,
    quantity_of,
    rate_of,
    severity_of,
    shortest_mean,
)
from ...entries import Entry
from ...instruments import model_of, name_of, path_of, scan_cycle
from ...models import Field
from .kinds import KINDS, OWN_AGENTS, ApplianceLimit, limit_of

AGENTS_RULE = "appliance:agents"
"""The rule of all agents that do not belong to an instrument of the inventory."""
PATIENCE = 15
"""An agent that has been running for so much longer than its newest sample is old has an instrument that does not answer."""
LONGEST_PAUSE = 200
"""For how long a 372 reads nothing after it has switched to another channel, at most."""
OFF = DefaultAlarm(None, "")


@dataclass(frozen=True)
class Limit:
    """A limit on one value, or on its rate.

    `limits` has one number, or the ends of a range. `mean` is the time over which a mean is taken where a rate is measured.
    `positive` says whether readings of 0 and below are invalid.
    """

    id: str
    kind: str
    severity: str
    path: str
    limits: tuple[float, ...]
    clears_at: float | None
    hold: int
    rate: Rate | None
    mean: int
    positive: bool
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Channel:
    """A channel that the inventory lists, or a field of another agent; `path` and `unit` are those of what it is read for.

    `positive` says whether readings of 0 and below are invalid.
    """

    id: str
    path: str
    unit: str | None
    positive: bool
    labels: Mapping[str, str]
    limits: tuple[Limit, ...]
    silent: DefaultAlarm
    invalid: DefaultAlarm
    frozen: DefaultAlarm


@dataclass(frozen=True)
class Newest:
    """The newest sample of an instrument: where its channels are, and how much older than its agent it may be."""

    path: str
    patience: int


@dataclass(frozen=True)
class Equipment:
    """An instrument or another agent; only an instrument has a `newest` sample, only another agent has `limits` and `feeds`.

    `channels` of another agent are the fields and `feeds` the feeds whose silence is an alarm; `silent` is about each of these, or
    about an instrument without listed channels. `cycle` is after how many seconds an instrument returns to a channel.
    """

    id: str
    rule: str
    title: str
    limits: tuple[Limit, ...]
    channels: tuple[Channel, ...]
    feeds: tuple[str, ...]
    newest: Newest | None
    is_networked: bool
    cycle: int
    silent: DefaultAlarm
    unreachable: DefaultAlarm
    away: DefaultAlarm
    degraded: DefaultAlarm

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its own alarms."""
        return {"instrument": self.id, "subject": self.title}


@dataclass(frozen=True)
class Requested:
    """All that an inventory asks for: limits of the appliance by kind (`KINDS`), and its own agents, instruments and other agents."""

    appliance: Mapping[str, ApplianceLimit]
    own_agents: tuple[Equipment, ...]
    instruments: tuple[Equipment, ...]
    agents: tuple[Equipment, ...]


def requested(settings: Entry) -> Requested:
    """Return what a sound inventory asks for."""
    site_wide, of_appliance = settings.get("instrument_alarms") or {}, settings.get("appliance_alarms") or {}
    return Requested(
        appliance={name: limit_of(name, of_appliance) for name in KINDS},
        own_agents=tuple(_agent({"id": name}, site_wide) for name in OWN_AGENTS),
        instruments=tuple(_instrument(each, site_wide) for each in settings.get("instruments") or []),
        agents=tuple(_agent(each, site_wide) for each in settings.get("ocs_agents") or []),
    )


def _instrument(instrument: Entry, site_wide: Entry) -> Equipment:
    listed = instrument.get("channels") or {}
    cycle = scan_cycle(instrument)
    visit = -(-cycle // len(listed or model_of(instrument).usual_channels))
    defaults = default_alarms(instrument, None, site_wide)
    return Equipment(
        id=instrument["id"],
        rule=instrument["id"],
        title=_title(instrument),
        limits=(),
        channels=tuple(_channel(instrument, str(name), options or {}, site_wide) for name, options in listed.items()),
        feeds=(),
        newest=Newest(path_of(instrument, "*"), max(PATIENCE, min(2 * visit, LONGEST_PAUSE))),
        is_networked=bool(instrument.get("address") or instrument.get("simulated")),
        cycle=cycle,
        # Which channels are in use is not known unless they are listed: then each has its own.
        silent=OFF if listed else defaults["silent_after"],
        unreachable=defaults["unreachable_after"],
        away=defaults["away_after"],
        degraded=defaults["degraded_after"],
    )


def _agent(agent: Entry, site_wide: Entry) -> Equipment:
    defaults = default_alarms(agent, None, site_wide)
    return Equipment(
        id=agent["id"],
        rule=AGENTS_RULE,
        title=_title(agent),
        limits=tuple(_field_limits(agent)),
        channels=tuple(_silent_fields(agent)),
        feeds=tuple(agent.get("feeds") or ()),
        newest=None,
        is_networked=False,
        cycle=0,
        # The site's time is for instruments: how often a feed is published is known only if the agent's entry says so.
        silent=default_alarm("silent_after", agent) if agent.get("silent_after") else OFF,
        unreachable=OFF,
        away=defaults["away_after"],
        degraded=defaults["degraded_after"],
    )


def _channel(instrument: Entry, name: str, options: Entry, site_wide: Entry) -> Channel:
    defaults = default_alarms(instrument, options, site_wide)
    labels = {
        "instrument": instrument["id"],
        "subject": f"{options.get('label') or 'Sensor'} ({instrument['id']}, channel {name})",
        "channel": name,
        "label": options.get("label") or f"Channel {name}",
    }
    reading = model_of(instrument).fields(name)[0]
    return Channel(
        id=f"{instrument['id']}:{name}",
        path=path_of(instrument, reading.name),
        unit=reading.unit,
        positive=_is_positive(reading),
        labels=labels,
        limits=tuple(_channel_limits(instrument, name, options, labels)),
        silent=defaults["silent_after"],
        invalid=defaults["invalid_after"],
        frozen=defaults["frozen_after"],
    )


def _channel_limits(instrument: Entry, name: str, options: Entry, labels: Mapping[str, str]) -> Iterator[Limit]:
    prefix, mean = f"{instrument['id']}:{name}", shortest_mean(instrument)
    for entry in entries_of(options):
        quantity = quantity_of(entry, instrument)
        field = _field(instrument, name, quantity)
        path = path_of(instrument, field.name)
        if quantity == "sensor":
            of_sensor = {**labels, "subject": f"{labels['subject']}, sensor"}
            value = _Value(f"{prefix}:sensor", path, field.unit, of_sensor, mean, positive=False)
        else:
            value = _Value(prefix, path, field.unit, labels, mean, positive=_is_positive(field))
        yield _limit(entry, value)


def _field_limits(agent: Entry) -> Iterator[Limit]:
    for entry in alarms_of(agent):
        feed, field = entry["field"].split(".")
        labels = _field_labels(agent, entry["field"], entry.get("label"))
        path = field_path(agent, entry["field"])
        prefix = f"{agent['id']}:{feed}:{field}"
        yield _limit(entry, _Value(prefix, path, entry.get("unit"), labels, shortest_mean(agent), positive=False))


def _silent_fields(agent: Entry) -> Iterator[Channel]:
    """Yield the fields of an agent whose silence is an alarm of its own."""
    for field in listed_fields(agent):
        if (field.options or {}).get("silent_after"):
            yield Channel(
                id=f"{agent['id']}:{field.feed}:{field.name}",
                path=field_path(agent, field.key),
                unit=field.unit,
                positive=False,
                labels=_field_labels(agent, field.key, field.label),
                limits=(),
                silent=default_alarm("silent_after", {}, field.options),
                invalid=OFF,
                frozen=OFF,
            )


def _field_labels(agent: Entry, key: str, label: str | None) -> dict[str, str]:
    label = label or key.partition(".")[2]
    return {"instrument": agent["id"], "subject": f"{label} ({agent['id']}, {key})", "label": label}


class _Value(NamedTuple):
    """The value that a limit is about; `prefix` is the start of the limit's id."""

    prefix: str
    path: str
    unit: str | None
    labels: Mapping[str, str]
    mean: int
    positive: bool


def _limit(entry: Entry, value: _Value) -> Limit:
    kind, severity = kind_of(entry), severity_of(entry)
    rate = rate_of(entry, value.mean) if kind == "rising" else None
    unit = f"{value.unit or ''} per {rate.per}".strip() if rate else value.unit
    labels = dict(value.labels) | ({"unit": unit} if unit else {})
    if entry.get("summary"):
        labels["subject"] = entry["summary"]
    return Limit(
        id=f"{value.prefix}:{kind}:{severity}",
        kind=kind,
        severity=severity,
        path=value.path,
        limits=tuple(entry["outside"]) if kind == "outside" else (entry[kind],),
        clears_at=entry.get("clears_at"),
        hold=durations.parsed(entry["for"]) if entry.get("for") is not None else HOLD,
        rate=rate,
        mean=value.mean,
        positive=value.positive,
        labels=labels,
    )


def _is_positive(field: Field) -> bool:
    """Whether readings of 0 and below are invalid: nothing is at 0 K, which instruments send for an input without a reading."""
    return field.quantity == "temperature"


def _title(entry: Entry) -> str:
    """Return what an instrument or an agent is called: by the people of the lab, and by its permanent id."""
    return f"{entry.get('description') or name_of(entry)} ({entry['id']})"


def _field(instrument: Entry, channel: str, quantity: str) -> Field:
    return next(field for field in model_of(instrument).fields(channel) if field.quantity == quantity)
