"""Blocks and envelopes: nothing lost, nothing invented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livemon.series.block import Block
from livemon.series.buffer import ColumnBuffer
from livemon.series.envelope import envelope, fitted, stride_for


def test_a_block_keeps_its_window_and_grows_no_further():
    block = Block(window=100)
    for start in range(0, 100_000, 10):
        times = np.arange(start, start + 10)
        assert block.append(times, {"a": times, "b": -times}) == 10
    assert block.times[0] == block.times[-1] - 100
    assert (block.values("a") == block.times).all()
    assert (block.values("b") == -block.times).all()
    assert block._samples._keys.size <= 500


def test_fields_that_come_and_go_are_nan_where_they_are_not():
    block = Block(1000)
    block.append([1, 2], {"a": [1, 2]})
    block.append([3], {"b": [3]})
    block.append([4], {"a": [4], "b": [4]})
    np.testing.assert_array_equal(block.values("a"), [1, 2, np.nan, 4])
    np.testing.assert_array_equal(block.values("b"), [np.nan, np.nan, 3, 4])
    assert block.last("a") == (4, 4)
    block.append([5], {"a": [5]})
    assert block.last("b") == (4, 4)


def test_samples_come_in_any_order_and_stand_in_that_of_their_times():
    block = Block(1000)
    block.append([1, 2, 5], {"a": [1, 2, 5]})
    assert block.append([2, 4, 3, 4, 0.5], {"a": [2, 4, 3, 4, 0.5]}) == 3
    assert block.times.tolist() == block.values("a").tolist() == [0.5, 1, 2, 3, 4, 5]
    assert block.refused == 0, "what came twice is nothing that is missing"


def test_of_two_values_at_one_time_the_first_is_kept_and_the_other_counted():
    block = Block(1000)
    block.append([1, 2, 3], {"a": [1, 2, 3]})
    assert block.append([2, 3], {"a": [20, 3], "b": [7, 8]}) == 0
    assert block.values("a").tolist() == [1, 2, 3]
    np.testing.assert_array_equal(block.values("b"), [np.nan, 7, 8])
    assert block.refused == 1


def test_a_field_of_another_length_changes_nothing():
    block = Block(1000)
    with pytest.raises(ValueError, match="b: 1 values at 2 times"):
        block.append([1, 2], {"a": [1, 2], "b": [1]})
    assert len(block) == 0


@pytest.mark.parametrize(("start", "end", "found"), [(2, 4, [2, 3]), (0, 9, [1, 2, 3, 4]), (4, 2, []), (9, 10, [])])
def test_intervals_are_half_open(start, end, found):
    block = Block(1000)
    block.append([1, 2, 3, 4], {"a": [1, 2, 3, 4]})
    assert block.times[block.between(start, end)].tolist() == found


@given(
    steps=st.lists(st.floats(0.01, 5), min_size=2, max_size=300),
    points=st.integers(1, 200),
    offsets=st.tuples(st.floats(-10, 100), st.floats(0.1, 100)),
    spaced=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=200, deadline=None)
def test_an_envelope_has_every_sample_once_or_extremes_range_spacing_and_number(steps, points, offsets, spaced, seed):
    times = 1e9 + np.cumsum(steps)
    start = times[0] + offsets[0]
    end = max(times[-1], start) + offsets[1]
    values = np.random.default_rng(seed).normal(size=(2, times.size))
    stride = stride_for(start, end, points)
    kept_times, kept, finalized_until, thinned = fitted(times, values, start, end, stride, spaced=spaced)
    inside = times >= start
    if not thinned:
        np.testing.assert_array_equal(kept_times, times[inside])
        np.testing.assert_array_equal(kept, values[:, inside])
    elif not spaced:
        assert np.count_nonzero(inside) >= min(points, 2)
    assert kept.shape == (2, kept_times.size)
    assert kept_times.size <= points
    if not inside.any():
        assert kept_times.size == 0
        assert finalized_until is None
        return
    assert start <= kept_times[0] <= kept_times[-1] < end
    assert finalized_until <= kept_times[-1] == times[-1] or kept_times.size == 2
    if kept_times.size > 1 and (thinned or spaced):
        assert np.diff(kept_times).min() >= stride - 1e-6
        np.testing.assert_array_equal(kept.max(axis=1), values[:, inside].max(axis=1))
        np.testing.assert_array_equal(kept.min(axis=1), values[:, inside].min(axis=1))


@given(
    rate=st.sampled_from([0.3, 1.0, 7.0]),
    window=st.sampled_from([900, 5000]),
    count=st.integers(300, 9000),
    points=st.integers(4, 400),
    part_and_rest=st.tuples(st.floats(0.01, 1.2), st.floats(1e-3, 1)),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_a_block_answers_from_its_pyramid_what_all_samples_say(rate, window, count, points, part_and_rest, seed):  # noqa: PLR0917
    random = np.random.default_rng(seed)
    times = 1e9 + np.cumsum(random.exponential(1 / rate, count))
    values = random.normal(size=(2, count))
    values[1, random.random(count) < 0.2] = np.nan
    block = Block(window)
    for first in range(0, count, 100):
        piece = slice(first, first + 100)
        block.append(times[piece], {"a": values[0, piece], "b": values[1, piece]})
    start, end = times[-1] - part_and_rest[0] * window, times[-1] + part_and_rest[1]
    stride = stride_for(start, end, points)
    expected = fitted(block.times, np.array([block.values("a"), block.values("b")]), start, end, stride)
    for found, wanted in zip(block.envelope(["a", "b"], start, end, stride)[:2], expected[:2], strict=True):
        np.testing.assert_array_equal(np.sort(found), np.sort(wanted))
    assert block.envelope(["b", "a"], start, end, stride)[2] == expected[2]


def test_a_plot_that_moves_on_does_not_shimmer():
    times = 1e9 + np.arange(10_000) / 10
    values = np.sin(times)[np.newaxis]

    def points(end):
        kept_times, kept, finalized_until, _ = fitted(times, values, end - 500, end, stride_for(0, 500.003, 100))
        return {point for point in zip(kept_times, kept[0], strict=True) if point[0] < finalized_until}

    before = points(1e9 + 700)
    for end in np.arange(1e9 + 700, 1e9 + 800, 0.7):
        assert {point for point in points(end) if point[0] > end - 470 and point[0] < 1e9 + 680} <= before


def test_points_before_finalized_until_do_not_change_when_samples_come():
    block = Block(5000)
    random = np.random.default_rng(3)
    promised = {}
    for second in range(3000):
        block.append([1e9 + second], {"a": [random.normal()]})
        times, values, finalized_until, _ = block.envelope(["a"], 1e9, 1e9 + 3000, 20.0, spaced=True)
        found = dict(zip(times, values[0], strict=True))
        assert promised.items() <= found.items()
        promised = {time: value for time, value in found.items() if time < finalized_until}
    assert len(promised) > 100


def test_the_newest_sample_is_the_last_point_at_every_moment():
    block = Block(5000)
    for second in range(3000):
        block.append([1e9 + second], {"a": [second]})
        times, values, _, _ = block.envelope(["a"], 1e9 - 500, 1e9 + second + 1, 20.0)
        assert (times[-1], values[0, -1]) == (1e9 + second, second)


def test_a_lab_s_node_gets_three_results_and_samples_that_are_apart():
    times = 1e9 + np.concatenate((np.arange(50), [50, 50.001]))
    kept_times, kept, finalized_until = envelope(times, np.arange(52.0)[np.newaxis], 1e9, 1e9 + 100, 1.0)
    assert np.diff(kept_times).min() >= 1
    assert (kept[0, 0], kept[0, -1]) == (0, 51)
    assert finalized_until < 1e9 + 50


def test_samples_for_which_there_is_room_are_there_once_however_close_two_of_them_are():
    times = 1e9 + np.concatenate((np.arange(50), [50, 50.001]))
    values = np.arange(52.0)[np.newaxis]
    points = fitted(times, values, 1e9, 1e9 + 100, stride_for(0, 100, 100))
    assert not points.thinned
    np.testing.assert_array_equal(points.values, values)


def test_a_piece_of_time_with_one_sample_has_one_point():
    times = 1e9 + np.concatenate((np.arange(0, 400, 20), 400 + np.arange(600)))
    values = np.arange(620.0)[np.newaxis]
    kept_times, kept, _, thinned = fitted(times, values, 1e9, 1e9 + 1000, 5.0)
    assert thinned
    assert np.unique(kept[0, kept_times < 1e9 + 390]).size == np.count_nonzero(kept_times < 1e9 + 390)
    np.testing.assert_allclose(kept_times[1:19], times[1:19], atol=7)


def test_gaps_stay_gaps_and_nan_does_not_spread():
    times = np.concatenate([np.arange(100), np.arange(500, 600)]) + 0.5
    values = np.where(np.arange(200) % 2, np.nan, 7.0)[np.newaxis]
    kept_times, kept, _, _ = fitted(times, values, 0, 1000, 10.0)
    assert not ((kept_times > 100) & (kept_times < 500)).any()
    assert (kept[:, :-1] == 7).all()


NOW = 1e9


def ticking(block, seconds, offset=0.0, start=NOW, *, machine=0.0, rate=10):
    """Append samples of a clock that is ahead by `offset`, one message a second; `machine` is by how much the block's own is."""
    sent = []
    for second in range(1, seconds + 1):
        true = start + second - np.arange(rate)[::-1] / rate
        block.append(true + offset, {"a": true - NOW}, now=start + second + machine)
        sent += zip((true + offset).tolist(), (true - NOW).tolist(), strict=True)
    return sent


