"""Combinations of series that are not sampled together: no number that nobody measured (docs/decisions/0030)."""

import math
import time

import numpy as np
import pytest
from memory_source import Irregular, MemorySource, Samples

from livemon.bridge.app import create_app
from livemon.bridge.graphite.cadence import cadence
from livemon.bridge.graphite.series import Window

START = 1_700_006_400
FAST, CHANGE = 0.1, 3.0
"""Seconds between samples of a visit, and from one channel to the next."""


def points(series, target, start=START, end=START + 60, **parameters):
    """Return times, from START on, and values of the one series that a target gives, NaN for null."""
    form = {"target": target, "from": start, "until": end} | parameters
    answer = create_app(MemorySource(series)).test_client().post("/render", data=form)
    assert answer.status_code == 200, answer.text
    assert len(answer.json) == 1
    found = [(t - START, math.nan if value is None else value) for value, t in answer.json[0]["datapoints"]]
    return np.array(found).reshape(-1, 2).T


def visits(begins, number, value, jitter=0.0, seed=1):
    """Return a channel of which so many samples are taken from each of some times on, seconds from START."""
    dice = np.random.default_rng(seed)
    times = np.concatenate([begin + FAST * np.arange(number) for begin in begins])
    times += dice.uniform(0, jitter * FAST, times.size)
    return START + np.sort(times), np.full(times.size, float(value))


def scan(channels, number, length, jitter=0.0):
    """Return channels with the values 0, 1, 2, ... of which one after the other is visited, and the cycle."""
    stay = number * FAST + CHANGE
    cycle = channels * stay
    begins = np.arange(0, length, cycle)
    late = jitter * np.random.default_rng(7).uniform(0, CHANGE / 3, begins.size)
    return [
        Irregular(f"lab.c{n:02}", *visits(begins + late + n * stay, number, n, jitter, n)) for n in range(channels)
    ], cycle


def known(values):
    return values[~np.isnan(values)]


# --- the smallest input -------------------------------------------------------------------------------------------------

A = Irregular("lab.a", START + np.array([0, 0.11, 0.2]), [36.0] * 3)
B = Irregular("lab.b", START + np.array([30, 30.11, 30.2]), [3.0] * 3)


def test_keep_last_value_holds_the_value_of_a_channel_that_is_visited_once():
    times, values = points([A], "keepLastValue(lab.a)", START - 1)
    np.testing.assert_array_equal(values, 36)
    assert (np.diff(times) > 0).all()
    assert np.diff(times).max() <= 1
    assert times[-1] >= 59


@pytest.mark.parametrize("target", ["diffSeries(lab.a,lab.b)", "diffSeries(keepLastValue(lab.a),keepLastValue(lab.b))"])
def test_a_difference_of_two_channels_begins_when_both_are_known(target):
    times, values = points([A, B], target, START - 1)
    assert times[0] >= 0
    np.testing.assert_array_equal(values[times >= 30], 33)
    assert np.isnan(values[times < 30]).all()
    assert times[~np.isnan(values)][0] == pytest.approx(30, abs=0.11)
    assert times[-1] >= 59


@pytest.mark.parametrize(
    "target",
    [
        "diffSeries(lab.diode,lab.a)",
        "diffSeries(lab.a,lab.diode)",
        "diffSeries(summarize(lab.a,'10s','avg'),summarize(lab.diode,'10s','avg'))",
        "diffSeries(movingAverage(lab.a,'10s'),lab.diode)",
    ],
)
@pytest.mark.parametrize("rate", [1.0, 0.997])
def test_where_one_channel_was_not_visited_in_the_time_asked_for_there_is_no_difference(target, rate):
    diode = Irregular("lab.diode", START + 100 + rate * np.arange(120), [4.0] * 120)
    _, values = points([A, diode], target, START + 100, START + 220)
    assert np.isnan(values).all()


@pytest.mark.parametrize("target", ["diffSeries(lab.gone,lab.a)", "diffSeries(lab.a,lab.gone)"])
def test_there_is_no_difference_to_a_channel_that_there_is_not(target):
    form = {"target": target, "from": START - 1, "until": START + 60}
    answer = create_app(MemorySource([A])).test_client().post("/render", data=form)
    assert (answer.status_code, answer.json) == (200, [])


