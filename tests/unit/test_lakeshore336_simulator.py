"""The Model 336: its commands, inputs that are letters, honest status bits, heaters that heat, and Lake Shore's own driver on it."""

from __future__ import annotations

from copy import deepcopy
from enum import Enum

import lakeshore.model_336
import pytest

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.faults import parse
from livemon.instruments.common.instrument import Conversation
from livemon.instruments.common.sensors import diode, ruthenium_oxide
from livemon.instruments.lakeshore336.settings import INPUTS
from livemon.instruments.lakeshore336.simulator import Model336, shown

LOOP = "OUTMODE 2,1,3,0;HTRSET 2,1,0,0.5,1;PID 2,0.5,1,0;RANGE 2,1"
"""Output 2 in closed loop on input C, which is on the stage that it heats, with at most 62 mW."""


@pytest.fixture(scope="module")
def cold_cryostat() -> Cryostat:
    return Cryostat(0, drift=0)


@pytest.fixture
def controller(cold_cryostat) -> Model336:
    return Model336("LSA3ABC", deepcopy(cold_cryostat), seed=1)


def numbers(controller: Model336, message: str, elapsed: float = 0.0) -> list[float]:
    return [float(each) for each in controller.handle(message, elapsed).split(",")]


@pytest.mark.parametrize(
    ("command", "query", "answer"),
    [
        (None, "*IDN?", "LSCI,MODEL336,LSA3ABC/LSA3ABC-3062,1.3"),
        (None, "INTYPE? A", "1,0,0,0,1"),
        ("INTYPE A,1,0,1,0,2", "INTYPE? A", "1,0,1,0,2"),
        ("INTYPE A,1,0,2,0,1", "INTYPE? A", "1,0,0,0,1"),  # a diode has two ranges
        ("INTYPE D1,0,0,0,0,1", "INTYPE? D", "0,0,0,0,1"),  # D1 is D
        (None, "INTYPE? D5", "0,0,0,0,1"),
        (None, "INNAME? A", "Plate 50K      "),
        ('INNAME d2,"Sample, cold"', "INNAME? D2", "Sample, cold   "),
        (None, "INCRV? A", "21"),
        ("INCRV A,30", "INCRV? A", "00"),  # it has no points
        ("CRVHDR 30,Mine,X1,2,40,1;CRVPT 30,1,1.5,4.2", "CRVHDR? 30", "Mine           ,X1        ,2,+040.000,1"),
        ("CRVPT 30,1,1.5,4.2", "CRVPT? 30,1", "+1.50000,+4.20000"),
        ("CRVDEL 21", "INCRV? A", "00"),
        (None, "TLIMIT? B", "+000.0"),
        ("TLIMIT B,300", "TLIMIT? B", "+300.0"),
        (None, "FILTER? A", "0,08,10"),
        (None, "ALARM? A", "0,+0,+0,+0,0,1,1"),
        (None, "OUTMODE? 1", "0,1,0"),
        ("OUTMODE 1,1,6,1", "OUTMODE? 1", "1,6,1"),
        ("OUTMODE 1,5,1,0", "OUTMODE? 1", "0,1,0"),  # warm-up is for outputs 3 and 4
        ("OUTMODE 3,4,1,0", "OUTMODE? 3", "4,1,0"),
        (None, "HTRSET? 1", "1,2,+0.000,1"),
        ("HTRSET 2,2,0,0.5,2", "HTRSET? 2", "2,0,+0.500,2"),
        ("RANGE 2,3", "RANGE? 2", "3"),
        ("RANGE 3,2", "RANGE? 3", "0"),
        ("SETP 1,4.5", "SETP? 1", "+4.50000"),
        ("INTYPE A,1,0,0,0,2;SETP 1,-268.65", "SETP? 1", "-268.650"),
        ("PID 1,40,2.5,1", "PID? 1", "+0040.0,+0002.5,+001.0"),
        ("PID 1,0,2.5,1", "PID? 1", "+0050.0,+0020.0,+000.0"),
        ("RAMP 1,1,2.5", "RAMP? 1", "1,+002.5"),
        ("MOUT 1,22.5", "MOUT? 1", "+022.50"),
        (None, "HTR? 1", "+000.0"),
        (None, "HTR? 3", None),
        (None, "KRDG? E", None),
        ("RELAY 1,1,A,0", "RELAYST? 1", "1"),
        (None, "OPST?", "000"),
    ],
)
def test_what_is_set_is_answered(controller, command, query, answer):
    if command:
        assert controller.handle(command, 0.0) is None
    assert controller.handle(query, 0.0) == answer


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "+0.00000"), (295.3621, "+295.362"), (4.211301, "+4.21130"), (0.05027, "+0.05027"), (-268.65, "-268.650")],
)
def test_numbers_have_a_sign_and_six_digits(value, text):
    assert shown(value) == text


