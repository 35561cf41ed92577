"""The Model 336 temperature controller: four inputs, or eight with the option card 3062, two heaters, two voltage outputs.

Sources: Lake Shore Model 336 User's Manual, section 6.6 (commands) and 4.4 to 4.5 (inputs, outputs); the requests of the socs driver
(socs/Lakeshore/Lakeshore336.py) and of Lake Shore's own (lakeshore/model_336.py), and how they read the replies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple

from livemon.instruments.common.alarms import Alarm, Extremes
from livemon.instruments.common.cryostat import VACUUM_CAN, Cryostat
from livemon.instruments.common.curves import LONGEST, Curve, CurveHeader
from livemon.instruments.common.faults import Kind
from livemon.instruments.common.instrument import command
from livemon.instruments.common.parameters import flag, integer, number, one_of, text
from livemon.instruments.common.sensors import (
    DIODE,
    PLATINUM,
    READINGS_PER_SECOND,
    RUTHENIUM_OXIDE,
    Sensor,
    SensorType,
)
from livemon.instruments.lakeshore336.heaters import Heaters, output
from livemon.instruments.lakeshore336.outputs import Output
from livemon.instruments.lakeshore336.settings import ALARM, INPUTS, RELAY, SETTINGS, channel

DISABLED, DIODE_INPUT, PLATINUM_INPUT, NTC_INPUT, THERMOCOUPLE_INPUT, CAPACITANCE_INPUT = range(6)
KELVIN, CELSIUS, SENSOR_UNITS = 1, 2, 3
INVALID, T_UNDER, T_OVER, UNITS_ZERO, UNITS_OVER = 1, 16, 32, 64, 128
"""Bits of ``RDGST?``."""
ZERO_CELSIUS = 273.15

_RESISTANCES = tuple(10.0 ** (1 + n // 2) * (3 if n % 2 else 1) for n in range(9))
# Full scale of the ranges: V of diodes, Ω of resistors.
_FULL_SCALE = {
    DIODE_INPUT: (2.5, 10.0),
    PLATINUM_INPUT: _RESISTANCES,
    NTC_INPUT: _RESISTANCES,
    THERMOCOUPLE_INPUT: (50.0,),
    CAPACITANCE_INPUT: (150.0, 15.0),
}
_PERIOD = 1 / READINGS_PER_SECOND
_FIRST_USER_CURVE, _LAST_CURVE = 21, 59
_ALWAYS_ON, _BY_ALARM = 1, 2
_NO_CARD = "#######"


@dataclass(frozen=True)
class Wiring:
    """What is connected to an input: a sensor on a stage of the cryostat, read by one of the factory-loaded curves."""

    label: str
    stage: str
    kind: SensorType | None
    type: int
    curve: int


FACTORY_CURVES = {21: DIODE, 22: PLATINUM, 23: RUTHENIUM_OXIDE}
WIRING = {
    "A": Wiring("Plate 50K", "50K plate", DIODE, DIODE_INPUT, 21),
    "B": Wiring("Plate 4K", "4K plate", DIODE, DIODE_INPUT, 21),
    "C": Wiring("Still", "Still", RUTHENIUM_OXIDE, NTC_INPUT, 23),
    "D": Wiring("Vacuum can", VACUUM_CAN, PLATINUM, PLATINUM_INPUT, 22),
    "D2": Wiring("Shield 50K", "50K shield", DIODE, DIODE_INPUT, 21),
    "D3": Wiring("Shield 4K", "4K shield", DIODE, DIODE_INPUT, 21),
    "D4": Wiring("Cold plate", "Cold plate", RUTHENIUM_OXIDE, NTC_INPUT, 23),
    "D5": Wiring("Input D5", VACUUM_CAN, None, DISABLED, 0),
}
HEATED_STAGE = {1: "4K plate", 2: "Still"}
_WITHOUT_CARD = INPUTS[:4]


@dataclass(frozen=True)
class InputType:
    """What ``INTYPE`` sets, in its order and numbers."""

    sensor: int = DISABLED
    autorange: int = 0
    range: int = 0
    compensation: int = 0
    units: int = KELVIN


class Measurement(NamedTuple):
    """One reading of an input: V or Ω, K, ``RDGST?`` bits; zeros if there is no valid reading."""

    units: float = 0.0
    kelvin: float = 0.0
    status: int = 0


def shown(value: float) -> str:
    """Format with a sign and six digits, at most five of them decimals: ``+295.362``, ``+4.21130``, ``+0.10412``."""
    whole_digits = math.floor(math.log10(abs(value))) + 1 if value else 1
    return f"{value:+.{min(max(6 - whole_digits, 0), 5)}f}"


class Model336(Heaters):
    """A simulated Model 336. It measures all inputs ten times a second, also without queries.

    The scanning of inputs D to D5 by a real option card, which makes their readings rarer, is not simulated.

    Parameters
    ----------
    serial
        Serial number.
    cryostat
        What it measures, and heats.
    seed
        Sets the noise of the readings.
    labels
        Names of inputs, ``{channel: name}``, instead of those of `WIRING`.
    card
        Whether it has the option card 3062: the inputs D2 to D5.
    """

    INPUTS = INPUTS
    SETTINGS = SETTINGS

    def __init__(
        self,
        serial: str,
        cryostat: Cryostat,
        seed: int = 0,
        labels: Mapping[str, str] | None = None,
        *,
        card: bool = True,
    ) -> None:
        super().__init__(serial)
        self._cryostat = cryostat
        self._channels = INPUTS if card else _WITHOUT_CARD
        self._sensors = {n: Sensor(WIRING[n].kind, seed, i) for i, n in enumerate(INPUTS)}
        self._names = {n: WIRING[n].label for n in INPUTS} | {n: text(15)(name) for n, name in (labels or {}).items()}
        self._types = {
            n: InputType(WIRING[n].type, autorange=int(WIRING[n].type in (PLATINUM_INPUT, NTC_INPUT))) for n in INPUTS
        }
        self._input_curves = {n: WIRING[n].curve for n in INPUTS}
        self._curves = {n: Curve() for n in range(1, _LAST_CURVE + 1)}
        self._curves |= {n: kind.curve() for n, kind in FACTORY_CURVES.items()}
        self._limits = dict.fromkeys(INPUTS, 0.0)
        self.reset_alarms()
        self.reset_extremes()
        self._ticks = -1
        self._measurements = {n: self._measure(n, 0.0) for n in INPUTS}
        self.advance(0.0)

    def advance(self, elapsed: float) -> None:
        """Advance to `elapsed` seconds after switch-on, reading by reading."""
        super().advance(elapsed)
        for tick in range(self._ticks + 1, int(self.elapsed * READINGS_PER_SECOND + 1e-6) + 1):
            self._tick(tick * _PERIOD)
            self._ticks = tick

    def power_on(self) -> None:
        """Forget extremes and alarms, in addition to what outputs forget."""
        super().power_on()
        self.reset_alarms()
        self.reset_extremes()

    def _tick(self, now: float) -> None:
        self._cryostat.advance(now)
        fresh = [n for n in self._channels if not self.faults.on_input(Kind.FROZEN, n, now)]
        for n in fresh:
            self._measurements[n] = self._measure(n, now)
            self._note(n)
        if any(0 < self._limits[n] < self._measurements[n].kelvin for n in fresh):
            for each in self._outputs.values():
                each.switch_off()
        for each in self._outputs.values():
            each.run(_PERIOD)
            source = _source(each)
            if source in fresh and not self._measurements[source].status:
                each.control(self._measurements[source].kelvin, _PERIOD)
        for heater, stage in HEATED_STAGE.items():
            self._cryostat.heat(stage, self._outputs[heater].watts)

    def _note(self, n: str) -> None:
        """Update the extremes and the alarm of an input with its new reading."""
        measured = self._measurements[n]
        if measured.status:
            return
        self._extremes[n].take(measured.kelvin)
        enabled, high, low, deadband, latched, *_ = ALARM.values(self, n)
        if enabled:
            self._alarms[n].judge(self._in_units(n, measured.kelvin), high, low, deadband, latched=latched)
        else:
            self._alarms[n] = Alarm()

    def _measure(self, n: str, now: float) -> Measurement:
        settings = self._types[n]
        if settings.sensor == DISABLED:
            return Measurement(status=INVALID)
        broken = self.faults.on_input(Kind.OVER_RANGE, n, now)
        kelvin = self._cryostat.temperature(WIRING[n].stage)
        reading = math.inf if broken else self._sensors[n].reading(kelvin, now)
        if reading > _FULL_SCALE[settings.sensor][-1 if settings.autorange else settings.range]:
            return Measurement(status=UNITS_OVER)
        temperature = self._curves[self._input_curves[n]].to_kelvin(reading) if self._input_curves[n] else None
        if temperature is None:
            return Measurement(reading, status=T_OVER | T_UNDER)
        status = (T_OVER if temperature.over else 0) | (T_UNDER if temperature.under else 0)
        return Measurement(reading, temperature.value, status)

    def _in_units(self, n: str, kelvin: float) -> float:
        """Return a temperature in the preferred units of an input."""
        units, kind = self._types[n].units, WIRING[n].kind
        if units == SENSOR_UNITS and kind is not None and kelvin > 0:
            return kind.response(kelvin)
        return kelvin - ZERO_CELSIUS if units == CELSIUS else kelvin

    def _existing(self, n: str) -> str:
        if n not in self._channels:
            raise ValueError(f"input {n} is on the option card 3062, which is not installed")
        return n

    def _each(self, given: str, answer: Callable[[str], str]) -> str:
        """Return the answer for one input, or for all of them where `given` is 0."""
        return ",".join(answer(n) for n in (self._channels if given == "0" else [self._existing(given)]))

    # Readings

    @command("*IDN?")
    def identification(self) -> str:
        """Return manufacturer, model, serial number of the instrument and of its option card, firmware."""
        card = f"{self.serial}-3062" if self._channels == INPUTS else _NO_CARD
        return f"{self.MANUFACTURER},{self.MODEL},{self.serial}/{card},{self.FIRMWARE}"

    @command("KRDG?", lambda given: "0" if given == "0" else channel(given))
    def kelvin_reading(self, given: str) -> str:
        """Return the temperature of an input, or of all of them for input 0, K; 0 if the reading is not valid."""
        return self._each(given, lambda n: shown(self._measurements[n].kelvin))

    @command("CRDG?", lambda given: "0" if given == "0" else channel(given))
    def celsius_reading(self, given: str) -> str:
        """Return the temperature of an input, or of all of them for input 0, °C; 0 if the reading is not valid."""

        def celsius(n: str) -> float:
            kelvin = self._measurements[n].kelvin
            return kelvin - ZERO_CELSIUS if kelvin else 0.0

        return self._each(given, lambda n: shown(celsius(n)))

    @command("SRDG?", lambda given: "0" if given == "0" else channel(given))
    def sensor_reading(self, given: str) -> str:
        """Return the reading of an input in sensor units, V or Ω, or of all of them for input 0; 0 if it is out of range."""
        return self._each(given, lambda n: shown(self._measurements[n].units))

    @command("RDGST?", channel)
    def reading_status(self, n: str) -> str:
        """Return the sum of the status bits: 1 invalid, 16 T under, 32 T over, 64 units zero, 128 units over range."""
        return f"{self._measurements[self._existing(n)].status:03d}"

    @command("MDAT?", channel)
    def extremes(self, n: str) -> str:
        """Return the lowest and the highest temperature since a reset, K."""
        return ",".join(map(shown, self._extremes[self._existing(n)].as_pair()))

    @command("MNMXRST")
    def reset_extremes(self) -> None:
        """Forget all lowest and highest temperatures."""
        self._extremes = {n: Extremes() for n in INPUTS}

    @command("ALARMST?", channel)
    def alarm_status(self, n: str) -> str:
        """Return whether the high and the low alarm are on."""
        return f"{self._alarms[n].high:d},{self._alarms[n].low:d}"

    @command("ALMRST")
    def reset_alarms(self) -> None:
        """End latched alarms."""
        self._alarms = {n: Alarm() for n in INPUTS}

    # Inputs

    @command(
        "INTYPE",
        channel,
        integer(DISABLED, CAPACITANCE_INPUT),
        flag,
        integer(0, 8),
        flag,
        integer(KELVIN, SENSOR_UNITS),
    )
    def set_input_type(self, n: str, *settings: int) -> None:
        """Set up an input: sensor, autorange, range, compensation, preferred units."""
        new = InputType(*settings)
        if new.sensor != DISABLED and new.range >= len(_FULL_SCALE[new.sensor]):
            raise ValueError(f"a sensor of type {new.sensor} has no range {new.range}")
        self._types[self._existing(n)] = new

    @command("INTYPE?", channel)
    def input_type(self, n: str) -> str:
        """Return the set-up of an input."""
        return ",".join(map(str, astuple(self._types[self._existing(n)])))

    @command("INNAME", channel, text(15))
    def set_input_name(self, n: str, name: str) -> None:
        """Name an input."""
        self._names[self._existing(n)] = name

    @command("INNAME?", channel)
    def input_name(self, n: str) -> str:
        """Return the name of an input."""
        return f"{self._names[self._existing(n)]:<15}"

    @command("INCRV", channel, integer(0, _LAST_CURVE))
    def set_input_curve(self, n: str, curve: int) -> None:
        """Choose the curve of an input; one without points counts as none."""
        self._input_curves[self._existing(n)] = curve if curve and self._curves[curve].points else 0

    @command("INCRV?", channel)
    def input_curve(self, n: str) -> str:
        """Return the number of the curve of an input; 0 for none."""
        return f"{self._input_curves[self._existing(n)]:02d}"

    @command("TLIMIT", channel, number(0))
    def set_temperature_limit(self, n: str, kelvin: float) -> None:
        """Set the temperature above which all outputs are switched off; 0 for none."""
        self._limits[self._existing(n)] = kelvin

    @command("TLIMIT?", channel)
    def temperature_limit(self, n: str) -> str:
        """Return the temperature above which all outputs are switched off, K."""
        return f"{self._limits[self._existing(n)]:+06.1f}"

    # Setpoints, in the preferred units of the control input

    @command("SETP", output, number())
    def set_setpoint(self, n: int, value: float) -> None:
        """Set the setpoint of a closed loop."""
        self._outputs[n].set_setpoint(self._to_kelvin(_source(self._outputs[n]), value))

    @command("SETP?", output)
    def setpoint(self, n: int) -> str:
        """Return the setpoint of a closed loop."""
        source, kelvin = _source(self._outputs[n]), self._outputs[n].setpoint
        return shown(self._in_units(source, kelvin) if source else kelvin)

    def _to_kelvin(self, source: str | None, value: float) -> float:
        units = self._types[source].units if source else KELVIN
        if units == SENSOR_UNITS and source:
            return self._curves[self._input_curves[source] or 1].to_kelvin(value).value
        return value + ZERO_CELSIUS if units == CELSIUS else value

    # Curves

    @command(
        "CRVHDR", integer(_FIRST_USER_CURVE, _LAST_CURVE), text(15), text(10), integer(1, 4), number(0), one_of(1, 2)
    )
    def set_curve_header(self, n: int, *header: Any) -> None:
        """Describe a user curve."""
        self._curves[n].header = CurveHeader(*header)

    @command("CRVHDR?", integer(1, _LAST_CURVE))
    def curve_header(self, n: int) -> str:
        """Return name, serial number, format, limit in K and coefficient of a curve."""
        header = self._curves[n].header
        return f"{header.name:<15},{header.serial:<10},{header.format:d},{header.limit:+08.3f},{header.coefficient}"

    @command("CRVPT", integer(_FIRST_USER_CURVE, _LAST_CURVE), integer(1, LONGEST), number(), number(0))
    def set_curve_point(self, n: int, index: int, units: float, kelvin: float) -> None:
        """Set a breakpoint of a user curve."""
        self._curves[n].set_point(index, units, kelvin)

    @command("CRVPT?", integer(1, _LAST_CURVE), integer(1, LONGEST))
    def curve_point(self, n: int, index: int) -> str:
        """Return sensor units and kelvin of a breakpoint; zeros if there is none."""
        units, kelvin = self._curves[n].points.get(index, (0.0, 0.0))
        return f"{shown(units)},{shown(kelvin)}"

    @command("CRVDEL", integer(_FIRST_USER_CURVE, _LAST_CURVE))
    def delete_curve(self, n: int) -> None:
        """Delete a user curve; inputs that used it have no curve then."""
        self._curves[n] = Curve()
        self._input_curves = {i: 0 if curve == n else curve for i, curve in self._input_curves.items()}

    # Relays and interfaces

    @command("RELAYST?", integer(1, 2))
    def relay_status(self, n: int) -> str:
        """Return whether a relay is on: always, or because of the alarm that it follows."""
        mode, source, kind = RELAY.values(self, n)
        if mode != _BY_ALARM:
            return f"{mode == _ALWAYS_ON:d}"
        alarm = self._alarms[source]
        return f"{(alarm.low, alarm.high, alarm.low or alarm.high)[kind]:d}"

    @command("OPST?")
    def operation_status(self) -> str:
        """Return the sum of the bits of the operation status: 1 for an alarm, 2 for a sensor overload."""
        alarm = any(each.high or each.low for each in self._alarms.values())
        overload = any(self._measurements[n].status & UNITS_OVER for n in self._channels)
        return f"{alarm + 2 * overload:03d}"


def _source(each: Output) -> str | None:
    """Return the control input of an output; `None` if it has none."""
    return INPUTS[each.input - 1] if each.input else None


SIMULATOR = Model336
