"""The Model 370: every command of its table, the scanner, honest status bits, a heater that heats."""

from __future__ import annotations

from copy import deepcopy

import pytest

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.faults import parse
from livemon.instruments.common.sensors import ruthenium_oxide
from livemon.instruments.lakeshore370.simulator import Model370

CYCLE = 4 * (3 + 5)


@pytest.fixture(scope="module")
def cold_cryostat() -> Cryostat:
    return Cryostat(0, drift=0)


@pytest.fixture
def bridge(cold_cryostat) -> Model370:
    return Model370("LSA14A2", deepcopy(cold_cryostat), seed=1)


def ask(bridge: Model370, message: str, elapsed: float = 0.0) -> str | None:
    return bridge.handle(message, elapsed)


def number(bridge: Model370, message: str, elapsed: float = 0.0) -> float:
    return float(ask(bridge, message, elapsed))


@pytest.mark.parametrize(
    ("command", "query", "answer"),
    [
        (None, "*IDN?", "LSCI,MODEL370,LSA14A2,1.3"),
        (None, "SCAN?", "01,1"),
        ("SCAN 3,0", "SCAN?", "03,0"),
        ("SCAN 17,0", "SCAN?", "01,1"),
        (None, "INSET? 1", "1,005,003,01,1"),
        (None, "INSET? 6", "0,005,003,00,1"),
        ("INSET 2,0,010,005,02,2", "INSET? 2", "0,010,005,02,2"),
        ("INSET 2,1,10,5,20,1", "INSET? 2", "1,010,005,00,1"),  # no such curve
        ("INSET 2,1,201,5,1,1", "INSET? 2", "1,005,003,01,1"),
        ("INSET 2,1,10,2,1,1", "INSET? 2", "1,005,003,01,1"),
        ("INSET 0,1,7,4,2,1", "INSET? 9", "1,007,004,02,1"),
        (None, "RDGRNG? 4", "0,04,16,1,0"),  # autorange shows the range in use: 32 kOhm in 63.2 kOhm
        ("RDGRNG 4,1,08,17,0,0", "RDGRNG? 4", "1,08,17,0,0"),
        ("RDGRNG 4,0,13,17,0,0", "RDGRNG? 4", "0,04,16,1,0"),
        ("RDGRNG 0,1,08,17,0,1", "RDGRNG? 16", "1,08,17,0,1"),
        (None, "CRVHDR? 2", "RuO2           ,SIMULATED ,4,+330.000,1"),
        ("CRVHDR 3,RX-102A,U02914,4,40.0,1", "CRVHDR? 3", "RX-102A        ,U02914    ,4,+040.000,1"),
        ("CRVHDR 21,RX-102A,U02914,4,40.0,1", "CRVHDR? 1", "ZrON           ,SIMULATED ,4,+330.000,1"),
        ("CRVPT 3,1,3.5,1.4", "CRVPT? 3,1", "+3.50000E+00,+1.40000E+00"),
        ("CRVDEL 1", "INSET? 1", "1,005,003,00,1"),
        (None, "CMODE?", "4"),
        ("CMODE 3", "CMODE?", "3"),
        ("CMODE Off", "CMODE?", "4"),
        ("CPOL 1", "CPOL?", "1"),
        (None, "CSET?", "04,0,1,005,1,8,100.000"),
        ("CSET 3,1,2,10,2,5,120", "CSET?", "03,1,2,010,2,5,120.000"),
        ("CSET 3,1,kelvin,10,2,5,120", "CSET?", "04,0,1,005,1,8,100.000"),
        ("HTRRNG 4", "HTRRNG?", "4"),
        ("CSET 3,1,1,10,1,3,120;HTRRNG 4", "HTRRNG?", "0"),
        ("HTRRNG 4;CSET 3,1,1,10,1,3,120", "HTRRNG?", "3"),
        ("MOUT 50", "MOUT?", "+50.0000E+00"),
        ("MOUT 101", "MOUT?", "+00.0000E-03"),
        ("SETP 0.1", "SETP?", "+100.000E-03"),
        ("PID 10,,5", "PID?", "+10.0000E+00,+20.0000E+00,+5.00000E+00"),
    ],
)
def test_settings(bridge, command, query, answer):
    if command:
        assert ask(bridge, command) is None
    assert ask(bridge, query) == answer