@pytest.mark.parametrize(
    ("target", "value"),
    [("divideSeries(lab.a,lab.b)", 12), ("asPercent(lab.b,lab.a)", 100 / 12), ("averageSeries(lab.*)", 19.5)],
)
def test_other_combinations_of_two_channels(target, value):
    times, values = points([A, B], target, START - 1)
    np.testing.assert_allclose(known(values), value, rtol=1e-12)
    assert times[~np.isnan(values)][[0, -1]] == pytest.approx([30, 60], abs=1)


# --- scans of any kind --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("jitter", [0.0, 0.5])
@pytest.mark.parametrize("channels", [1, 2, 16])
@pytest.mark.parametrize("number", [1, 2, 3, 10, 25, 88, 100])
def test_a_scan_is_combined_as_if_all_were_measured_at_once(channels, number, jitter):
    series, cycle = scan(channels, number, 8 * channels * (number * FAST + CHANGE), jitter)
    end = START + 8 * cycle
    mean = (channels - 1) / 2
    expected = {
        "averageSeries(lab.*)": mean,
        "sumSeries(lab.*)": channels * mean,
        "maxSeries(lab.*)": channels - 1,
        "minSeries(lab.*)": 0,
        "rangeOfSeries(lab.*)": channels - 1,
        "percentileOfSeries(lab.*,50)": sorted(range(channels))[math.ceil((channels + 1) / 2) - 1],
        f"diffSeries(lab.c{channels - 1:02},lab.c00)": channels - 1,
        f"multiplySeries(offset(lab.c{channels - 1:02},1),offset(lab.c00,1))": channels,
        f"divideSeries(offset(lab.c00,1),offset(lab.c{channels - 1:02},1))": 1 / channels,
        "asPercent(offset(lab.c00,1),sumSeries(offset(lab.*,1)))": 200 / channels / (channels + 1),
        "diffSeries(averageSeries(lab.*),lab.c00)": mean,
    }
    for target, value in expected.items():
        times, values = points(series, target, START, end)
        assert not np.isnan(values).any(), target
        np.testing.assert_allclose(values, value, rtol=1e-12, atol=1e-12, err_msg=target)
        assert times[0] <= 2 * cycle
        assert times[-1] >= 6 * cycle


def test_a_diode_and_a_scanned_channel_at_one_temperature_do_not_differ():
    diode = Irregular("lab.diode", START + np.arange(600) + 0.1 * np.sin(np.arange(600)), np.full(600, 2.84))
    scanned = Irregular("lab.ruox", *visits(np.arange(5, 600, 32), 88, 2.84))
    times, values = points([diode, scanned], "diffSeries(lab.diode,lab.ruox)", START, START + 600)
    np.testing.assert_allclose(values, 0, atol=1e-12)
    assert times[[0, -1]] == pytest.approx([5, 599], abs=2)


def test_channels_of_a_scan_are_known_by_their_pauses_also_where_one_is_visited_for_longer_than_all_others():
    long = Irregular("lab.long", *visits(np.arange(0, 600, 64), 600, 7))
    short = Irregular("lab.short", *visits(np.arange(62, 600, 64), 10, 2))
    times, values = points([long, short], "diffSeries(lab.long,lab.short)", START, START + 600)
    np.testing.assert_array_equal(values, 5)
    assert times[[0, -1]] == pytest.approx([62, 599], abs=2)


def test_values_that_change_are_those_of_the_last_visit():
    begins = np.arange(0, 300, 30)
    one = Irregular("lab.one", *visits(begins, 20, 0))
    rising = Irregular("lab.one", one.times, np.floor((one.times - START) / 30))
    fixed = Irregular("lab.two", *visits(begins + 15, 20, 100))
    times, values = points([rising, fixed], "sumSeries(lab.*)", START, START + 300)
    np.testing.assert_array_equal(values, 100 + np.floor(times / 30 + 1e-9))
    assert times[0] == pytest.approx(15, abs=1)


@pytest.mark.slow
def test_scans_at_random_are_right_from_the_first_to_the_last_value():
    """With dwell times of any kind, samples that are missing, hiccups, and windows of little more than a scan."""
    dice = np.random.default_rng(5)
    for trial in range(40):
        series, cycle = random_scan(dice, alike=trial % 2 == 0)
        channels, length = len(series), 1.3 * cycle * dice.uniform(1, 4)
        for target, value in (
            (f"diffSeries(lab.c{channels - 1:02},lab.c00)", channels - 1),
            ("averageSeries(lab.*)", (channels - 1) / 2),
            ("sumSeries(lab.*)", channels * (channels - 1) / 2),
        ):
            number = dice.choice([100, 1000, 43200])
            times, values = points(series, target, START, START + length, maxDataPoints=number)
            np.testing.assert_allclose(values, value, atol=1e-9, err_msg=f"trial {trial}: {target}")
            assert times[0] <= 1.3 * cycle, (trial, target)
            assert times[-1] >= length - max(length / 50, 2 * cycle), (trial, target)


