"""The newest samples of a data node that does not keep them itself, from the answers of its ``get_data``. No input or output."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twisted.internet.defer import inlineCallbacks

from livemon.sisock.answers import Sample
from livemon.sisock.deferreds import InlineCallbacks, MaybeDeferred, deferred_call

RECENT = 60.0
"""Seconds before now for which each look asks."""
FURTHER = (600.0, 3600.0, 6 * 3600.0, 86400.0)
"""Seconds before now to which a look goes back, step by step, while the newest sample of a field is unknown."""
LOOK_FURTHER_EVERY = 600.0
"""Seconds between two looks that go back further than `RECENT`, or a node whose data end years ago would be asked all the time."""
FURTHER_POINTS = 60
"""Maximum samples of a field in a question that goes further back: only the newest of them is needed."""
MAX_TEXT_LENGTH = 1000

GetData = Callable[[list[str], float, float, float | None], MaybeDeferred[Any]]
"""A node's ``get_data``, called with ``(fields, start, end, min_stride)``."""


class Newest:
    """Remembers each field's newest sample; `steady` is a monotonic clock, seconds."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._known: dict[str, Sample] = {}
        self._further_at = -math.inf

    @inlineCallbacks
    def look(self, timelines: Mapping[str, str | None], get_data: GetData) -> InlineCallbacks[dict[str, Sample]]:
        """Return the newest sample of each field that had one within a day before now, or since the first look.

        Parameters
        ----------
        timelines
            The timeline of each field, as the node's ``get_fields`` answers it.
        get_data
            The node's. What it raises when asked for the last minute is raised here.
        """
        self._known = {name: last for name, last in self._known.items() if name in timelines}
        answer = yield deferred_call(get_data, list(timelines), -RECENT, 0, None)
        if answer is False:  # too large for one message
            answer = yield deferred_call(get_data, list(timelines), -RECENT, 0, RECENT)
        self._known |= newest_in(timelines, answer)
        if len(self._known) < len(timelines) and self._steady() >= self._further_at:
            self._further_at = self._steady() + LOOK_FURTHER_EVERY
            yield self._look_further(timelines, get_data)
        return dict(self._known)

    @inlineCallbacks
    def _look_further(self, timelines: Mapping[str, str | None], get_data: GetData) -> InlineCallbacks[None]:
        end = RECENT
        for span in FURTHER:
            unknown = {name: timelines[name] for name in timelines if name not in self._known}
            if not unknown:
                return
            try:
                answer = yield deferred_call(get_data, list(unknown), -span, -end, (span - end) / FURTHER_POINTS)
            except Exception:
                return  # the node works, or its answer for the last minute would have failed
            self._known |= newest_in(unknown, answer)
            end = span


def newest_in(timelines: Mapping[str, str | None], answer: Any) -> dict[str, Sample]:
    """Return the last sample of each field in an answer of ``get_data``; the answer may be malformed, which costs samples only."""
    times_of, values_of = _mapping(_part(answer, "timeline")), _mapping(_part(answer, "data"))
    found = {}
    for name, timeline in timelines.items():
        times, values = _part(times_of.get(timeline), "t"), values_of.get(name)
        if isinstance(times, (list, tuple)) and isinstance(values, (list, tuple)) and len(times) == len(values) > 0:
            found[name] = times[-1], values[-1]
    return samples(found.items())


def samples(candidates: Iterable[tuple[Any, Any]]) -> dict[str, Sample]:
    """Return those of some ``(name, (time, value))`` that are samples; strings are cut to `MAX_TEXT_LENGTH`."""
    found: dict[str, Sample] = {}
    for name, last in candidates:
        if not (isinstance(name, str) and isinstance(last, (list, tuple)) and len(last) == 2):
            continue
        when, value = last
        if not is_number(when) or not math.isfinite(when):
            continue
        if isinstance(value, str):
            value = value[:MAX_TEXT_LENGTH]
        if value is None or isinstance(value, (bool, str)) or is_number(value):
            found[name] = when, value
    return found


def is_number(value: Any) -> bool:
    """Whether a value is a number that a float can hold; a truth value is not."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _part(value: Any, key: str) -> Any:
    return _mapping(value).get(key)
