"""Thermometers: what a sensor reads at a given temperature, in its own units, with the noise of its readout."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from livemon.instruments.common.curves import LONGEST, Curve, CurveFormat, CurveHeader

READINGS_PER_SECOND = 10

# V against K, in the shape of the DT-600 series: steep below 25 K, then about 2 mV/K.
_DIODE = np.array(
    [
        (1.4, 1.6443), (4.2, 1.5785), (10, 1.4201), (20, 1.2144), (25, 1.1246), (30, 1.1063), (50, 1.0705),
        (77.35, 1.0203), (100, 0.9756), (150, 0.8684), (200, 0.7569), (250, 0.6470), (300, 0.5368), (330, 0.4702),
    ]
)  # fmt: skip


def _extrapolate(x: float, xs: np.ndarray, ys: np.ndarray) -> float:
    """Interpolate linearly, and extrapolate beyond the ends."""
    segment = int(np.clip(np.searchsorted(xs, x) - 1, 0, len(xs) - 2))
    x0, x1, y0, y1 = xs[segment], xs[segment + 1], ys[segment], ys[segment + 1]
    return float(y0 + (y1 - y0) * (x - x0) / (x1 - x0))


def diode(kelvin: float) -> float:
    """Return the forward voltage of a silicon diode at 10 µA, V."""
    return _extrapolate(math.log(kelvin), np.log(_DIODE[:, 0]), _DIODE[:, 1])


def platinum(kelvin: float) -> float:
    """Return the resistance of a Pt100, Ω: Callendar-Van Dusen equation with the coefficients of IEC 60751."""
    celsius = kelvin - 273.15
    ratio = 1 + 3.9083e-3 * celsius - 5.775e-7 * celsius**2
    if celsius < 0:
        ratio += -4.183e-12 * (celsius - 100) * celsius**3
    return 100 * ratio


def _hopping(kelvin: float, room: float, characteristic: float, power: float) -> float:
    """Return the resistance by variable-range hopping, ``R ~ exp((T0/T)^p)``, with the value `room` at 300 K."""
    return room * math.exp((characteristic / kelvin) ** power - (characteristic / 300) ** power)


def ruthenium_oxide(kelvin: float) -> float:
    """Return the resistance of a thick-film ruthenium oxide chip, Ω: 1 kΩ warm, 32 kΩ at 10 mK."""
    return _hopping(kelvin, room=1000, characteristic=2.0, power=0.25)


def zirconium_oxynitride(kelvin: float) -> float:
    """Return the resistance of a zirconium oxynitride film, Ω: 60 Ω warm, 3.5 kΩ at 4.2 K."""
    return _hopping(kelvin, room=60, characteristic=694.0, power=0.33)


@dataclass(frozen=True)
class SensorType:
    """A kind of thermometer.

    Attributes
    ----------
    response
        Takes K, returns V or Ω; defined for all temperatures above 0 K.
    noise
        Standard deviation of one reading, relative to it.
    coldest, hottest, format
        The calibration that comes with the sensor.
    """

    name: str
    response: Callable[[float], float]
    noise: float
    coldest: float
    hottest: float
    format: CurveFormat

    def curve(self) -> Curve:
        """Return the sensor's calibration curve, with breakpoints spaced evenly in log T."""
        to_units = math.log10 if self.format == CurveFormat.LOG_OHMS else float
        kelvin = np.geomspace(self.coldest, self.hottest, LONGEST)
        points = sorted((float(f"{to_units(self.response(t)):.6g}"), float(f"{t:.6g}")) for t in kelvin)
        coefficient = 2 if self.response(self.hottest) > self.response(self.coldest) else 1
        header = CurveHeader(self.name, "SIMULATED", self.format, self.hottest, coefficient)
        return Curve(header, dict(enumerate(points, start=1)))


DIODE = SensorType("Diode", diode, 2e-5, 1.4, 330, CurveFormat.VOLTS)
PLATINUM = SensorType("Pt100", platinum, 2e-5, 70, 330, CurveFormat.OHMS)
ZIRCONIUM_OXYNITRIDE = SensorType("ZrON", zirconium_oxynitride, 5e-5, 1.4, 330, CurveFormat.LOG_OHMS)
RUTHENIUM_OXIDE = SensorType("RuO2", ruthenium_oxide, 1e-4, 0.005, 330, CurveFormat.LOG_OHMS)


@dataclass(frozen=True)
class Sensor:
    """One thermometer at one input: `kind` is `None` if nothing is connected."""

    kind: SensorType | None
    seed: int
    input_number: int

    def reading(self, kelvin: float, elapsed: float, averaged: float = 1.0) -> float:
        """Return a reading, V or Ω; infinite at an open input.

        The noise depends only on the seed, the input and the number of the reading (ten a second), so that
        the same time always gives the same value.

        Parameters
        ----------
        kelvin
            True temperature.
        elapsed
            Seconds since switch-on.
        averaged
            Number of readings that are averaged.
        """
        if self.kind is None:
            return math.inf
        number = int(elapsed * READINGS_PER_SECOND + 1e-6)
        gaussian = np.random.default_rng([self.seed, self.input_number, number]).standard_normal()
        return self.kind.response(kelvin) * (1 + self.kind.noise * gaussian / math.sqrt(averaged))
