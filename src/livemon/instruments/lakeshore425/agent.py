"""A Lake Shore 425's field is published in gauss, with its status, and as NaN where the instrument has no reading.

The answer to ``RDGFIELD?`` is in the unit that the front panel shows, and does not name it: one press of a key would scale all later
samples, so that alarms would fire, or never again. Here ``OPST?`` and ``UNIT?`` are asked after each reading, and a reading counts
if they were the same before it; otherwise it is taken again. With an overload, without a probe or with an invalid one there is no
reading: socs would publish whatever number came.

Source: Lake Shore Model 425 User's Manual, section 6.3.1: ``UNIT`` (1 gauss, 2 tesla, 3 oersted, 4 ampere per meter). The bits of
``OPST?`` are those that socs's driver names (``socs/Lakeshore/Lakeshore425.py``).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from socs.agents.lakeshore425 import agent

from livemon.instruments.lakeshore425.facts import MODEL

GAUSS = {1: 1.0, 2: 1e4, 3: 1.0, 4: 4e-3 * math.pi}
"""How many gauss the units of ``UNIT?`` are. Oersteds and amperes per meter are of a field in air: 1 Oe is 1000/4π A/m."""
NO_PROBE, OVERLOAD, INVALID_PROBE, CALIBRATION_ERROR = 1, 2, 16, 64
NO_READING = NO_PROBE | OVERLOAD | INVALID_PROBE
PUBLISHED = NO_READING | CALIBRATION_ERROR
"""The other bits are about the instrument's own alarm, and change with every reading."""
_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""


class Condition(NamedTuple):
    """What the instrument says about its readings: their unit, as a number of `GAUSS`, and the bits of `PUBLISHED`."""

    unit: int
    status: int


class ReadsGauss(_Upstream):
    """Mixed into socs's driver: a reading is in gauss; `status` is that of the newest one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.status = 0
        self._condition: Condition | None = None

    def get_field(self) -> float:
        """Return the field in gauss; NaN if the instrument has no reading.

        Raises
        ------
        ConnectionError
            If the instrument does not answer as it should; then there is no reading.
        ValueError
            If it answers a unit or a status that there is not.
        """
        before = self._condition
        if before is None or before.status & NO_READING:
            before = self._ask()
        while not before.status & NO_READING:
            reading: float = super().get_field()
            after = self._ask()
            if after == before:
                self.status = after.status
                return reading * GAUSS[after.unit]
            before = after
        self.status = before.status
        return math.nan

    def _ask(self) -> Condition:
        self._condition = None
        status, unit = int(self.query("OPST?")), int(self.query("UNIT?"))
        if unit not in GAUSS:
            raise ValueError(f"{unit} is not a unit of a magnetic field")
        self._condition = Condition(unit, status & PUBLISHED)
        return self._condition


class PublishesStatus(_Upstream):
    """Mixed into socs's agent: a reading is published with its status."""

    def __init__(self, ocs_agent: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(ocs_agent, *args, **kwargs)
        publish = ocs_agent.publish_to_feed

        def publish_with_status(feed_name: str, message: Any, from_reactor: bool | None = None) -> None:
            if feed_name == MODEL.feed:
                message = {**message, "data": {**message["data"], "Bfield_status": self.dev.status}}
            publish(feed_name, message, from_reactor)

        ocs_agent.publish_to_feed = publish_with_status


def adapt() -> None:
    """Change socs's driver and agent of the 425 in this process."""
    agent.ls.LakeShore425 = type("LakeShore425", (ReadsGauss, agent.ls.LakeShore425), {})
    agent.LS425Agent = type("LS425Agent", (PublishesStatus, agent.LS425Agent), {})
