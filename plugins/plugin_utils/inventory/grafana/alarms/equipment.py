"""The alarms of instruments and agents: the limits that the inventory sets, and those that are there unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ....contract import contract
from ... import durations
from ...instruments import ADDRESS_ROOT, model_of, name_of, path_of
from ...models import Field
from .requested import HOLD, PER, RATE_OVER, Alarm, Entry, by_itself, entries_of, kind_of, scan_cycle, severity_of

SHORTEST_MEAN = 60
"""Seconds of which a mean is taken where a rate is measured; two scan cycles if that is longer."""
AGENTS_RULE = "appliance:agents"
"""The rule of all agents that have no instrument of ours."""
ROUTER, NODES, NETWORK = "appliance:router_away", "appliance:nodes_silent", "appliance:network_away"
"""Alarms that explain others."""
PATIENCE = 15
"""Seconds: an agent that is there so much longer than its newest sample has an instrument that does not answer."""
LONGEST_PAUSE = 200
"""Seconds for which a 372 reads nothing after it has switched to another channel, at most."""


def of_instrument(instrument: Entry, defaults: Entry) -> Iterator[Alarm]:
    """Yield all alarms of an instrument, its channels' first."""
    for channel, options in (instrument.get("channels") or {}).items():
        yield from _of_channel(instrument, str(channel), options or {}, defaults)
    yield from _of_connection(instrument, defaults)
    yield from of_process(instrument, defaults)


def of_agent(entry: Entry, defaults: Entry) -> Iterator[Alarm]:
    """Yield the alarms of any other agent: of its fields, of its feeds if it says when they are silent, and of itself."""
    for limit in entry.get("alarms") or []:
        yield _of_limit(_of_field(entry, limit), limit)
    after, severity = by_itself("silent_after", {"silent_after": False} | entry)
    for feed in (entry.get("feeds") or []) if after is not None else []:
        about = _about(entry)
        yield Alarm(
            id=f"{entry['id']}:{feed}:silent",
            kind="silent",
            severity=severity,
            measure={"kind": "age", "of": [f"{ADDRESS_ROOT}.{entry['id']}.feeds.{feed}.*"]},
            test="gt",
            limits=(after,),
            held_back_by=(ROUTER, NODES, f"{entry['id']}:away"),
            **about | {"labels": about["labels"] | {"subject": f"{_subject(entry)}, feed {feed}"}},
        )
    yield from of_process(entry, defaults)


def of_process(entry: Entry, defaults: Entry) -> Iterator[Alarm]:
    """Yield the alarms of the process that serves an instrument, or of any other agent's."""
    agent, about = entry["id"], _about(entry)
    where = f"{ADDRESS_ROOT}.{agent}.agent"
    after, severity = by_itself("away_after", entry, None, defaults)
    if after is not None:
        yield Alarm(
            id=f"{agent}:away",
            kind="away",
            severity=severity,
            measure={"kind": "absence", "connected": f"{where}.connected", **_channels_read(entry)},
            test="gt",
            limits=(after,),
            held_back_by=(ROUTER, NODES),
            **about,
        )
    after, severity = by_itself("degraded_after", entry, None, defaults)
    if after is not None:
        yield Alarm(
            id=f"{agent}:degraded",
            kind="degraded",
            severity=severity,
            measure={"kind": "lasting", "path": f"{where}.degraded", "value": 1},
            test="gt",
            limits=(after,),
            held_back_by=(ROUTER, NODES, NETWORK, f"{agent}:away", f"{agent}:unreachable"),
            **about,
        )


def _of_connection(instrument: Entry, defaults: Entry) -> Iterator[Alarm]:
    """Yield the alarms of an instrument that does not answer, and of one that was not said to have channels and has no samples."""
    agent = instrument["id"]
    after, severity = by_itself("unreachable_after", instrument, None, defaults)
    if after is not None:
        yield Alarm(
            id=f"{agent}:unreachable",
            kind="unreachable",
            severity=severity,
            measure=unanswered(instrument),
            test="gt",
            limits=(after,),
            held_back_by=(ROUTER, NODES, NETWORK, f"{agent}:away"),
            **_about(instrument),
        )
    after, severity = by_itself("silent_after", instrument, None, defaults)
    if after is not None and not instrument.get("channels"):
        # Which of its channels there are nobody has said: the youngest counts.
        yield Alarm(
            id=f"{agent}:silent",
            kind="silent",
            severity=severity,
            measure={"kind": "age", "of": [path_of(instrument, "*")]},
            test="gt",
            limits=(after,),
            held_back_by=_explaining(agent),
            **_about(instrument),
        )


def _of_channel(instrument: Entry, channel: str, options: Entry, defaults: Entry) -> Iterator[Alarm]:
    for entry in entries_of(options):
        yield _of_limit(_of_quantity(instrument, channel, options, entry), entry)
    path = path_of(instrument, _field(instrument, channel, "temperature").name)
    about = _about(instrument, channel, options)
    after, severity = by_itself("silent_after", instrument, options, defaults)
    if after is not None:
        yield Alarm(
            id=f"{instrument['id']}:{channel}:silent",
            kind="silent",
            severity=severity,
            measure={"kind": "age", "of": [path]},
            test="gt",
            limits=(after,),
            held_back_by=_explaining(instrument["id"]),
            **about,
        )
    after, severity = by_itself("invalid_after", instrument, options, defaults)
    if after is not None:
        yield Alarm(
            id=f"{instrument['id']}:{channel}:invalid",
            kind="invalid",
            severity=severity,
            measure={"kind": "invalid", "path": path, "positive": True},
            test="gt",
            limits=(after,),
            **about,
        )
    after, severity = by_itself("frozen_after", instrument, options, defaults)
    if after is not None:
        yield Alarm(
            id=f"{instrument['id']}:{channel}:frozen",
            kind="frozen",
            severity=severity,
            measure={"kind": "unchanged", "path": path, "memory": after, "positive": True},
            test="gt",
            limits=(after,),
            **about | {"labels": about["labels"] | {"unit": "K"}},
        )


