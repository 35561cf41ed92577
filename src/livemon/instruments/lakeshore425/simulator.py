"""The Model 425 gaussmeter: one Hall probe in the field of a magnet.

Sources: Lake Shore Model 425 User's Manual, section 6.3.1 "Interface Commands"; for ``OPST?``, ``ZCLEAR`` and ``ZPROBE``, the
requests of socs's driver and the bits that it names (``socs/Lakeshore/Lakeshore425.py``); for the ranges, the data sheet of the
high sensitivity probes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.faults import Kind
from livemon.instruments.common.instrument import Instrument, command
from livemon.instruments.common.messages import engineering
from livemon.instruments.common.parameters import flag, integer, number
from livemon.instruments.common.sensors import READINGS_PER_SECOND
from livemon.instruments.common.settings import Field, Setting

GAUSS, TESLA, OERSTED, AMPERE_PER_METER = 1, 2, 3, 4
PER_GAUSS = {GAUSS: 1.0, TESLA: 1e-4, OERSTED: 1.0, AMPERE_PER_METER: 1000 / (4 * math.pi)}
"""What a gauss is in each unit of ``UNIT``, in air."""
FULL_SCALE = {1: 35.0, 2: 350.0, 3: 3.5e3, 4: 35e3}
"""Gauss, by the number of the range, for a high sensitivity probe."""
MAGNET = 270.0
"""Gauss; the magnet's own drift is `DRIFT` of it, over `DRIFT_PERIOD` seconds, and the noise of one reading is `NOISE` gauss."""
DRIFT, DRIFT_PERIOD, NOISE = 0.01, 600.0, 0.02
HIGH_SENSITIVITY = 40
OVERLOAD, NEW_READING, ZERO_DONE = 2, 4, 128
_PROBE = 1
_OFF = Field(flag, 0)


class Model425(Instrument):
    """A simulated Model 425; parameters as of :class:`~livemon.instruments.lakeshore240.simulator.Model240`.

    Its magnet is outside of the cryostat, whose temperature does not matter, and its probe has no name on the front panel.
    """

    MODEL = "MODEL425"
    INPUTS = (_PROBE,)
    NAMED = False
    SETTINGS: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "ALARM",
            _OFF,
            Field(integer(1, 2), 1),
            Field(number(-350e3, 350e3), 0.0, engineering),
            Field(number(-350e3, 350e3), 0.0, engineering),
            Field(integer(1, 2), 1),
            _OFF,
            _OFF,
        ),
        Setting("RDGMODE", Field(integer(1, 2), 1), Field(integer(1, 3), 1), Field(integer(1, 2), 1)),
        Setting("REL", _OFF),
        Setting("RELAY", Field(integer(0, 2), 0), Field(integer(1, 3), 3)),
        Setting("RELSP", Field(number(-350e3, 350e3), 0.0, engineering)),
    )

    def __init__(
        self, serial: str, _cryostat: Cryostat, seed: int = 0, _labels: Mapping[int, str] | None = None
    ) -> None:
        super().__init__(serial)
        self._seed = seed
        self._unit = GAUSS
        self._autorange, self._range = 1, 2
        self._zero = self._largest = 0.0
        self._was_zeroed = False
        self._reading = 0.0
        self._measure()

    def advance(self, elapsed: float) -> None:
        """Advance to `elapsed` seconds after switch-on."""
        super().advance(elapsed)
        self._measure()

    def power_on(self) -> None:
        """Forget the largest reading, in addition to what every instrument forgets."""
        super().power_on()
        self.reset_largest()

    def field(self) -> float:
        """Return what the probe reads now, gauss: the same at the same time for the same seed."""
        tick = int(self.elapsed * READINGS_PER_SECOND + 1e-6)
        noise = NOISE * float(np.random.default_rng([self._seed, _PROBE, tick]).standard_normal())
        drift = DRIFT * math.sin(2 * math.pi * tick / READINGS_PER_SECOND / DRIFT_PERIOD)
        return MAGNET * (1 + drift) + noise - self._zero

    def _measure(self) -> None:
        if self.faults.on_input(Kind.FROZEN, _PROBE, self.elapsed):
            return
        self._reading = self.field()
        if self._autorange:
            self._range = next(n for n, full in FULL_SCALE.items() if abs(self._reading) <= full)
        if not self._is_overloaded():
            self._largest = max(self._largest, abs(self._reading))

    def _is_overloaded(self) -> bool:
        broken = self.faults.on_input(Kind.OVER_RANGE, _PROBE, self.elapsed)
        return broken or abs(self._reading) > FULL_SCALE[self._range]

    def _in_unit(self, gauss: float) -> str:
        return engineering(gauss * PER_GAUSS[self._unit])

    # Readings

    @command("RDGFIELD?")
    def field_reading(self) -> str:
        """Return the field, in the unit of ``UNIT``; that of full scale while it is beyond the range."""
        return self._in_unit(FULL_SCALE[self._range] if self._is_overloaded() else self._reading)

    @command("RDGMX?")
    def largest_reading(self) -> str:
        """Return the largest reading since a reset."""
        return self._in_unit(self._largest)

    @command("RDGMNMX?")
    def smallest_and_largest_reading(self) -> str:
        """Return 0 and the largest reading: the query exists for programs of other gaussmeters."""
        return f"{engineering(0.0)},{self.largest_reading()}"

    @command("MXRST")
    def reset_largest(self) -> None:
        """Forget the largest reading."""
        self._largest = 0.0

    @command("RDGREL?")
    def relative_reading(self) -> str:
        """Return the field beyond the relative setpoint, which is in the unit of ``UNIT``."""
        (setpoint,) = self.SETTINGS[-1].values(self)
        return engineering(self._reading * PER_GAUSS[self._unit] - setpoint)

    @command("OPST?")
    def operational_status(self) -> str:
        """Return a sum of bits: 2 field overload, 4 new reading, 128 zero probe done."""
        return f"{NEW_READING | OVERLOAD * self._is_overloaded() | ZERO_DONE * self._was_zeroed}"

    # Settings

    @command("UNIT", integer(GAUSS, AMPERE_PER_METER))
    def set_unit(self, unit: int) -> None:
        """Set the unit of readings."""
        self._unit = unit

    @command("UNIT?")
    def unit(self) -> str:
        """Return the unit of readings: 1 gauss, 2 tesla, 3 oersted, 4 ampere per meter."""
        return f"{self._unit}"

    @command("AUTO", flag)
    def set_autorange(self, autorange: int) -> None:
        """Let the range follow the field, or stay."""
        self._autorange = autorange

    @command("AUTO?")
    def autorange(self) -> str:
        """Return whether the range follows the field."""
        return f"{self._autorange}"

    @command("RANGE", integer(min(FULL_SCALE), max(FULL_SCALE)))
    def set_range(self, field_range: int) -> None:
        """Set the range, which stays then."""
        self._autorange, self._range = 0, field_range

    @command("RANGE?")
    def range(self) -> str:
        """Return the number of the range."""
        return f"{self._range}"

    @command("TYPE?")
    def probe_type(self) -> str:
        """Return the type of the probe: one of high sensitivity."""
        return f"{HIGH_SENSITIVITY}"

    @command("ZPROBE")
    def zero_probe(self) -> None:
        """Take the present field as zero, as if the probe were in a zero gauss chamber."""
        self._zero += self._reading
        self._was_zeroed = True
        self._measure()

    @command("ZCLEAR")
    def clear_zero(self) -> None:
        """Forget what was taken as zero."""
        self._zero, self._was_zeroed = 0.0, False
        self._measure()


SIMULATOR = Model425
