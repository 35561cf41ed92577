"""The toy cryostat keeps to physics."""

from __future__ import annotations

import numpy as np
import pytest

from livemon.instruments.common.cryostat import ROOM, STAGES, VACUUM_CAN, Cryostat

BASE = {"50K plate": (30, 45), "4K plate": (2.6, 4.2), "Still": (0.4, 1.0), "Mixing chamber": (0.008, 0.015)}


def temperatures(cryostat: Cryostat) -> np.ndarray:
    return np.array([cryostat.temperature(stage) for stage in STAGES])


def test_starts_at_room_temperature():
    np.testing.assert_allclose(temperatures(Cryostat()), ROOM)


@pytest.mark.parametrize("cooldown", [6.0, 600.0])
def test_cools_monotonely_to_base_in_the_time_asked_for(cooldown):
    cryostat = Cryostat(cooldown, drift=0)
    near_base = 1.1 * Cryostat(0).temperature("Mixing chamber")
    before = temperatures(cryostat)
    for step in range(1, 101):
        cryostat.advance(cooldown * step / 100)
        now = temperatures(cryostat)
        assert (now <= before * (1 + 1e-6)).all(), f"something warmed up in step {step}"
        before = now
        if step == 95:
            assert cryostat.temperature("Mixing chamber") > near_base
    assert cryostat.temperature("Mixing chamber") <= near_base
    for stage, (low, high) in BASE.items():
        assert low < cryostat.temperature(stage) < high


@pytest.mark.parametrize("cooldown", [1e-9, 0.01])
def test_a_cool_down_in_no_time_does_not_take_for_ever(cooldown):
    cryostat = Cryostat(cooldown, drift=0)
    cryostat.advance(0.1)
    np.testing.assert_allclose(temperatures(cryostat), temperatures(Cryostat(0)), rtol=1e-3)


def test_a_cold_start_is_where_the_cool_down_ends():
    warm = Cryostat(10.0, drift=0)
    warm.advance(30.0)
    np.testing.assert_allclose(temperatures(warm), temperatures(Cryostat(0)), rtol=1e-4)


def test_temperature_depends_on_time_and_seed_only():
    asked_often, asked_once, other = Cryostat(60.0, seed=4), Cryostat(60.0, seed=4), Cryostat(60.0, seed=5)
    for second in np.arange(0, 20, 0.37):
        asked_often.advance(second)
        asked_often.temperature("Still")
    for cryostat in (asked_often, asked_once, other):
        cryostat.advance(20.0)
    np.testing.assert_array_equal(temperatures(asked_often), temperatures(asked_once))
    assert (temperatures(other) != temperatures(asked_once)).any()


def test_time_never_goes_back():
    cryostat = Cryostat(60.0)
    cryostat.advance(20.0)
    before = temperatures(cryostat)
    cryostat.advance(10.0)
    np.testing.assert_array_equal(temperatures(cryostat), before)


def test_temperature_has_no_jumps_between_steps():
    cryostat = Cryostat(600.0)
    series = []
    for second in np.arange(0, 5, 0.01):
        cryostat.advance(second)
        series.append(cryostat.temperature("50K plate"))
    assert np.abs(np.diff(series)).max() < 0.1


@pytest.mark.parametrize(("stage", "watts"), [("Mixing chamber", 1e-5), ("Still", 0.01), ("4K plate", 0.5)])
def test_a_heater_warms_its_stage_and_lets_go_of_it(stage, watts):
    cryostat = Cryostat(0, drift=0)
    base = cryostat.temperature(stage)
    cryostat.heat(stage, watts)
    cryostat.advance(300.0)
    heated = cryostat.temperature(stage)
    assert heated > 1.1 * base
    cryostat.heat(stage, 0.0)
    cryostat.advance(900.0)
    assert cryostat.temperature(stage) == pytest.approx(base, rel=0.02)


def test_mixing_chamber_follows_the_dilution_law():
    cryostat = Cryostat(0, drift=0)
    base = cryostat.temperature("Mixing chamber")
    cryostat.heat("Mixing chamber", 400e-6)
    cryostat.advance(600.0)
    # 84 J/(mol K^2) x 500 umol/s x T^2, above the base load
    assert 84 * 500e-6 * (cryostat.temperature("Mixing chamber") ** 2 - base**2) == pytest.approx(400e-6, rel=0.05)


def test_drifts_slowly_at_base():
    cryostat = Cryostat(0, seed=1)
    series = []
    for minute in range(60):
        cryostat.advance(60.0 * minute)
        series.append(cryostat.temperature("Mixing chamber"))
    series = np.array(series)
    assert 1e-3 < np.ptp(series) / series.mean() < 0.1
    # Not white: neighbouring minutes are far closer than the whole range.
    assert np.abs(np.diff(series)).mean() < 0.2 * np.ptp(series)


def test_the_vacuum_can_stays_at_room_temperature():
    cryostat = Cryostat(60.0)
    cryostat.advance(60.0)
    assert cryostat.temperature(VACUUM_CAN) == pytest.approx(ROOM, abs=1)


def test_unknown_stage():
    with pytest.raises(KeyError):
        Cryostat().temperature("Basement")
