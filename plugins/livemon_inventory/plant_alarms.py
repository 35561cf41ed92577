"""The alarms of instruments and agents: the limits that the inventory sets, and those that are there unasked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from livemon_inventory import durations
from livemon_inventory.alarms import (
    HOLD,
    PER,
    RATE_OVER,
    Alarm,
    Entry,
    Query,
    by_itself,
    entries_of,
    kind_of,
    scan_cycle,
    severity_of,
    silent_after,
    usual_silence,
)
from livemon_inventory.dashboards.identity import APPLIANCE, instrument_uid, temperature_panel
from livemon_inventory.models import Field
from livemon_inventory.plant import ADDRESS_ROOT, model_of, name_of, path_of
from livemon_inventory.uids import uid

SHORTEST_MEAN = 60
"""Seconds of which a mean is taken where a rate is measured; two scan cycles if that is longer."""
RECENTLY = 600
"""Seconds within which the newest sample counts of what is sampled every few seconds."""
NOW = 120
"""The same of what the bridge has of every moment: it is asked for a few only."""
_LOOK_AT_INSTRUMENT = (
    "Is it on, is its cable in, does it answer at its address? On the monitor: docker logs ocs_{id}; livemon status."
)
_LOOK_AT_CHANNEL = (
    "Is the channel switched on at the instrument, and does it scan? A sensor out of range, a broken wire or a wrong curve "
    "gives no valid reading. On the monitor: docker logs ocs_{id}."
)


def of_instrument(instrument: Entry, defaults: Entry) -> Iterator[Alarm]:
    """Yield all alarms of an instrument, its channels' first."""
    for channel, options in (instrument.get("channels") or {}).items():
        yield from _of_channel(instrument, str(channel), options or {}, defaults)
    if not instrument.get("channels"):
        yield from _of_silence(
            by_itself("silent_after", instrument, None, defaults),
            names=(instrument["id"],),
            subject=_subject(instrument),
            # Which of its channels there are nobody has said: the youngest counts.
            target=f"minSeries(age.{path_of(instrument, '*')})",
            said=": no sample of any channel",
            about=_about(instrument),
        )
    yield from of_process(instrument, defaults)


def of_agent(entry: Entry, defaults: Entry) -> Iterator[Alarm]:
    """Yield the alarms of any other agent: of its fields, of its feeds if it says when they are silent, and of itself."""
    silence = by_itself("silent_after", {"silent_after": False} | entry)
    for limit in entry.get("alarms") or []:
        yield _of_limit(_of_field(entry, limit, silence[0] or RECENTLY), limit)
    for feed in entry.get("feeds") or []:
        yield from _of_silence(
            silence,
            names=(entry["id"], feed),
            subject=f"{_subject(entry)}, feed {feed},",
            target=f"minSeries(age.{ADDRESS_ROOT}.{entry['id']}.feeds.{feed}.*)",
            said=" has sent nothing",
            about=_about(entry),
        )
    yield from of_process(entry, defaults)


def of_process(entry: Entry, defaults: Entry) -> Iterator[Alarm]:
    """Yield the alarms of the process that serves an instrument, or of any other agent's."""
    agent, subject = entry["id"], _subject(entry)
    about = _about(entry)
    where = f"{ADDRESS_ROOT}.{agent}.agent"
    after, severity = by_itself("away_after", entry, None, defaults)
    if after is not None:
        yield Alarm(
            uid=uid(agent, "away"),
            title=f"{subject}: its agent is away",
            kind="away",
            severity=severity,
            queries=(Query(f"{where}.connected", RECENTLY),),
            test="lt",
            limits=(1,),
            hold=after,
            no_data="Alerting",
            summary=f"{subject}: the heartbeat of its agent has stopped",
            advice=f"Nothing is read and archived of it. On the monitor: docker logs ocs_{agent}; docker restart ocs_{agent}.",
            **about,
        )
    after, severity = by_itself("degraded_after", entry, None, defaults)
    if after is not None:
        yield Alarm(
            uid=uid(agent, "degraded"),
            title=f"{subject}: its agent does not do its work",
            kind="degraded",
            severity=severity,
            queries=(Query(f"{where}.degraded", RECENTLY),),
            test="gt",
            limits=(0,),
            hold=after,
            summary=f"{subject}: its agent runs without doing its work",
            advice=_LOOK_AT_INSTRUMENT.format(id=agent),
            **about,
        )


def _of_channel(instrument: Entry, channel: str, options: Entry, defaults: Entry) -> Iterator[Alarm]:
    for entry in entries_of(options):
        yield _of_limit(_of_quantity(instrument, channel, options, entry), entry)
    path = path_of(instrument, _field(instrument, channel, "temperature").name)
    subject, about = _subject(instrument, channel, options), _about(instrument, channel, options)
    yield from _of_silence(
        by_itself("silent_after", instrument, options, defaults),
        names=(instrument["id"], channel),
        subject=subject,
        target=f"age.{path}",
        said=": no sample",
        about=about,
    )
    after, severity = by_itself("invalid_after", instrument, options, defaults)
    if after is not None:
        yield Alarm(
            uid=uid(instrument["id"], channel, "invalid"),
            title=f"{subject} has no valid reading",
            kind="invalid",
            severity=severity,
            queries=(Query(f"invalid.{path}", NOW),),
            test="gt",
            limits=(0,),
            hold=after,
            summary=f"{subject}: samples come, but they are no temperatures",
            advice=_LOOK_AT_CHANNEL.format(id=instrument["id"]),
            **about,
        )


