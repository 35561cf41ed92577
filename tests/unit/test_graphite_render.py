"""What render targets do with samples as instruments send them, what they read for that, and what they refuse."""

import math
import time

import numpy as np
import pytest
from memory_source import Irregular, MemorySource, Samples

from livemon.bridge import limits
from livemon.bridge.app import create_app
from livemon.bridge.limits import MAX_COMPUTING, MAX_READ

START = 1_700_006_400
DAY = 86400


class Recording(MemorySource):
    """Remembers what it was asked for."""

    def __init__(self, series):
        super().__init__(series)
        self.asked = []

    def fetch(self, fields, start, end, points):
        self.asked.append((sorted(each.name for each in fields), start - START, end - START))
        return super().fetch(fields, start, end, points)


def render(series, target, start=START, end=START + 60, **parameters):
    source = series if isinstance(series, MemorySource) else MemorySource(series)
    form = {"target": target, "from": start, "until": end} | parameters
    return create_app(source).test_client().post("/render", data=form)


def points(series, target, start=START, end=START + 60, **parameters):
    """Return times and values of the one series that a target gives."""
    answer = render(series, target, start, end, **parameters)
    assert answer.status_code == 200, answer.text
    assert len(answer.json) == 1
    found = [(t, math.nan if value is None else value) for value, t in answer.json[0]["datapoints"]]
    return np.array(found).reshape(-1, 2).T


def jittered(count, step, jitter=0.2, seed=1):
    return START + step * np.arange(count) + np.random.default_rng(seed).uniform(0, jitter * step, count)


# --- samples that come when they come -----------------------------------------------------------------------------------

TIMES = jittered(60, 1.0)
RAMP = Irregular("lab.ramp", TIMES, 2 * (TIMES - START))
NOISE = Irregular("lab.noise", TIMES, np.random.default_rng(2).normal(size=60))


def test_the_change_per_second_is_that_of_the_samples_times():
    times, values = points([RAMP], "perSecond(lab.ramp)")
    np.testing.assert_array_equal(times, TIMES)
    np.testing.assert_allclose(values[1:], 2, atol=1e-6)


def test_a_moving_window_of_time_holds_the_samples_of_that_time():
    times, values = points([NOISE], "movingAverage(lab.noise,'10s')", START + 20)
    known = NOISE.values
    expected = [known[(t - 10 < TIMES) & (t >= TIMES)].mean() for t in TIMES[TIMES >= START + 20]]
    np.testing.assert_array_equal(times, TIMES[TIMES >= START + 20])
    np.testing.assert_allclose(values, expected, rtol=1e-12)


def test_a_moving_window_of_points_holds_the_samples_before_the_interval_too():
    times, values = points([NOISE], "movingMedian(lab.noise,5)", START + 20)
    first = np.searchsorted(TIMES, START + 20)
    assert times[0] == TIMES[first]
    assert values[0] == np.median(NOISE.values[first - 4 : first + 1])


def test_series_are_put_together_in_steps_in_which_each_has_a_sample():
    """No null, and no sum of one alone, though neither comes at the other's times, nor in every whole second."""
    one = Irregular("lab.one", jittered(50, 1.09), np.full(50, 1.0))
    two = Irregular("lab.two", jittered(80, 0.67, seed=3), np.full(80, 2.0))
    times, values = points([one, two], "sumSeries(lab.*)", START, START + 50)
    assert set(np.diff(times)) == {2.0}
    np.testing.assert_array_equal(values, 3.0)


def test_a_difference_waits_for_the_newest_sample_of_both():
    """Or it would be the whole value of the first one for a moment, and an alarm would go off."""
    times = jittered(60, 1.0)
    one = Irregular("lab.one", times, np.full(60, 4.2))
    two = Irregular("lab.two", times[:-2], np.full(58, 4.1))
    _, values = points([one, two], "diffSeries(lab.one,lab.two)")
    np.testing.assert_allclose(values, 0.1)
    gone = Irregular("lab.two", times[:20], np.full(20, 4.1))
    _, values = points([one, gone], "diffSeries(lab.one,lab.two)")
    np.testing.assert_allclose(values[[0, -1]], [0.1, np.nan])


