"""Down-sampling that keeps extremes: the smallest and the largest value of every bucket of time.

Buckets are aligned to the epoch, and their widths stand on a ladder (four to seven times a power of two), so that neither a plot that
moves on nor a range that is a few milliseconds longer makes the points jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESOLUTION = 5e-7
"""Seconds by which two float64 UNIX times may differ from what their sender meant."""
NEWEST_ONLY = 1e18
"""A stride longer than any range."""


@dataclass(frozen=True)
class Buckets:
    """Whole buckets ``[first, last)`` of time: number `n` covers ``[n * width, (n + 1) * width)``."""

    width: float
    first: int
    last: int

    @property
    def start(self) -> float:
        """Where the first begins."""
        return self.first * self.width

    @property
    def end(self) -> float:
        """Where the last ends."""
        return self.last * self.width


def stride_for(start: float, end: float, points: int) -> float:
    """Return the stride with which ``[start, end)`` gives at most `points` points."""
    return NEWEST_ONLY if points < 2 else (end - start) / max(points - 1, 2)


def is_sparse(times: NDArray[np.float64], stride: float) -> bool:
    """Whether successive times are `stride` apart already. Looks at them only if there are few enough for that."""
    if stride <= 0 or times.size < 2:
        return True
    if (times.size - 1) * (stride - RESOLUTION) > times[-1] - times[0]:
        return False
    return bool(np.diff(times).min() >= stride - RESOLUTION)


def buckets(start: float, oldest: float, newest: float, stride: float) -> Buckets | None:
    """Return the buckets for samples from `oldest` to `newest` in a range that begins at `start`; `None` if not one is whole.

    The bucket of the newest sample is still being filled and not among them.
    """
    shortest = 2 * stride
    if not 0 < shortest <= newest - start:
        return None
    unit = 2.0 ** (math.floor(math.log2(shortest)) - 2)
    width = math.ceil(shortest / unit) * unit
    found = Buckets(width, max(math.ceil(start / width), math.floor(oldest / width)), math.floor(newest / width))
    return found if found.first < found.last else None


def envelope(
    times: NDArray[np.float64], values: NDArray[np.float64], start: float, end: float, stride: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
    """Return the samples in ``[start, end)``, down-sampled so that successive points are at least `stride` apart.

    No extreme is lost. Each bucket that holds samples gives two points, at its begin and its middle: its smallest and its largest
    value, in the order in which the signal moves. What lies before the first whole bucket counts to it, and what lies behind the
    last one to that; the newest sample follows as it is. What is sparse enough already is returned as it is.

    Parameters
    ----------
    times
        UNIX seconds, strictly ascending, shape (n,).
    values
        Shape (k, n), one row a field; NaN where there is no value.
    start, end
        The range, UNIX seconds.
    stride
        Seconds; zero or negative leaves everything as it is, `NEWEST_ONLY` only the newest sample.

    Returns
    -------
    times, values
        Shapes (m,) and (k, m); m is zero if there are no samples in the range.
    finalized_until
        Points before this time will not change when newer samples come; `None` if there are no points.
    """
    first, last = np.searchsorted(times, [start, end])
    times, values = times[first:last], values[:, first:last]
    if not times.size:
        return times, values, None
    if is_sparse(times, stride):
        return times, values, float(times[-1])
    whole = buckets(start, times[0], times[-1], stride)
    if whole is None:
        times, values = few_points(times, values, start, stride)
        return times, values, float(times[0])
    return (*extremes(whole, times, values, values, (times[-1], values[:, -1])), (whole.last - 1) * whole.width)


def extremes(
    whole: Buckets,
    keys: NDArray[np.float64],
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
    newest: tuple[float, NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two points a bucket, and the newest sample.

    Parameters
    ----------
    keys
        Times of samples, or where cells of time begin that lie in one bucket each; ascending, shape (n,), n > 0.
    lows, highs
        Their smallest and largest values, shape (k, n).
    newest
        Time and values, shape (k,), of the newest sample.
    """
    numbers = np.clip(np.floor(keys / whole.width), whole.first, whole.last - 1)
    firsts = np.concatenate(([0], np.flatnonzero(numbers[1:] != numbers[:-1]) + 1))
    lasts = np.append(firsts[1:], keys.size) - 1
    with np.errstate(all="ignore"):
        falls = lows[:, lasts] + highs[:, lasts] < lows[:, firsts] + highs[:, firsts]
    low, high = np.fmin.reduceat(lows, firsts, axis=1), np.fmax.reduceat(highs, firsts, axis=1)
    times, values = np.empty(2 * firsts.size + 1), np.empty((lows.shape[0], 2 * firsts.size + 1))
    times[0:-1:2] = numbers[firsts] * whole.width
    times[1:-1:2] = times[0:-1:2] + whole.width / 2
    values[:, 0:-1:2] = np.where(falls, high, low)
    values[:, 1:-1:2] = np.where(falls, low, high)
    times[-1], values[:, -1] = newest
    return times, values


def few_points(
    times: NDArray[np.float64], values: NDArray[np.float64], start: float, stride: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what there is room for where no bucket is whole: extremes and newest sample, extremes only, or the newest only."""
    room = 3 if times[-1] - 2 * stride >= start else 2 if times[-1] - stride >= start else 1
    if room == 1:
        return times[-1:], values[:, -1:]
    low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
    falls = values[:, -1] < values[:, 0]
    points = np.column_stack((np.where(falls, high, low), np.where(falls, low, high), values[:, -1]))[:, :room]
    return times[-1] + stride * np.arange(1.0 - room, 1.0), points