def test_the_scanner_visits_the_enabled_inputs_and_the_others_keep_their_readings(bridge):
    seen = [ask(bridge, "SCAN?", second)[:2] for second in range(0, CYCLE, 8)]
    assert seen == ["01", "02", "03", "04"]
    still = ask(bridge, "RDGR? 3", CYCLE)
    assert ask(bridge, "RDGR? 3", CYCLE + 16 + 2.5) == still  # in its own pause
    assert ask(bridge, "RDGR? 3", CYCLE + 16 + 4) != still


def test_readings_belong_together(bridge):
    ask(bridge, "SCAN 4,0")
    kelvin, ohms = number(bridge, "RDGK? 4", 10.0), number(bridge, "RDGR? 4", 10.0)
    assert kelvin == pytest.approx(0.010, rel=0.1)
    assert ohms == pytest.approx(ruthenium_oxide(kelvin), rel=1e-3)
    assert number(bridge, "RDGPWR? 4", 10.0) == pytest.approx(63.2e-6**2 / ohms, rel=1e-2)
    ask(bridge, "RDGRNG 4,1,8,16,1,0")
    assert number(bridge, "RDGPWR? 4", 10.0) == pytest.approx(3.16e-9**2 * ohms, rel=1e-2)


@pytest.mark.parametrize(
    ("command", "status", "kelvin_reads", "ohms_read"),
    [
        (None, "000", True, True),
        ("RDGRNG 4,0,4,10,0,0", "016", False, False),  # 63.2 ohm for 32 kohm
        ("RDGRNG 4,0,4,16,1,1", "032", False, False),
        ("INSET 4,1,5,3,0,1", "000", False, True),
        ("INSET 4,0,5,3,2,1", "000", False, False),
    ],
)
def test_reading_status(bridge, command, status, kelvin_reads, ohms_read):
    ask(bridge, "SCAN 4,0")
    if command:
        ask(bridge, command)
    assert ask(bridge, "RDGST? 4", 10.0) == status
    assert bool(number(bridge, "RDGK? 4", 10.0)) == kelvin_reads
    assert bool(number(bridge, "RDGR? 4", 10.0)) == ohms_read


def test_a_resistance_that_is_not_on_the_curve_has_a_status_and_no_temperature(bridge):
    ask(bridge, "SCAN 1,0;INSET 1,1,5,3,2,1")  # what a ZrON film reads at 50 K, by the curve of a RuO2 chip
    assert ask(bridge, "RDGST? 1;RDGK? 1", 10.0) == "064;+00.0000E-03"
    assert number(bridge, "RDGR? 1", 10.0) > 0


def test_faults_of_readings(bridge):
    ask(bridge, "SCAN 4,0")
    bridge.faults.add(parse("over-range,channel=4,after=10,for=5", 0.0, bridge.INPUTS))
    bridge.faults.add(parse("frozen,channel=4,after=20", 0.0, bridge.INPUTS))
    assert [ask(bridge, "RDGST? 4", second) for second in (9, 11, 16)] == ["000", "016", "000"]
    assert ask(bridge, "RDGR? 4", 20) == ask(bridge, "RDGR? 4", 90)


def test_the_heater_heats_in_open_loop_until_the_power_fails(bridge):
    ask(bridge, "SCAN 4,0")
    cold = number(bridge, "RDGK? 4", 5.0)
    ask(bridge, "CMODE 3;HTRRNG 6;MOUT 50", 5.0)
    assert number(bridge, "HTR?", 6.0) == 50
    warm = number(bridge, "RDGK? 4", 60.0)
    assert warm > 1.5 * cold
    bridge.power_on()
    assert ask(bridge, "HTRRNG?", 60.0) == "0"
    assert number(bridge, "RDGK? 4", 120.0) < warm


def test_a_closed_loop_reaches_its_setpoint(bridge):
    ask(bridge, "SCAN 4,0;CMODE 1;PID 10,20,0;SETP 0.05;HTRRNG 6", 5.0)
    assert number(bridge, "RDGK? 4", 200.0) == pytest.approx(0.05, rel=0.05)