def content(block):
    return list(zip(block.times.tolist(), block.values("a").tolist(), strict=True))


@pytest.mark.parametrize("step", [0.53, 5.03, 11.03, 60.03, 600.03])
@pytest.mark.parametrize("whose", ["agent", "machine"])
def test_a_clock_that_steps_back_loses_nothing(step, whose):
    block = Block(3600)
    sent = ticking(block, 700)
    machine = -step if whose == "machine" else 0
    sent += ticking(block, 100, -step, NOW + 700, machine=machine)
    assert content(block) == sorted(sent)
    assert block.refused == 0
    assert block.latest() == {"a": sent[-1]} == {"a": (NOW + 800 - step, 800)}, (
        "the value of now is the one that came last"
    )
    sent += ticking(block, 700, -step, NOW + 800, machine=machine)
    assert content(block) == sorted(sent)
    assert block.latest() == {"a": sent[-1]}


@pytest.mark.parametrize("ahead", [60.03, 3000.03])
def test_a_clock_that_was_ahead_for_a_while_loses_nothing(ahead):
    block = Block(3600)
    sent = [*ticking(block, 50), *ticking(block, 50, ahead, NOW + 50), *ticking(block, 200, 0, NOW + 100)]
    assert content(block) == sorted(sent)
    assert block.latest() == {"a": (NOW + 300, 300)}


