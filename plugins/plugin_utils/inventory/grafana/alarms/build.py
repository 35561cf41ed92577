"""All alarms of an inventory."""

from __future__ import annotations

from . import appliance, equipment
from .model import Alarm
from .requested import Requested


def alarms_of(requested: Requested) -> list[Alarm]:
    """Return all alarms that the bridge judges: those of the appliance, of its instruments and of its other agents."""
    alarms = list(appliance.alarms_of(requested))
    for each in (*requested.instruments, *requested.agents):
        alarms += equipment.alarms_of(each)
    return alarms
