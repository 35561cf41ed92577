"""The commands of the three outputs of a Model 372.

Sources: see :mod:`livemon.instruments.lakeshore372.simulator`.
"""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

from livemon.instruments.common.instrument import Instrument, command
from livemon.instruments.common.messages import engineering
from livemon.instruments.common.outputs import (
    SAMPLE,
    STILL,
    WARM_UP,
    WARM_UP_CURRENTS,
    Display,
    Drive,
    Mode,
    Output,
)
from livemon.instruments.common.parameters import flag, integer, kept, number, one_of
from livemon.instruments.lakeshore372.settings import channel_or_none


class Heaters(Instrument):
    """The part of a Model 372 that heats: sample, warm-up and still heater.

    Parameters
    ----------
    serial
        Serial number.
    """

    MODEL = "MODEL372"

    def __init__(self, serial: str) -> None:
        super().__init__(serial)
        self._outputs = {
            SAMPLE: Output(SAMPLE, Drive(input="4")),
            WARM_UP: Output(WARM_UP, resistance=50.0),
            STILL: Output(STILL, Drive(Mode.STILL), still=10.6),
        }

    def power_on(self) -> None:
        """Switch off the outputs for which ``OUTMODE`` does not enable power-up."""
        super().power_on()
        for output in self._outputs.values():
            if not output.drive.powerup:
                output.switch_off()

    @command(
        "OUTMODE",
        integer(0, 2),
        integer(0, 6),
        channel_or_none,
        flag,
        flag,
        flag,
        integer(1, 255),
    )
    def set_output_mode(self, n: int, *settings: Any) -> None:
        """Set what drives an output."""
        mode, source, *others = settings
        self._outputs[n].drive = Drive(mode, str(source), *others)

    @command("OUTMODE?", integer(0, 2))
    def output_mode(self, n: int) -> str:
        """Return mode, input, power-up, polarity, filter, delay."""
        *settings, delay = astuple(self._outputs[n].drive)
        return ",".join([f"{setting!s}" for setting in settings] + [f"{delay:03d}"])

    @command(
        "HTRSET", integer(0, 1), number(0, 2000), integer(0, 2), number(0, max(WARM_UP_CURRENTS.values())), one_of(1, 2)
    )
    def set_heater(self, n: int, resistance: float, max_current: int, max_user_current: float, display: int) -> None:
        """Describe a heater: Ω for the sample heater, 1 (25 Ω) or 2 (50 Ω) for the warm-up heater."""
        output = self._outputs[n]
        if n == WARM_UP:
            output.resistance = {1: 25.0, 2: 50.0}[one_of(1, 2)(f"{resistance:g}")]
        elif resistance < 1:
            raise ValueError("the sample heater has 1 to 2000 ohms")
        else:
            output.resistance = resistance
        output.max_current, output.max_user_current = max_current, max_user_current
        output.display = Display(display)

    @command("HTRSET?", integer(0, 2))
    def heater(self, n: int) -> str:
        """Return resistance, largest current, largest user current in A, display."""
        output = self._outputs[n]
        resistance = f"{output.resistance:+08.3f}"
        if n == WARM_UP:
            resistance = {25.0: "1", 50.0: "2"}[output.resistance]
        return f"{resistance},{output.max_current},{output.max_user_current:+08.3f},{output.display:d}"

    @command("RANGE", integer(0, 2), integer(0, 8))
    def set_range(self, n: int, scale: int) -> None:
        """Set the range of an output: 0 is off, 1 to 8 for the sample heater, 1 is on for the others."""
        if n != SAMPLE and scale > 1:
            raise ValueError("only the sample heater has ranges")
        self._outputs[n].range = scale

    @command("RANGE?", integer(0, 2))
    def range(self, n: int) -> str:
        """Return the range of an output."""
        return f"{self._outputs[n].range}"

    @command("HTR?", one_of(SAMPLE), optional=1)
    def heater_output(self, _n: int = SAMPLE) -> str:
        """Return the drive of the sample heater, % of full current or W, as set by ``HTRSET``; Lake Shore's driver names it."""
        output = self._outputs[SAMPLE]
        return engineering(output.percent if output.display is Display.CURRENT else output.watts)

    @command("AOUT?", one_of(WARM_UP, STILL))
    def analog_output(self, n: int) -> str:
        """Return the drive of the warm-up or still heater, %."""
        return f"{self._outputs[n].percent:+.2f}"

    @command("HTRST?", integer(0, 1))
    def heater_status(self, _n: int) -> str:
        """0: no error."""
        return "0"

    @command("MOUT", integer(0, 2), number(0))
    def set_manual_output(self, n: int, value: float) -> None:
        """Set the manual drive: %, or W for a sample or warm-up heater that shows power."""
        output = self._outputs[n]
        if value > (100 if output.display is Display.CURRENT else output.resistance * output.largest_current**2):
            raise ValueError("more than the output can give")
        output.manual = value

    @command("MOUT?", integer(0, 2))
    def manual_output(self, n: int) -> str:
        """Return the manual drive."""
        return engineering(self._outputs[n].manual)

    @command("STILL", number(0, 100))
    def set_still(self, percent: float) -> None:
        """Set the drive of the still heater in mode 4, %."""
        self._outputs[STILL].still = percent

    @command("STILL?")
    def still(self) -> str:
        """Return the drive of the still heater in mode 4, %."""
        return f"{self._outputs[STILL].still:+.2f}"

    @command("WARMUP", flag, number(0, 100))
    def set_warm_up(self, continuous: int, percent: float) -> None:
        """Set the drive of the warm-up heater in mode 6, %, and whether it stays on when the setpoint is reached."""
        output = self._outputs[WARM_UP]
        output.continuous, output.warm_up = bool(continuous), percent

    @command("WARMUP?")
    def warm_up(self) -> str:
        """Return whether it stays on at the setpoint, and the drive of the warm-up heater in mode 6, %."""
        output = self._outputs[WARM_UP]
        return f"{output.continuous:d},{output.warm_up:+07.2f}"

    @command(
        "ANALOG",
        one_of(WARM_UP, STILL),
        flag,
        integer(0, 6),
        channel_or_none,
        kept(one_of(1, 2)),
        kept(number()),
        kept(number()),
        kept(number(0, 100)),
        optional=4,
    )
    def set_analog_output(  # noqa: PLR0917 - the parameters are the instrument's
        self,
        n: int,
        polarity: int,
        mode: int,
        source: int | str,
        units: int | None = None,
        high: float | None = None,
        low: float | None = None,
        manual: float | None = None,
    ) -> None:
        """Set mode, input and polarity of an output, as ``OUTMODE`` does, then what is monitored and the manual drive."""
        output = self._outputs[n]
        output.drive = replace(output.drive, mode=mode, input=str(source), polarity=polarity)
        old_units, old_high, old_low = output.monitored
        output.monitored = (
            old_units if units is None else units,
            old_high if high is None else high,
            old_low if low is None else low,
        )
        if manual is not None:
            output.set_manual(manual)

    @command("ANALOG?", one_of(WARM_UP, STILL))
    def analog_settings(self, n: int) -> str:
        """Return polarity, mode, input, monitored units, value at 100 %, value at 0 %, manual drive in %."""
        output = self._outputs[n]
        units, high, low = output.monitored
        drive = output.drive
        levels = f"{engineering(high)},{engineering(low)},{output.manual_drive:+08.3f}"
        return f"{drive.polarity},{drive.mode},{drive.input},{units},{levels}"

    @command("SETP", integer(0, 1), number(0))
    def set_setpoint(self, n: int, kelvin: float) -> None:
        """Set the setpoint of a closed loop, K."""
        self._outputs[n].set_setpoint(kelvin)

    @command("SETP?", integer(0, 2))
    def setpoint(self, n: int) -> str:
        """Return the setpoint of a closed loop, K."""
        return engineering(self._outputs[n].setpoint)

    @command("PID", integer(0, 1), number(0, 1000), number(0, 10000), number(0, 2500))
    def set_pid(self, n: int, p: float, i: float, d: float) -> None:
        """Set the parameters of a closed loop: gain, reset time (s), rate time (s)."""
        output = self._outputs[n]
        output.p, output.i, output.d = p, i, d

    @command("PID?", integer(0, 1), optional=1)
    def pid(self, n: int = SAMPLE) -> str:
        """Return the parameters of a closed loop; the socs driver's query does not name the output."""
        output = self._outputs[n]
        return f"{output.p:+010.4f},{output.i:+010.4f},{output.d:+010.4f}"

    @command("RAMP", integer(0, 1), flag, number(0, 2))
    def set_ramp(self, n: int, on: int, rate: float) -> None:
        """Make the setpoint ramp by `rate` K/min instead of jumping."""
        self._outputs[n].ramping, self._outputs[n].ramp_rate = on, rate

    @command("RAMP?", integer(0, 1))
    def ramp(self, n: int) -> str:
        """Return whether the ramp is on, and its rate, K/min."""
        return f"{self._outputs[n].ramping},{self._outputs[n].ramp_rate:+08.4f}"

    @command("RAMPST?", integer(0, 1))
    def ramp_status(self, n: int) -> str:
        """Return 1 while the setpoint is ramping."""
        return f"{self._outputs[n].ramp_running:d}"