@pytest.mark.parametrize("stamp", [NOW + 3e8, 0.0], ids=["future", "past"])
def test_one_wrong_stamp_spoils_neither_what_was_before_nor_what_comes(stamp):
    block = Block(3600)
    sent = ticking(block, 100)
    block.append([stamp], {"a": [-1.0]}, now=NOW + 100)
    assert block.latest() == {"a": (stamp, -1)}
    sent += ticking(block, 5000, 0, NOW + 100)
    assert content(block) == [sample for sample in sent if sample[0] >= sent[-1][0] - 3600]
    assert block.latest() == {"a": sent[-1]}
    assert block.refused == (stamp > NOW), "a decade ahead there is no place for it"
    assert block._samples._keys.size < 3600 * 10 * 1.3


@pytest.mark.parametrize("offset", [-9e4, -5000, 5000, 9e4])
def test_a_clock_that_is_wrong_all_the_time_has_a_window_of_its_own(offset):
    block = Block(3600)
    ticking(block, 100, rate=1)
    sent = ticking(block, 9000, offset, NOW + 100, rate=1)
    assert content(block)[-3601:] == [sample for sample in sent if sample[0] >= sent[-1][0] - 3600]
    assert len(block) <= 3601 + (5000 if offset == 5000 else 0), "also what lies between the present and that window"
    assert block.latest() == {"a": sent[-1]}


@pytest.mark.parametrize("direction", [1, -1])
def test_whatever_the_stamps_a_block_does_not_grow_without_bound(direction):
    block = Block(100)
    stamps = np.arange(5000) * 7 * direction + NOW
    stamps[::3] = np.random.default_rng(1).uniform(0, 2e9, stamps[::3].size)
    for second, stamp in enumerate(stamps):
        block.append([stamp], {"a": [0]}, now=NOW + second)
        assert len(block) < 350


