"""The data nodes behind the router: other people's, and ours on other machines. Used in the reactor's thread only.

Anyone who has the nodes' secret may serve one, and may have written it badly: whatever a node answers, or if it never answers, it
costs a bounded time, and a bounded number of nodes, fields and samples is accepted.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.defer import TimeoutError as DeferredTimeoutError

from livemon.bridge.catalogue import LONGEST_TEXT, Field
from livemon.errors import RequestError, RouterError
from livemon.series.envelope import fitted
from livemon.sisock import newest
from livemon.sisock.answers import Sample
from livemon.sisock.deferreds import InlineCallbacks
from livemon.sisock.newest import Newest
from livemon.sisock.packed import Timeline, from_answer, unpack
from livemon.sisock.registry import MAX_NAME_LENGTH
from livemon.sisock.wamp import answered_within, uri

DEADLINE = 5.0
"""Seconds within which a node must answer; a slower node is left out of the answer."""
EPOCH = 1e-3
"""The first moment that sisock can name, UNIX seconds: zero and negative times are relative to now."""
MOST_NODES = 200
MOST_FIELDS = 2000
"""Per node."""
MOST_FIELDS_OF_ALL = 20_000
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds for which a node that gave no valid answer is not asked again: twice as long each time."""
HAS_LEFT = "has left"
GONE = {ApplicationError.CANCELED, ApplicationError.NO_SUCH_PROCEDURE}
"""Errors of a call to a node that left before it, or during it."""


@dataclass(frozen=True)
class Description:
    """A node's answer about itself: its fields, their newest samples, notes for people, and when it counts as silent (seconds)."""

    fields: Mapping[str, Field]
    last: Mapping[str, Sample]
    notes: list[str]
    silent_after: float | None


@dataclass(frozen=True)
class Query:
    """Which samples to return: ``[start, end)``, UNIX seconds, `stride` seconds apart; and until when (of the monotonic clock)."""

    start: float
    end: float
    stride: float
    deadline: float


@dataclass(frozen=True)
class Pause:
    """How long a node is not asked, in seconds, and until when, on the monotonic clock."""

    seconds: float
    until: float


