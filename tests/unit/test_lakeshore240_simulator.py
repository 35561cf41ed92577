"""The Model 240: every command of its table, and readings that are honest."""

from __future__ import annotations

import pytest

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.lakeshore240.simulator import Model240


@pytest.fixture
def module() -> Model240:
    return Model240("LSA21OQ", Cryostat(600.0), labels={1: "4K plate", 2: "a name that is too long"})


def ask(module: Model240, message: str, elapsed: float = 0.0) -> str | None:
    return module.handle(message, elapsed)


def test_identification_names_the_number_of_inputs(module):
    maker, model, serial, firmware = ask(module, "*IDN?").split(",")
    assert (maker, model[-2:], serial) == ("LSCI", "8P", "LSA21OQ")
    assert firmware


@pytest.mark.parametrize(
    ("command", "query", "answer"),
    [
        (None, "MODNAME?", "LSA21OQ"),
        ("MODNAME cold lab", "MODNAME?", "cold lab"),
        (None, "BRIGT?", "100"),
        ("BRIGT 25", "BRIGT?", "25"),
        ("BRIGT 26", "BRIGT?", "100"),
        (None, "INNAME? 1", "4K plate"),
        (None, "INNAME? 2", "a name that is "),
        ("INNAME 3,Shield", "INNAME? 3", "Shield"),
        ('INNAME 3,"Shield"', "INNAME? 3", "Shield"),
        (None, "INTYPE? 1", "1,0,0,0,1,1"),
        ("INTYPE 1,3,0,4,1,2,0", "INTYPE? 1", "3,0,4,1,2,0"),
        ("INTYPE 1,1,0,0,1,1,1", "INTYPE? 1", "1,0,0,0,1,1"),  # a diode has no current reversal
        ("INTYPE 1,1,0,4,0,1,1", "INTYPE? 1", "1,0,0,0,1,1"),  # nor ranges
        ("INTYPE 1,4,0,0,0,1,1", "INTYPE? 1", "1,0,0,0,1,1"),
        (None, "INTYPE? 5", "3,1,5,1,1,1"),  # autorange shows the range in use: 1.0 kOhm in 3 kOhm
        (None, "INTYPE? 8", "1,0,0,0,1,0"),
        (None, "FILTER? 1", "10"),
        ("FILTER 1,100", "FILTER? 1", "100"),
        ("FILTER 1,101", "FILTER? 1", "10"),
        (None, "CRVHDR? 7", "Pt100,SIMULATED,3,330.000,2"),
        ("CRVHDR 1,DT-670,D6012345,2,325.0,1", "CRVHDR? 1", "DT-670,D6012345,2,325.000,1"),
        ("CRVPT 1,200,1.6443,1.4", "CRVPT? 1,200", "+1.64430E+00,+1.40000E+00"),
        ("CRVDEL 1", "CRVPT? 1,1", "+00.0000E-03,+00.0000E-03"),
        ("DFLT 99", "INTYPE? 1", "1,0,0,0,1,0"),
        ("DFLT 1", "INTYPE? 1", "1,0,0,0,1,1"),
        (None, "ADDR?", "126"),
        ("ADDR 5", "ADDR?", "5"),
        (None, "PROFINUM?", "8"),
        ("PROFINUM 4", "PROFINUM?", "4"),
        (None, "PROFISLOT? 2", "2,1"),
        ("PROFISLOT 2,7,3", "PROFISLOT? 2", "7,3"),
        (None, "PROFISTAT?", "0"),
    ],
)
def test_settings(module, command, query, answer):
    if command:
        assert ask(module, command) is None
    assert ask(module, query) == answer


def test_readings_belong_together(module):
    kelvin, celsius, fahrenheit, volts = (
        float(answer) for answer in ask(module, "KRDG? 1;CRDG? 1;FRDG? 1;SRDG? 1", 30.0).split(";")
    )
    assert 100 < kelvin < 300
    assert celsius == pytest.approx(kelvin - 273.15, abs=1e-3)
    assert fahrenheit == pytest.approx(kelvin * 1.8 - 459.67, abs=2e-3)
    assert 0.5 < volts < 1.1