@given(
    stamps=st.lists(st.lists(st.integers(0, 3000), min_size=1, max_size=60), min_size=1, max_size=60),
    ahead=st.sampled_from([None, 0, 2000]),
    stride=st.floats(0.01, 300),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_a_block_holds_whatever_order_and_answers_from_its_pyramid_what_all_samples_say(stamps, ahead, stride, seed):
    random, block, model, refused = np.random.default_rng(seed), Block(5000), {}, 0
    for message in stamps:
        values = random.integers(0, 9, len(message)).astype(float)
        for stamp, value in zip(message, values, strict=True):
            refused += model.setdefault(NOW + stamp, value) != value
        now = None if ahead is None else NOW + max(message) - ahead
        block.append([NOW + stamp for stamp in message], {"a": values}, now)
        times = block.envelope(["a"], NOW, NOW + 4000, stride)[0]
        assert times.size
    assert content(block) == sorted(model.items())
    assert block.refused == refused
    expected = envelope(block.times, block.values("a")[np.newaxis], NOW - 1, NOW + 4000, stride)
    found = block.envelope(["a"], NOW - 1, NOW + 4000, stride, spaced=True)
    for mine, theirs in zip(found[:2], expected[:2], strict=True):
        np.testing.assert_array_equal(np.sort(mine), np.sort(theirs))
    assert found[2] <= expected[2]


def test_after_a_step_back_only_what_is_older_than_the_arrivals_is_final():
    block, promised, count = Block(5000), {}, 0
    ticking(block, 1000, rate=1)
    for second in range(900):
        block.append([NOW + 400.5 + second], {"a": [second % 7]}, now=NOW + 1001 + second)
        times, values, until, _ = block.envelope(["a"], NOW, NOW + 3000, 20.0)
        found = dict(zip(times, values[0], strict=True))
        assert promised.items() <= found.items()
        promised = {time: value for time, value in found.items() if time < until}
        count += len(promised)
    assert count > 10_000


def test_milliseconds_taken_for_seconds_are_refused():
    block = Block(100)
    block.append([1e9], {"a": [1]})
    assert block.append([1e12, np.nan, np.inf, -np.inf, -1, 1e9 + 1], {"a": [2, 3, 4, 5, 6, 7]}) == 1
    assert block.times.tolist() == [1e9, 1e9 + 1]
    assert block.refused == 5
    assert Block(100).append([-np.inf], {"a": [1]}) == Block(100).append([-1], {"a": [1]}) == 0


def test_what_is_inserted_fills_gaps_and_changes_nothing_that_is_there():
    block = Block(1000)
    block.append([100, 101, 110], {"a": [0, 1, 10]})
    assert block.insert([50, 101, 102, 109], {"a": [-50, -1, 2, 9], "b": [1, 2, 3, 4]}) == 3
    assert block.refused == 0
    assert block.times.tolist() == [50, 100, 101, 102, 109, 110]
    assert block.values("a").tolist() == [-50, 0, 1, 2, 9, 10]
    np.testing.assert_array_equal(block.values("b"), [1, np.nan, 2, 3, 4, np.nan])
    assert block.insert([100], {"a": [7]}) == 0
    assert block.append([111], {"a": [11], "b": [11]}) == 1


def test_a_time_stamp_in_the_future_in_the_archive_does_not_cost_history():
    block = Block(100)
    block.insert([NOW, NOW + 50, NOW + 3e8], {"a": [0, 50, -1]}, now=NOW + 51)
    assert content(block) == [(NOW, 0), (NOW + 50, 50)]
    assert block.latest() == {"a": (NOW + 50, 50)}


def test_an_insertion_into_an_empty_block_is_its_beginning():
    block = Block(10)
    assert block.insert([1, 2, 30, 31], {"a": [1, 2, 30, 31]}) == 4
    assert block.times.tolist() == [30, 31]


def test_a_week_takes_no_more_memory_than_a_day():
    block, sizes = Block(3600), set()
    data = {f"channel_{number}": np.zeros(600) for number in range(16)}
    for start in range(0, 7 * 86400, 600):
        block.append(1e9 + start + np.arange(600), data)
        if start > 86400:
            sizes.add(block._samples._keys.size)
    assert len(sizes) == 1
    assert sizes.pop() < 3600 * 1.3


@pytest.mark.parametrize("count", [1, 7, 100, 1000])
def test_columns_hold_what_was_put_into_them(count):
    columns = ColumnBuffer(planes=2)
    columns.add_rows(1)
    total = dropped = 0
    for step in range(200):
        columns.extend(np.arange(total, total + count, dtype=float))[:] = step
        total += count
        if step % 3 == 0:
            columns.drop(len(columns) // 2)
            dropped = total - len(columns)
        assert columns.keys.tolist() == list(range(dropped, total))
        assert columns.values[1, 0].tolist() == [number // count for number in range(dropped, total)]