class RouterNodes:
    """The nodes that the hub lists, reached over the router.

    Parameters
    ----------
    session
        The session with the router; `None` while there is none.
    steady
        The monotonic clock, in seconds.
    """

    def __init__(self, session: ISession | None = None, steady: Callable[[], float] = time.monotonic) -> None:
        self.session = session
        self._steady = steady
        self._foreign: set[str] = set()
        """Names of other people's nodes, which lack the procedures that only ours have."""
        self._newest: dict[str, Newest] = {}
        self._pauses: dict[str, Pause] = {}
        self._being_asked: set[str] = set()

    @inlineCallbacks
    def listed(self) -> InlineCallbacks[dict[str, str]]:
        """Return ``{name: description}`` of the nodes that the hub knows.

        Raises
        ------
        RouterError
            If there is no router, or no answer within `DEADLINE`.
        """
        listed = yield self._call("consumer.get_data_node")
        descriptions = {str(entry["name"]): str(entry.get("description") or "") for entry in listed}
        return {name: text[:LONGEST_TEXT] for name, text in descriptions.items() if len(name) <= MAX_NAME_LENGTH}

    @inlineCallbacks
    def describe(self, name: str) -> InlineCallbacks[Description | str | None]:
        """Ask a node for its fields and newest samples, within `DEADLINE`; return one clause instead if it gives no valid answer.

        `None` if it is not asked now, because it is being asked already or gave no valid answer a moment ago.
        """
        pause = self._pauses.get(name)
        if name in self._being_asked or (pause is not None and self._steady() < pause.until):
            return None
        self._being_asked.add(name)
        try:
            description: Description = yield self._describe(name)
        except Exception as error:
            seconds = FIRST_PAUSE if pause is None else min(2 * pause.seconds, LONGEST_PAUSE)
            self._pauses[name] = Pause(seconds, self._steady() + seconds)
            return _fault(error)
        else:
            self._pauses.pop(name, None)
            return description
        finally:
            self._being_asked.discard(name)

    @inlineCallbacks
    def samples(
        self, fields: Mapping[str, Mapping[str, str | None]], start: float, end: float, stride: float
    ) -> InlineCallbacks[dict[str, list[Timeline] | BaseException]]:
        """Return each node's timelines, or the exception that it answered with.

        All nodes are asked at the same time, and none for longer than `DEADLINE`.

        Parameters
        ----------
        fields
            By node, the timeline of each field to return.
        start, end
            The interval ``[start, end)``, UNIX seconds.
        stride
            Seconds between samples (:func:`livemon.series.envelope.stride_for`).
        """
        query = Query(max(start, EPOCH), max(end, EPOCH), stride, self._steady() + DEADLINE)
        calls = [self._samples(node, timelines, query) for node, timelines in fields.items()]
        results = yield DeferredList(calls, consumeErrors=True)
        return {
            node: result if succeeded else result.value
            for node, (succeeded, result) in zip(fields, results, strict=True)
        }

    @inlineCallbacks
    def _describe(self, node: str) -> InlineCallbacks[Description]:
        deadline = self._steady() + DEADLINE
        answer = yield self._call(f"consumer.{node}.get_fields", 1, 0, deadline=deadline)
        fields, accepted, notes = _described(node, answer)
        last = yield self._last_of(node, fields, deadline)
        limits = [limit for about in accepted if (limit := _seconds(about.get("silent_after"))) is not None]
        return Description(fields, last, notes, min(limits, default=None))

    @inlineCallbacks
    def _last_of(self, node: str, fields: Mapping[str, Field], deadline: float) -> InlineCallbacks[dict[str, Sample]]:
        """Return ``{field: (time, value)}``; other people's nodes have no ``get_last``: there, :class:`Newest` finds them."""
        last = yield self._ours(node, "get_last", deadline=deadline)
        if last is not None:
            return newest.samples((name, last[name]) for name in fields if name in last)

        def get_data(names: list[str], start: float, end: float, min_stride: float | None) -> Deferred[Any]:
            stride = {} if min_stride is None else {"min_stride": min_stride}
            return self._call(f"consumer.{node}.get_data", names, start, end, deadline=deadline, **stride)

        timelines = {name: each.timeline for name, each in fields.items()}
        known = self._newest.setdefault(node, Newest(self._steady))
        found: dict[str, Sample] = yield known.look(timelines, get_data)
        return found

    @inlineCallbacks
    def _samples(self, node: str, timelines: Mapping[str, str | None], query: Query) -> InlineCallbacks[list[Timeline]]:
        """Return a node's timelines; of many fields in several calls if the node answers that it is too much for one."""
        arguments, stride = (list(timelines), query.start, query.end), query.stride or None
        answer = yield self._ours(node, "get_packed", *arguments, stride, deadline=query.deadline)
        if isinstance(answer, bytes):
            return [_limited(each, query) for each in unpack(answer)]
        if answer is None:
            answer = yield self._call(
                f"consumer.{node}.get_data", *arguments, min_stride=stride, deadline=query.deadline
            )
            if answer is not False:
                # Only the node's author knows whether it left samples out.
                found = from_answer(timelines, answer, thinned=None if stride else False)
                return [_limited(each, query) for each in found]
        if len(timelines) == 1:
            raise RequestError(f"{node} has too many samples in that time for one answer; ask for fewer points")
        names = list(timelines)
        both: list[Timeline] = []
        for half in (names[: len(names) // 2], names[len(names) // 2 :]):
            both += yield self._samples(node, {name: timelines[name] for name in half}, query)
        return both

    @inlineCallbacks
    def _ours(self, node: str, procedure: str, *arguments: Any, deadline: float) -> InlineCallbacks[Any]:
        """Call a procedure that only our own nodes have; `None` if the node is not one of ours."""
        if node in self._foreign:
            return None
        try:
            return (yield self._call(f"consumer.{node}.{procedure}", *arguments, deadline=deadline))
        except ApplicationError as error:
            if error.error != ApplicationError.NO_SUCH_PROCEDURE:
                raise
            self._foreign.add(node)
            return None

    def forget(self, names: Collection[str]) -> None:
        """Forget what is known about nodes of these names: another node may have taken one."""
        for name in names:
            self._newest.pop(name, None)
            self._pauses.pop(name, None)
        self._foreign -= set(names)

    @inlineCallbacks
    def _call(self, name: str, *arguments: Any, deadline: float | None = None, **options: Any) -> InlineCallbacks[Any]:
        """Call a procedure; give up at a moment of the monotonic clock, or after `DEADLINE` seconds."""
        session = self.session
        if session is None:
            raise RouterError("the router is away")
        seconds = DEADLINE if deadline is None else deadline - self._steady()
        if seconds <= 0:
            raise RouterError(f"timed out after {DEADLINE:g} s")
        call = session.call(uri(name), *arguments, **options)
        try:
            return (yield answered_within(call, seconds))
        except DeferredTimeoutError:
            if self.session is session:  # otherwise autobahn has forgotten the call
                call.cancel()  # or it would be remembered, here and in the router, for as long as the session lasts
            raise RouterError(f"timed out after {DEADLINE:g} s") from None


def sentence(error: BaseException) -> str:
    """Return an exception's message in one line."""
    if isinstance(error, ApplicationError):  # whose own text lists everything that it could contain
        return " ".join(map(str, (error.error, *error.args)))
    return str(error) or type(error).__name__


def _fault(error: BaseException) -> str:
    """Return why a node gave no valid answer about itself."""
    if isinstance(error, ApplicationError) and error.error in GONE:
        return HAS_LEFT
    if isinstance(error, (TypeError, ValueError, AttributeError, LookupError)):
        return f"gives malformed answers: {str(error)[:LONGEST_TEXT]}"
    return f"does not answer: {sentence(error)[:LONGEST_TEXT]}"


def _described(node: str, answer: Any) -> tuple[dict[str, Field], list[Mapping[str, Any]], list[str]]:
    """Return the fields in an answer of ``get_fields``, `MOST_FIELDS` at most, their descriptions, and notes for people."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2 or not isinstance(answer[0], Mapping):
        raise TypeError("get_fields did not answer with fields and timelines")
    fields: dict[str, Field] = {}
    accepted: list[Mapping[str, Any]] = []
    malformed = 0
    for name, about in list(answer[0].items())[:MOST_FIELDS]:
        try:
            fields[name] = Field.from_node(node, name, about)
        except TypeError:
            malformed += 1
        else:
            accepted.append(about)
    notes = []
    if malformed:
        notes.append(f"{malformed} of its fields have malformed descriptions and are left out")
    if len(answer[0]) > MOST_FIELDS:
        notes.append(f"it has {len(answer[0])} fields: only the first {MOST_FIELDS} are shown")
    return fields, accepted, notes


def _seconds(value: Any) -> float | None:
    """Return a duration in a node's answer; `None` if it is not one."""
    return float(value) if newest.is_number(value) and 0 < value < math.inf else None


def _limited(timeline: Timeline, query: Query) -> Timeline:
    """Return the requested samples and no others: a lab's own node, or upstream's, may not know strides, and may not sort."""
    times, values = timeline.times, timeline.values
    inside = (times >= query.start) & (times < query.end)
    if not inside.all():
        times, values = times[inside], values[:, inside]
    if np.any(np.diff(times) <= 0):
        times, first = np.unique(times, return_index=True)
        values = values[:, first]
    times, values, _, thinned = fitted(times, values, query.start, query.end, query.stride)
    return replace(timeline, times=times, values=values, thinned=thinned or timeline.thinned)
