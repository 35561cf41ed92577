"""The synthetic weather."""

from __future__ import annotations

import numpy as np
import pytest

from livemon.nodes.weather import INTERVAL, YEAR, WeatherNode, weather

NOW = 1_800_000_123.0
DAY = 86400.0
PLAUSIBLE = {
    "temperature": (-30, 25),
    "dewpoint": (-60, 25),
    "pressure": (545, 567),
    "humidity": (3, 100),
    "windspeed": (0, 20),
    "winddirection": (0, 360),
    "radiometer": (0, 6),
}


@pytest.fixture
def node():
    node = WeatherNode("weather", "Weather (synthetic)", clock=lambda: NOW)
    node.observe()
    return node


@pytest.mark.parametrize(("start", "end"), [(-DAY, 0), (-YEAR + DAY, -YEAR + 2 * DAY), (NOW - 3600, NOW)])
def test_any_interval_of_the_last_year_has_weather(node, start, end):
    answer = node.get_data(list(PLAUSIBLE), start, end)
    times = answer["timeline"]["weather"]["t"]
    first, last = (when if when > 0 else NOW + when for when in (start, end))
    assert len(times) == pytest.approx((last - first) / INTERVAL, abs=1)
    assert first <= times[0] < times[-1] < last
    for key, (low, high) in PLAUSIBLE.items():
        values = answer["data"][key]
        assert len(values) == len(times)
        assert low <= min(values) < max(values) <= high


def test_a_year_keeps_within_the_points_asked_for_and_keeps_extremes(node):
    start, stride = NOW - 300 * DAY, 300 * DAY / 500
    answer = node.get_data(["temperature"], start, NOW, stride)
    times, values = answer["timeline"]["weather"]["t"], answer["data"]["temperature"]
    assert len(times) <= 501
    assert np.diff(times).min() >= stride - 1e-6
    grid = np.arange(np.ceil(start / INTERVAL), NOW / INTERVAL) * INTERVAL
    everything = weather(grid)["temperature"]
    assert (min(values), max(values)) == (everything.min(), everything.max())


def test_the_weather_is_the_same_in_every_node_at_any_time(node):
    later = WeatherNode("other", "", window=DAY, clock=lambda: NOW + 3600)
    later.observe()
    wanted = (["humidity", "windspeed"], NOW - 7200, NOW)
    assert later.get_data(*wanted)["data"] == node.get_data(*wanted)["data"]


def test_it_goes_on(node):
    before = node.get_last()["temperature"]
    node.clock = lambda: NOW + INTERVAL
    node.observe()
    node.observe()
    after = node.get_last()["temperature"]
    assert after[0] == before[0] + INTERVAL
    assert after[1] != before[1]


def test_it_cannot_be_mistaken_for_a_real_station(node):
    fields, _ = node.get_fields()
    assert all("synthetic" in about["label"] for about in fields.values())


def test_day_is_warmer_than_night():
    noon, midnight = (
        weather(np.arange(NOW // DAY, NOW // DAY + 300) * DAY + hour * 3600)["temperature"].mean() for hour in (15, 3)
    )
    assert noon > midnight + 5
