"""The alarms of the appliance itself, and of the agents that belong to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .equipment import alarms_of as alarms_of_equipment
from .equipment import unanswered
from .kinds import KINDS
from .model import Alarm, Measure
from .requested import Equipment, Requested


def alarms_of(requested: Requested) -> Iterator[Alarm]:
    """Yield the alarms of the appliance, in the order of `KINDS`, and those of its own agents."""
    for name, kind in KINDS.items():
        limit, severity = requested.appliance[name]
        measure = _of_network(requested.instruments) if name == "network_away" else kind.measure
        if limit is not None and measure is not None:
            yield Alarm(
                id=f"appliance:{name}",
                rule=f"appliance:{name}",
                kind=name,
                severity=severity,
                measure=measure,
                test=kind.test,
                limits=(limit,),
                hold=kind.hold,
                held_back_by=kind.held_back_by,
                labels={"subject": kind.title},
            )
    for agent in requested.own_agents:
        yield from alarms_of_equipment(agent)


def _of_network(instruments: Sequence[Equipment]) -> Measure | None:
    """Return for how long no instrument on the network has answered; `None` where there are fewer than two to compare."""
    networked = [unanswered(each) for each in instruments if each.is_networked]
    return {"kind": "least", "of": networked} if len(networked) > 1 else None
