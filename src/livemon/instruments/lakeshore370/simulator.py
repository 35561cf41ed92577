"""The Model 370 AC resistance bridge: sixteen scanned inputs and a sample heater.

Sources: Lake Shore Model 370 User's Manual, section 6.3.1 "Interface Commands"; the requests of socs's driver, and how it reads the
replies (``socs/Lakeshore/Lakeshore370.py``).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from livemon.instruments.common.bridge import (
    CURRENT_EXCITATIONS,
    R_OVER,
    R_UNDER,
    RESISTANCE_RANGES,
    VOLTAGE_EXCITATIONS,
    VOLTAGE_MODE,
    Measurement,
    Wiring,
    resistance_range,
)
from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.curves import LONGEST, Curve, CurveHeader
from livemon.instruments.common.faults import Kind
from livemon.instruments.common.instrument import Instrument, command
from livemon.instruments.common.messages import engineering
from livemon.instruments.common.outputs import SAMPLE, SAMPLE_RANGES, Display, Drive, Mode, Output
from livemon.instruments.common.parameters import flag, integer, kept, number, one_of, or_zero, text
from livemon.instruments.common.scanner import InputSetup, Scanner
from livemon.instruments.common.sensors import (
    READINGS_PER_SECOND,
    RUTHENIUM_OXIDE,
    ZIRCONIUM_OXYNITRIDE,
    Sensor,
)

CHANNELS = 16
CURVES = 20
HEATED = "Mixing chamber"
MODES = {1: Mode.CLOSED_LOOP, 2: Mode.ZONE, 3: Mode.OPEN_LOOP, 4: Mode.OFF}
"""What drives the heater, by the numbers of ``CMODE``."""
LARGEST_RANGE = len(SAMPLE_RANGES) - 1
_PERIOD = 1 / READINGS_PER_SECOND

BY_CURVE = {1: ZIRCONIUM_OXYNITRIDE, 2: RUTHENIUM_OXIDE}
WIRING = {
    1: Wiring("Plate 50K", "50K plate", ZIRCONIUM_OXYNITRIDE, 1),
    2: Wiring("Plate 4K", "4K plate", ZIRCONIUM_OXYNITRIDE, 1),
    3: Wiring("Still", "Still", RUTHENIUM_OXIDE, 2),
    4: Wiring("Mixing chamber", "Mixing chamber", RUTHENIUM_OXIDE, 2),
    5: Wiring("Cold plate", "Cold plate", RUTHENIUM_OXIDE, 2, enabled=0),
}

channel = integer(1, CHANNELS)
curve = integer(1, CURVES)


@dataclass(frozen=True)
class Range:
    """What ``RDGRNG`` sets, in its order."""

    mode: int = VOLTAGE_MODE
    excitation: int = 4
    range: int = 15
    autorange: int = 1
    shunted: int = 0


@dataclass(frozen=True)
class Control:
    """What ``CSET`` sets of the control loop, in its order: its units are 1 for kelvins and 2 for ohms, its delay is in seconds."""

    channel: int = 4
    filter: int = 0
    units: int = 1
    delay: int = 5


class Model370(Instrument):
    """A simulated Model 370; parameters as of :class:`~livemon.instruments.lakeshore240.simulator.Model240`.

    It measures the active input ten times a second, also without queries, once its pause is over; the others keep their last
    reading. Its inputs have no names.
    """

    MODEL = "MODEL370"
    INPUTS: ClassVar[tuple[int, ...]] = tuple(range(1, CHANNELS + 1))
    NAMED = False

    def __init__(
        self, serial: str, cryostat: Cryostat, seed: int = 0, _labels: Mapping[int, str] | None = None
    ) -> None:
        super().__init__(serial)
        self._cryostat = cryostat
        self._sensors = {n: Sensor(WIRING[n].kind if n in WIRING else None, seed, n) for n in self.INPUTS}
        self._setups = {
            n: InputSetup(WIRING[n].enabled, curve=WIRING[n].curve) if n in WIRING else InputSetup()
            for n in self.INPUTS
        }
        self._ranges = {n: Range() for n in self.INPUTS}
        self._curves = {n: BY_CURVE[n].curve() if n in BY_CURVE else Curve() for n in range(1, CURVES + 1)}
        self._scanner = Scanner(self._setups, self.INPUTS)
        self._control, self._mode, self._polarity, self._limit = Control(), 4, 0, LARGEST_RANGE
        self._heater = Output(SAMPLE, Drive(MODES[self._mode]), resistance=100.0)
        self._ticks = -1
        self._measurements = {n: self._measure(n, 0.0) for n in self.INPUTS}
        self.advance(0.0)

    def advance(self, elapsed: float) -> None:
        """Advance to `elapsed` seconds after switch-on, reading by reading."""
        super().advance(elapsed)
        for tick in range(self._ticks + 1, int(self.elapsed * READINGS_PER_SECOND + 1e-6) + 1):
            self._tick(tick * _PERIOD)
            self._ticks = tick

    def power_on(self) -> None:
        """Switch the heater off: on a 370 it never comes back by itself."""
        super().power_on()
        self._heater.switch_off()

    def _tick(self, now: float) -> None:
        self._cryostat.advance(now)
        self._scanner.advance(now)
        active = self._scanner.active
        fresh = self._scanner.settled(now) and not self.faults.on_input(Kind.FROZEN, active, now)
        if fresh:
            self._measurements[active] = self._measure(active, now)
        self._heater.run(_PERIOD)
        if fresh and active == self._control.channel and not self._measurements[active].status:
            self._heater.control(self._measurements[active].kelvin, _PERIOD)
        self._cryostat.heat(HEATED, self._heater.watts)

    def _measure(self, n: int, now: float) -> Measurement:
        setup, settings = self._setups[n], self._ranges[n]
        if not setup.enabled:
            return Measurement()
        if settings.shunted:
            return Measurement(status=R_UNDER)
        kelvin = self._cryostat.temperature(WIRING[n].stage) if n in WIRING else 1.0
        broken = self.faults.on_input(Kind.OVER_RANGE, n, now)
        ohms = math.inf if broken else self._sensors[n].reading(kelvin, now)
        full_scale = RESISTANCE_RANGES[-1 if settings.autorange else settings.range - 1]
        if ohms > full_scale:
            return Measurement(status=R_OVER)
        if settings.autorange:
            self._ranges[n] = replace(settings, range=resistance_range(ohms))
        return Measurement.by_curve(ohms, self._curves[setup.curve]) if setup.curve else Measurement(ohms)

    # Readings

    @command("RDGK?", channel)
    def kelvin_reading(self, n: int) -> str:
        """Return the temperature, K; 0 if the reading is not valid."""
        return engineering(self._measurements[n].kelvin)

    @command("RDGR?", channel)
    def resistance_reading(self, n: int) -> str:
        """Return the resistance, Ω; 0 if it is out of range."""
        return engineering(self._measurements[n].ohms)

    @command("RDGPWR?", channel)
    def excitation_power(self, n: int) -> str:
        """Return the power of the excitation in the sensor, W."""
        settings, ohms = self._ranges[n], self._measurements[n].ohms
        if not ohms:
            return engineering(0.0)
        if settings.mode == VOLTAGE_MODE:
            return engineering(VOLTAGE_EXCITATIONS[settings.excitation - 1] ** 2 / ohms)
        return engineering(CURRENT_EXCITATIONS[settings.excitation - 1] ** 2 * ohms)

    @command("RDGST?", channel)
    def reading_status(self, n: int) -> str:
        """Return the sum of the status bits: 16 R. OVER, 32 R. UNDER, 64 T. OVER, 128 T. UNDER; ``000`` for a valid reading."""
        return f"{self._measurements[n].status:03d}"

    # Inputs

    @command("SCAN", channel, flag)
    def set_scan(self, n: int, autoscan: int) -> None:
        """Connect an input, and switch autoscan on or off."""
        self._scanner.autoscan = bool(autoscan)
        self._scanner.select(n, self.elapsed)

    @command("SCAN?")
    def scan(self) -> str:
        """Return the active input, and whether autoscan is on."""
        return f"{self._scanner.active:02d},{self._scanner.autoscan:d}"

    @command("INSET", or_zero(channel), flag, integer(1, 200), integer(3, 200), integer(0, CURVES), one_of(1, 2))
    def set_input(self, n: int, *settings: int) -> None:
        """Set up an input, or all for 0; a curve without points counts as none."""
        new = InputSetup(*settings)
        if new.curve and not self._curves[new.curve].points:
            new = replace(new, curve=0)
        self._setups |= dict.fromkeys([n] if n else self.INPUTS, new)

    @command("INSET?", channel)
    def input(self, n: int) -> str:
        """Return enabled, dwell (s), pause (s), curve, temperature coefficient."""
        setup = self._setups[n]
        return f"{setup.enabled},{setup.dwell:03d},{setup.pause:03d},{setup.curve:02d},{setup.coefficient}"

    @command("RDGRNG", or_zero(channel), flag, integer(1, 22), integer(1, 22), flag, flag)
    def set_range(self, n: int, *settings: int) -> None:
        """Set excitation and range of an input, or of all for 0."""
        new = Range(*settings)
        if new.mode == VOLTAGE_MODE and new.excitation > len(VOLTAGE_EXCITATIONS):
            raise ValueError("there are twelve voltage excitations")
        self._ranges |= dict.fromkeys([n] if n else self.INPUTS, new)

    @command("RDGRNG?", channel)
    def range(self, n: int) -> str:
        """Return mode, excitation, range in use, autorange, and whether the current source is shunted."""
        settings = self._ranges[n]
        return f"{settings.mode},{settings.excitation:02d},{settings.range:02d},{settings.autorange},{settings.shunted}"

    # Curves

    @command("CRVHDR", curve, text(15), text(10), one_of(3, 4), number(0), one_of(1, 2))
    def set_curve_header(self, n: int, *header: Any) -> None:
        """Describe a curve."""
        self._curves[n].header = CurveHeader(*header)

    @command("CRVHDR?", curve)
    def curve_header(self, n: int) -> str:
        """Return name, serial number, format, limit in K and coefficient of a curve."""
        header = self._curves[n].header
        return f"{header.name:<15},{header.serial:<10},{header.format:d},{header.limit:+08.3f},{header.coefficient}"

    @command("CRVPT", curve, integer(1, LONGEST), number(), number(0))
    def set_curve_point(self, n: int, index: int, units: float, kelvin: float) -> None:
        """Set a breakpoint of a curve."""
        self._curves[n].set_point(index, units, kelvin)

    @command("CRVPT?", curve, integer(1, LONGEST))
    def curve_point(self, n: int, index: int) -> str:
        """Return sensor units and kelvins of a breakpoint; zeros if there is none."""
        units, kelvin = self._curves[n].points.get(index, (0.0, 0.0))
        return f"{engineering(units)},{engineering(kelvin)}"

    @command("CRVDEL", curve)
    def delete_curve(self, n: int) -> None:
        """Delete a curve; inputs that used it have no curve then."""
        self._curves[n] = Curve()
        self._setups |= {i: replace(setup, curve=0) for i, setup in self._setups.items() if setup.curve == n}

    # Heater

    @command("CMODE", integer(min(MODES), max(MODES)))
    def set_control_mode(self, mode: int) -> None:
        """Set what drives the heater: 1 closed loop, 2 zone, 3 open loop, 4 nothing."""
        self._mode = mode
        self._heater.drive = Drive(MODES[mode])

    @command("CMODE?")
    def control_mode(self) -> str:
        """Return what drives the heater."""
        return f"{self._mode}"

    @command("CPOL", flag)
    def set_polarity(self, polarity: int) -> None:
        """Set the polarity, which has no effect here: 0 unipolar, 1 bipolar."""
        self._polarity = polarity

    @command("CPOL?")
    def polarity(self) -> str:
        """Return the polarity."""
        return f"{self._polarity}"

    @command(
        "CSET", channel, flag, one_of(1, 2), integer(1, 255), one_of(1, 2), integer(0, LARGEST_RANGE), number(1, 100000)
    )
    def set_control(self, *settings: Any) -> None:
        """Set up the control loop and the heater; a closed loop takes its setpoint as kelvins, whatever the units."""
        *loop, display, limit, ohms = settings
        self._control = Control(*loop)
        self._heater.display, self._heater.resistance, self._limit = Display(display), ohms, limit
        self._heater.range = min(self._heater.range, limit)

    @command("CSET?")
    def control(self) -> str:
        """Return input, filter, units, delay (s), display (1 current, 2 power), largest range, resistance of the heater (Ω)."""
        loop = self._control
        return (
            f"{loop.channel:02d},{loop.filter},{loop.units},{loop.delay:03d},"
            f"{self._heater.display:d},{self._limit},{self._heater.resistance:.3f}"
        )

    @command("HTRRNG", integer(0, LARGEST_RANGE))
    def set_heater_range(self, scale: int) -> None:
        """Set the range of the heater, 0 for off; it does not exceed the limit of ``CSET``."""
        if scale > self._limit:
            raise ValueError("the range is limited")
        self._heater.range = scale

    @command("HTRRNG?")
    def heater_range(self) -> str:
        """Return the range of the heater."""
        return f"{self._heater.range}"

    @command("HTR?")
    def heater_output(self) -> str:
        """Return the output of the heater, % of full current."""
        return engineering(self._heater.percent)

    @command("MOUT", number(0))
    def set_manual_output(self, value: float) -> None:
        """Set the output in open loop, in % of full current or in W as the display is."""
        if self._heater.display is Display.CURRENT and value > 100:
            raise ValueError("there are 100 per cent")
        self._heater.manual = value

    @command("MOUT?")
    def manual_output(self) -> str:
        """Return the output in open loop."""
        return engineering(self._heater.manual)

    @command("SETP", number(0))
    def set_setpoint(self, value: float) -> None:
        """Set the setpoint."""
        self._heater.set_setpoint(value)

    @command("SETP?")
    def setpoint(self) -> str:
        """Return the setpoint."""
        return engineering(self._heater.setpoint)

    @command("PID", kept(number(0.001, 1000)), kept(number(0, 10000)), kept(number(0, 2500)))
    def set_pid(self, *given: float | None) -> None:
        """Set the parameters of the closed loop."""
        before = (self._heater.p, self._heater.i, self._heater.d)
        p, i, d = (old if new is None else new for old, new in zip(before, given, strict=True))
        self._heater.p, self._heater.i, self._heater.d = p, i, d

    @command("PID?")
    def pid(self) -> str:
        """Return the parameters of the closed loop."""
        return ",".join(map(engineering, (self._heater.p, self._heater.i, self._heater.d)))


SIMULATOR = Model370
