"""Down-sampling that keeps extremes: the smallest and the largest value of every bucket of time.

Buckets are aligned to the epoch, and their widths stand on a ladder (four to seven times a power of two), so that neither a plot that
moves on nor a range that is a few milliseconds longer makes the points jump.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESOLUTION = 5e-7
"""Seconds by which two float64 UNIX times may differ from what their sender meant."""
NEWEST_ONLY = 1e18
"""A stride longer than any range."""
EVERY = 1 << 40
"""So many points that no sample is left out."""
_ROUNDING = 1e-6
"""Of a number of points."""


class Points(NamedTuple):
    """What is left of the samples of several fields in an interval.

    Attributes
    ----------
    times
        UNIX seconds, ascending, shape (m,).
    values
        Shape (k, m), one row a field; NaN where there is no value.
    finalized_until
        Points before this time will not change when newer samples come; `None` if there are no points.
    thinned
        `False` if each sample is there once, at its own time. `True` if the samples are more than there is room for, and these are
        smallest and largest values of pieces of time, which nobody may add up, count or average. `None` if some are such extremes
        though there may be room for all.
    """

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    finalized_until: float | None
    thinned: bool | None


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
    """Return the stride with which ``[start, end)`` gives at most `points` points; zero, for all samples, from `EVERY` on."""
    if points >= EVERY:
        return 0.0
    return NEWEST_ONLY if points < 2 else (end - start) / max(points - 1, 2)


def needs_thinning(
    times: NDArray[np.float64], start: float, end: float, stride: float, *, spaced: bool = False
) -> bool:
    """Whether samples in ``[start, end)`` are more than there is room for, `stride` apart.

    With `spaced` also if they are fewer, but two of them are closer together. Only that looks at the times: if there are few enough.
    """
    if stride <= 0 or times.size < 2:
        return False
    if times.size > math.ceil(min((end - start) / stride, EVERY) - _ROUNDING):
        return True
    return spaced and bool(np.diff(times).min() < stride - RESOLUTION)


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


def fitted(
    times: NDArray[np.float64],
    values: NDArray[np.float64],
    start: float,
    end: float,
    stride: float,
    *,
    spaced: bool = False,
) -> Points:
    """Return the samples in ``[start, end)``: all of them, or fewer points if they are more than there is room for.

    Then successive points are at least `stride` apart, and no extreme is lost. Each bucket that holds samples gives two points, at
    its begin and its middle: its smallest and its largest value, in the order in which the signal moves; one, in the middle, where
    the two are the same. What lies before the first whole bucket counts to it, and what lies behind the last one to that; the
    newest sample follows as it is.

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
    spaced
        Whether samples that are closer together than `stride` are too many, however few they are.
    """
    first, last = np.searchsorted(times, [start, end])
    times, values = times[first:last], values[:, first:last]
    if not times.size:
        return Points(times, values, None, False)
    if not needs_thinning(times, start, end, stride, spaced=spaced):
        # As more samples come there may be no more room for all of them.
        return Points(times, values, float(times[-1] if spaced or stride <= 0 else times[0]), False)
    whole = buckets(start, times[0], times[-1], stride)
    if whole is None:
        times, values = few_points(times, values, start, stride)
        return Points(times, values, float(times[0]), True)
    points = extremes(whole, times, values, values, (times[-1], values[:, -1]))
    return Points(*points, (whole.last - 1) * whole.width, True)


def envelope(
    times: NDArray[np.float64], values: NDArray[np.float64], start: float, end: float, stride: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float | None]:
    """Return the samples in ``[start, end)``, down-sampled so that successive ones are at least `stride` apart, for ``get_data``.

    See :func:`fitted` for arguments, and :class:`Points` for the three results.
    """
    return fitted(times, values, start, end, stride, spaced=True)[:3]


def extremes(
    whole: Buckets,
    keys: NDArray[np.float64],
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
    newest: tuple[float, NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two points a bucket, one of a bucket in which nothing moves, and the newest sample.

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
    moves = np.ones(times.size, bool)
    moves[0:-1:2] = ((low != high) & ~np.isnan(low)).any(axis=0)
    return times[moves], values[:, moves]


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
