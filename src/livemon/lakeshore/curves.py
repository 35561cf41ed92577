"""Calibration curves: tables of sensor units against kelvin, as the instruments store and interpolate them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np

LONGEST = 200


class CurveFormat(IntEnum):
    """What a curve's table holds, numbered as in ``CRVHDR``."""

    VOLTS = 2
    OHMS = 3
    LOG_OHMS = 4
    OHMS_SPLINE = 7


class Kelvin(NamedTuple):
    """A temperature read from a curve; `value` is 0 K where the reading lies off the curve, as on the instruments."""

    value: float
    over: bool = False
    under: bool = False


@dataclass(frozen=True)
class CurveHeader:
    """What ``CRVHDR`` sets, in its order.

    Attributes
    ----------
    name, serial
        At most 15 and 10 characters.
    format
        Unit of the table's first column: V, Ω or log10 Ω; see :class:`CurveFormat`.
    limit
        Highest setpoint, K.
    coefficient
        1: the reading falls with temperature, 2: it rises.
    """

    name: str = "User Curve"
    serial: str = ""
    format: int = CurveFormat.OHMS
    limit: float = 300.0
    coefficient: int = 1


@dataclass
class Curve:
    """One calibration curve: breakpoints ``{index: (sensor units, K)}``, index from 1 to 200, in any order."""

    header: CurveHeader = field(default_factory=CurveHeader)
    points: dict[int, tuple[float, float]] = field(default_factory=dict)

    def set_point(self, index: int, units: float, kelvin: float) -> None:
        """Store a breakpoint; ``0, 0`` removes it."""
        if units == 0 and kelvin == 0:
            self.points.pop(index, None)
        else:
            self.points[index] = (units, kelvin)

    def to_kelvin(self, reading: float) -> Kelvin:
        """Temperature for a reading in V or Ω, interpolated linearly in the table's units.

        A curve of fewer than two points has neither a hot nor a cold end: every reading is over and under it.
        """
        if len(self.points) < 2:
            return Kelvin(0.0, over=True, under=True)
        table = np.array(sorted(self.points.values()))
        units, kelvin = table[:, 0], table[:, 1]
        value = self._to_units(reading)
        if units[0] <= value <= units[-1]:
            return Kelvin(float(np.interp(value, units, kelvin)))
        near, far = (kelvin[0], kelvin[-1]) if value < units[0] else (kelvin[-1], kelvin[0])
        return Kelvin(0.0, over=bool(near > far), under=bool(near < far))

    def _to_units(self, reading: float) -> float:
        if self.header.format != CurveFormat.LOG_OHMS:
            return reading
        return math.log10(reading) if reading > 0 else -math.inf
