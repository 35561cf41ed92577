"""The arithmetic of render functions over numbers of any kind, held against the plainest way to write it."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livemon.bridge.graphite import grid
from livemon.bridge.graphite.aggregates import AGGREGATES, CONSOLIDATIONS, aggregate, percentile
from livemon.bridge.graphite.consolidation import shortened
from livemon.bridge.graphite.context import Context
from livemon.bridge.graphite.functions.transforms import rounded
from livemon.bridge.graphite.functions.windows import over_windows
from livemon.bridge.graphite.series import Series, Window
from livemon.bridge.graphite.together import together
from livemon.bridge.limits import Budget

pytestmark = pytest.mark.slow

NUMBERS = st.floats(-1e6, 1e6, width=32)
VALUES = st.lists(st.one_of(st.none(), NUMBERS), max_size=40)
PLAINLY = {
    "average": lambda known, _all: sum(known) / len(known),
    "avg_zero": lambda known, row: sum(known) / len(row),
    "count": lambda known, _all: len(known),
    "diff": lambda known, _all: known[0] - sum(known[1:]),
    "first": lambda known, _all: known[0],
    "last": lambda known, _all: known[-1],
    "max": lambda known, _all: max(known),
    "median": lambda known, _all: statistics.median(known),
    "min": lambda known, _all: min(known),
    "multiply": lambda known, row: math.prod(known) if len(known) == len(row) else math.nan,
    "range": lambda known, _all: max(known) - min(known),
    "stddev": lambda known, _all: statistics.pstdev(known),
    "sum": lambda known, _all: sum(known),
}


def plainly(name, row):
    known = [each for each in row if each is not None]
    return PLAINLY[name](known, row) if known else math.nan


def array(values):
    return np.array([math.nan if each is None else each for each in values], dtype=float)


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-6)


@pytest.fixture
def context():
    return Context(Window(0, 1), 100, Budget(), None, None)


@pytest.mark.parametrize("name", sorted(PLAINLY))
@settings(deadline=None)
@given(rows=st.lists(VALUES, min_size=1, max_size=5))
def test_rows_are_aggregated(name, rows):
    longest = max(len(row) for row in rows)
    padded = np.stack([array([*row, *[None] * (longest - len(row))]) for row in rows])
    function = CONSOLIDATIONS[name] if name == "first" else AGGREGATES[name]
    with np.errstate(all="ignore"):
        found = function(padded, np.array([len(row) for row in rows]))
    close(found, [plainly(name, row) for row in rows])


@pytest.mark.parametrize("name", sorted(set(AGGREGATES) - {"multiply", "avg_zero"}))
@settings(deadline=None)
@given(values=VALUES, steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30))
def test_moving_windows_are_aggregated(name, values, steps):
    starts, ends = np.minimum(np.cumsum(np.array(steps, dtype=int).reshape(-1, 2), axis=0), len(values)).T
    ends = np.maximum(starts, ends)
    context = Context(Window(0, 1), 100, Budget(), None, None)
    with np.errstate(all="ignore"):
        found = over_windows(array(values), starts, ends - starts, name, context)
    close(found, [plainly(name, values[start:end]) for start, end in zip(starts, ends, strict=True)])


def test_windows_over_values_that_hardly_differ_lose_no_digits(context):
    """Sums of squares would: 4 K with microkelvins of noise."""
    values = 4 + 1e-6 * np.random.default_rng(1).normal(size=1000)
    starts = np.arange(900)
    found = over_windows(values, starts, np.full(900, 100), "stddev", context)
    expected = [np.std(values[start : start + 100] - 4) for start in starts]
    np.testing.assert_allclose(found, expected, rtol=1e-7)


@settings(deadline=None)
@given(values=st.lists(NUMBERS, min_size=1, max_size=30), n=st.floats(0.1, 100))
def test_a_percentile_is_one_of_the_values_and_grows_with_n(values, n):
    row = np.array([values])
    found = percentile(row, n)[0]
    assert found in values
    assert sum(each <= found for each in values) / (len(values) + 1) >= n / 100 or found == max(values)
    assert percentile(row, n, interpolate=True)[0] <= found
    assert percentile(row, max(0.1, n / 2))[0] <= found


@settings(deadline=None)
@given(values=st.lists(st.floats(-1e12, 1e12), min_size=1), digits=st.integers(-5, 12))
def test_numbers_are_rounded_as_python_rounds_them(values, digits):
    expected = [round(each, digits) for each in values]
    np.testing.assert_allclose(rounded(np.array(values), digits), expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("value", [2.5, 0.0000125, 2.675, 1e300, -0.5, 5e-324])
@pytest.mark.parametrize("digits", [-300, -2, 0, 2, 6, 300])
def test_halves_and_giants_are_rounded_as_python_rounds_them(value, digits):
    with np.errstate(all="ignore"):
        assert rounded(np.array([value]), digits)[0] == pytest.approx(round(value, digits), rel=1e-12)


@settings(deadline=None)
@given(st.floats(1e-4, 1e8))
def test_a_round_step_is_not_shorter_and_hardly_longer(seconds):
    step = grid.round_step(seconds)
    assert step >= min(seconds, step)
    assert step <= max(3 * seconds, 0.001) or step == 86400 * math.ceil(seconds / 86400)
    assert math.lcm(round(step * 1000), 86_400_000) % 86_400_000 == 0


@settings(deadline=None)
@given(
    st.sampled_from([0.001, 0.02, 0.5, 1, 7, 10, 60, 3600]),
    st.integers(0, 2_000_000_000),
    st.sets(st.integers(0, 500), min_size=2),
)
def test_samples_on_a_grid_are_known_as_regular(step, start, numbers):
    times = start + step * np.array(sorted(numbers))
    found = grid.regular_step(times)
    distances = np.diff(sorted(numbers))
    smallest = distances.min()
    usual = np.median(distances) / smallest
    if usual <= 10 and all((number - min(numbers)) % smallest == 0 for number in numbers):
        assert found == pytest.approx(step * smallest, abs=1e-9)
    else:
        assert found is None


@settings(deadline=None)
@given(st.lists(VALUES.filter(bool), min_size=1, max_size=4))
def test_series_of_one_step_stand_beside_each_other_as_they_are(rows):
    window = Window(1000, 1000 + 10 * max(len(row) for row in rows))
    series = [Series("x", "x", {}, 1000 + 10.0 * np.arange(len(row)), array(row)) for row in rows if len(row) > 1]
    found = together(series, window, lambda _number: None)
    for row, beside in zip([row for row in rows if len(row) > 1], found.values, strict=True):
        np.testing.assert_array_equal(beside[: len(row)], array(row))
        assert np.isnan(beside[len(row) :]).all()
    if series:
        assert found.step == 10
        np.testing.assert_array_equal(found.times, 1000 + 10 * np.arange(found.times.size))


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9_999), st.one_of(st.none(), NUMBERS)), unique_by=lambda each: each[0], max_size=80
    ),
    st.integers(3, 50),
    st.sampled_from([None, "average", "max", "sum", "last"]),
)
def test_no_answer_has_more_points_than_asked_nor_another_order(samples, points, function):
    # From end to end: of what lies within two points of a plot a node gives no more than there is room for, either.
    samples = [(0, 0.0), *sorted(samples), (10_000, 1.0)]
    times, values = array([time for time, _ in samples]), array([value for _, value in samples])
    series = Series("x", "x", {}, times, values, consolidation=function)
    with np.errstate(all="ignore"):
        (found,) = shortened([series], Window(0, 10_001), points, Budget())
    assert found.times.size <= points
    assert (np.diff(found.times) > 0).all()
    if function is None:
        assert np.nanmax(found.values) == np.nanmax(values)
        assert np.nanmin(found.values) == np.nanmin(values)


def test_every_name_of_an_aggregation_is_known():
    assert aggregate("sumSeries") is aggregate("total") is aggregate("sum")
    assert aggregate("rangeOfSeries") is aggregate("range")
