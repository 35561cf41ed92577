"""The commands of the four outputs of a Model 336. Source: its manual, section 6.6."""

from __future__ import annotations

from livemon.instruments.common.instrument import Instrument, command
from livemon.instruments.common.parameters import flag, integer, number, one_of
from livemon.instruments.lakeshore336.outputs import HEATERS, Mode, Output

OUTPUTS = (1, 2, 3, 4)

output = integer(1, 4)
heater = one_of(*HEATERS)
voltage = one_of(3, 4)


class Heaters(Instrument):
    """The part of a Model 336 that heats.

    Parameters
    ----------
    serial
        Serial number.
    """

    MODEL = "MODEL336"

    def __init__(self, serial: str) -> None:
        super().__init__(serial)
        self._outputs = {n: Output(n, input=n) for n in OUTPUTS}

    def power_on(self) -> None:
        """Switch off the outputs for which ``OUTMODE`` does not enable power-up."""
        super().power_on()
        for each in self._outputs.values():
            if not each.powerup:
                each.switch_off()

    @command("OUTMODE", output, integer(0, 5), integer(0, 8), flag)
    def set_output_mode(self, n: int, mode: int, source: int, powerup: int) -> None:
        """Set what drives an output; monitor and warm-up are for the voltage outputs."""
        if n in HEATERS and mode in (Mode.MONITOR, Mode.WARM_UP):
            raise ValueError(f"output {n} has no mode {mode}")
        each = self._outputs[n]
        each.mode, each.input, each.powerup = mode, source, powerup

    @command("OUTMODE?", output)
    def output_mode(self, n: int) -> str:
        """Return mode, input, power-up."""
        each = self._outputs[n]
        return f"{each.mode:d},{each.input},{each.powerup}"

    @command("HTRSET", heater, one_of(1, 2), integer(0, 4), number(0, 2), one_of(1, 2))
    def set_heater(self, n: int, resistance: int, max_current: int, max_user_current: float, display: int) -> None:
        """Describe a heater: 1 (25 Ω) or 2 (50 Ω), largest current by number or in A, display."""
        each = self._outputs[n]
        each.resistance, each.max_current, each.max_user_current = resistance, max_current, max_user_current
        each.display = display

    @command("HTRSET?", heater)
    def heater_setup(self, n: int) -> str:
        """Return resistance, largest current, largest user current in A, display."""
        each = self._outputs[n]
        return f"{each.resistance},{each.max_current},{each.max_user_current:+.3f},{each.display:d}"

    @command("RANGE", output, integer(0, 3))
    def set_range(self, n: int, scale: int) -> None:
        """Set the range of an output: 0 is off; 1 low, 2 medium, 3 high for a heater, 1 is on for a voltage output."""
        if n not in HEATERS and scale > 1:
            raise ValueError("a voltage output is off or on")
        self._outputs[n].range = scale

    @command("RANGE?", output)
    def range(self, n: int) -> str:
        """Return the range of an output."""
        return f"{self._outputs[n].range}"

    @command("HTR?", heater)
    def heater_output(self, n: int) -> str:
        """Return the drive of a heater, % of full current or of full power, as set by ``HTRSET``."""
        return f"{self._outputs[n].shown_percent:+06.1f}"

    @command("AOUT?", voltage)
    def analog_output(self, n: int) -> str:
        """Return the drive of a voltage output, %."""
        return f"{self._outputs[n].percent:+06.1f}"

    @command("HTRST?", heater)
    def heater_status(self, _n: int) -> str:
        """0: no error."""
        return "0"

    @command("MOUT", output, number(0, 100))
    def set_manual_output(self, n: int, percent: float) -> None:
        """Set the manual drive, %."""
        self._outputs[n].manual = percent

    @command("MOUT?", output)
    def manual_output(self, n: int) -> str:
        """Return the manual drive, %."""
        return f"{self._outputs[n].manual:+07.2f}"

    @command("PID", output, number(0.1, 1000), number(0.1, 1000), number(0, 200))
    def set_pid(self, n: int, p: float, i: float, d: float) -> None:
        """Set the parameters of a closed loop."""
        each = self._outputs[n]
        each.p, each.i, each.d = p, i, d

    @command("PID?", output)
    def pid(self, n: int) -> str:
        """Return the parameters of a closed loop."""
        each = self._outputs[n]
        return f"{each.p:+07.1f},{each.i:+07.1f},{each.d:+06.1f}"

    @command("RAMP", output, flag, number(0.1, 100))
    def set_ramp(self, n: int, on: int, rate: float) -> None:
        """Make the setpoint ramp by `rate` K/min instead of jumping."""
        self._outputs[n].ramping, self._outputs[n].ramp_rate = on, rate

    @command("RAMP?", output)
    def ramp(self, n: int) -> str:
        """Return whether the ramp is on, and its rate, K/min."""
        return f"{self._outputs[n].ramping},{self._outputs[n].ramp_rate:+06.1f}"

    @command("RAMPST?", output)
    def ramp_status(self, n: int) -> str:
        """Return 1 while the setpoint is ramping."""
        return f"{self._outputs[n].ramp_running:d}"
