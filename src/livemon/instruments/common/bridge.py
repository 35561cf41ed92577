"""What the AC resistance bridges 370 and 372 have in common: ranges, excitations, and how a reading is judged.

Sources: Lake Shore Model 370 User's Manual, section 6.3.1 (``RDGRNG``, ``RDGST?``); Model 372 User's Manual, section 6.6.1
(``INTYPE``, ``RDGST?``).
"""

from __future__ import annotations

from dataclasses import dataclass

from livemon.instruments.common.curves import Curve
from livemon.instruments.common.sensors import SensorType

R_OVER, R_UNDER, T_OVER, T_UNDER = 16, 32, 64, 128
"""Bits of ``RDGST?``."""

# Indexed as in INTYPE and RDGRNG, from 1; all go up by half decades.
RESISTANCE_RANGES = tuple(2e-3 * 10 ** (n / 2) for n in range(22))
VOLTAGE_EXCITATIONS = tuple(2e-6 * 10 ** (n / 2) for n in range(12))
CURRENT_EXCITATIONS = tuple(1e-12 * 10 ** (n / 2) for n in range(22))
VOLTAGE_MODE, CURRENT_MODE = 0, 1


def resistance_range(ohms: float) -> int:
    """Return the number of the smallest range for a resistance in Ω; that of the largest if it exceeds all."""
    fitting = (n for n, full in enumerate(RESISTANCE_RANGES, start=1) if ohms <= full)
    return next(fitting, len(RESISTANCE_RANGES))


@dataclass(frozen=True)
class Wiring:
    """What is connected to an input: a sensor on a stage of the cryostat, read by one of the curves that the instrument has."""

    label: str
    stage: str
    kind: SensorType
    curve: int
    enabled: int = 1


@dataclass(frozen=True)
class Measurement:
    """The last reading of an input: Ω, K, ``RDGST?`` bits."""

    ohms: float = 0.0
    kelvin: float = 0.0
    status: int = 0

    @classmethod
    def by_curve(cls, ohms: float, curve: Curve) -> Measurement:
        """Return the reading of a resistance that is within its range; its temperature is 0 K if it is not on the curve."""
        temperature = curve.to_kelvin(ohms)
        status = (T_OVER if temperature.over else 0) | (T_UNDER if temperature.under else 0)
        return cls(ohms, 0.0 if status else temperature.value, status)