def _of_silence(
    limit: tuple[int | None, str],
    *,
    names: tuple[str, ...],
    subject: str,
    target: str,
    said: str,
    about: Mapping[str, Any],
) -> Iterator[Alarm]:
    """Yield the alarm of a subject that sends nothing, if anybody wants it; `names` begin with the agent's, `target` is its age."""
    after, severity = limit
    if after is not None:
        yield Alarm(
            uid=uid(*names, "silent"),
            title=f"{subject} is silent",
            kind="silent",
            severity=severity,
            queries=(Query(target, NOW),),
            test="gt",
            limits=(after,),
            no_data="Alerting",
            summary=f"{subject}{said} for {{value:duration}}",
            advice=_LOOK_AT_INSTRUMENT.format(id=names[0]),
            **about,
        )


@dataclass(frozen=True)
class _Measured:
    """What a limit is of: where it is, what people call it, in how many seconds there is a sample, and in how many a mean."""

    path: str
    unit: str | None
    subject: str
    names: tuple[str, ...]
    recently: int
    mean: int
    about: Mapping[str, Any]


def _of_limit(measured: _Measured, entry: Entry) -> Alarm:
    kind, severity = kind_of(entry), severity_of(entry)
    unit = f" {measured.unit}" if measured.unit else ""
    if kind == "rising":
        per, over = rate(entry, measured.mean)
        queries = (
            Query(measured.path, over + measured.mean, over, "mean"),
            Query(measured.path, measured.mean, 0, "mean"),
        )
        limits, test, unit = (entry["rising"],), "gt", f"{unit} per {per}"
        said = f"rising faster than {entry['rising']:g}{unit}"
    else:
        queries = (Query(measured.path, measured.recently),)
        limits = tuple(entry["outside"]) if kind == "outside" else (entry[kind],)
        test = {"above": "gt", "below": "lt", "outside": "outside_range"}[kind]
        said = f"{kind} {' to '.join(f'{limit:g}' for limit in limits)}{unit}"
    return Alarm(
        uid=uid(*measured.names, kind, severity),
        title=f"{measured.subject} {said}, {severity}",
        kind=kind,
        severity=severity,
        queries=queries,
        test=test,
        limits=limits,
        clear=entry.get("clears_at"),
        per=PER[per] if kind == "rising" else None,
        hold=durations.seconds(entry["for"]) if entry.get("for") is not None else HOLD,
        summary=f"{entry.get('summary') or measured.subject}: {{value}}{unit}, {said}",
        advice="The dashboards show since when; the other stages, the pumps and the compressor tell why.",
        **measured.about,
    )


def _of_quantity(instrument: Entry, channel: str, options: Entry, entry: Entry) -> _Measured:
    quantity = entry.get("of", "temperature")
    field, of_sensor = _field(instrument, channel, quantity), quantity == "sensor"
    return _Measured(
        path=path_of(instrument, field.name),
        unit=field.unit,
        subject=_subject(instrument, channel, options) + (", sensor" if of_sensor else ""),
        names=(instrument["id"], channel, *(["sensor"] if of_sensor else [])),
        recently=silent_after(instrument, options) or usual_silence(instrument),
        mean=shortest_mean(instrument),
        about=_about(instrument, channel, options),
    )


def _of_field(agent: Entry, entry: Entry, recently: int) -> _Measured:
    feed, field = entry["field"].split(".")
    about = _about(agent)
    return _Measured(
        path=f"{ADDRESS_ROOT}.{agent['id']}.feeds.{entry['field']}",
        unit=entry.get("unit"),
        subject=f"{entry.get('label') or field} ({agent['id']}, {entry['field']})",
        names=(agent["id"], feed, field),
        recently=recently,
        mean=shortest_mean(agent),
        about=about | {"labels": about["labels"] | {"label": entry.get("label") or field}},
    )


def shortest_mean(entry: Entry) -> int:
    """Return of how many seconds a mean must be to have samples for certain."""
    return max(SHORTEST_MEAN, 2 * scan_cycle(entry)) if "model" in entry else SHORTEST_MEAN


def rate(entry: Entry, mean: int) -> tuple[str, int]:
    """Return how a rate is measured: per what, and across how many seconds."""
    per = entry.get("per") or "hour"
    return per, durations.seconds(entry["over"]) if entry.get("over") is not None else max(RATE_OVER[per], mean)


def _subject(entry: Entry, channel: str | None = None, options: Entry | None = None) -> str:
    """Return what an alarm is about: as the people of the lab call it, and which one that is for ever.

    Grafana takes rule after rule, does not start when two of a folder bear one title, and deletes last of all. What a title says of
    identity is therefore what the uid says: labels may be exchanged, and an alarm may become a warning.
    """
    if channel is None:
        return f"{entry.get('description') or name_of(entry)} ({entry['id']})"
    return f"{(options or {}).get('label') or 'Sensor'} ({entry['id']}, channel {channel})"


def _about(entry: Entry, channel: str | None = None, options: Entry | None = None) -> Mapping[str, Any]:
    # The answer's tags come beside them, but not where there is no answer: an alarm must find its way all the same.
    labels = {"instrument": entry["id"]}
    if channel is not None:
        labels |= {"channel": channel, "label": (options or {}).get("label") or f"Channel {channel}"}
    about = {"group": entry["id"], "labels": labels, "dashboard": APPLIANCE}
    if "model" in entry:
        about |= {"dashboard": instrument_uid(entry), "panel": temperature_panel(entry)}
    return about


def _field(instrument: Entry, channel: str, quantity: str) -> Field:
    return next(field for field in model_of(instrument).fields(channel) if field.quantity == quantity)