def test_channels_follow_the_cool_down(module):
    warm = [float(ask(module, f"KRDG? {n}", 0.0)) for n in range(1, 9)]
    cold = [float(ask(module, f"KRDG? {n}", 700.0)) for n in range(1, 9)]
    assert warm[:7] == pytest.approx([295] * 7, abs=5)
    assert cold[:6] == pytest.approx([36, 40, 2.84, 2.84, 0.45, 0.05], rel=0.05)
    assert cold[6] == pytest.approx(295, abs=1)
    assert [ask(module, f"RDGST? {n}") for n in range(1, 9)] == ["000"] * 7 + ["001"]


def test_same_seed_same_readings_however_often_asked():
    one, other = (Model240("X", Cryostat(600.0, seed=2), seed=2) for _ in range(2))
    for tenth in range(100):
        ask(one, "KRDG? 3", tenth / 10)
    assert ask(one, "KRDG? 3;SRDG? 5", 20.0) == ask(other, "KRDG? 3;SRDG? 5", 20.0)


@pytest.mark.parametrize(
    ("command", "channel", "status", "sensor_reads"),
    [
        ("INTYPE 8,1,0,0,0,1,1", 8, "064", False),  # nothing connected
        ("INTYPE 5,3,0,2,1,1,1", 5, "064", False),  # 1 kOhm in the range of 100 Ohm
        ("CRVDEL 1", 1, "048", True),
        ("CRVPT 7,1,99,260;CRVPT 7,2,100,270", 7, "000", True),
    ],
)
def test_reading_status(module, command, channel, status, sensor_reads):
    ask(module, command)
    assert ask(module, f"RDGST? {channel}") == status
    assert bool(float(ask(module, f"SRDG? {channel}"))) == sensor_reads
    assert bool(float(ask(module, f"KRDG? {channel}"))) == (status == "000")


@pytest.mark.parametrize(("hottest", "status"), [(200, "032"), (330, "000")])
def test_temperature_above_the_curve(module, hottest, status):
    ask(module, "CRVDEL 7;CRVHDR 7,short,1,3,400,2;CRVPT 7,1,20.2,77")
    ask(module, f"CRVPT 7,2,{100 * (hottest / 273.15):.3f},{hottest}")
    assert ask(module, "RDGST? 7") == status


def test_a_longer_filter_gives_less_noise(module):
    def spread(first: int) -> float:
        readings = [float(ask(module, "SRDG? 7", first + tenth / 10)) for tenth in range(60)]
        return max(readings) - min(readings)

    noisy = spread(10)
    ask(module, "FILTER 7,100")
    assert spread(20) < 0.6 * noisy


def test_an_input_that_is_disabled_repeats_its_last_temperature(module):
    """As real ones do (simonsobs/socs issue 542): the temperature stays, the sensor reads 0."""
    last = ask(module, "KRDG? 1;CRDG? 1;FRDG? 1", 30.0)
    ask(module, "INTYPE 1,1,0,0,0,1,0", 30.0)
    assert ask(module, "KRDG? 1;CRDG? 1;FRDG? 1", 300.0) == last
    assert ask(module, "SRDG? 1;RDGST? 1", 300.0) == "+00.0000E-03;001"
    ask(module, "INTYPE 1,1,0,0,0,1,1", 300.0)
    assert ask(module, "KRDG? 1", 300.0) != last.split(";")[0]


def test_an_input_that_was_never_enabled_has_no_temperature_to_repeat(module):
    assert float(ask(module, "KRDG? 8", 30.0)) == 0


def test_without_power_the_last_temperature_is_forgotten(module):
    ask(module, "INTYPE 1,1,0,0,0,1,0", 30.0)
    module.power_on()
    assert float(ask(module, "KRDG? 1", 31.0)) == 0
