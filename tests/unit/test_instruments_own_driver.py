"""Lake Shore's own driver judges the simulated instruments: every getter answers, what a setter sets is read back."""

from __future__ import annotations

from copy import deepcopy
from enum import Enum

import lakeshore.model_240
import lakeshore.model_372
import pytest
from lakeshore.generic_instrument import InstrumentException

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.instrument import Conversation, Instrument
from livemon.instruments.lakeshore240.simulator import Model240
from livemon.instruments.lakeshore372.simulator import Model372


class Connection:
    """A connection of the kind that the driver accepts, to an instrument in this process; time does not pass."""

    def __init__(self, instrument: Instrument) -> None:
        self._conversation = Conversation(instrument)

    def write(self, message: str) -> None:
        self._conversation.receive(message.encode() + b"\n", 0.0)

    def query(self, message: str) -> str:
        return self._conversation.receive(message.encode() + b"\n", 0.0).decode().rstrip()

    def clear(self) -> None:
        pass


class Driver372(lakeshore.model_372.Model372):
    """The driver of the 372 with the two registers by which this release forgets to name them."""

    service_request_enable = lakeshore.model_372.Model372ServiceRequestEnable
    status_byte_register = lakeshore.model_372.Model372StatusByteRegister


@pytest.fixture(scope="module")
def cold() -> Cryostat:
    return Cryostat(0, drift=0)


@pytest.fixture
def bridge(cold) -> Driver372:
    return Driver372(57600, connection=Connection(Model372("LSA22YG", deepcopy(cold), seed=1)))


@pytest.fixture
def module(cold) -> lakeshore.model_240.Model240:
    return lakeshore.model_240.Model240(connection=Connection(Model240("LSA21OQ", deepcopy(cold), seed=1)))