def test_input_0_is_all_inputs(controller):
    assert controller.handle("KRDG? 0", 0.0) == ",".join(controller.handle(f"KRDG? {name}", 0.0) for name in INPUTS)
    assert len(numbers(controller, "SRDG? 0")) == 8


def test_without_the_option_card_there_are_four_inputs(cold_cryostat):
    controller = Model336("LSA3ABC", deepcopy(cold_cryostat), card=False)
    assert controller.handle("*IDN?", 0.0) == "LSCI,MODEL336,LSA3ABC/#######,1.3"
    assert len(numbers(controller, "KRDG? 0")) == 4
    assert controller.handle("KRDG? D2", 0.0) is None
    assert controller.handle("KRDG? D1;KRDG? D", 0.0).count("+") == 2


def test_temperatures_are_those_of_the_stages(controller, cold_cryostat):
    stages = ("50K plate", "4K plate", "Still", "Vacuum can", "50K shield", "4K shield", "Cold plate")
    *readings, disabled = numbers(controller, "KRDG? 0")
    assert readings == pytest.approx([cold_cryostat.temperature(stage) for stage in stages], rel=0.01)
    assert (disabled, controller.handle("RDGST? D5", 0.0)) == (0.0, "001")
    assert numbers(controller, "SRDG? B") == pytest.approx([diode(cold_cryostat.temperature("4K plate"))], rel=1e-3)


def test_a_broken_wire_is_over_range_and_a_frozen_input_repeats_itself(controller):
    before = controller.handle("KRDG? A", 1.0)
    controller.faults.add(parse("over-range,channel=C", 1.0, INPUTS))
    controller.faults.add(parse("frozen,channel=A", 1.0, INPUTS))
    assert controller.handle("KRDG? C;SRDG? C;RDGST? C", 9.0) == "+0.00000;+0.00000;128"
    assert controller.handle("KRDG? A;RDGST? A", 9.0) == f"{before};000"
    assert controller.handle("OPST?", 9.0) == "002"


def test_a_reading_off_its_curve_is_valid_in_sensor_units_only(controller):
    controller.handle("INCRV A,23", 0.0)  # volts on a curve of ohms
    assert controller.handle("KRDG? A", 1.0) == "+0.00000"
    assert int(controller.handle("RDGST? A", 1.0)) in {16, 32}
    assert numbers(controller, "SRDG? A", 1.0)[0] > 1


def test_a_closed_loop_reaches_its_setpoint_and_a_limit_ends_it(controller):
    controller.handle(f"{LOOP};SETP 2,0.7", 0.0)
    assert numbers(controller, "KRDG? C", 40.0) == pytest.approx([0.7], rel=0.01)
    assert 0 < numbers(controller, "HTR? 2", 40.0)[0] < 100
    controller.handle("TLIMIT C,0.6", 40.0)
    assert controller.handle("RANGE? 2;HTR? 2", 41.0) == "0;+000.0"


def test_a_setpoint_in_sensor_units_is_where_the_curve_has_it(controller):
    controller.handle(f"INTYPE C,3,1,0,0,3;{LOOP};SETP 2,{ruthenium_oxide(0.7):.5f}", 0.0)
    assert numbers(controller, "SETP? 2") == pytest.approx([ruthenium_oxide(0.7)], rel=1e-3)
    assert numbers(controller, "KRDG? C", 40.0) == pytest.approx([0.7], rel=0.01)