def test_a_scan_of_sixteen_channels_has_an_average():
    """A 372 measures one channel after the other."""
    channels = [Irregular(f"lab.c{n}", jittered(20, 48.0, 0.02, n) + 3 * n, np.full(20, float(n))) for n in range(16)]
    _, values = points(channels, "averageSeries(lab.*)", START, START + 960)
    np.testing.assert_array_equal(values[:-1], 7.5)


# --- regular samples of which some are missing --------------------------------------------------------------------------

GAPPED = Irregular("lab.gapped", START + 10.0 * np.array([0, 1, 3, 4]), [1, 2, 4, 6])


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("lab.gapped", [1, 2, 4, 6]),
        ("derivative(lab.gapped)", [None, 1, None, None, 2, None]),
        ("keepLastValue(lab.gapped)", [1, 2, 2, 4, 6, 6]),
        ("transformNull(lab.gapped,-1)", [1, 2, -1, 4, 6, -1]),
        ("isNonNull(lab.gapped)", [1, 1, 0, 1, 1, 0]),
        ("movingSum(lab.gapped,2)", [1, 3, 2, 4, 10, 6]),
    ],
)
def test_a_missing_sample_is_null(target, expected):
    times, values = points([GAPPED], target)
    np.testing.assert_array_equal(values, [math.nan if each is None else each for each in expected])
    if len(expected) == 6:
        np.testing.assert_array_equal(times, START + 10 * np.arange(6))


def test_a_channel_without_a_sample_can_be_told_by_a_number():
    """Alarms on a silent channel otherwise see nothing at all."""
    silent = Irregular("lab.silent", [START - 100.0], [4.2])
    for target, number in (("transformNull(lab.silent,-1)", -1), ("isNonNull(lab.silent)", 0)):
        times, values = points([silent], target, maxDataPoints=10)
        np.testing.assert_array_equal(times, START + 10 * np.arange(6))
        np.testing.assert_array_equal(values, number)
    assert points([silent], "keepLastValue(lab.silent)").size == 0


def test_steps_a_few_milliseconds_long_in_a_long_interval_take_no_memory():
    odd = Irregular("lab.odd", [START, START + 0.001], [1, 2])
    _, values = points([odd], "derivative(lab.odd)", START - 1000 * DAY, START + 1000 * DAY)
    np.testing.assert_array_equal(values[-1:], 1)


def test_samples_far_closer_together_than_their_series_are_take_no_memory():
    """Found by odd windows at random: so many cells were made before they were counted."""
    close, later = (
        Irregular(f"lab.{name}", START + after + np.array([0, 0.0023, 0.0047]), [1, 2, 3])
        for name, after in (("close", 0), ("later", 1e9))
    )
    _, values = points([close, later], "sumSeries(lab.close)", START - 1e9, START + 1e9)
    assert set(values) == {2}
    for end in (1e9, 2e9):
        times, _ = points([close, later], "sumSeries(lab.*)", START - 1e9, START + end)
        assert times.size < 1000


# --- all samples, though a plot shows few -------------------------------------------------------------------------------

SPIKE = 40_000
LONG = Samples("lab.long", START, 1, [100.0 if n == SPIKE else (n * 37 % 101) / 100 for n in range(DAY)])


@pytest.mark.parametrize(
    ("target", "highest"),
    [
        ("lab.long", 100),
        ("scale(lab.long,2)", 200),
        ("absolute(scale(lab.long,-1))", 100),
        ("derivative(lab.long)", 100 - (SPIKE - 1) * 37 % 101 / 100),
        ("movingAverage(lab.long,2)", (100 + max((SPIKE - 1) * 37 % 101, (SPIKE + 1) * 37 % 101) / 100) / 2),
        ("movingMedian(lab.long,101)", 0.51),
        ("highestMax(lab.*,1)", 100),
        ("maxSeries(lab.*,lab.long)", 100),
        ("consolidateBy(lab.long,'max')", 100),
    ],
)
@pytest.mark.parametrize("number", [3, 100, 1000])
def test_no_spike_is_lost_between_the_points_of_a_plot(target, highest, number):
    times, values = points([LONG], target, START, START + DAY, maxDataPoints=number)
    assert np.nanmax(values) == pytest.approx(highest, rel=1e-12)
    assert times.size <= number
    assert (np.diff(times) > 0).all()


