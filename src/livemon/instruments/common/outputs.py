"""The heater outputs of the Model 372: sample (0), warm-up (1) and still (2), open or closed loop. A Model 370 has the first one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from livemon.instruments.common.closed_loop import ClosedLoop

SAMPLE, WARM_UP, STILL = 0, 1, 2

# Full-scale current of the sample heater's ranges, A; range 0 is off.
SAMPLE_RANGES = (0.0, 31.6e-6, 100e-6, 316e-6, 1e-3, 3.16e-3, 10e-3, 31.6e-3, 100e-3)
WARM_UP_CURRENTS = {1: 0.45, 2: 0.63}
STILL_VOLTS = 10.0


class Mode(IntEnum):
    """Modes of an output, numbered as in ``OUTMODE``."""

    OFF = 0
    MONITOR = 1
    OPEN_LOOP = 2
    ZONE = 3
    STILL = 4
    CLOSED_LOOP = 5
    WARM_UP = 6


class Display(IntEnum):
    """Unit of ``MOUT`` and ``HTR?``: per cent of full current, or W."""

    CURRENT = 1
    POWER = 2


@dataclass(frozen=True)
class Drive:
    """What ``OUTMODE`` sets, in its order: the mode, its control input, and settings without effect here."""

    mode: int = Mode.OFF
    input: str = "A"
    powerup: int = 0
    polarity: int = 0
    filter: int = 0
    delay: int = 1


@dataclass
class Output(ClosedLoop):
    """Settings and state of one output.

    `resistance` is in Ω for all three, `percent` is the drive in per cent of full current (of 10 V for the still);
    `monitored` is what mode 1 shows, which has no effect here: units, value at 100 %, value at 0 %.
    """

    number: int
    drive: Drive = Drive()
    range: int = 0
    resistance: float = 120.0
    max_current: int = 1
    max_user_current: float = 0.0
    display: Display = Display.CURRENT
    setpoint: float = 0.0
    p: float = 10.0
    i: float = 20.0
    d: float = 0.0
    manual: float = 0.0
    still: float = 0.0
    warm_up: float = 0.0
    continuous: bool = False
    monitored: tuple[int, float, float] = (1, 0.0, 0.0)
    ramping: int = 0
    ramp_rate: float = 0.0
    percent: float = 0.0
    _target: float = 0.0
    _integral: float = 0.0
    _error: float | None = None

    @property
    def full_current(self) -> float:
        """Current at 100 %, A; 0 while the range is off."""
        if not self.range:
            return 0.0
        return SAMPLE_RANGES[self.range] if self.number == SAMPLE else self.largest_current

    @property
    def largest_current(self) -> float:
        """Current at 100 % in the highest range, A."""
        if self.number == SAMPLE:
            return SAMPLE_RANGES[-1]
        if self.number == WARM_UP:
            return WARM_UP_CURRENTS.get(self.max_current, self.max_user_current)
        return STILL_VOLTS / self.resistance

    @property
    def watts(self) -> float:
        """Power in the heater now, W."""
        return (self.percent / 100 * self.full_current) ** 2 * self.resistance

    @property
    def closed(self) -> bool:
        """Whether the output is in closed loop."""
        return self.drive.mode in (Mode.CLOSED_LOOP, Mode.ZONE) and self.range > 0

    @property
    def manual_drive(self) -> float:
        """The drive that was set for the present mode, %, as ``ANALOG`` has it; W if the output shows power."""
        return float(getattr(self, self._manual_setting))

    def set_manual(self, value: float) -> None:
        """Set the drive of the present mode."""
        setattr(self, self._manual_setting, value)

    @property
    def _manual_setting(self) -> str:
        by_mode: dict[int, str] = {Mode.STILL: "still", Mode.WARM_UP: "warm_up"}
        return by_mode.get(self.drive.mode, "manual")

    def switch_off(self) -> None:
        """Turn the output off, as the instrument does when a temperature limit is exceeded."""
        self.range = 0

    def run(self, seconds: float) -> None:
        """Advance everything except closed-loop control by `seconds`."""
        self._ramp(seconds)
        if not self.closed:
            self._forget()
            self.percent = self._open_loop_percent() if self.range else 0.0

    def _open_loop_percent(self) -> float:
        if self.drive.mode == Mode.STILL:
            return self.still
        if self.drive.mode == Mode.WARM_UP:
            return self.warm_up
        if self.drive.mode != Mode.OPEN_LOOP:
            return 0.0
        if self.display is Display.CURRENT:
            return self.manual
        full_power = self.full_current**2 * self.resistance
        return min(100.0, 100 * math.sqrt(self.manual / full_power)) if full_power else 0.0

    def control(self, kelvin: float, seconds: float) -> None:
        """Pass a new reading of the control input to the closed loop, `seconds` after the last one."""
        if self.drive.mode == Mode.WARM_UP and not self.continuous and 0 < self._target <= kelvin:
            self.switch_off()
        if self.closed:
            self._regulate(kelvin, seconds)
