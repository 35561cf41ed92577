"""Curves and sensors: what a thermometer shows, and what an instrument makes of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from livemon.instruments.common.curves import Curve, CurveFormat, CurveHeader, Kelvin
from livemon.instruments.common.sensors import DIODE, PLATINUM, RUTHENIUM_OXIDE, ZIRCONIUM_OXYNITRIDE, Sensor

KINDS = pytest.mark.parametrize("kind", [DIODE, PLATINUM, RUTHENIUM_OXIDE, ZIRCONIUM_OXYNITRIDE], ids=lambda k: k.name)


@KINDS
def test_curve_gives_back_the_temperature(kind):
    curve = kind.curve()
    for kelvin in np.geomspace(kind.coldest * 1.01, kind.hottest * 0.99, 57):
        assert curve.to_kelvin(kind.response(kelvin)).value == pytest.approx(kelvin, rel=2e-3)


@KINDS
def test_off_the_curve_is_said_and_gives_zero(kind):
    curve = kind.curve()
    assert curve.to_kelvin(kind.response(kind.coldest * 0.9)) == Kelvin(0.0, under=True)
    assert curve.to_kelvin(kind.response(kind.hottest * 1.1)) == Kelvin(0.0, over=True)


@KINDS
def test_response_is_monotone_as_the_coefficient_says(kind):
    responses = [kind.response(kelvin) for kelvin in np.geomspace(kind.coldest, kind.hottest, 300)]
    assert (np.diff(responses) > 0).all() == (kind.curve().header.coefficient == 2)
    assert (np.diff(responses) < 0).all() == (kind.curve().header.coefficient == 1)


@pytest.mark.parametrize(
    ("kind", "kelvin", "value"),
    [
        (PLATINUM, 273.15, 100.0),
        (PLATINUM, 373.15, 138.51),  # IEC 60751
        (PLATINUM, 77.15, 20.24),  # IEC 60751 at -196 °C: 20.25
        (DIODE, 300, 0.5368),
        (RUTHENIUM_OXIDE, 300, 1000),
    ],
)
def test_known_values(kind, kelvin, value):
    assert kind.response(kelvin) == pytest.approx(value, rel=1e-3)


def test_points_may_come_in_any_order_and_go_again():
    curve = Curve(CurveHeader(format=CurveFormat.OHMS))
    assert curve.to_kelvin(15) == Kelvin(0.0, over=True, under=True)
    curve.set_point(2, 20, 100)
    curve.set_point(1, 10, 200)
    assert curve.to_kelvin(15).value == pytest.approx(150)
    assert curve.to_kelvin(9).over
    assert curve.to_kelvin(21).under
    curve.set_point(2, 0, 0)
    assert curve.to_kelvin(15) == Kelvin(0.0, over=True, under=True)


def test_no_resistance_is_off_a_logarithmic_curve():
    assert RUTHENIUM_OXIDE.curve().to_kelvin(0.0).over


def test_noise_is_small_belongs_to_the_time_and_differs_between_inputs():
    sensor, other = Sensor(RUTHENIUM_OXIDE, seed=3, input_number=1), Sensor(RUTHENIUM_OXIDE, seed=3, input_number=2)
    readings = np.array([sensor.reading(1.0, t / 10) for t in range(400)])
    assert sensor.reading(1.0, 2.0) == readings[20]
    assert other.reading(1.0, 2.0) != readings[20]
    relative = readings / RUTHENIUM_OXIDE.response(1.0) - 1
    assert relative.std() == pytest.approx(RUTHENIUM_OXIDE.noise, rel=0.2)
    averaged = np.array([sensor.reading(1.0, t / 10, averaged=10) for t in range(400)])
    assert averaged.std() == pytest.approx(readings.std() / math.sqrt(10), rel=1e-6)


def test_open_input_reads_infinite():
    assert Sensor(None, seed=0, input_number=1).reading(4.2, 0.0) == math.inf
