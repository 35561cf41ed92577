"""The Model 372 AC resistance bridge: sixteen scanned inputs, a control input, three heater outputs.

Sources: Lake Shore Model 372 User's Manual, chapter 6; the requests, and the recorded replies, of the socs driver
(socs/Lakeshore/Lakeshore372.py and its tests); the requests of Lake Shore's own driver (lakeshore/model_372.py).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from livemon.instruments.common.alarms import Alarm, Extremes
from livemon.instruments.common.bridge import (
    CURRENT_EXCITATIONS,
    CURRENT_MODE,
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
from livemon.instruments.common.instrument import command
from livemon.instruments.common.messages import engineering
from livemon.instruments.common.outputs import SAMPLE, STILL, WARM_UP
from livemon.instruments.common.parameters import flag, integer, kept, number, one_of, text
from livemon.instruments.common.scanner import InputSetup, Scanner
from livemon.instruments.common.sensors import (
    READINGS_PER_SECOND,
    RUTHENIUM_OXIDE,
    ZIRCONIUM_OXYNITRIDE,
    Sensor,
)
from livemon.instruments.lakeshore372.heaters import Heaters
from livemon.instruments.lakeshore372.settings import (
    ALARM,
    CHANNELS,
    CONTROL,
    RELAY,
    SETTINGS,
    channel_or_control,
)

CONTROL_EXCITATIONS = tuple(316e-12 * 10 ** (n / 2) for n in range(6))

_OHMS = 2
_SETTLING = 2
_ALWAYS_ON, _BY_ALARM = 1, 2
_PERIOD = 1 / READINGS_PER_SECOND
_QUADRATURE = 1e-3
_FIRST_USER_CURVE, _LAST_CURVE = 21, 59


FACTORY_CURVES = {21: ZIRCONIUM_OXYNITRIDE, 22: RUTHENIUM_OXIDE}
WIRING: dict[int | str, Wiring] = {
    1: Wiring("Plate 50K", "50K plate", ZIRCONIUM_OXYNITRIDE, 21),
    2: Wiring("Plate 4K", "4K plate", ZIRCONIUM_OXYNITRIDE, 21),
    3: Wiring("Still", "Still", RUTHENIUM_OXIDE, 22),
    4: Wiring("Mixing chamber", "Mixing chamber", RUTHENIUM_OXIDE, 22),
    5: Wiring("Cold plate", "Cold plate", RUTHENIUM_OXIDE, 22, enabled=0),
    CONTROL: Wiring("Control", "Mixing chamber", RUTHENIUM_OXIDE, 22),
}
HEATED_STAGE = {SAMPLE: "Mixing chamber", WARM_UP: "Mixing chamber", STILL: "Still"}


@dataclass(frozen=True)
class InputType:
    """What ``INTYPE`` sets, in its order and numbers."""

    mode: int = VOLTAGE_MODE
    excitation: int = 4
    autorange: int = 1
    range: int = 15
    shunted: int = 0
    units: int = 1


class Model372(Heaters):
    """A simulated Model 372.

    It measures ten times a second, also without queries: always the control input, and of the scanned inputs the active
    one, once its pause is over. The other inputs keep their last reading.

    Parameters
    ----------
    serial
        Serial number.
    cryostat
        What it measures, and heats.
    seed
        Sets the noise of the readings.
    labels
        Names of scanned inputs, ``{channel: name}``, instead of those of `WIRING`.
    """

    INPUTS: ClassVar[tuple[int | str, ...]] = (*range(1, CHANNELS + 1), CONTROL)
    SETTINGS = SETTINGS

    def __init__(self, serial: str, cryostat: Cryostat, seed: int = 0, labels: Mapping[int, str] | None = None) -> None:
        super().__init__(serial)
        self._cryostat = cryostat
        self._channels = self.INPUTS
        self._sensors = {
            n: Sensor(WIRING[n].kind if n in WIRING else None, seed, i) for i, n in enumerate(self._channels)
        }
        self._names = {n: WIRING[n].label if n in WIRING else f"Channel {n:02}" for n in self._channels}
        self._names |= {n: text(15)(label) for n, label in (labels or {}).items()}
        self._setups = {
            n: InputSetup(WIRING[n].enabled, curve=WIRING[n].curve) if n in WIRING else InputSetup()
            for n in self._channels
        }
        self._types = {n: InputType() for n in self._channels}
        self._types[CONTROL] = InputType(mode=CURRENT_MODE)
        self._limits = dict.fromkeys(self._channels, 0.0)
        self._curves = {n: Curve() for n in range(1, _LAST_CURVE + 1)}
        self._curves |= {n: kind.curve() for n, kind in FACTORY_CURVES.items()}
        self._scanner = Scanner(self._setups, range(1, CHANNELS + 1))
        self._ieee_address = 12
        self._alarms = {n: Alarm() for n in self._channels}
        self._extremes = {n: Extremes() for n in self._channels}
        self._ticks = -1
        self._measurements = {n: self._measure(n, 0.0) for n in self._channels}
        self.advance(0.0)

    def advance(self, elapsed: float) -> None:
        """Advance to `elapsed` seconds after switch-on, reading by reading."""
        super().advance(elapsed)
        for tick in range(self._ticks + 1, int(self.elapsed * READINGS_PER_SECOND + 1e-6) + 1):
            self._tick(tick * _PERIOD)
            self._ticks = tick

    def _tick(self, now: float) -> None:
        self._cryostat.advance(now)
        self._scanner.advance(now)
        fresh: list[int | str] = [CONTROL, self._scanner.active] if self._scanner.settled(now) else [CONTROL]
        fresh = [n for n in fresh if not self.faults.on_input(Kind.FROZEN, n, now)]
        for n in fresh:
            self._measurements[n] = self._measure(n, now)
            self._note(n)
        if any(0 < self._limits[n] < self._measurements[n].kelvin for n in fresh):
            for output in self._outputs.values():
                output.switch_off()
        for output in self._outputs.values():
            output.run(_PERIOD)
            source = next((n for n in fresh if str(n) == output.drive.input), None)
            if source is not None and not self._measurements[source].status:
                output.control(self._measurements[source].kelvin, _PERIOD)
        for stage in set(HEATED_STAGE.values()):
            heaters = (self._outputs[n] for n, heated in HEATED_STAGE.items() if heated == stage)
            self._cryostat.heat(stage, sum(heater.watts for heater in heaters))

    def _note(self, n: int | str) -> None:
        """Update the extremes and the alarm of an input with its new reading."""
        measured, setup = self._measurements[n], self._setups[n]
        if measured.status or not setup.enabled:
            return
        if setup.curve:
            self._extremes[n].take(measured.kelvin)
        enabled, source, high, low, deadband, latched, *_ = ALARM.values(self, n)
        if not enabled:
            self._alarms[n] = Alarm()
        elif source == _OHMS or setup.curve:
            value = measured.ohms if source == _OHMS else measured.kelvin
            self._alarms[n].judge(value, high, low, deadband, latched=latched)

    def power_on(self) -> None:
        """Forget extremes and alarms, in addition to what outputs forget."""
        super().power_on()
        self.reset_alarms()
        self.reset_extremes()

    def _measure(self, n: int | str, now: float) -> Measurement:
        setup, settings = self._setups[n], self._types[n]
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
        if settings.autorange and settings.range != resistance_range(ohms):
            self._types[n] = replace(settings, range=resistance_range(ohms))
        return Measurement.by_curve(ohms, self._curves[setup.curve]) if setup.curve else Measurement(ohms)

    # Readings

    @command("KRDG?", channel_or_control)
    def kelvin_reading(self, n: int | str) -> str:
        """Return the temperature, K; 0 if the reading is not valid."""
        return engineering(self._measurements[n].kelvin)

    @command("RDGK?", channel_or_control)
    def kelvin_reading_of_370(self, n: int | str) -> str:
        """Return the temperature, K, for the Model 370's mnemonic."""
        return self.kelvin_reading(n)

    @command("SRDG?", channel_or_control)
    def sensor_reading(self, n: int | str) -> str:
        """Return the resistance, Ω; 0 if it is out of range."""
        return engineering(self._measurements[n].ohms)

    @command("RDGR?", channel_or_control)
    def resistance_reading(self, n: int | str) -> str:
        """Return the resistance, Ω, for the Model 370's mnemonic."""
        return self.sensor_reading(n)

    @command("QRDG?", channel_or_control)
    def quadrature_reading(self, n: int | str) -> str:
        """Return the imaginary part of the impedance, Ω: a small constant fraction of the resistance, as from a cable."""
        return engineering(_QUADRATURE * self._measurements[n].ohms)

    @command("RDGPWR?", channel_or_control)
    def excitation_power(self, n: int | str) -> str:
        """Return the power of the excitation in the sensor, W."""
        settings, ohms = self._types[n], self._measurements[n].ohms
        if not ohms:
            return engineering(0.0)
        if settings.mode == VOLTAGE_MODE:
            return engineering(VOLTAGE_EXCITATIONS[settings.excitation - 1] ** 2 / ohms)
        currents = CONTROL_EXCITATIONS if n == CONTROL else CURRENT_EXCITATIONS
        return engineering(currents[settings.excitation - 1] ** 2 * ohms)

    @command("RDGST?", channel_or_control)
    def reading_status(self, n: int | str) -> str:
        """Return the sum of the status bits: 16 R over, 32 R under, 64 T over, 128 T under; ``000`` for a valid reading."""
        return f"{self._measurements[n].status:03d}"

    @command("RDGSTL?")
    def settling(self) -> str:
        """Return whether the readings of the control input and of the active input have settled: 0 valid, 2 in the change pause.

        Source: the manual, page 175.
        """
        return f"0,{0 if self._scanner.settled(self.elapsed) else _SETTLING}"

    # Inputs

    @command("SCAN", integer(1, CHANNELS), flag)
    def set_scan(self, n: int, autoscan: int) -> None:
        """Connect an input, and switch autoscan on or off."""
        self._scanner.autoscan = bool(autoscan)
        self._scanner.select(n, self.elapsed)

    @command("SCAN?")
    def scan(self) -> str:
        """Return the active input, and whether autoscan is on."""
        return f"{self._scanner.active:02d},{self._scanner.autoscan:d}"

    @command(
        "INSET",
        channel_or_control,
        flag,
        kept(integer(0, 200)),
        kept(integer(0, 200)),
        kept(integer(0, _LAST_CURVE)),
        kept(integer(0, 2)),
        optional=1,
    )
    def set_input(
        self, n: int | str, enabled: int, dwell: int | None, pause: int | None, curve: int | None, *coefficient: int
    ) -> None:
        """Set up an input; a curve without points counts as none.

        Zeros disable an input, as Lake Shore's driver does it: times and coefficient stay as they were.
        """
        old = self._setups[n]
        allowed = [(dwell, old.dwell, 1), (pause, old.pause, 3), (*(coefficient or (None,)), old.coefficient, 1)]
        times = [before if given is None or not (given or enabled) else given for given, before, _ in allowed]
        if any(value < least for value, (_, _, least) in zip(times, allowed, strict=True)):
            raise ValueError("dwell, pause or coefficient is too small")
        new_dwell, new_pause, new_coefficient = times
        new = InputSetup(enabled, new_dwell, new_pause, old.curve if curve is None else curve, new_coefficient)
        has_curve = new.curve and self._curves[new.curve].points
        self._setups[n] = new if has_curve else replace(new, curve=0)

    @command("INSET?", channel_or_control)
    def input(self, n: int | str) -> str:
        """Return enabled, dwell (s), pause (s), curve, temperature coefficient."""
        setup = self._setups[n]
        return f"{setup.enabled},{setup.dwell:03d},{setup.pause:03d},{setup.curve:02d},{setup.coefficient}"

    @command("INCRV", channel_or_control, integer(0, _LAST_CURVE))
    def set_input_curve(self, n: int | str, curve: int) -> None:
        """Choose the curve of an input; one without points counts as none."""
        self._setups[n] = replace(self._setups[n], curve=curve if curve and self._curves[curve].points else 0)

    @command("INCRV?", channel_or_control)
    def input_curve(self, n: int | str) -> str:
        """Return the number of the curve of an input; 0 for none."""
        return f"{self._setups[n].curve:02d}"

    @command("INTYPE", channel_or_control, flag, integer(1, 22), integer(0, 2), integer(0, 22), flag, one_of(1, 2))
    def set_input_type(self, n: int | str, *settings: int) -> None:
        """Set the excitation of an input; the control input has one range, which may be written as 0."""
        new = InputType(*settings)
        if not new.range:
            if n != CONTROL:
                raise ValueError("the ranges of a scanned input are 1 to 22")
            new = replace(new, range=self._types[n].range)
        if n == CONTROL:
            if new.mode != CURRENT_MODE or new.excitation > len(CONTROL_EXCITATIONS):
                raise ValueError("the control input has six current excitations")
        elif new.autorange > 1 or (new.mode == VOLTAGE_MODE and new.excitation > len(VOLTAGE_EXCITATIONS)):
            raise ValueError("no such excitation or autorange mode on a scanned input")
        self._types[n] = new

    @command("INTYPE?", channel_or_control)
    def input_type(self, n: int | str) -> str:
        """Return mode, excitation, autorange, range in use, shunt, preferred units."""
        settings = self._types[n]
        return (
            f"{settings.mode},{settings.excitation:02d},{settings.autorange},{settings.range:02d},"
            f"{settings.shunted},{settings.units}"
        )

    @command("INNAME", channel_or_control, text(15))
    def set_input_name(self, n: int | str, name: str) -> None:
        """Name an input."""
        self._names[n] = name

    @command("INNAME?", channel_or_control)
    def input_name(self, n: int | str) -> str:
        """Return the name of an input."""
        return self._names[n]

    @command("MDAT?", channel_or_control)
    def extremes(self, n: int | str) -> str:
        """Return the lowest and the highest temperature since a reset, K."""
        return ",".join(map(engineering, self._extremes[n].as_pair()))

    @command("MNMXRST")
    def reset_extremes(self) -> None:
        """Forget all lowest and highest temperatures."""
        self._extremes = {n: Extremes() for n in self._channels}

    @command("ALARMST?", channel_or_control)
    def alarm_status(self, n: int | str) -> str:
        """Return whether the high and the low alarm are on."""
        return f"{self._alarms[n].high:d},{self._alarms[n].low:d}"

    @command("ALMRST")
    def reset_alarms(self) -> None:
        """End latched alarms."""
        self._alarms = {n: Alarm() for n in self._channels}

    @command("TLIMIT", channel_or_control, number(0))
    def set_temperature_limit(self, n: int | str, kelvin: float) -> None:
        """Set the temperature above which all outputs are switched off; 0 for none."""
        self._limits[n] = kelvin

    @command("TLIMIT?", channel_or_control)
    def temperature_limit(self, n: int | str) -> str:
        """Return the temperature above which all outputs are switched off, K."""
        return f"{self._limits[n]:+08.3f}" if self._limits[n] else "+0000"

    # Curves

    @command(
        "CRVHDR",
        integer(_FIRST_USER_CURVE, _LAST_CURVE),
        text(15),
        text(10),
        one_of(3, 4, 7),
        number(0),
        one_of(1, 2),
    )
    def set_curve_header(self, n: int, *header: Any) -> None:
        """Describe a user curve."""
        self._curves[n].header = CurveHeader(*header)

    @command("CRVHDR?", integer(1, _LAST_CURVE))
    def curve_header(self, n: int) -> str:
        """Return name, serial number, format, limit in K and coefficient of a curve."""
        header = self._curves[n].header
        return f"{header.name:<15},{header.serial:<10},{header.format:d},{header.limit:+08.3f},{header.coefficient}"

    @command(
        "CRVPT",
        integer(_FIRST_USER_CURVE, _LAST_CURVE),
        integer(1, LONGEST),
        number(),
        number(0),
        number(),
        optional=1,
    )
    def set_curve_point(self, n: int, index: int, units: float, kelvin: float, _curvature: float = 0.0) -> None:
        """Set a breakpoint of a user curve; the curvature of a spline is accepted and not used."""
        self._curves[n].set_point(index, units, kelvin)

    @command("CRVPT?", integer(1, _LAST_CURVE), integer(1, LONGEST))
    def curve_point(self, n: int, index: int) -> str:
        """Return sensor units, kelvin and curvature of a breakpoint; zeros if there is none."""
        units, kelvin = self._curves[n].points.get(index, (0.0, 0.0))
        return f"{engineering(units)},{engineering(kelvin)},{engineering(0.0)}"

    @command("CRVDEL", integer(_FIRST_USER_CURVE, _LAST_CURVE))
    def delete_curve(self, n: int) -> None:
        """Delete a user curve; inputs that used it have no curve then."""
        self._curves[n] = Curve()
        self._setups |= {i: replace(setup, curve=0) for i, setup in self._setups.items() if setup.curve == n}

    # Relays and interfaces

    @command("RELAYST?", integer(1, 2))
    def relay_status(self, n: int) -> str:
        """Return whether a relay is on: always, or because of the alarm that it follows."""
        mode, source, kind = RELAY.values(self, n)
        if mode != _BY_ALARM:
            return f"{mode == _ALWAYS_ON:d}"
        alarm = self._alarms[source or self._scanner.active]
        return f"{(alarm.low, alarm.high, alarm.low or alarm.high)[kind]:d}"

    @command("IEEE", integer(0, 30), kept(integer(0, 1)), kept(integer(1, 30)), optional=2)
    def set_ieee_address(self, first: int, _eoi: int | None = None, address: int | None = None) -> None:
        """Set the IEEE-488 address, alone or, as on the Model 370, after two settings of the bus."""
        self._ieee_address = integer(1, 30)(str(first if address is None else address))

    @command("IEEE?")
    def ieee_address(self) -> str:
        """Return the IEEE-488 address."""
        return f"{self._ieee_address:02d}"


SIMULATOR = Model372
