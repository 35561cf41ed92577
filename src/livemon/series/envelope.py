"""Down-sampling that keeps extremes: the smallest and the largest value of every bucket of time.

Buckets are aligned to the epoch, and their widths are four to seven times a power of two, so that the points do not jump when a plot
moves on or its range becomes a few milliseconds longer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESOLUTION = 5e-7
"""Seconds by which the distance of two float64 UNIX times may be wrong."""
NEWEST_ONLY = 1e18
"""A stride longer than any range: only the newest sample fits."""
EVERY = 1 << 40
"""More points than there can be samples: all of them fit."""
_ROUNDING = 1e-6
"""In a number of points."""


class Points(NamedTuple):
    """The samples of several fields in an interval, or extremes of them.

    Attributes
    ----------
    times
        UNIX seconds, ascending, shape (m,).
    values
        Shape (k, m), one row per field; NaN for no value.
    finalized_until
        Points before this time will not change when newer samples arrive; `None` if there are no points.
    thinned
        `False` if each sample is there once, at its own time. `True` if there were too many samples, so that these are the smallest
        and largest values of buckets of time, which must not be added up, counted or averaged. `None` if some are such extremes
        although all samples might have fitted.
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
        """Start of the first, UNIX seconds."""
        return self.first * self.width

    @property
    def end(self) -> float:
        """End of the last, UNIX seconds."""
        return self.last * self.width


def stride_for(start: float, end: float, points: int) -> float:
    """Return the stride (seconds) with which ``[start, end)`` gives at most `points` points; 0, for all samples, from `EVERY` on."""
    if points >= EVERY:
        return 0.0
    return NEWEST_ONLY if points < 2 else (end - start) / max(points - 1, 2)


def needs_thinning(
    times: NDArray[np.float64], start: float, end: float, stride: float, *, spaced: bool = False
) -> bool:
    """Whether there are more samples in ``[start, end)`` than fit into it `stride` seconds apart.

    With `spaced` also if there are fewer, but two of them are closer together than that.
    """
    if stride <= 0 or times.size < 2:
        return False
    if times.size > math.ceil(min((end - start) / stride, EVERY) - _ROUNDING):
        return True
    return spaced and bool(np.diff(times).min() < stride - RESOLUTION)


def buckets(start: float, oldest: float, newest: float, stride: float) -> Buckets | None:
    """Return the buckets for samples from `oldest` to `newest` in a range that starts at `start`; `None` if none is whole.

    The bucket of the newest sample is not complete yet, and not among them.
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
    """Return the samples in ``[start, end)``: all of them, or fewer points if there are too many (:func:`needs_thinning`).

    Then successive points are at least `stride` apart, and no extreme is lost. Each bucket with samples gives two points, at its
    start and its middle: its smallest and its largest value, in the order in which the signal moves; or one, in the middle, if the
    two are equal. Samples before the first whole bucket count towards it, and samples after the last one towards that; the newest
    sample follows as it is.

    Parameters
    ----------
    times
        UNIX seconds, strictly ascending, shape (n,).
    values
        Shape (k, n), one row per field; NaN for no value.
    start, end
        The range, UNIX seconds.
    stride
        Seconds; zero or negative for all samples, `NEWEST_ONLY` for only the newest.
    spaced
        Whether samples that are closer together than `stride` are too many, however few there are.
    """
    first, last = np.searchsorted(times, [start, end])
    times, values = times[first:last], values[:, first:last]
    if not times.size:
        return Points(times, values, None, False)
    if not needs_thinning(times, start, end, stride, spaced=spaced):
        # Once more samples have arrived, all of them may no longer fit.
        return Points(times, values, float(times[-1] if spaced or stride <= 0 else times[0]), False)
    whole = buckets(start, times[0], times[-1], stride)
    if whole is None:
        times, values = _few_points(times, values, start, stride)
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
    """Return two points per bucket, one for a bucket of equal values, and the newest sample: times and values as in :class:`Points`.

    Parameters
    ----------
    keys
        Times of samples, or start times of cells each of which is in one bucket; ascending, shape (n,), n > 0.
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


def _few_points(
    times: NDArray[np.float64], values: NDArray[np.float64], start: float, stride: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what fits if no bucket is whole: the extremes and the newest sample, only the extremes, or only the newest."""
    room = 3 if times[-1] - 2 * stride >= start else 2 if times[-1] - stride >= start else 1
    if room == 1:
        return times[-1:], values[:, -1:]
    low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
    falls = values[:, -1] < values[:, 0]
    points: NDArray[np.float64] = np.column_stack(
        (np.where(falls, high, low), np.where(falls, low, high), values[:, -1])
    )
    return times[-1] + stride * np.arange(1.0 - room, 1.0), points[:, :room]
