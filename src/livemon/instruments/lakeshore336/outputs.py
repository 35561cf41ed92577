"""The outputs of the Model 336: heaters 1 and 2, and the voltage outputs 3 and 4. Source: its manual, chapter 4 and section 6.6."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from livemon.instruments.common.closed_loop import ClosedLoop

HEATERS = (1, 2)
OHMS = {1: 25.0, 2: 50.0}
"""What ``HTRSET`` numbers as the resistance of a heater."""
CURRENTS = {1: 0.707, 2: 1.0, 3: 1.414, 4: 2.0}
"""What ``HTRSET`` numbers as the largest current, A."""
SHARES = (0.0, 0.1, math.sqrt(0.1), 1.0)
"""The part of the largest current in the ranges off, low, medium and high: each has ten times the power of the one below."""


class Mode(IntEnum):
    """Modes of an output, numbered as in ``OUTMODE``."""

    OFF = 0
    CLOSED_LOOP = 1
    ZONE = 2
    OPEN_LOOP = 3
    MONITOR = 4
    WARM_UP = 5


class Display(IntEnum):
    """What ``HTR?`` and ``MOUT`` are per cent of."""

    CURRENT = 1
    POWER = 2


@dataclass
class Output(ClosedLoop):
    """Settings and state of one output; `percent` is the drive in per cent of full current, of 10 V for outputs 3 and 4.

    `input` is numbered as in ``OUTMODE``: 0 for none, 1 to 4 for A to D, 5 to 8 for D2 to D5.
    """

    number: int
    mode: int = Mode.OFF
    input: int = 0
    powerup: int = 0
    resistance: int = 1
    max_current: int = 2
    max_user_current: float = 0.0
    display: int = Display.CURRENT
    range: int = 0
    setpoint: float = 0.0
    p: float = 50.0
    i: float = 20.0
    d: float = 0.0
    manual: float = 0.0
    ramping: int = 0
    ramp_rate: float = 0.1
    percent: float = 0.0
    _target: float = 0.0
    _integral: float = 0.0
    _error: float | None = None

    @property
    def largest_current(self) -> float:
        """The current at 100 % in the highest range, A."""
        return CURRENTS.get(self.max_current, self.max_user_current)

    @property
    def watts(self) -> float:
        """The power in the heater now, W; 0 for a voltage output."""
        if self.number not in HEATERS:
            return 0.0
        return (self.percent / 100 * SHARES[self.range] * self.largest_current) ** 2 * OHMS[self.resistance]

    @property
    def shown_percent(self) -> float:
        """The drive as ``HTR?`` has it: of full current or of full power."""
        return self.percent if self.display == Display.CURRENT else self.percent**2 / 100

    @property
    def closed(self) -> bool:
        """Whether the output is in closed loop."""
        return self.mode in (Mode.CLOSED_LOOP, Mode.ZONE) and self.range > 0

    def switch_off(self) -> None:
        """Turn the output off, as the instrument does when a temperature limit is exceeded."""
        self.range = 0

    def run(self, seconds: float) -> None:
        """Advance everything except closed-loop control by `seconds`."""
        self._ramp(seconds)
        if not self.closed:
            self._forget()
            self.percent = self._open_loop_percent() if self.range else 0.0

    def control(self, kelvin: float, seconds: float) -> None:
        """Pass a new reading of the control input to the closed loop, `seconds` after the last one."""
        if self.closed:
            self._regulate(kelvin, seconds)

    def _open_loop_percent(self) -> float:
        if self.mode != Mode.OPEN_LOOP:
            return 0.0
        return self.manual if self.display == Display.CURRENT else 10 * math.sqrt(self.manual)
