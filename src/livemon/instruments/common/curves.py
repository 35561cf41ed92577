"""Calibration curves: tables of sensor units against kelvin, as the instruments store and interpolate them."""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from enum import IntEnum
from operator import itemgetter
from typing import NamedTuple

LONGEST = 200


class CurveFormat(IntEnum):
    """What a curve's table holds, numbered as in ``CRVHDR``."""

    VOLTS = 2
    OHMS = 3
    LOG_OHMS = 4
    OHMS_SPLINE = 7


class Kelvin(NamedTuple):
    """A temperature read from a curve; `value` is 0 K if the reading is off the curve, as on the instruments."""

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
    _table: list[tuple[float, float]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._table = sorted(self.points.values())

    def set_point(self, index: int, units: float, kelvin: float) -> None:
        """Store a breakpoint; ``0, 0`` removes it."""
        if units == 0 and kelvin == 0:
            self.points.pop(index, None)
        else:
            self.points[index] = (units, kelvin)
        self._table = sorted(self.points.values())

    def to_kelvin(self, reading: float) -> Kelvin:
        """Return the temperature for a reading in V or Ω, interpolated linearly in the table's units.

        A curve of fewer than two points has neither a hot nor a cold end: every reading is over and under it.
        """
        if len(self._table) < 2:
            return Kelvin(0.0, over=True, under=True)
        value = self._to_units(reading)
        (lowest, near), (highest, far) = self._table[0], self._table[-1]
        if lowest <= value <= highest:
            above = bisect_right(self._table, value, hi=len(self._table) - 1, key=itemgetter(0))
            (x0, y0), (x1, y1) = self._table[above - 1], self._table[above]
            return Kelvin(y0 + (y1 - y0) * (value - x0) / (x1 - x0) if x1 > x0 else y0)
        if value > highest:
            near, far = far, near
        return Kelvin(0.0, over=near > far, under=near < far)

    def _to_units(self, reading: float) -> float:
        if self.header.format != CurveFormat.LOG_OHMS:
            return reading
        return math.log10(reading) if reading > 0 else -math.inf