def test_consolidation_by_the_target_s_own_function():
    _, values = points([LONG], "consolidateBy(lab.long,'average')", START, START + DAY, maxDataPoints=100)
    assert np.nanmax(values) < 1


def test_consolidation_of_samples_that_come_when_they_come():
    times = jittered(1000, 1.0)
    series = Irregular("lab.x", times, np.arange(1000.0))
    found, values = points([series], "consolidateBy(lab.x,'sum')", START, START + 1000, maxDataPoints=100)
    np.testing.assert_array_equal(found, START + 10 * np.arange(100))
    assert values.sum() == np.arange(1000.0).sum()


@pytest.mark.parametrize("number", [1, 2, 3, 7, 100])
@pytest.mark.parametrize("begin", [0, 137, 599.5])
def test_consolidation_leaves_out_no_sample_wherever_a_range_begins(begin, number):
    times = jittered(2000, 1.0)
    asked = (times >= START + begin) & (times < START + begin + 1000)
    series = Irregular("lab.x", times, np.arange(2000.0))
    for function, total in (("sum", np.sum), ("max", np.max), ("min", np.min)):
        form = START + begin, START + begin + 1000
        found, values = points([series], f"consolidateBy(lab.x,'{function}')", *form, maxDataPoints=number)
        assert found.size <= number
        assert (np.diff(found) > 0).all()
        assert total(values) == total(np.arange(2000.0)[asked])


@pytest.mark.parametrize("target", ["lab.long", "offset(lab.long,1)", "movingAverage(lab.long,2)", "constantLine(1)"])
def test_one_point_is_the_newest(target):
    times, _ = points([LONG], target, START, START + DAY, maxDataPoints=1)
    assert times.size == 1
    assert times[0] >= START + DAY - 1


# --- what is read -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("targets", "asked"),
    [
        (["lab.a"], [(["lab.a"], 0, 60)]),
        (["lab.a", "lab.*", "alias(lab.b,'x')"], [(["lab.a", "lab.b"], 0, 60)]),
        (["lab.a", "absolute(lab.a)", "invert(lab.b)"], [(["lab.a"], 0, 60), (["lab.a", "lab.b"], 0, 60)]),
        (["timeShift(lab.*,'1h')"], [(["lab.a", "lab.b"], -3600, -3540)]),
        (["timeShift(lab.a,'+1h')|timeShift('30min')"], [(["lab.a"], 1800, 1860)]),
        (["movingMax(lab.a,'5min')", "movingMin(lab.b,'5min')"], [(["lab.a", "lab.b"], -300, 60)]),
        (["movingMax(timeShift(lab.a,'1min'),'5min')"], [(["lab.a"], -360, 0)]),
        (["timeShift(movingMax(lab.a,'5min'),'1min')"], [(["lab.a"], -360, 0)]),
        (["movingAverage(lab.*,3)"], [(["lab.a", "lab.b"], 0, 60), (["lab.a", "lab.b"], -30, 0)]),
        (["smartSummarize(lab.a,'1min','sum','hours')"], [(["lab.a"], 0, 60)]),
        (["constantLine(1)", "nothing.*"], []),
    ],
    ids=str,
)
def test_each_node_is_asked_once_for_each_interval(targets, asked):
    source = Recording([Samples(f"lab.{name}", START - 7200, 10, list(range(1500))) for name in "ab"])
    assert render(source, targets).status_code == 200
    assert source.asked == asked


def test_a_unit_of_time_is_read_from_its_begin_on():
    source = Recording([Samples("lab.a", START - 7200, 10, list(range(1500)))])
    answer = render(source, "smartSummarize(lab.a,'10min','count','hours')", START + 1200, START + 2400)
    assert answer.json[0]["datapoints"] == [[60, START + 600 * n] for n in range(4)]
    assert source.asked == [(["lab.a"], 0, 2400)]


def test_samples_are_found_though_the_interval_reaches_back_to_long_before_them():
    times, values = points([LONG], "movingAverage(lab.long,2)", START - 3000 * DAY, START + DAY)
    assert np.nanmax(values) == pytest.approx(50, rel=0.01)
    assert times[-1] == START + DAY - 1


