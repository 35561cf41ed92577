"""The newest samples of a data node that keeps none by itself, by what sisock's ``get_data`` answers. No input or output."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from twisted.internet.defer import inlineCallbacks, maybeDeferred

Sample = tuple[float, Any]
"""Time (UNIX seconds) and value: a number, a truth value, a text or `None`."""

RECENT = 60.0
"""Seconds before now that each look asks for."""
FURTHER = (600.0, 3600.0, 6 * 3600.0, 86400.0)
"""Seconds before now to which a look goes back by turns, as long as a field has no sample that is known."""
LOOK_FURTHER_EVERY = 600.0
"""Seconds between two looks that go back further than `RECENT`: a node whose data end years ago is not to be asked all the time."""
FURTHER_POINTS = 60
"""Samples of a field that are asked for further back, at most: only the newest of them is wanted."""
LONGEST_TEXT = 1000


class Newest:
    """Remembers each field's newest sample; `steady` is a clock that nobody sets, in seconds."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._known: dict[str, Sample] = {}
        self._further_at = -math.inf

    @inlineCallbacks
    def look(self, timelines: Mapping[str, str | None], get_data: Callable[..., Any]) -> Iterator:
        """Return the newest sample of each field that had one within a day before now, or since the first look.

        Parameters
        ----------
        timelines
            The timeline of each field, as the node's ``get_fields`` says.
        get_data
            The node's, called with ``(fields, start, end, min_stride)``; may return a Deferred. What it raises of the last minute is
            raised here.
        """
        self._known = {name: last for name, last in self._known.items() if name in timelines}
        answer = yield maybeDeferred(get_data, list(timelines), -RECENT, 0, None)
        if answer is False:  # too much for one message
            answer = yield maybeDeferred(get_data, list(timelines), -RECENT, 0, RECENT)
        self._known |= newest_in(timelines, answer)
        if len(self._known) < len(timelines) and self._steady() >= self._further_at:
            self._further_at = self._steady() + LOOK_FURTHER_EVERY
            yield self._look_further(timelines, get_data)
        return dict(self._known)

    @inlineCallbacks
    def _look_further(self, timelines: Mapping[str, str | None], get_data: Callable[..., Any]) -> Iterator:
        end = RECENT
        for span in FURTHER:
            unknown = {name: timelines[name] for name in timelines if name not in self._known}
            if not unknown:
                return
            try:
                answer = yield maybeDeferred(get_data, list(unknown), -span, -end, (span - end) / FURTHER_POINTS)
            except Exception:
                return  # whether the node works is told by its answer of the last minute, which came
            self._known |= newest_in(unknown, answer)
            end = span


def newest_in(timelines: Mapping[str, str | None], answer: Any) -> dict[str, Sample]:
    """Return the last sample of each field in an answer of ``get_data``; whatever it is made of, what is not a sample is left out."""
    times_of, values_of = _mapping(_part(answer, "timeline")), _mapping(_part(answer, "data"))
    found = {}
    for name, timeline in timelines.items():
        times, values = _part(times_of.get(timeline), "t"), values_of.get(name)
        if isinstance(times, (list, tuple)) and isinstance(values, (list, tuple)) and len(times) == len(values) > 0:
            found[name] = times[-1], values[-1]
    return samples(found.items())


def samples(told: Iterable[tuple[Any, Any]]) -> dict[str, Sample]:
    """Return of ``(name, (time, value))`` those that are samples; texts are cut to `LONGEST_TEXT`."""
    found = {}
    for name, last in told:
        if not (isinstance(name, str) and isinstance(last, (list, tuple)) and len(last) == 2):
            continue
        when, value = last
        if not _is_number(when) or not math.isfinite(when):
            continue
        if isinstance(value, str):
            value = value[:LONGEST_TEXT]
        if value is None or isinstance(value, (bool, str)) or _is_number(value):
            found[name] = when, value
    return found


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _mapping(told: Any) -> Mapping:
    return told if isinstance(told, Mapping) else {}


def _part(told: Any, key: str) -> Any:
    return _mapping(told).get(key)