def random_scan(dice, alike):
    """Return 2 to 12 channels of a scan that began some time ago, and how long one takes."""
    channels, step, change = dice.integers(2, 13), dice.uniform(0.1, 0.5), dice.uniform(1, 6)
    stays = np.full(channels, dice.uniform(1, 20)) if alike else dice.uniform(1, 30, channels)
    cycle = stays.sum() + channels * change
    times, now = [[] for _ in range(channels)], -dice.uniform(0, cycle)
    while now < 6 * cycle:
        for channel in range(channels):
            distances = step * dice.uniform(0.9, 1.1, max(1, int(stays[channel] / step)))
            distances[dice.random(distances.size) < 0.003] += dice.uniform(0, 2)
            visit = now + np.cumsum(distances)
            times[channel].append(visit[dice.random(visit.size) < 0.98])
            now = visit[-1] + change * dice.uniform(0.9, 1.2)
    return [
        Irregular(f"lab.c{n:02}", START + (joined := np.concatenate(each)), np.full(joined.size, float(n)))
        for n, each in enumerate(times)
    ], cycle


# --- a channel that stops -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 10, 25, 88])
@pytest.mark.parametrize("jitter", [0.0, 0.5])
def test_a_channel_that_stops_holds_until_its_next_visit_is_overdue(number, jitter):
    """And the difference is null then, not the whole value of the other one; it is back with the channel."""
    begins = np.arange(0, 960, 32.0)
    stays = Irregular("lab.stays", *visits(begins, number, 36, jitter))
    away = (begins > 300) & (begins < 640)
    stops = Irregular("lab.stops", *visits(begins[~away] + 16, number, 3, jitter))
    last = 16 + begins[begins <= 300][-1]
    times, values = points([stays, stops], "diffSeries(lab.stays,lab.stops)", START, START + 960)
    np.testing.assert_array_equal(known(values), 33)
    assert not np.isnan(values[times < last + 32]).any()
    assert np.isnan(values[(times > last + 2 * 32) & (times <= 640 - 60)]).all()
    assert not np.isnan(values[times >= 640 + 32]).any()
    assert np.isnan(values[(times > last + 2 * 32) & (times <= 640 - 60)]).any()
    times, values = points([stays, stops], "keepLastValue(diffSeries(lab.stays,lab.stops))", START, START + 960)
    np.testing.assert_array_equal(values, 33)


def test_an_outage_of_a_channel_that_is_sampled_all_the_time_is_null():
    times = np.delete(np.arange(900) + 0.2 * np.sin(np.arange(900)), slice(300, 420))
    broken = Irregular("lab.broken", START + times, np.full(times.size, 3.0))
    whole = Irregular("lab.whole", START + np.arange(900) + 0.3 * np.cos(np.arange(900)), np.full(900, 36.0))
    found, values = points([broken, whole], "diffSeries(lab.whole,lab.broken)", START, START + 900)
    np.testing.assert_array_equal(known(values), 33)
    null = found[np.isnan(values)]
    assert null[[0, -1]] == pytest.approx([302, 418], abs=4)
    assert null.size > 50


def test_a_sample_that_is_null_holds_no_value_from_before_it():
    """A channel out of range has no temperature, and has none until its next visit."""
    begins = np.arange(0, 320, 32.0)
    times, values = visits(begins, 10, 3)
    off = Irregular("lab.off", times, np.where(times - START > 150, np.nan, values))
    whole = Irregular("lab.whole", *visits(begins + 16, 10, 36))
    found, values = points([off, whole], "diffSeries(lab.whole,lab.off)", START, START + 320)
    np.testing.assert_array_equal(known(values), 33)
    assert np.isnan(values[found > 161]).all()
    assert (found > 161).any()


def test_what_a_filter_took_away_does_not_hold():
    begins = np.arange(0, 320, 32.0)
    times, values = visits(begins, 10, 3)
    hot = Irregular("lab.hot", times, np.where(times - START > 150, 300, values))
    whole = Irregular("lab.whole", *visits(begins + 16, 10, 36))
    for of in ("lab.hot", "summarize(lab.hot,'10s','last')"):
        target = f"diffSeries(lab.whole,removeAboveValue({of},100))"
        found, values = points([hot, whole], target, START, START + 320)
        np.testing.assert_array_equal(known(values), 33)
        assert np.isnan(values[found > 171]).all(), of


