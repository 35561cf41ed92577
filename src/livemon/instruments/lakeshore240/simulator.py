"""The Model 240-8P input module: eight inputs for diodes and resistors, read continuously.

Sources: the requests and replies of Lake Shore's own driver (github.com/lakeshorecryotronics/python-driver,
lakeshore/model_240.py) and of the socs driver (socs/Lakeshore/Lakeshore240.py). That a disabled input repeats
its last temperature, with a sensor reading of 0, was seen on real ones (github.com/simonsobs/socs, issue 542).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field, replace
from typing import Any, NamedTuple

from livemon.instruments.common.cryostat import VACUUM_CAN, Cryostat
from livemon.instruments.common.curves import LONGEST, Curve, CurveHeader
from livemon.instruments.common.faults import Kind
from livemon.instruments.common.instrument import Instrument, command
from livemon.instruments.common.messages import engineering
from livemon.instruments.common.parameters import flag, integer, number, one_of, text
from livemon.instruments.common.sensors import DIODE, PLATINUM, RUTHENIUM_OXIDE, Sensor, SensorType

CHANNELS = 8
DIODE_INPUT, PLATINUM_INPUT, NTC_INPUT = 1, 2, 3
INVALID, T_UNDER, T_OVER, UNITS_OVER = 1, 16, 32, 64

# Full scale of the ranges, V for diodes and Ω for the others; only NTC resistors have more than one.
_FULL_SCALE = {
    DIODE_INPUT: (7.5,),
    PLATINUM_INPUT: (1e3,),
    NTC_INPUT: (10, 30, 100, 300, 1e3, 3e3, 10e3, 30e3, 100e3),
}
_DEFAULT_FILTER = 10
_FACTORY_DEFAULTS = 99

channel = integer(1, CHANNELS)


@dataclass(frozen=True)
class InputType:
    """What ``INTYPE`` sets, in its order and numbers."""

    sensor: int = DIODE_INPUT
    autorange: int = 0
    range: int = 0
    current_reversal: int = 0
    unit: int = 1
    enabled: int = 0


@dataclass
class Input:
    """Settings of one input, and the temperature that it had, K, when it was disabled."""

    name: str
    type: InputType = InputType()
    filter: int = _DEFAULT_FILTER
    curve: Curve = field(default_factory=Curve)
    last_kelvin: float = 0.0


@dataclass(frozen=True)
class Wiring:
    """What is connected to an input: a sensor on a stage of the cryostat."""

    label: str
    stage: str
    kind: SensorType | None
    sensor: int


WIRING = {
    1: Wiring("Plate 50K", "50K plate", DIODE, DIODE_INPUT),
    2: Wiring("Shield 50K", "50K shield", DIODE, DIODE_INPUT),
    3: Wiring("Plate 4K", "4K plate", DIODE, DIODE_INPUT),
    4: Wiring("Shield 4K", "4K shield", DIODE, DIODE_INPUT),
    5: Wiring("Still", "Still", RUTHENIUM_OXIDE, NTC_INPUT),
    6: Wiring("Cold plate", "Cold plate", RUTHENIUM_OXIDE, NTC_INPUT),
    7: Wiring("Vacuum can", VACUUM_CAN, PLATINUM, PLATINUM_INPUT),
    8: Wiring("Spare", VACUUM_CAN, None, DIODE_INPUT),
}


class Measurement(NamedTuple):
    """One reading of an input: V or Ω, K, ``RDGST?`` bits; zeros if there is no valid reading."""

    units: float = 0.0
    kelvin: float = 0.0
    status: int = 0


class Model240(Instrument):
    """A simulated Model 240-8P.

    Parameters
    ----------
    serial
        Serial number.
    cryostat
        What it measures.
    seed
        Sets the noise of the readings.
    labels
        Names of inputs, ``{channel: name}``, instead of those of `WIRING`.
    """

    MODEL = "MODEL240-8P"
    INPUTS = tuple(WIRING)
    UNTERMINATED = True

    def __init__(self, serial: str, cryostat: Cryostat, seed: int = 0, labels: Mapping[int, str] | None = None) -> None:
        super().__init__(serial)
        self._cryostat = cryostat
        self._sensors = {n: Sensor(wiring.kind, seed, n) for n, wiring in WIRING.items()}
        self._module_name = serial
        self._brightness = 100
        self._address = 126
        self._slots = {n: (n, 1) for n in range(1, CHANNELS + 1)}
        self._slot_count = CHANNELS
        self._inputs = {n: _wired_input(wiring) for n, wiring in WIRING.items()}
        self._frozen: dict[int, Measurement] = {}
        for n, label in (labels or {}).items():
            self.set_input_name(n, label)

    def advance(self, elapsed: float) -> None:
        """Advance to `elapsed` seconds after switch-on."""
        super().advance(elapsed)
        self._cryostat.advance(self.elapsed)
        frozen = {n for n in WIRING if self.faults.on_input(Kind.FROZEN, n, self.elapsed)}
        self._frozen = {n: self._frozen.get(n) or self._measure(n) for n in sorted(frozen)}

    def power_on(self) -> None:
        """Forget the temperatures that disabled inputs repeat."""
        super().power_on()
        for settings in self._inputs.values():
            settings.last_kelvin = 0.0

    def _measure(self, n: int) -> Measurement:
        settings = self._inputs[n]
        if not settings.type.enabled:
            return Measurement(0.0, settings.last_kelvin, INVALID)
        if n in self._frozen:
            return self._frozen[n]
        kelvin = self._cryostat.temperature(WIRING[n].stage)
        broken = self.faults.on_input(Kind.OVER_RANGE, n, self.elapsed)
        averaged = settings.filter / _DEFAULT_FILTER
        reading = math.inf if broken else self._sensors[n].reading(kelvin, self.elapsed, averaged)
        if reading > _FULL_SCALE[settings.type.sensor][-1 if settings.type.autorange else settings.type.range]:
            return Measurement(status=UNITS_OVER)
        temperature = settings.curve.to_kelvin(reading)
        status = (T_OVER if temperature.over else 0) | (T_UNDER if temperature.under else 0)
        return Measurement(reading, temperature.value, status)

    def _temperature(self, n: int, convert: Callable[[float], float]) -> str:
        kelvin = self._measure(n).kelvin
        return engineering(convert(kelvin) if kelvin else 0.0)

    @command("KRDG?", channel)
    def kelvin_reading(self, n: int) -> str:
        """Return the temperature, K."""
        return self._temperature(n, lambda kelvin: kelvin)

    @command("CRDG?", channel)
    def celsius_reading(self, n: int) -> str:
        """Return the temperature, °C."""
        return self._temperature(n, lambda kelvin: kelvin - 273.15)

    @command("FRDG?", channel)
    def fahrenheit_reading(self, n: int) -> str:
        """Return the temperature, °F."""
        return self._temperature(n, lambda kelvin: kelvin * 1.8 - 459.67)

    @command("SRDG?", channel)
    def sensor_reading(self, n: int) -> str:
        """Return the reading in sensor units, V or Ω."""
        return engineering(self._measure(n).units)

    @command("RDGST?", channel)
    def reading_status(self, n: int) -> str:
        """Return the sum of the status bits: 1 invalid, 16 T under, 32 T over, 64 sensor units over range."""
        return f"{self._measure(n).status:03d}"

    @command("INTYPE", channel, one_of(*_FULL_SCALE), flag, integer(0, 8), flag, integer(1, 4), flag)
    def set_input_type(self, n: int, *settings: int) -> None:
        """Set up an input; diodes have no current reversal, and a disabled input keeps its last temperature."""
        new = InputType(*settings)
        if new.range >= len(_FULL_SCALE[new.sensor]):
            raise ValueError(f"a sensor of type {new.sensor} has no range {new.range}")
        if not new.enabled:
            self._inputs[n].last_kelvin = self._measure(n).kelvin
        self._inputs[n].type = replace(new, current_reversal=0) if new.sensor == DIODE_INPUT else new

    @command("INTYPE?", channel)
    def input_type(self, n: int) -> str:
        """Return the set-up of an input; with autorange on, the range is the one in use."""
        settings = self._inputs[n].type
        reading = self._measure(n).units
        if settings.autorange and reading:
            scales = _FULL_SCALE[settings.sensor]
            settings = replace(settings, range=next(i for i, full in enumerate(scales) if reading <= full))
        return ",".join(map(str, astuple(settings)))

    @command("INNAME", channel, text(15))
    def set_input_name(self, n: int, name: str) -> None:
        """Name an input."""
        self._inputs[n].name = text(15)(name)

    @command("INNAME?", channel)
    def input_name(self, n: int) -> str:
        """Return the name of an input."""
        return self._inputs[n].name

    @command("FILTER", channel, integer(1, 100))
    def set_filter(self, n: int, length: int) -> None:
        """Set how many points of 1 ms are averaged."""
        self._inputs[n].filter = length

    @command("FILTER?", channel)
    def filter_length(self, n: int) -> str:
        """Return how many points of 1 ms are averaged."""
        return f"{self._inputs[n].filter}"

    @command("CRVHDR", channel, text(15), text(10), one_of(2, 3, 4), number(0), one_of(1, 2))
    def set_curve_header(self, n: int, *header: Any) -> None:
        """Describe the curve of an input."""
        self._inputs[n].curve.header = CurveHeader(*header)

    @command("CRVHDR?", channel)
    def curve_header(self, n: int) -> str:
        """Return name, serial number, format, limit in K and coefficient of the curve of an input."""
        header = self._inputs[n].curve.header
        return f"{header.name},{header.serial},{header.format:d},{header.limit:.3f},{header.coefficient}"

    @command("CRVPT", channel, integer(1, LONGEST), number(), number(0))
    def set_curve_point(self, n: int, index: int, units: float, kelvin: float) -> None:
        """Set a breakpoint of the curve of an input."""
        self._inputs[n].curve.set_point(index, units, kelvin)

    @command("CRVPT?", channel, integer(1, LONGEST))
    def curve_point(self, n: int, index: int) -> str:
        """Return sensor units and kelvin of a breakpoint; zeros if there is none."""
        units, kelvin = self._inputs[n].curve.points.get(index, (0.0, 0.0))
        return f"{engineering(units)},{engineering(kelvin)}"

    @command("CRVDEL", channel)
    def delete_curve(self, n: int) -> None:
        """Delete the curve of an input."""
        self._inputs[n].curve = Curve()

    @command("MODNAME", text(15))
    def set_module_name(self, name: str) -> None:
        """Name the module."""
        self._module_name = name

    @command("MODNAME?")
    def module_name(self) -> str:
        """Return the name of the module."""
        return self._module_name

    @command("BRIGT", one_of(0, 25, 50, 75, 100))
    def set_brightness(self, percent: int) -> None:
        """Set the brightness of the display."""
        self._brightness = percent

    @command("BRIGT?")
    def brightness(self) -> str:
        """Return the brightness of the display, %."""
        return f"{self._brightness}"

    @command("DFLT", one_of(_FACTORY_DEFAULTS))
    def factory_defaults(self, _confirmation: int) -> None:
        """Restore the factory settings: all inputs disabled and without curves."""
        self._module_name, self._brightness, self._address = "", 100, 126
        self._inputs = {n: Input(f"Input {n}") for n in WIRING}

    @command("ADDR", integer(1, 126))
    def set_profibus_address(self, address: int) -> None:
        """Set the PROFIBUS address."""
        self._address = address

    @command("ADDR?")
    def profibus_address(self) -> str:
        """Return the PROFIBUS address; 126 stands for none."""
        return f"{self._address}"

    @command("PROFINUM", integer(1, CHANNELS))
    def set_profibus_slot_count(self, count: int) -> None:
        """Set the number of PROFIBUS slots."""
        self._slot_count = count

    @command("PROFINUM?")
    def profibus_slot_count(self) -> str:
        """Return the number of PROFIBUS slots."""
        return f"{self._slot_count}"

    @command("PROFISLOT", integer(1, CHANNELS), channel, integer(1, 4))
    def set_profibus_slot(self, slot: int, n: int, unit: int) -> None:
        """Set what a PROFIBUS slot presents."""
        self._slots[slot] = (n, unit)

    @command("PROFISLOT?", integer(1, CHANNELS))
    def profibus_slot(self, slot: int) -> str:
        """Return channel and unit of a PROFIBUS slot."""
        return "{},{}".format(*self._slots[slot])

    @command("PROFISTAT?")
    def profibus_status(self) -> str:
        """0: not connected."""
        return "0"


def _wired_input(wiring: Wiring) -> Input:
    return Input(
        wiring.label,
        InputType(
            wiring.sensor,
            autorange=int(wiring.sensor == NTC_INPUT),
            current_reversal=int(wiring.sensor != DIODE_INPUT),
            enabled=int(wiring.kind is not None),
        ),
        curve=wiring.kind.curve() if wiring.kind else Curve(),
    )


SIMULATOR = Model240
