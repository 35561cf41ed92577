"""The Model 372: every command of its table, the scanner, honest status bits, heaters that heat."""

from __future__ import annotations

from copy import deepcopy

import pytest

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.sensors import ruthenium_oxide
from livemon.instruments.lakeshore372.simulator import Model372

CYCLE = 4 * (3 + 5)


@pytest.fixture(scope="module")
def cold_cryostat() -> Cryostat:
    return Cryostat(0, drift=0)


@pytest.fixture
def bridge(cold_cryostat) -> Model372:
    return Model372("LSA22YG", deepcopy(cold_cryostat), seed=1)


def ask(bridge: Model372, message: str, elapsed: float = 0.0) -> str | None:
    return bridge.handle(message, elapsed)


def number(bridge: Model372, message: str, elapsed: float = 0.0) -> float:
    return float(ask(bridge, message, elapsed))


@pytest.mark.parametrize(
    ("command", "query", "answer"),
    [
        (None, "*IDN?", "LSCI,MODEL372,LSA22YG,1.3"),
        (None, "SCAN?", "01,1"),
        ("SCAN 3,0", "SCAN?", "03,0"),
        ("SCAN 17,0", "SCAN?", "01,1"),
        (None, "INSET? 1", "1,005,003,21,1"),
        (None, "INSET? 6", "0,005,003,00,1"),
        ("INSET 2,0,010,005,22,2", "INSET? 2", "0,010,005,22,2"),
        ("INSET 2,1,10,5,30,1", "INSET? 2", "1,010,005,00,1"),  # no such curve
        ("INSET 2,1,201,5,21,1", "INSET? 2", "1,005,003,21,1"),
        ("INSET 2,1,10,2,21,1", "INSET? 2", "1,005,003,21,1"),
        ("INSET A,0,10,5,22,1", "INSET? A", "0,010,005,22,1"),
        (None, "INTYPE? A", "1,04,1,16,0,1"),
        (None, "INTYPE? 4", "0,04,1,16,0,1"),  # autorange shows the range in use: 32 kOhm in 63.2 kOhm
        ("INTYPE 4,1,08,0,17,0,2", "INTYPE? 4", "1,08,0,17,0,2"),
        ("INTYPE 4,0,13,0,17,0,2", "INTYPE? 4", "0,04,1,16,0,1"),
        ("INTYPE A,0,4,0,15,0,1", "INTYPE? A", "1,04,1,16,0,1"),
        ("INTYPE A,1,6,0,15,0,1", "INTYPE? A", "1,06,0,15,0,1"),
        (None, "INNAME? 4", "Mixing chamber"),
        (None, "INNAME? 16", "Channel 16"),
        ('INNAME 4,"Cold, indeed"', "INNAME? 4", "Cold, indeed"),
        (None, "FILTER? 1", "0,005,10"),
        ("FILTER 1,1,10,2", "FILTER? 1", "1,010,02"),
        (None, "TLIMIT? 1", "+0000"),
        ("TLIMIT 1,4.5", "TLIMIT? 1", "+004.500"),
        (None, "OUTMODE? 0", "0,4,0,0,0,001"),
        ("OUTMODE 0,5,4,0,0,1,020", "OUTMODE? 0", "5,4,0,0,1,020"),
        ("OUTMODE 0,7,4,0,0,1,020", "OUTMODE? 0", "0,4,0,0,0,001"),
        ("OUTMODE 0,2,A,0,0,1,020", "OUTMODE? 0", "2,A,0,0,1,020"),
        (None, "OUTMODE? 2", "4,A,0,0,0,001"),
        (None, "HTRSET? 0", "+120.000,1,+000.000,1"),
        ("HTRSET 0,100,0,0,2", "HTRSET? 0", "+100.000,0,+000.000,2"),
        ("HTRSET 0,0,0,0,2", "HTRSET? 0", "+120.000,1,+000.000,1"),
        ("HTRSET 1,1,2,0.3,1", "HTRSET? 1", "1,2,+000.300,1"),
        ("HTRSET 1,1,0,0.7,1", "HTRSET? 1", "2,1,+000.000,1"),  # more than the warm-up heater can give
        (None, "RANGE? 0", "0"),
        ("RANGE 0,8", "RANGE? 0", "8"),
        ("RANGE 0 8", "RANGE? 0", "8"),  # as socs sends it
        ("RANGE 0,9", "RANGE? 0", "0"),
        ("RANGE 2,1", "RANGE? 2", "1"),
        ("RANGE 2,2", "RANGE? 2", "0"),
        (None, "HTR?", "+00.0000E-03"),
        (None, "HTRST? 0", "0"),
        (None, "AOUT? 2", "+0.00"),
        ("MOUT 0,12.5", "MOUT? 0", "+12.5000E+00"),
        ("MOUT 0,101", "MOUT? 0", "+00.0000E-03"),
        ("HTRSET 1,1,1,0,2;MOUT 1,5", "MOUT? 1", "+5.00000E+00"),  # 0.45 A in 25 Ohm: 5.06 W
        ("HTRSET 1,1,1,0,2;MOUT 1,5.1", "MOUT? 1", "+00.0000E-03"),
        (None, "STILL?", "+10.60"),
        ("STILL 25", "STILL?", "+25.00"),
        ("STILL 101", "STILL?", "+10.60"),
        ("SETP 0,0.1", "SETP? 0", "+100.000E-03"),
        (None, "PID?", "+0010.0000,+0020.0000,+0000.0000"),
        ("PID 0,40,2,0", "PID? 0", "+0040.0000,+0002.0000,+0000.0000"),
        ("PID 0,1001,2,0", "PID? 0", "+0010.0000,+0020.0000,+0000.0000"),
        ("RAMP 0,1,0.5", "RAMP? 0", "1,+00.5000"),
        (None, "RAMPST? 0", "0"),
        ("RAMP 0,1,0.5;SETP 0,0.1", "RAMPST? 0", "1"),
        (None, "CRVHDR? 22", "RuO2           ,SIMULATED ,4,+330.000,1"),
        ('CRVHDR 30,"MINE","123",3,40,1', "CRVHDR? 30", "MINE           ,123       ,3,+040.000,1"),
        ('CRVHDR 1,"MINE","123",3,40,1', "CRVHDR? 1", "User Curve     ,          ,3,+300.000,1"),
        ("CRVPT 30, 1, 3.5, 10.0", "CRVPT? 30,1", "+3.50000E+00,+10.0000E+00,+00.0000E-03"),
        ("CRVPT 30,1,3.5,10.0;CRVDEL 30", "CRVPT? 30,1", "+00.0000E-03,+00.0000E-03,+00.0000E-03"),
        ("CRVDEL 22", "INSET? 4", "1,005,003,00,1"),
        (None, "BRIGT?", "2"),
        ("BRIGT 1", "BRIGT?", "1"),
    ],
)
def test_settings(bridge, command, query, answer):
    if command:
        assert ask(bridge, command) is None
    assert ask(bridge, query) == answer