def test_a_ramp_takes_its_time(controller):
    controller.handle(f"{LOOP};SETP 2,0.6", 0.0)
    controller.handle("RAMP 2,1,0.2;SETP 2,0.7", 20.0)
    assert controller.handle("RAMPST? 2", 35.0) == "1"
    assert numbers(controller, "KRDG? C", 35.0) == pytest.approx([0.65], abs=0.03)
    assert controller.handle("RAMPST? 2", 55.0) == "0"


@pytest.mark.parametrize(("display", "percent"), [(1, "+050.0"), (2, "+025.0")])
def test_a_manual_output_is_of_current_or_of_power(controller, display, percent):
    controller.handle(f"OUTMODE 1,3,0,0;HTRSET 1,1,2,0,{display};MOUT 1,{float(percent)};RANGE 1,3", 0.0)
    assert controller.handle("HTR? 1", 1.0) == percent
    assert controller._outputs[1].watts == pytest.approx(25 * 0.5**2)


def test_the_lower_ranges_have_a_tenth_and_a_hundredth_of_the_power(controller):
    controller.handle("OUTMODE 1,3,0,0;HTRSET 1,1,4,0,1;MOUT 1,100", 0.0)
    watts = []
    for scale in range(4):
        controller.handle(f"RANGE 1,{scale}", 1.0 + scale)
        controller.advance(1.5 + scale)
        watts.append(controller._outputs[1].watts)
    assert watts == pytest.approx([0, 1, 10, 100])


def test_alarms_and_extremes_are_kept_until_they_are_reset(controller):
    controller.handle("ALARM B,1,2,0,0,1,1,1;RELAY 1,2,B,2", 0.0)
    assert controller.handle("ALARMST? B;RELAYST? 1;OPST?", 1.0) == "1,0;1;001"
    lowest, highest = numbers(controller, "MDAT? B", 1.0)
    assert lowest <= numbers(controller, "KRDG? B", 1.0)[0] <= highest
    assert controller.handle("ALARM B,0,2,0,0,1,1,1;ALMRST;MNMXRST;MDAT? B;ALARMST? B", 1.05) == "+0.00000,+0.00000;0,0"


def test_a_power_cycle_switches_outputs_off_unless_they_may_stay_on(controller):
    controller.handle("OUTMODE 2,3,0,1;RANGE 1,3;RANGE 2,3", 0.0)
    controller.power_on()
    assert controller.handle("RANGE? 1;RANGE? 2;INNAME? A", 0.0) == "0;3;Plate 50K      "


def test_labels_are_the_names_of_inputs(cold_cryostat):
    controller = Model336("X", deepcopy(cold_cryostat), labels={"D3": "A name that is too long"})
    assert controller.handle("INNAME? D3", 0.0) == "A name that is "


# Lake Shore's own driver


class Connection:
    """A connection of the kind that the driver accepts, to an instrument in this process; time does not pass."""

    def __init__(self, instrument: Model336) -> None:
        self._conversation = Conversation(instrument)

    def write(self, message: str) -> None:
        self._conversation.receive(message.encode() + b"\n", 0.0)

    def query(self, message: str) -> str:
        return self._conversation.receive(message.encode() + b"\n", 0.0).decode().rstrip()

    def clear(self) -> None:
        pass


@pytest.fixture
def driver(controller) -> lakeshore.model_336.Model336:
    return lakeshore.model_336.Model336(connection=Connection(controller))