@pytest.mark.parametrize("target", ["isNonNull(lab.a)", "transformNull(lab.a,-1)"])
def test_a_channel_that_stopped_can_be_told_by_a_number(target):
    times = START + np.arange(100) + 0.2 * np.sin(np.arange(100))
    stopped = Irregular("lab.a", times, np.full(100, 1.0))
    found, values = points([stopped], target, START, START + 200)
    np.testing.assert_array_equal(values[found < 100], 1)
    assert set(values[found > 103]) == {0 if "is" in target else -1}
    assert found[-1] > 195


# --- the newest value ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("func", ["last", "avg", "max", "sum", "count"])
@pytest.mark.parametrize("end", range(601, 661, 7))
def test_the_newest_interval_of_a_difference_of_summaries_is_a_finished_one(func, end):
    """Or a rule on it flaps: 33.4, 33.4, 36.3."""
    begins = np.arange(0, 900, 30.0)
    one = Irregular("lab.one", *visits(begins, 50, 36))
    two = Irregular("lab.two", *visits(begins + 15, 50, 3))
    target = f"diffSeries(summarize(lab.one,'1min','{func}'),summarize(lab.two,'1min','{func}'))"
    times, values = points([one, two], target, START, START + end)
    assert set(values) == {{"sum": 100 * 33, "count": 0}.get(func, 33)}
    assert times[-1] == 540


def test_intervals_shorter_than_a_scan_hold_the_last_one():
    series, cycle = scan(4, 25, 600)
    target = "diffSeries(summarize(lab.c03,'5s','last'),summarize(lab.c01,'5s','last'))"
    times, values = points(series, target, START, START + 600)
    np.testing.assert_array_equal(values, 2)
    assert times[0] <= cycle
    assert times[-1] >= 590
    _, counts = points(series, target.replace("last", "count"), START, START + 600)
    assert set(known(counts)) <= {0}


@pytest.mark.parametrize("late", [0, 1, 3, 8])
@pytest.mark.parametrize("function", ["averageSeries", "sumSeries", "diffSeries"])
def test_the_newest_value_waits_for_the_samples_of_all(function, late):
    """Those of another node come some seconds later."""
    times = START + np.arange(300) + 0.2 * np.sin(np.arange(300))
    one = Irregular("lab.one", times, np.full(300, 4.0))
    two = Irregular("lab.two", times[: 300 - late], np.full(300 - late, 2.0))
    found, values = points([one, two], f"{function}(lab.one,lab.two)", START, START + 300)
    assert set(values) == {{"averageSeries": 3, "sumSeries": 6, "diffSeries": 2}[function]}
    assert found[-1] >= 296 - late


@pytest.mark.parametrize("step", [1, 10, 60])
def test_the_newest_value_of_regular_series_waits_for_both_too(step):
    """Graphite-web, which has all samples of a step at once, would give the whole value of the first."""
    now = int(time.time()) // 60 * 60
    one = Samples("lab.one", now - 20 * step, step, [36.0] * 20)
    two = Samples("lab.two", now - 20 * step, step, [3.0] * 19)
    _, values = points([one, two], "diffSeries(lab.one,lab.two)", now - 20 * step, time.time())
    assert values.tolist() == [33] * 19
    _, values = points([one, two], "diffSeries(lab.one,lab.two)", now - 20 * step, now - 5 * step)
    assert set(values) == {33}


def test_a_value_does_not_hold_beyond_now():
    now = time.time()
    channel = Irregular("lab.a", now - 100 + np.array([0, 0.11, 0.2]), [36.0] * 3)
    for target in ("keepLastValue(lab.a)", "sumSeries(lab.a)"):
        times, values = points([channel], target, now - 200, now + 3600)
        assert now - 10 < times[-1] + START <= now + 10
        assert set(values) == {36}


# --- series of other begins and steps -----------------------------------------------------------------------------------


def test_a_combination_that_begins_later_stands_at_its_own_time_in_another_one():
    seconds = np.arange(600)
    early = [Irregular(f"lab.e{n}", START + seconds + 0.1 * np.sin(seconds + n), 10.0 * seconds) for n in (1, 2)]
    late = [Irregular(each.name.replace("e", "l"), each.times[300:], each.values[300:]) for each in early]
    target = "diffSeries(averageSeries(lab.e*),averageSeries(lab.l*))"
    times, values = points([*early, *late], target, START, START + 600)
    np.testing.assert_allclose(known(values), 0, atol=10)  # what a cell holds
    assert times[~np.isnan(values)][0] == pytest.approx(300, abs=3)