# Readings


def test_readings_belong_together(bridge):
    kelvin, ohms, quadrature, power = (
        number(bridge, query) for query in ("KRDG? 4", "SRDG? 4", "QRDG? 4", "RDGPWR? 4")
    )
    assert kelvin == pytest.approx(0.01005, rel=0.01)
    assert ohms == pytest.approx(32e3, rel=0.05)
    assert quadrature == pytest.approx(1e-3 * ohms)
    assert power == pytest.approx(63.2e-6**2 / ohms, rel=1e-2)
    assert ask(bridge, "RDGK? 4;RDGR? 4") == ask(bridge, "KRDG? 4;SRDG? 4")
    assert ask(bridge, "KRDG? 04") == ask(bridge, "KRDG? 4")
    assert number(bridge, "RDGPWR? A") == pytest.approx(10e-9**2 * ohms, rel=0.01)


@pytest.mark.parametrize(
    ("command", "channel", "status", "ohms"),
    [
        (None, "4", 0, True),
        (None, "16", 0, False),  # disabled
        ("INSET 16,1,1,3,0,1", "16", 16, False),  # enabled, nothing connected
        ("INTYPE 4,0,4,0,14,0,1", "4", 16, False),  # 32 kOhm in the range of 6.32 kOhm
        ("INTYPE 4,0,4,0,16,0,1", "4", 0, True),
        ("INTYPE 4,0,4,1,16,1,1", "4", 32, False),  # excitation off
        ("INSET 4,1,5,3,0,1", "4", 0, True),  # no curve: no temperature, but a resistance
    ],
)
def test_reading_status(bridge, command, channel, status, ohms):
    if command:
        ask(bridge, command)
    ask(bridge, f"SCAN {channel},0")
    assert int(ask(bridge, f"RDGST? {channel}", 4.0)) == status
    assert bool(number(bridge, f"SRDG? {channel}", 4.0)) == ohms