def _explaining(agent: str) -> tuple[str, ...]:
    """Return the ids of what explains that a channel is silent."""
    return (ROUTER, NODES, NETWORK, f"{agent}:away", f"{agent}:unreachable")


def unanswered(instrument: Entry) -> dict[str, Any]:
    """Return the measure of for how long an instrument has not answered."""
    return {
        "kind": "unanswered",
        "connected": f"{ADDRESS_ROOT}.{instrument['id']}{contract.CONNECTED}",
        **_channels_read(instrument),
    }


def _channels_read(entry: Entry) -> dict[str, Any]:
    """Return the channels by which one tells an agent that is away from an instrument that does not answer."""
    if "model" not in entry:
        return {}
    of_one = -(-scan_cycle(entry) // len(entry.get("channels") or model_of(entry).channels))
    return {"of": [path_of(entry, "*")], "patience": max(PATIENCE, min(2 * of_one, LONGEST_PAUSE))}


@dataclass(frozen=True)
class _Measured:
    """What a limit is of: where it is, its unit, the beginning of its id, of how many seconds a mean is taken, and its labels."""

    path: str
    unit: str | None
    names: tuple[str, ...]
    mean: int
    positive: bool
    about: Mapping[str, Any]


def _of_limit(measured: _Measured, entry: Entry) -> Alarm:
    kind, severity = kind_of(entry), severity_of(entry)
    unit = measured.unit or ""
    measure: dict[str, Any] = {"kind": "value", "path": measured.path, "positive": measured.positive}
    if kind == "rising":
        per, over = rate(entry, measured.mean)
        measure |= {"kind": "rise", "over": over, "mean": measured.mean, "per": PER[per]}
        unit = f"{unit} per {per}".strip()
    labels = dict(measured.about["labels"]) | ({"unit": unit} if unit else {})
    if entry.get("summary"):
        labels["subject"] = entry["summary"]
    return Alarm(
        id=":".join((*measured.names, kind, severity)),
        kind=kind,
        severity=severity,
        measure=measure,
        test={"below": "lt", "outside": "outside_range"}.get(kind, "gt"),
        limits=tuple(entry["outside"]) if kind == "outside" else (entry[kind],),
        clears_at=entry.get("clears_at"),
        hold=durations.seconds(entry["for"]) if entry.get("for") is not None else HOLD,
        rule=measured.about["rule"],
        labels=labels,
    )


def _of_quantity(instrument: Entry, channel: str, options: Entry, entry: Entry) -> _Measured:
    quantity = entry.get("of", "temperature")
    field, of_sensor = _field(instrument, channel, quantity), quantity == "sensor"
    about = _about(instrument, channel, options)
    if of_sensor:
        about |= {"labels": about["labels"] | {"subject": f"{about['labels']['subject']}, sensor"}}
    return _Measured(
        path=path_of(instrument, field.name),
        unit=field.unit,
        names=(instrument["id"], channel, *(["sensor"] if of_sensor else [])),
        mean=shortest_mean(instrument),
        positive=not of_sensor,
        about=about,
    )


def _of_field(agent: Entry, entry: Entry) -> _Measured:
    feed, field = entry["field"].split(".")
    about, label = _about(agent), entry.get("label") or field
    subject = f"{label} ({agent['id']}, {entry['field']})"
    return _Measured(
        path=f"{ADDRESS_ROOT}.{agent['id']}.feeds.{entry['field']}",
        unit=entry.get("unit"),
        names=(agent["id"], feed, field),
        mean=shortest_mean(agent),
        positive=False,
        about=about | {"labels": about["labels"] | {"label": label, "subject": subject}},
    )


def shortest_mean(entry: Entry) -> int:
    """Return of how many seconds a mean must be to have samples for certain."""
    return max(SHORTEST_MEAN, 2 * scan_cycle(entry)) if "model" in entry else SHORTEST_MEAN


def rate(entry: Entry, mean: int) -> tuple[str, int]:
    """Return how a rate is measured: per what, and across how many seconds."""
    per = entry.get("per") or "hour"
    return per, durations.seconds(entry["over"]) if entry.get("over") is not None else max(RATE_OVER[per], mean)


def _subject(entry: Entry, channel: str | None = None, options: Entry | None = None) -> str:
    """Return what an alarm is about: as the people of the lab call it, and which one that is for ever."""
    if channel is None:
        return f"{entry.get('description') or name_of(entry)} ({entry['id']})"
    return f"{(options or {}).get('label') or 'Sensor'} ({entry['id']}, channel {channel})"


def _about(entry: Entry, channel: str | None = None, options: Entry | None = None) -> dict[str, Any]:
    labels = {"instrument": entry["id"], "subject": _subject(entry, channel, options)}
    if channel is not None:
        labels |= {"channel": channel, "label": (options or {}).get("label") or f"Channel {channel}"}
    return {"rule": entry["id"] if "model" in entry else AGENTS_RULE, "labels": labels}


def _field(instrument: Entry, channel: str, quantity: str) -> Field:
    return next(field for field in model_of(instrument).fields(channel) if field.quantity == quantity)