def test_a_scanned_channel_beside_a_regular_series():
    regular = Samples("lab.log", START, 60, [36.0] * 10)
    scanned = Irregular("lab.scan", *visits(np.arange(10, 600, 45), 30, 3))
    times, values = points([regular, scanned], "diffSeries(lab.log,lab.scan)", START, START + 600)
    np.testing.assert_array_equal(values, 33)
    np.testing.assert_array_equal(times, 60 * np.arange(10))


def test_two_samples_a_millisecond_apart_make_no_grid_of_milliseconds():
    times = np.round(START + np.sort(np.append(np.random.default_rng(3).uniform(0, 3600, 400), [100.0, 100.001])), 3)
    close = Irregular("lab.close", times, np.ones(times.size))
    other = Irregular("lab.other", times + 0.5, np.full(times.size, 2.0))
    found, values = points([close, other], "minSeries(lab.*)", START, START + 3600)
    assert set(known(values)) == {1}
    assert 50 < found.size < 1000


@pytest.mark.parametrize("target", ["sumSeries(lab.*)", "keepLastValue(lab.fast)", "transformNull(lab.fast,-1)"])
def test_a_long_interval_takes_no_more_cells_than_there_are_samples_or_points_asked_for(target):
    """Of a day of one sample a second, and a channel that was visited once, in three years."""
    day, now = 86400, int(time.time())
    times = now - 700 * day + np.arange(day) + 0.2 * np.sin(np.arange(day))
    fast = Irregular("lab.fast", times, np.full(day, 2.0))
    once = Irregular("lab.once", [times[0]], [1.0])
    begin = time.thread_time()
    found, values = points([fast, once], target, now - 1000 * day, now, maxDataPoints=1000)
    assert time.thread_time() - begin < 1
    assert found.size <= 1000
    assert {2, 3} & set(values)


# --- what distances tell ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("times", "cycle", "overdue"),
    [
        ([100], math.inf, math.inf),
        ([100, 100.1, 100.2], math.inf, math.inf),  # one visit
        (np.arange(0, 301), 1, 1.5),  # sampled since before the window, and stopped
        (np.arange(100, 400), 1, 1.5),  # longer than a visit
        (np.arange(0, 1000, 32), 32, 48),  # one sample a visit
        (np.concatenate([np.arange(n, n + 8.8, 0.1) for n in range(0, 960, 32)]), 32, 1.5 * 23.3),
        (np.append(np.arange(100, 103, 0.1), np.arange(105, 108, 0.1)), math.inf, math.inf),  # one visit with a hiccup
        (np.sort(np.append(np.arange(0, 960, 32), [0.1, 0.2, 1.9, 2, 2.1, 32.1, 33.9, 34, 34.1])), 32, 48),
        (np.concatenate([np.arange(n, n + 60, 0.1) for n in range(0, 960, 64)]), 64, 6.15),
        (np.concatenate([np.arange(0, 300), np.arange(400, 700)]), 1, 1.5),  # an outage
        (np.concatenate([np.arange(0, 250), np.arange(900, 960)]), 1, 1.5),  # one longer than the rest
        (np.concatenate([np.arange(n, n + 8.8, 0.1) for n in range(0, 960, 32) if not 100 < n < 500]), 32, 1.5 * 23.3),
    ],
    ids=[
        "sample",
        "visit",
        "stopped",
        "began",
        "slow",
        "scan",
        "hiccup",
        "some hiccups",
        "long visits",
        "outage",
        "long outage",
        "scan with an outage",
    ],
)
def test_the_distances_of_samples_tell_when_the_next_is_overdue(times, cycle, overdue):
    found = cadence(np.asarray(times, dtype=float), Window(0, 1000))
    assert found.cycle == pytest.approx(cycle, rel=0.01)
    assert found.overdue == pytest.approx(overdue, rel=0.01)


def test_a_young_channel_of_a_sample_in_ten_seconds_that_stopped_is_not_a_visit_that_holds():
    """Agents were "all here" until the range was over when the data nodes had stopped a minute after they had begun."""
    times = START + 400 + 10 * np.arange(6)
    agents = [Irregular(name, times, [1.0] * 6) for name in ("lab.a", "lab.b")]
    found, values = points(agents, "minSeries(lab.*)", START, START + 600, maxDataPoints=100)
    assert values[found == 450] == 1
    assert known(values[found > 460]).size == 0