@pytest.mark.parametrize(("coldest", "hottest", "status"), [(0.02, 1, 128), (0.001, 0.008, 64), (0.001, 1, 0)])
def test_temperature_off_the_curve(bridge, coldest, hottest, status):
    for index, kelvin in enumerate((hottest, coldest), start=1):
        ask(bridge, f"CRVPT 40,{index},{ruthenium_oxide(kelvin):.6g},{kelvin}")
    ask(bridge, "INSET A,1,5,3,40,1")
    assert int(ask(bridge, "RDGST? A", 1.0)) == status
    assert bool(number(bridge, "KRDG? A", 1.0)) == (status == 0)
    assert number(bridge, "SRDG? A", 1.0) > 0


def test_same_seed_same_readings_however_often_asked():
    one, other = (Model372("X", Cryostat(600.0, seed=2), seed=2) for _ in range(2))
    for tenth in range(0, 1000, 7):
        ask(one, "KRDG? 3", tenth / 100)
    message = "SCAN?;" + ";".join(f"KRDG? {n}" for n in "A1234")
    assert ask(one, message, 20.0) == ask(other, message, 20.0)


# Scanner


@pytest.mark.parametrize(
    ("elapsed", "active"), [(0, 1), (7.9, 1), (8, 2), (15.9, 2), (16, 3), (24, 4), (31.9, 4), (32, 1), (104, 2)]
)
def test_autoscan_takes_the_enabled_inputs_in_turn(bridge, elapsed, active):
    assert ask(bridge, "SCAN?", elapsed) == f"{active:02d},1"


def test_dwell_and_pause_are_each_inputs_own(bridge):
    ask(bridge, "INSET 2,1,1,4,21,1;INSET 3,0,5,3,22,1")
    assert [ask(bridge, "SCAN?", elapsed) for elapsed in (7.9, 8, 12.9, 13, 21)] == [
        "01,1", "02,1", "02,1", "04,1", "01,1"
    ]  # fmt: skip


def test_without_autoscan_the_input_stays(bridge):
    ask(bridge, "SCAN 3,0")
    assert ask(bridge, "SCAN?", 60.0) == "03,0"
    ask(bridge, "SCAN 3,1", 60.0)
    assert ask(bridge, "SCAN?", 60.2) == "04,1"


def test_a_single_enabled_input_stays_connected(bridge):
    ask(bridge, "INSET 2,0,5,3,21,1;INSET 3,0,5,3,22,1;INSET 4,0,5,3,22,1")
    assert ask(bridge, "SCAN?", 100.0) == "01,1"


def test_reading_changes_only_while_its_input_dwells():
    bridge = Model372("X", Cryostat(600.0))
    frozen = ask(bridge, "KRDG? 2", 0.0)
    assert ask(bridge, "KRDG? 2", 10.9) == frozen, "input 2 is in its pause"
    first = ask(bridge, "KRDG? 2", 11.0)
    assert first != frozen
    last = ask(bridge, "KRDG? 2", 15.9)
    assert last != first
    assert ask(bridge, "KRDG? 2", 16.0 + CYCLE - 8) == last, "the others have their turn"
    assert ask(bridge, "KRDG? A", 50.0) != ask(bridge, "KRDG? A", 51.0), "the control input is always read"


def test_the_change_pause_is_told(bridge):
    assert [ask(bridge, "RDGSTL?", elapsed) for elapsed in (7.9, 8.0, 10.9, 11.0)] == ["0,0", "0,2", "0,2", "0,0"]


# Heaters


