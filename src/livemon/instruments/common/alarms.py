"""The alarms that an instrument itself raises, and the extremes that it keeps."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Alarm:
    """Whether the high and the low alarm of an input are on."""

    high: bool = False
    low: bool = False

    def judge(self, value: float, high: float, low: float, deadband: float, *, latched: bool) -> None:
        """Take a new reading.

        An alarm ends, unless it is latched, once the reading is back within its limit by more than the dead band.
        """
        self.high = value > high or (self.high and (latched or value >= high - deadband))
        self.low = value < low or (self.low and (latched or value <= low + deadband))


@dataclass
class Extremes:
    """The lowest and the highest reading, K, since a reset."""

    lowest: float = math.inf
    highest: float = -math.inf

    def take(self, value: float) -> None:
        """Take a new reading."""
        self.lowest, self.highest = min(self.lowest, value), max(self.highest, value)

    def as_pair(self) -> tuple[float, float]:
        """Return the lowest and the highest reading, K; zeros if there was none."""
        return (self.lowest, self.highest) if self.lowest <= self.highest else (0.0, 0.0)
