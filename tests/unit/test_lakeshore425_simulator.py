"""The Model 425: every command of its table, and readings that are honest."""

from __future__ import annotations

import math

import pytest

from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.faults import parse
from livemon.instruments.lakeshore425.simulator import MAGNET, NEW_READING, OVERLOAD, ZERO_DONE, Model425


@pytest.fixture
def meter() -> Model425:
    return Model425("4250022", Cryostat(600.0), seed=1)


def ask(meter: Model425, message: str, elapsed: float = 0.0) -> str | None:
    return meter.handle(message, elapsed)


def test_its_identity_is_that_of_the_manual(meter):
    assert ask(meter, "*IDN?").rpartition(",")[0] == "LSCI,MODEL425,4250022"


@pytest.mark.parametrize(
    ("command", "query", "answer"),
    [
        (None, "UNIT?", "1"),
        ("UNIT 2", "UNIT?", "2"),
        ("UNIT 5", "UNIT?", "1"),
        (None, "AUTO?", "1"),
        ("AUTO 0", "AUTO?", "0"),
        (None, "RANGE?", "2"),
        ("RANGE 4", "RANGE?", "4"),
        ("RANGE 4", "AUTO?", "0"),
        ("RANGE 0", "RANGE?", "2"),
        (None, "TYPE?", "40"),
        (None, "RDGMODE?", "1,1,1"),
        ("RDGMODE 2,3,2", "RDGMODE?", "2,3,2"),
        (None, "REL?", "0"),
        ("REL 1", "REL?", "1"),
        ("RELSP 1200", "RELSP?", "+1.20000E+03"),
        ("RELAY 2,1", "RELAY?", "2,1"),
        ("ALARM 1,1,100,300,1,0,0", "ALARM?", "1,1,+100.000E+00,+300.000E+00,1,0,0"),
    ],
)
def test_settings(meter, command, query, answer):
    if command:
        assert ask(meter, command) is None
    assert ask(meter, query) == answer


@pytest.mark.parametrize(("unit", "factor"), [(1, 1.0), (2, 1e-4), (3, 1.0), (4, 1000 / (4 * math.pi))])
def test_a_reading_is_in_the_unit_that_is_set(meter, unit, factor):
    gauss = float(ask(meter, "RDGFIELD?"))
    assert gauss == pytest.approx(MAGNET, abs=0.2)
    assert float(ask(meter, f"UNIT {unit};RDGFIELD?")) == pytest.approx(gauss * factor, rel=1e-5)


def test_the_field_drifts_and_has_noise_that_the_seed_sets(meter):
    course = [float(ask(meter, "RDGFIELD?", second)) for second in range(0, 600, 50)]
    assert max(course) - min(course) > 0.01 * MAGNET
    again = Model425("other", Cryostat(600.0), seed=1)
    assert [float(ask(again, "RDGFIELD?", second)) for second in range(0, 600, 50)] == course
    assert float(ask(Model425("other", Cryostat(600.0), seed=2), "RDGFIELD?")) != course[0]


def test_a_field_beyond_the_range_is_an_overload(meter):
    assert ask(meter, "OPST?") == f"{NEW_READING}"
    ask(meter, "RANGE 1")
    assert int(ask(meter, "OPST?")) & OVERLOAD
    assert float(ask(meter, "RDGFIELD?")) == 35.0
    ask(meter, "AUTO 1")
    assert not int(ask(meter, "OPST?", 1.0)) & OVERLOAD


def test_faults_of_readings(meter):
    meter.faults.add(parse("over-range,after=10,for=5", 0.0, meter.INPUTS))
    meter.faults.add(parse("frozen,after=20", 0.0, meter.INPUTS))
    assert [int(ask(meter, "OPST?", second)) & OVERLOAD for second in (9, 11, 16)] == [0, OVERLOAD, 0]
    assert ask(meter, "RDGFIELD?", 19) == ask(meter, "RDGFIELD?", 25) == ask(meter, "RDGFIELD?", 90)


def test_the_largest_reading_is_kept_until_a_reset_or_a_power_cycle(meter):
    largest = max(float(ask(meter, "RDGFIELD?", second)) for second in range(300))
    assert float(ask(meter, "RDGMX?", 450.0)) == pytest.approx(largest)
    assert ask(meter, "RDGMNMX?", 450.0) == f"+00.0000E-03,{ask(meter, 'RDGMX?', 450.0)}"
    for forget in (lambda: ask(meter, "MXRST", 450.0), meter.power_on):
        ask(meter, "RDGFIELD?", 450.0)
        forget()
        assert ask(meter, "RDGMX?", 450.0) == ask(meter, "RDGFIELD?", 450.0)


def test_a_relative_reading_is_the_field_beyond_the_setpoint(meter):
    assert float(ask(meter, "RELSP 200;RDGREL?")) == pytest.approx(float(ask(meter, "RDGFIELD?")) - 200, abs=1e-3)


def test_zeroing_takes_the_present_field_as_zero_until_it_is_cleared(meter):
    before = ask(meter, "RDGFIELD?")
    ask(meter, "ZPROBE")
    assert float(ask(meter, "RDGFIELD?")) == pytest.approx(0.0, abs=1e-9)
    assert int(ask(meter, "OPST?")) & ZERO_DONE
    ask(meter, "ZCLEAR")
    assert ask(meter, "RDGFIELD?") == before
    assert not int(ask(meter, "OPST?")) & ZERO_DONE