def plain(value: object) -> object:
    """What a getter returned, with the driver's own classes taken apart."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return plain(vars(value)) if hasattr(value, "__dict__") else value


def near(value: float) -> object:
    return pytest.approx(value, rel=0.05)


NO_BITS = {
    "warmup_heater_ramp_done": False,
    "valid_reading_control_input": False,
    "valid_reading_measurement_input": False,
    "alarm": False,
    "sensor_overload": False,
    "event_summary": False,
    "sample_heater_ramp_done": False,
}
NO_ALARM = {"high_value": 0, "low_value": 0, "deadband": 0, "latch_enable": False, "audible": True, "visible": True}
FIRST_ZONE = {
    "upper_bound": 0, "p_value": 10, "i_value": 20, "d_value": 0, "manual_output": 0,
    "heater_range": 0, "ramp_rate": 0.1, "relay_1": False, "relay_2": False,
}  # fmt: skip
VALID = dict.fromkeys(lakeshore.model_372.Model372ReadingStatusRegister.bit_names, False)
OUTPUT = {"output_mode": 0, "input_channel": 4, "powerup_enable": False, "polarity": 0, "reading_filter": False}
INPUT = {"mode": 0, "excitation_range": 4, "auto_range": 1, "resistance_range": 16, "current_source_shunted": False}

# Every getter of the driver, with its arguments and what a 372 that has just been switched on answers.
GETTERS_372 = [
    ("get_alarm_beep_status", (), True),
    ("get_alarm_parameters", ("A",), {"alarm_enable": False, "alarm_settings": NO_ALARM}),
    ("get_alarm_status", ("A",), {"high_state_enabled": False, "low_state_enabled": False}),
    ("get_all_input_readings", ("A",), {"kelvin": near(0.010), "resistance": near(32e3), "power": near(3.2e-12)}),
    ("get_all_input_readings", (4,), {
        "kelvin": near(0.010), "resistance": near(32e3), "power": near(1.2e-13), "quadrature": near(32),
    }),
    ("get_analog_heater_output", (2,), 0),
    ("get_analog_manual_value", (2,), 10.6),
    ("get_analog_monitor_output_settings", (), {"source": 1, "high_value": 0, "low_value": 0}),
    ("get_common_mode_reduction", (), False),
    ("get_control_loop_zone_parameters", (0, 1), FIRST_ZONE),
    ("get_control_loop_zone_parameters", (1, 10), FIRST_ZONE),
    ("get_control_setpoint", (0,), 0),
    ("get_curve_data_point", (22, 200), [near(4.82), near(0.005), 0]),
    ("get_curve_header", (22,), {
        "curve_name": "RuO2           ", "serial_number": "SIMULATED ", "curve_data_format": 4,
        "temperature_limit": 330, "coefficient": 1,
    }),
    ("get_custom_display_settings", (), {"mode": 0, "number_of_fields": 0, "displayed_info": 0}),
    ("get_digital_output", (), dict.fromkeys(("d_1", "d_2", "d_3", "d_4", "d_5"), False)),
    ("get_display_field_settings", (1,), {"input_channel": 1, "display_units": 1}),
    ("get_display_mode", (), 0),
    ("get_excitation_frequency", (0,), 1),
    ("get_excitation_frequency", ("A",), 1),
    ("get_excitation_power", (4,), near(1.2e-13)),
    ("get_filter", (4,), {"state": False, "settle_time": 5, "window": 10}),
    ("get_heater_output", (0,), 0),
    ("get_heater_output_range", (0,), 0),
    ("get_heater_output_range", (1,), False),
    ("get_heater_output_settings", (0,), {**OUTPUT, "delay": 1}),
    ("get_heater_output_settings", (1,), {**OUTPUT, "input_channel": "A", "delay": 1}),
    ("get_heater_pid", (0,), {"gain": 10, "integral": 20, "derivative": 0}),
    ("get_heater_status", (0,), 0),
    ("get_ieee_488", (), 12),
    ("get_ieee_interface_mode", (), 0),
    ("get_ieee_interface_parameter", (), 12),
    ("get_input_channel_parameters", (4,), {
        "enable": True, "dwell_time": 5, "pause_time": 3, "curve_number": 22, "temperature_coefficient": 1,
    }),
    ("get_input_curve", (4,), 22),
    ("get_input_setup_parameters", (4,), {**INPUT, "units": 1}),
    ("get_input_setup_parameters", ("A",), {**INPUT, "mode": 1, "resistance_range": None, "units": 1}),
    ("get_interface", (), 1),
    ("get_kelvin_reading", (4,), near(0.010)),
    ("get_keypad_lock", (), {"state": False, "code": 123}),
    ("get_led_state", (), True),
    ("get_manual_output", (0,), 0),
    ("get_min_max_data", ("A",), {"minimum": near(0.010), "maximum": near(0.010)}),
    ("get_monitor_output_source", (), 0),
    ("get_quadrature_reading", (4,), near(32)),
    ("get_reading_status", (4,), VALID),
    ("get_relay_alarm_control_parameters", (1,), {"activating_input_channel": "00", "alarm_relay_trigger_type": 0}),
    ("get_relay_control_mode", (1,), 0),
    ("get_relay_status", (1,), False),
    ("get_remote_interface_mode", (), 0),
    ("get_resistance_reading", (4,), near(32e3)),
    ("get_sample_heater_setup", (), {"resistance": 120, "units": 1}),
    ("get_scanner_status", (), {"input_channel": 1, "status": True}),
    ("get_self_test", (), False),
    ("get_sensor_name", (4,), "Mixing chamber"),
    ("get_sensor_reading", (4,), near(32e3)),
    ("get_service_request", (), NO_BITS),
    ("get_setpoint_kelvin", (0,), 0),
    ("get_setpoint_kelvin", (1,), 0),
    ("get_setpoint_ohms", (0,), 0),
    ("get_setpoint_ramp_parameter", (0,), {"ramp_enable": False, "rate_value": 0}),
    ("get_setpoint_ramp_status", (0,), False),
    ("get_standard_event_enable_mask", (), {
        "operation_complete": False, "query_error": False, "execution_error": False, "command_error": False,
        "power_on": False,
    }),
    ("get_status_byte", (), {**NO_BITS, "request_service_master_summary_status": False}),
    ("get_still_output", (), 10.6),
    ("get_temperature_limit", (4,), 0),
    ("get_warmup_heater_setup", (), {"resistance": 2, "max_current": 0.45, "units": 1}),
    ("get_warmup_output", (), {"auto_control": False, "current": 0}),
    ("get_website_login", (), {"username": "user", "password": "password"}),
]  # fmt: skip


def getters(driver: type) -> set[str]:
    return {name for name in dir(driver) if name.startswith("get_")}


def test_no_getter_of_the_372_is_left_out():
    assert {name for name, _, _ in GETTERS_372} | {"get_curve"} == getters(Driver372)


@pytest.mark.parametrize(("getter", "arguments", "expected"), GETTERS_372)
def test_every_getter_of_the_372(bridge, getter, arguments, expected):
    assert plain(getattr(bridge, getter)(*arguments)) == expected


def test_a_curve_of_the_372(bridge):
    points = bridge.get_curve(22)
    assert len(points) == 199, "this release of the driver leaves the last point out"
    assert points[0] == (pytest.approx(3.0, abs=0.2), pytest.approx(330, rel=0.01), 0)


ENUMS = lakeshore.model_372.Model372
ALARM = lakeshore.model_372.Model372AlarmParameters(5, 2, 1, True, True, False)
ZONE = lakeshore.model_372.Model372ControlLoopZoneSettings(
    4.2,
    50,
    20,
    1,
    10,
    ENUMS.SampleHeaterOutputRange(3),
    0.5,
    True,
    False,
)
HEADER = lakeshore.model_372.Model372CurveHeader(
    "Mine", "X123", ENUMS.CurveFormat(4), 40.0, ENUMS.CurveTemperatureCoefficient(1)
)
HEATER = lakeshore.model_372.Model372HeaterOutputSettings(
    ENUMS.OutputMode(2),
    ENUMS.InputChannel(3),
    True,
    True,
    20,
    ENUMS.Polarity(1),
)
CHANNEL = lakeshore.model_372.Model372InputChannelSettings(True, 34, 15, 22, ENUMS.CurveTemperatureCoefficient(2))
SETUP = lakeshore.model_372.Model372InputSetupSettings(
    ENUMS.SensorExcitationMode(1),
    ENUMS.MeasurementInputCurrentRange(8),
    ENUMS.AutoRangeMode(0),
    True,
    ENUMS.InputSensorUnits(2),
    ENUMS.MeasurementInputResistance(17),
)
CONTROL_SETUP = lakeshore.model_372.Model372InputSetupSettings(
    ENUMS.SensorExcitationMode(1),
    ENUMS.ControlInputCurrentRange(5),
    ENUMS.AutoRangeMode(1),
    False,
    ENUMS.InputSensorUnits(1),
)
ENABLE = lakeshore.model_372.Model372ServiceRequestEnable(*[True, False] * 3, True)
EVENTS = lakeshore.model_372.Model372StandardEventRegister(*[True, False, True, False, True])
LINES = lakeshore.model_372.Model372DigitalOutputRegister(*[True, False, True, False, True])

# What is set, and how it is read back: setter, arguments, getter, arguments, what the getter returns.
SETTERS_372 = [
    ("set_alarm_beep", (False,), "get_alarm_beep_status", (), False),
    ("set_alarm_parameters", (4, True, ALARM), "get_alarm_parameters", (4,), {
        "alarm_enable": True,
        "alarm_settings": {
            "high_value": 5, "low_value": 2, "deadband": 1, "latch_enable": True, "audible": False, "visible": True,
        },
    }),
    ("set_common_mode_reduction", (True,), "get_common_mode_reduction", (), True),
    ("set_control_loop_parameters", (0, 7, ZONE), "get_control_loop_zone_parameters", (0, 7), plain(ZONE)),
    ("set_control_setpoint", (0, 0.1), "get_control_setpoint", (0,), 0.1),
    ("set_curve_data_point", (30, 1, 3.5, 10.0), "get_curve_data_point", (30, 1), [3.5, 10, 0]),
    ("set_curve_header", (30, HEADER), "get_curve_header", (30,), {
        **plain(HEADER), "curve_name": "Mine           ", "serial_number": "X123      ",
    }),
    ("delete_curve", (22,), "get_curve_data_point", (22, 1), [0, 0, 0]),
    ("set_digital_output", (LINES,), "get_digital_output", (), plain(LINES)),
    ("set_display_field_settings", (2, 7, 3), "get_display_field_settings", (2,), {
        "input_channel": 7, "display_units": 3,
    }),
    ("set_display_settings", (2, 1, 3), "get_custom_display_settings", (), {
        "mode": 2, "number_of_fields": 1, "displayed_info": 3,
    }),
    ("set_display_settings", (1,), "get_custom_display_settings", (), {
        "mode": 1, "number_of_fields": 0, "displayed_info": 0,
    }),
    ("set_excitation_frequency", ("A", 3), "get_excitation_frequency", ("A",), 3),
    ("set_filter", (3, True, 10, 2), "get_filter", (3,), {"state": True, "settle_time": 10, "window": 2}),
    ("set_filter", (0, True, 10, 2), "get_filter", (16,), {"state": True, "settle_time": 10, "window": 2}),
    ("set_heater_output_range", (0, ENUMS.SampleHeaterOutputRange(6)), "get_heater_output_range", (0,), 6),
    ("set_heater_output_range", (2, True), "get_heater_output_range", (2,), True),
    ("set_heater_pid", (0, 40, 2, 1), "get_heater_pid", (0,), {"gain": 40, "integral": 2, "derivative": 1}),
    ("configure_heater", (0, HEATER), "get_heater_output_settings", (0,), plain(HEATER)),
    ("set_ieee_488", (7,), "get_ieee_488", (), 7),
    ("set_ieee_interface_parameter", (7,), "get_ieee_interface_parameter", (), 7),
    ("set_ieee_interface_mode", (2,), "get_ieee_interface_mode", (), 2),
    ("set_input_channel_parameters", (3, CHANNEL), "get_input_channel_parameters", (3,), plain(CHANNEL)),
    ("disable_input", (3,), "get_input_channel_parameters", (3,), {
        "enable": False, "dwell_time": 5, "pause_time": 3, "curve_number": 0, "temperature_coefficient": 1,
    }),
    ("set_input_curve", (3, 21), "get_input_curve", (3,), 21),
    ("configure_input", (3, SETUP), "get_input_setup_parameters", (3,), plain(SETUP)),
    ("configure_input", ("A", CONTROL_SETUP), "get_input_setup_parameters", ("A",), plain(CONTROL_SETUP)),
    ("set_interface", (0,), "get_interface", (), 0),
    ("set_keypad_lock", (True, 456), "get_keypad_lock", (), {"state": True, "code": 456}),
    ("set_led_state", (False,), "get_led_state", (), False),
    ("set_manual_output", (0, 12.5), "get_manual_output", (0,), 12.5),
    ("set_monitor_output_source", (5,), "get_monitor_output_source", (), 5),
    ("set_relay_alarms", (2, "A", 1), "get_relay_alarm_control_parameters", (2,), {
        "activating_input_channel": "A", "alarm_relay_trigger_type": 1,
    }),
    ("set_relay_for_sample_heater_control_zone", (1,), "get_relay_control_mode", (1,), 3),
    ("set_relay_for_warmup_heater_control_zone", (1,), "get_relay_control_mode", (1,), 4),
    ("turn_relay_on", (1,), "get_relay_status", (1,), True),
    ("turn_relay_off", (1,), "get_relay_status", (1,), False),
    ("set_remote_interface_mode", (1,), "get_remote_interface_mode", (), 1),
    ("set_scanner_status", (3, False), "get_scanner_status", (), {"input_channel": 3, "status": False}),
    ("set_sensor_name", (4, "Cold, indeed"), "get_sensor_name", (4,), "Cold, indeed"),
    ("set_service_request", (ENABLE,), "get_service_request", (), plain(ENABLE)),
    ("set_setpoint_kelvin", (0, 0.05), "get_setpoint_kelvin", (0,), 0.05),
    ("set_setpoint_ohms", (0, 5000.0), "get_setpoint_ohms", (0,), 5000),
    ("set_setpoint_ramp_parameter", (0, True, 0.5), "get_setpoint_ramp_parameter", (0,), {
        "ramp_enable": True, "rate_value": 0.5,
    }),
    ("set_standard_event_enable_mask", (EVENTS,), "get_standard_event_enable_mask", (), plain(EVENTS)),
    ("set_still_output", (25,), "get_still_output", (), 25),
    ("set_temperature_limit", ("A", 5.5), "get_temperature_limit", ("A",), 5.5),
    ("set_warmup_output", (True, 40), "get_warmup_output", (), {"auto_control": True, "current": 40}),
    ("set_website_login", ("me", "secret"), "get_website_login", (), {"username": "me", "password": "secret"}),
    ("setup_sample_heater", (55.0, 2), "get_sample_heater_setup", (), {"resistance": 55, "units": 2}),
    ("setup_warmup_heater", (1, 0.5, 2), "get_warmup_heater_setup", (), {
        "resistance": 1, "max_current": 0.5, "units": 2,
    }),
    ("configure_analog_monitor_output_heater", (1, 10, 5), "get_analog_monitor_output_settings", (), {
        "source": 1, "high_value": 10, "low_value": 5,
    }),
    ("reset_min_max_data", (), "get_min_max_data", ("A",), {"minimum": 0, "maximum": 0}),
    ("reset_alarm_status", (), "get_alarm_status", ("A",), {"high_state_enabled": False, "low_state_enabled": False}),
    ("all_off", (), "get_heater_output_range", (0,), 0),
    ("clear_interface", (), "get_self_test", (), False),
    ("clear_interface_command", (), "get_self_test", (), False),
    ("reset_instrument", (), "get_self_test", (), False),
]  # fmt: skip


@pytest.mark.parametrize("case", SETTERS_372, ids=lambda case: case[0])
def test_what_is_set_on_the_372_is_read_back(bridge, case):
    setter, given, getter, arguments, expected = case
    getattr(bridge, setter)(*given)
    assert plain(getattr(bridge, getter)(*arguments)) == expected


def test_a_curve_that_is_set_on_the_372(bridge):
    bridge.set_curve(30, enumerate([(1.5, 40.0), (2.5, 4.0)]))
    assert [bridge.get_curve_data_point(30, index) for index in (1, 2, 3)] == [(1.5, 40, 0), (2.5, 4, 0), (0, 0, 0)]


def test_the_drivers_mode_in_place_of_a_polarity_is_refused(bridge):
    """It sends mode and polarity of ``ANALOG`` in the order in which its own getter does not read them."""
    with pytest.raises(InstrumentException, match="Execution Error"):
        bridge.configure_analog_heater(2, 50, HEATER)


def test_no_setter_of_the_372_is_left_out():
    plumbing = {"command", "query", "write", "connect_tcp", "connect_usb", "disconnect_tcp", "disconnect_usb"}
    public = {name for name in dir(Driver372) if not name.startswith(("_", "get_")) and name[0].islower()}
    methods = {name for name in public if callable(getattr(Driver372, name)) and name not in vars(Driver372)}
    tested = {setter for setter, *_ in SETTERS_372} | {"set_curve", "configure_analog_heater"}
    assert methods - plumbing == tested


@pytest.mark.parametrize("message", ["NOSUCH?", "INNAME? 99", "INTYPE 4,0,4,0,0,0,1", "EMUL 1"])
def test_what_a_372_does_not_understand_is_an_error_of_the_driver(bridge, message):
    with pytest.raises(InstrumentException):
        bridge.query(message)
    assert bridge.get_self_test() is False


# Every getter of the driver, with its arguments and what a 240 that is cold answers.
GETTERS_240 = [
    ("get_brightness", (), 100),
    ("get_celsius_reading", (7,), near(22)),
    ("get_channel_reading_status", (3,), {
        "invalid reading": False, "": False, "temp under range": False, "temp over range": False,
        "sensor units over range": False, "sensor units under range": False,
    }),
    ("get_curve_data_point", (3, 1), "+470.200E-03,+330.000E+00"),
    ("get_curve_header", (3,), {
        "curve_name": "Diode", "serial_number": "SIMULATED", "curve_data_format": 2, "temperature_limit": 330,
        "coefficient": 1,
    }),
    ("get_fahrenheit_reading", (7,), near(71)),
    ("get_filter", (3,), "10"),
    ("get_identification", (), {
        "manufacturer": "LSCI", "model": "MODEL240-8P", "serial number": "LSA21OQ", "firmware version": "1.3",
    }),
    ("get_input_parameter", (5,), {
        "sensor_type": 3, "temperature_unit": 1, "auto_range_enable": True, "current_reversal_enable": True,
        "input_enable": True, "input_range": 6,
    }),
    ("get_kelvin_reading", (3,), near(2.84)),
    ("get_modname", (), "LSA21OQ"),
    ("get_profibus_address", (), 126),
    ("get_profibus_connection_status", (), "0"),
    ("get_profibus_slot_configuration", (2,), {"slot_channel": 2, "slot_units": 1}),
    ("get_profibus_slot_count", (), "8"),
    ("get_sensor_name", (3,), "Plate 4K"),
    ("get_sensor_reading", (3,), near(1.6)),
    ("get_sensor_units_channel_reading", (3,), near(1.6)),
]  # fmt: skip


def test_no_getter_of_the_240_is_left_out():
    assert {name for name, _, _ in GETTERS_240} == getters(lakeshore.model_240.Model240)


@pytest.mark.parametrize(("getter", "arguments", "expected"), GETTERS_240)
def test_every_getter_of_the_240(module, getter, arguments, expected):
    answer = plain(getattr(module, getter)(*arguments))
    assert (float(answer) if isinstance(expected, type(near(0))) else answer) == expected


SENSOR = lakeshore.model_240.Model240InputParameter(
    lakeshore.model_240.Model240.SensorTypes(3),
    True,
    True,
    lakeshore.model_240.Model240.Units(2),
    True,
    4,
)
HEADER_240 = lakeshore.model_240.Model240CurveHeader("Mine", "X123", HEADER.curve_data_format, 40.0, HEADER.coefficient)
SLOT = lakeshore.model_240.Model240ProfiSlot(7, 3)
SETTERS_240 = [
    ("set_brightness", (25,), "get_brightness", (), 25),
    ("set_curve_data_point", (3, 200, 1.6443, 1.4), "get_curve_data_point", (3, 200), "+1.64430E+00,+1.40000E+00"),
    ("set_curve_header", (3, HEADER_240), "get_curve_header", (3,), plain(HEADER_240)),
    ("delete_curve", (3,), "get_curve_data_point", (3, 1), "+00.0000E-03,+00.0000E-03"),
    ("set_filter", (3, 50), "get_filter", (3,), "50"),
    ("set_input_parameter", (5, SENSOR), "get_input_parameter", (5,), {**plain(SENSOR), "input_range": 6}),
    ("set_modname", ("cold lab",), "get_modname", (), "cold lab"),
    ("set_profibus_address", (5,), "get_profibus_address", (), 5),
    ("set_profibus_slot_configuration", (2, SLOT), "get_profibus_slot_configuration", (2,), plain(SLOT)),
    ("set_profibus_slot_count", (4,), "get_profibus_slot_count", (), "4"),
    ("set_sensor_name", (3, "Shield"), "get_sensor_name", (3,), "Shield"),
    ("set_factory_defaults", (), "get_sensor_name", (3,), "Input 3"),
]


@pytest.mark.parametrize("case", SETTERS_240, ids=lambda case: case[0])
def test_what_is_set_on_the_240_is_read_back(module, case):
    setter, given, getter, arguments, expected = case
    getattr(module, setter)(*given)
    assert plain(getattr(module, getter)(*arguments)) == expected