@pytest.mark.parametrize(
    ("commands", "channel", "warmer"),
    [
        ("OUTMODE 0,2,A,0,0,0,1;RANGE 0,4;MOUT 0,100", "A", True),
        ("HTRSET 0,120,0,0,2;OUTMODE 0,2,A,0,0,0,1;RANGE 0,4;MOUT 0,1e-4", "A", True),
        ("OUTMODE 0,2,A,0,0,0,1;MOUT 0,100", "A", False),  # range off
        ("RANGE 0,4;MOUT 0,100", "A", False),  # mode off
        ("OUTMODE 0,1,A,0,0,0,1;RANGE 0,4;MOUT 0,100", "A", False),  # monitor output
        ("OUTMODE 1,2,A,0,0,0,1;RANGE 1,1;MOUT 1,1", "A", True),
        ("RANGE 2,1", "3", True),
        ("STILL 50", "3", False),
        ("OUTMODE 2,2,A,0,0,0,1;MOUT 2,20;RANGE 2,1", "3", True),
    ],
)
def test_a_heater_warms_its_stage(bridge, commands, channel, warmer):
    base = number(bridge, f"KRDG? {channel}")
    ask(bridge, commands)
    ask(bridge, "SCAN 3,0")
    heated = number(bridge, f"KRDG? {channel}", 60.0)
    assert (heated > 1.2 * base) is warmer


def test_power_follows_from_current_and_resistance(bridge):
    ask(bridge, "HTRSET 0,120,0,0,2;OUTMODE 0,2,A,0,0,0,1;RANGE 0,4;MOUT 0,3e-5")
    assert number(bridge, "HTR?", 1.0) == pytest.approx(3e-5)
    ask(bridge, "HTRSET 0,120,0,0,1", 1.0)
    ask(bridge, "MOUT 0,50", 1.0)
    assert number(bridge, "HTR?", 2.0) == pytest.approx(50)
    ask(bridge, "HTRSET 0,120,0,0,2", 2.0)
    ask(bridge, "RANGE 0,0", 2.0)
    assert number(bridge, "HTR?", 3.0) == 0


@pytest.mark.parametrize("source", ["A", "4"])
def test_closed_loop_holds_the_setpoint(bridge, source):
    ask(bridge, f"SCAN 4,0;OUTMODE 0,5,{source},0,0,0,1;PID 0,5,30,0;RANGE 0,5;SETP 0,0.1")
    readings = [number(bridge, f"KRDG? {source}", elapsed) for elapsed in range(600, 660, 5)]
    assert sum(readings) / len(readings) == pytest.approx(0.1, rel=0.01)
    assert 0 < number(bridge, "HTR?") < 100


def test_closed_loop_without_a_setpoint_does_not_heat(bridge):
    ask(bridge, "OUTMODE 0,2,A,0,0,0,1;RANGE 0,5;MOUT 0,100")
    assert number(bridge, "HTR?", 1.0) == 100
    ask(bridge, "OUTMODE 0,5,A,0,0,0,1")
    assert number(bridge, "HTR?", 2.0) == 0


@pytest.mark.parametrize(
    "commands",
    [
        "HTRSET 1,1,0,1e200,1;OUTMODE 1,2,A,0,0,0,1;RANGE 1,1;MOUT 1,100",
        "OUTMODE 0,5,A,0,0,0,1;RANGE 0,8;SETP 0,1e-320",
        "OUTMODE 0,5,A,0,0,0,1;RANGE 0,8;SETP 0,1e300",
        "OUTMODE 0,5,A,0,0,0,1;RANGE 0,8;SETP 0,1e-15;PID 0,1000,1e-15,2500",
        "OUTMODE 0,5,A,0,0,0,1;RANGE 0,8;SETP 0,1;PID 0,0,1e-320,0",
        "CRVPT 40,1,1,1e308;CRVPT 40,2,1e8,0;INSET A,1,5,3,40,1",
        "MOUT 0,5e-324",
    ],
)
def test_absurd_numbers_do_not_stop_time(bridge, commands):
    ask(bridge, commands)
    assert 0 <= number(bridge, "KRDG? A", 2.0) < 1e9
    assert number(bridge, "MOUT? 0") == 0
    assert number(bridge, "HTR?") <= 100


