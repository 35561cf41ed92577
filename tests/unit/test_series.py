"""Blocks and envelopes: nothing lost, nothing invented."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livemon.series.block import Block
from livemon.series.envelope import envelope


def test_a_block_keeps_its_window_and_grows_no_further():
    block = Block(window=100)
    for start in range(0, 100_000, 10):
        times = np.arange(start, start + 10)
        assert block.append(times, {"a": times, "b": -times}) == 10
    assert block.times[0] == block.times[-1] - 100
    assert (block.values("a") == block.times).all()
    assert (block.values("b") == -block.times).all()
    assert block._times.size <= 2048


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


def test_samples_that_are_not_newer_are_refused_and_counted():
    block = Block(1000)
    block.append([1, 2, 3], {"a": [1, 2, 3]})
    assert block.append([2, 3, 4, 4, 5], {"a": [20, 30, 4, 40, 5]}) == 2
    assert block.times.tolist() == block.values("a").tolist() == [1, 2, 3, 4, 5]
    assert block.refused == 3


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
    stride=st.floats(0.05, 50),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_an_envelope_keeps_extremes_and_spacing(steps, stride, seed):
    times = 1e9 + np.cumsum(steps)
    values = np.random.default_rng(seed).normal(size=(2, times.size))
    kept_times, kept = envelope(times, values, stride)
    assert kept.shape == (2, kept_times.size)
    np.testing.assert_array_equal(kept.max(axis=1), values.max(axis=1))
    np.testing.assert_array_equal(kept.min(axis=1), values.min(axis=1))
    assert (np.diff(kept_times) > 0).all()
    assert kept_times.size <= times.size
    if kept_times.size < times.size:
        assert np.diff(kept_times).min() >= stride * (1 - 1e-6)
        assert np.abs(kept_times[[0, -1]] - times[[0, -1]]).max() <= 2 * stride


def test_buckets_are_aligned_to_the_epoch_so_that_a_moving_plot_does_not_shimmer():
    times = 1e9 + np.arange(1000) / 10
    values = np.sin(times)[np.newaxis]
    whole, _ = envelope(times, values, 1.0)
    moved, _ = envelope(times[137:], values[:, 137:], 1.0)
    assert set(moved[2:]) <= set(whole)


def test_gaps_stay_gaps_and_nan_does_not_spread():
    times = np.concatenate([np.arange(100), np.arange(500, 600)]) + 0.5
    values = np.where(np.arange(200) % 2, np.nan, 7.0)[np.newaxis]
    kept_times, kept = envelope(times, values, 10.0)
    assert not ((kept_times > 100) & (kept_times < 500)).any()
    assert (kept == 7).all()