def plain(value: object) -> object:
    """What a getter returned, with the driver's own classes taken apart."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return plain(vars(value)) if hasattr(value, "__dict__") else value


ENUMS = lakeshore.model_336.Model336
VALID = dict.fromkeys(filter(None, lakeshore.model_336.Model336InputReadingStatus.bit_names), False)
SENSOR = lakeshore.model_336.Model336InputSensorSettings(
    ENUMS.InputSensorType.DIODE, False, False, ENUMS.InputSensorUnits.CELSIUS, ENUMS.DiodeRange.TEN_VOLTS
)


@pytest.mark.parametrize(
    "case",
    [
        (None, (), "get_kelvin_reading", ("D1",), pytest.approx(294.9, abs=1)),
        (None, (), "get_celsius_reading", ("D",), pytest.approx(21.7, abs=1)),
        (None, (), "get_input_reading_status", ("A",), VALID),
        (None, (), "get_input_reading_status", ("D5",), VALID | {"invalid_reading": True}),
        (None, (), "get_heater_output", (1,), 0.0),
        (None, (), "get_heater_status", (2,), 0),
        (None, (), "get_analog_output_percentage", (3,), 0.0),
        (None, (), "get_setpoint_ramp_status", (1,), False),
        (None, (), "get_alarm_status", ("A",), {"high_state_enabled": False, "low_state_enabled": False}),
        ("set_input_sensor", ("A", SENSOR), "get_input_sensor", ("A",), plain(SENSOR)),
        ("set_sensor_name", ("B", "Cold"), "get_sensor_name", ("B",), "Cold"),
        ("set_input_curve", ("B", 22), "get_input_curve", ("B",), 22),
        ("set_diode_excitation_current", ("A", ENUMS.DiodeCurrent(1)), "get_diode_excitation_current", ("A",), 1),
        ("set_filter", ("A", True, 8, 10), "get_filter", ("A",), {
            "filter_enable": True, "data_points": 8, "reset_threshold": 10,
        }),
        ("set_heater_output_mode", (1, ENUMS.HeaterOutputMode(3), ENUMS.InputChannel(5), True),
         "get_heater_output_mode", (1,), {"mode": 3, "channel": 5, "powerup_enable": True}),
        ("set_heater_setup", (1, ENUMS.HeaterResistance(2), 0.5, ENUMS.HeaterOutputUnits(2)),
         "get_heater_setup", (1,), {"heater_resistance": 2, "max_current": 0.5, "output_display_mode": 2}),
        ("set_heater_range", (2, ENUMS.HeaterRange(2)), "get_heater_range", (2,), 2),
        ("set_heater_range", (4, ENUMS.HeaterVoltageRange(1)), "get_heater_range", (4,), 1),
        ("set_heater_pid", (1, 40, 2, 1), "get_heater_pid", (1,), {"gain": 40, "integral": 2, "derivative": 1}),
        ("set_manual_output", (1, 12.5), "get_manual_output", (1,), 12.5),
        ("set_control_setpoint", (1, 4.2), "get_control_setpoint", (1,), 4.2),
        ("set_setpoint_ramp_parameter", (1, True, 0.5), "get_setpoint_ramp_parameter", (1,), {
            "ramp_enable": True, "rate_value": 0.5,
        }),
        ("set_temperature_limit", ("A", 305.5), "get_temperature_limit", ("A",), 305.5),
        ("set_warmup_supply_parameter", (3, ENUMS.ControlTypes(1), 40), "get_warmup_supply_parameter", (3,), {
            "control": 1, "percentage": 40,
        }),
        ("set_keypad_lock", (True, 456), "get_keypad_lock", (), {"state": True, "code": 456}),
        ("set_website_login", ("me", "secret"), "get_website_login", (), {
            "username": f"{'me':<15}", "password": f"{'secret':<15}",
        }),
        ("all_heaters_off", (), "get_heater_range", (1,), 0),
    ],
)  # fmt: skip
def test_lake_shores_own_driver_reads_and_sets_it(driver, case):
    setter, given, getter, arguments, expected = case
    if setter:
        getattr(driver, setter)(*given)
    found = plain(getattr(driver, getter)(*arguments))
    assert (found.strip() if isinstance(found, str) else found) == expected


def test_lake_shores_own_driver_reads_all_inputs(driver):
    assert len(driver.get_all_kelvin_reading()) == len(driver.get_all_sensor_reading()) == 8
