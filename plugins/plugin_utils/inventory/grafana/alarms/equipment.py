"""The alarms of instruments and agents: the limits that the inventory sets, and the default alarms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ....contract import contract
from ...alarm_settings import PER, DefaultAlarm
from ...instruments import ADDRESS_ROOT
from .kinds import NETWORK, NODES, ROUTER
from .model import ABOVE, BELOW, OUTSIDE, Alarm, Measure
from .requested import Channel, Equipment, Limit

TESTS = {"below": BELOW, "outside": OUTSIDE}
"""How the kinds of limits compare; all others by `ABOVE`."""


def alarms_of(equipment: Equipment) -> Iterator[Alarm]:
    """Yield all alarms of an instrument or an agent, those of its channels first."""
    for limit in equipment.limits:
        yield _of_limit(limit, equipment.rule)
    for channel in equipment.channels:
        yield from _of_channel(channel, equipment)
    yield from _of_silence(equipment)
    yield from _of_process(equipment)


def unanswered(equipment: Equipment) -> Measure:
    """Return the measure of for how long an instrument has not answered."""
    return {"kind": "unanswered", "connected": _connected(equipment), **_newest(equipment)}


def _of_limit(limit: Limit, rule: str) -> Alarm:
    measure: dict[str, Any] = {"kind": "value", "path": limit.path, "positive": limit.positive}
    if limit.rate:
        measure |= {"kind": "rise", "over": limit.rate.over, "mean": limit.mean, "per": PER[limit.rate.per]}
    return Alarm(
        id=limit.id,
        rule=rule,
        kind=limit.kind,
        severity=limit.severity,
        measure=measure,
        test=TESTS.get(limit.kind, ABOVE),
        limits=limit.limits,
        clears_at=limit.clears_at,
        hold=limit.hold,
        labels=limit.labels,
    )


def _of_channel(channel: Channel, equipment: Equipment) -> Iterator[Alarm]:
    for limit in channel.limits:
        yield _of_limit(limit, equipment.rule)
    prefix, rule, path = channel.id, equipment.rule, channel.path
    explanations = _explanations(equipment)
    age = {"kind": "age", "of": [path]}
    yield from _default(channel.silent, prefix, "silent", rule, age, labels=channel.labels, held_back_by=explanations)
    invalid = {"kind": "invalid", "path": path, "positive": channel.positive}
    yield from _default(channel.invalid, prefix, "invalid", rule, invalid, labels=channel.labels)
    unchanged = {"kind": "unchanged", "path": path, "memory": channel.frozen.after, "positive": channel.positive}
    labels = dict(channel.labels) | ({"unit": channel.unit} if channel.unit else {})
    yield from _default(channel.frozen, prefix, "frozen", rule, unchanged, labels=labels)


def _of_silence(equipment: Equipment) -> Iterator[Alarm]:
    """Yield the alarms of an instrument that does not answer, or has no samples of any channel, and of an agent's feeds."""
    agent, rule, labels = equipment.id, equipment.rule, equipment.labels
    if equipment.newest:
        yield from _default(
            equipment.unreachable,
            agent,
            "unreachable",
            rule,
            unanswered(equipment),
            labels=labels,
            held_back_by=(ROUTER, NODES, NETWORK, f"{agent}:away"),
        )
        # Which channels are in use is not known: the newest sample of any of them counts.
        age = {"kind": "age", "of": [equipment.newest.path]}
        explanations = _explanations(equipment)
        yield from _default(equipment.silent, agent, "silent", rule, age, labels=labels, held_back_by=explanations)
    for feed in equipment.feeds:
        age = {"kind": "age", "of": [f"{ADDRESS_ROOT}.{agent}.feeds.{feed}.*"]}
        yield from _default(
            equipment.silent,
            f"{agent}:{feed}",
            "silent",
            rule,
            age,
            labels={**labels, "subject": f"{equipment.title}, feed {feed}"},
            held_back_by=(ROUTER, NODES, f"{agent}:away"),
        )


def _of_process(equipment: Equipment) -> Iterator[Alarm]:
    """Yield the alarms of the agent's process."""
    agent, rule, labels = equipment.id, equipment.rule, equipment.labels
    absence = {"kind": "absence", "connected": _connected(equipment), **_newest(equipment)}
    yield from _default(equipment.away, agent, "away", rule, absence, labels=labels, held_back_by=(ROUTER, NODES))
    degraded = {"kind": "lasting", "path": f"{ADDRESS_ROOT}.{agent}{contract.DEGRADED}", "value": 1}
    explanations = _explanations(equipment)
    yield from _default(equipment.degraded, agent, "degraded", rule, degraded, labels=labels, held_back_by=explanations)


def _default(
    default: DefaultAlarm,
    prefix: str,
    kind: str,
    rule: str,
    measure: Measure,
    *,
    labels: Mapping[str, str],
    held_back_by: tuple[str, ...] = (),
) -> Iterator[Alarm]:
    """Yield a default alarm unless it is switched off; it is about a number of seconds."""
    if default.after is not None:
        yield Alarm(
            id=f"{prefix}:{kind}",
            rule=rule,
            kind=kind,
            severity=default.severity,
            measure=measure,
            test=ABOVE,
            limits=(default.after,),
            held_back_by=held_back_by,
            labels=labels,
        )


def _explanations(equipment: Equipment) -> tuple[str, ...]:
    """Return the ids of the alarms that explain why there are no samples."""
    return (ROUTER, NODES, NETWORK, f"{equipment.id}:away", f"{equipment.id}:unreachable")


def _connected(equipment: Equipment) -> str:
    return f"{ADDRESS_ROOT}.{equipment.id}{contract.CONNECTED}"


def _newest(equipment: Equipment) -> dict[str, Any]:
    """Return what tells an agent that is away from an instrument that does not answer: the age of its newest sample."""
    return {"of": [equipment.newest.path], "patience": equipment.newest.patience} if equipment.newest else {}