def test_the_panel_appliance_has_data_on_a_machine_younger_than_its_range():
    # Agents that are heard for the first time have samples within milliseconds, later ones every ten seconds or a little more.
    young = START + DAY - 600
    times = young + np.concatenate(([0, 0.0013], 10.0007 * np.arange(1, 60)))
    agents = [
        Irregular(f"observatory.{each}.agent.connected", times, np.ones(times.size)) for each in ("registry", "ls240")
    ]
    target = 'alias(minSeries(observatory.{registry,ls240}.agent.connected), "Agents")'
    for hours in (0.2, 6, 24):
        found, values = points(agents, target, START + DAY - hours * 3600, START + DAY, maxDataPoints=558)
        assert young + 570 < found[-1] <= START + DAY
        assert set(values[~np.isnan(values)]) == {1}


def test_a_window_before_the_first_sample_holds_those_that_there_are():
    _, values = points([GAPPED], "movingSum(lab.gapped,'1y')", START, START + 50)
    np.testing.assert_array_equal(values, [1, 3, 3, 7, 13])


# --- what is refused ----------------------------------------------------------------------------------------------------

WEEK = [
    Samples(f"lab.w{n:02}", START, 1, (np.arange(7 * DAY) * (n + 1) % 1013).astype(float).tolist()) for n in range(7)
]


@pytest.fixture(scope="module")
def week():
    return MemorySource(WEEK)


@pytest.mark.slow
@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (["sumSeries(lab.*)"], f"more than {MAX_READ} samples"),
        ([f"movingMedian(lab.w00,{n})" for n in range(3, 500)], "longer than 1 s"),
        (["integral(" * 90 + "lab.w00" + ")" * 90], "points"),
        (["movingAverage(" * 40 + "lab.w00" + ",2)" * 40], "ask for a shorter time"),
        (["divideSeries(" * 40 + "lab.w00" + ",lab.w00)" * 40], "points"),
        (["group(" * 101 + "lab.w00" + ")" * 101], "more than 100 calls"),
        ([f"percentileOfSeries(group({','.join(['lab.*'] * 501)}),50)"], "more than 2000 series"),
        (["offset(" * 99 + f"constantLine({n})" + ",1)" * 99 for n in range(60)], "calls"),
        (["timeShift(lab.w00,'1000y')"], "longer than a hundred years"),
        (["movingAverage(lab.w00,'999999999y')"], "longer than a hundred years"),
        (["movingAverage(lab.w00,1e300)"], "number of points"),
        (["stdev(lab.w00,1e300)"], "a whole number"),
        (["alias(" + "asPercent(" * 13 + "lab.w00" + ",lab.w00)" * 13 + ",'x')"], "points"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_would_hold_up_the_others_is_refused_soon(week, monkeypatch, targets, words):
    monkeypatch.setattr(limits, "MAX_COMPUTING", 1.0)  # the limit itself would only make the test longer
    begin = time.thread_time()
    answer = render(week, targets, START, START + 7 * DAY)
    assert time.thread_time() - begin < 2
    assert answer.status_code == 400, answer.text[:300]
    assert words in answer.text
    assert len(answer.text) < 400


def test_a_name_that_doubles_with_every_call_is_refused():
    small = [Samples("lab.small", START, 10, [1, 2, 3])]
    name = "lab.small"
    for calls in range(1, 30):
        name = f"asPercent({name},sumSeries({name}))"
        answer = render(small, "asPercent(" * calls + "lab.small" + ")" * calls)
        if answer.status_code != 200:
            break
        assert answer.json[0]["target"] == name
    assert answer.status_code == 400
    assert "a name would be longer than" in answer.text
    assert len(name) < 40_000


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "target",
    [
        "timeShift(lab.*,'99y')",
        "movingAverage(lab.w00,'99y')",
        "movingMax(lab.w00,9999999)",
        "movingMedian(lab.w00,3000)",
        "movingWindow(lab.w00,20000,'stddev')",
        "summarize(lab.w00,'99y')",
        "summarize(lab.w00,'1s','median')",
        "stdev(lab.w00,1000000)",
        "transformNull(lab.w00)",
        "percentileOfSeries(group(lab.w00,lab.w01),50)",
    ],
)
def test_what_is_large_but_not_too_large_is_answered(week, target):
    begin = time.thread_time()
    assert render(week, target, START, START + 7 * DAY).status_code == 200
    assert time.thread_time() - begin < MAX_COMPUTING