def test_setpoint_ramps(bridge):
    ask(bridge, "SCAN 4,0;OUTMODE 0,5,A,0,0,0,1;PID 0,5,30,0;RANGE 0,5;SETP 0,0.02")
    ask(bridge, "RAMP 0,1,0.012;SETP 0,0.08", 300.0)
    assert ask(bridge, "RAMPST? 0", 400.0) == "1"
    assert 0.03 < number(bridge, "KRDG? A", 450.0) < 0.07
    assert ask(bridge, "RAMPST? 0", 610.0) == "0"
    assert number(bridge, "KRDG? A", 800.0) == pytest.approx(0.08, rel=0.03)


def test_temperature_limit_switches_the_outputs_off(bridge):
    ask(bridge, "TLIMIT A,0.05;OUTMODE 0,2,A,0,0,0,1;RANGE 0,5;MOUT 0,100;RANGE 2,1")
    assert ask(bridge, "RANGE? 0;RANGE? 2", 0.2) == "5;1"
    assert ask(bridge, "RANGE? 0;RANGE? 2", 60.0) == "0;0"
    assert number(bridge, "KRDG? A", 100.0) < 0.02


# Alarms, extremes, power


@pytest.mark.parametrize(
    ("alarm", "status", "relays"),
    [
        ("ALARM A,1,1,0.005,0.001,0,0,1,1", "1,0", "0;1"),  # 10 mK is above 5 mK
        ("ALARM A,1,1,0.02,0.015,0,0,1,1", "0,1", "1;0"),
        ("ALARM A,1,1,0.02,0.001,0,0,1,1", "0,0", "0;0"),
        ("ALARM A,0,1,0.005,0.001,0,0,1,1", "0,0", "0;0"),
        ("ALARM A,1,2,100,1,0,0,1,1", "1,0", "0;1"),  # 32 kOhm
    ],
)
def test_an_alarm_of_the_instrument_switches_its_relays(bridge, alarm, status, relays):
    ask(bridge, f"{alarm};RELAY 1,2,A,0;RELAY 2,2,A,1")
    assert ask(bridge, "ALARMST? A", 1.0) == status
    assert ask(bridge, "RELAYST? 1;RELAYST? 2", 1.0) == relays


def test_a_latched_alarm_stays_until_it_is_reset(bridge):
    ask(bridge, "ALARM A,1,1,0.02,0,0.001,1;OUTMODE 0,2,A,0,0,0,1;RANGE 0,5;MOUT 0,100")
    assert ask(bridge, "ALARMST? A", 60.0) == "1,0"
    ask(bridge, "RANGE 0,0", 60.0)
    assert number(bridge, "KRDG? A", 300.0) < 0.015
    assert ask(bridge, "ALARMST? A", 300.0) == "1,0"
    ask(bridge, "ALMRST", 300.0)
    assert ask(bridge, "ALARMST? A", 301.0) == "0,0"


def test_extremes_since_a_reset(bridge):
    ask(bridge, "OUTMODE 0,2,A,0,0,0,1;RANGE 0,5;MOUT 0,100")
    hot = number(bridge, "KRDG? A", 60.0)
    lowest, highest = map(float, ask(bridge, "MDAT? A", 60.0).split(","))
    assert lowest < 0.011 < hot * 0.99 < highest
    ask(bridge, "MNMXRST", 60.0)
    lowest, highest = map(float, ask(bridge, "MDAT? A", 60.1).split(","))
    assert lowest == highest


@pytest.mark.parametrize(("continuous", "scale"), [(0, "0"), (1, "1")])
def test_the_warm_up_heater_ends_at_the_setpoint_unless_it_is_continuous(bridge, continuous, scale):
    ask(bridge, f"SETP 1,0.05;OUTMODE 1,6,A,0,0,0,1;WARMUP {continuous},0.5;RANGE 1,1")
    assert number(bridge, "AOUT? 1", 1.0) == 0.5
    assert ask(bridge, "RANGE? 1", 120.0) == scale


def test_power_is_forgotten_by_outputs_and_kept_by_settings(bridge):
    ask(bridge, "TLIMIT A,5;*ESE 32;OUTMODE 0,2,A,1,0,0,1;RANGE 0,5;OUTMODE 1,2,A,0,0,0,1;RANGE 1,1;*CLS")
    bridge.power_on()
    assert ask(bridge, "*ESR?;*ESE?;TLIMIT? A;RANGE? 0;RANGE? 1") == "128;000;+005.000;5;0"
