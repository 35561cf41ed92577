"""The data nodes behind the router: those of others, and ours on other machines. Lives in the reactor's thread.

Anybody with the node's secret may serve one, and may have written it badly: whatever a node answers, and if it never does, it costs
a bounded time, and a bounded number of nodes, fields and samples is taken of it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from twisted.internet.defer import DeferredList, inlineCallbacks
from twisted.internet.defer import TimeoutError as DeferredTimeoutError

from livemon.bridge.catalogue import LONGEST_NAME, LONGEST_TEXT, Field, Node
from livemon.errors import RequestError, RouterError
from livemon.series.envelope import fitted
from livemon.sisock import newest
from livemon.sisock.answers import Sample
from livemon.sisock.newest import Newest
from livemon.sisock.packed import Timeline, from_answer, unpack
from livemon.sisock.wamp import answered_within, uri

DEADLINE = 5.0
"""Seconds within which a node must answer; one that is slower is left out of the answer."""
EPOCH = 1e-3
"""The first moment that sisock can name."""
MOST_NODES = 200
MOST_FIELDS = 2000
"""Of one node."""
MOST_FIELDS_OF_ALL = 20_000
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 30.0
"""Seconds for which a node that gave no proper answer is not asked again: twice as long each time."""
GONE = {ApplicationError.CANCELED, ApplicationError.NO_SUCH_PROCEDURE}
"""Errors of a call to a node that has gone, meanwhile or before."""


@dataclass
class Told:
    """What a node says of itself: its fields, their newest samples, what people should know, when it is silent (seconds)."""

    fields: dict[str, Field]
    last: dict[str, Sample]
    notes: list[str]
    silent_after: float | None


@dataclass(frozen=True)
class Question:
    """Which samples are wanted: in ``[start, end)``, UNIX seconds, `stride` seconds apart, and until when (``time.monotonic``)."""

    start: float
    end: float
    stride: float
    until: float


@dataclass
class Pause:
    """How long a node is left alone, in seconds, and until when, by a clock that nobody sets."""

    seconds: float
    until: float


class RoutedNodes:
    """What the hub lists, asked over the router."""

    def __init__(self) -> None:
        self.session: ISession | None = None
        self._foreign: set[str] = set()
        self._newest: dict[str, Newest] = {}
        self._pauses: dict[str, Pause] = {}
        self._asked: set[str] = set()

    @inlineCallbacks
    def listed(self) -> Iterator:
        """Return ``{name: description}`` of the nodes that the hub knows."""
        listed = yield self._call("consumer.get_data_node")
        descriptions = {str(entry["name"]): str(entry.get("description") or "") for entry in listed}
        return {name: text[:LONGEST_TEXT] for name, text in descriptions.items() if len(name) <= LONGEST_NAME}

    @inlineCallbacks
    def ask(self, node: Node) -> Iterator:
        """Ask a node for its fields and newest samples, within `DEADLINE`; the fault stands in `node.error`.

        One that is being asked, or gave no proper answer just now, stays as it is.
        """
        name = node.name
        pause = self._pauses.get(name)
        if name in self._asked or (pause is not None and time.monotonic() < pause.until):
            return
        self._asked.add(name)
        try:
            told = yield self._told_by(name)
        except Exception as error:
            node.error = _fault(error)
            seconds = FIRST_PAUSE if pause is None else min(2 * pause.seconds, LONGEST_PAUSE)
            self._pauses[name] = Pause(seconds, time.monotonic() + seconds)
        else:
            node.fields, node.last, node.notes, node.silent_after = (
                told.fields,
                told.last,
                told.notes,
                told.silent_after,
            )
            node.error = None
            self._pauses.pop(name, None)
        finally:
            self._asked.discard(name)

    @inlineCallbacks
    def samples(
        self, wanted: Mapping[str, Mapping[str, str | None]], start: float, end: float, stride: float
    ) -> Iterator:
        """Return, by node, its timelines or the exception that it answered; `wanted` has the timeline of each field by node.

        Every node is asked at the same time, and none for longer than `DEADLINE`.
        """
        # To sisock, zero and what is below are relative to now.
        question = Question(max(start, EPOCH), max(end, EPOCH), stride, time.monotonic() + DEADLINE)
        calls = [self._samples_of(node, fields, question) for node, fields in wanted.items()]
        results = yield DeferredList(calls, consumeErrors=True)
        return {
            node: result if succeeded else result.value
            for node, (succeeded, result) in zip(wanted, results, strict=True)
        }

    @inlineCallbacks
    def _told_by(self, node: str) -> Iterator:
        until = time.monotonic() + DEADLINE
        answer = yield self._call(f"consumer.{node}.get_fields", 1, 0, until=until)
        fields, told, notes = _described(node, answer)
        last = yield self._last_of(node, fields, until)
        limits = [limit for about in told if (limit := _seconds(about.get("silent_after"))) is not None]
        return Told(fields, last, notes, min(limits, default=None))

    @inlineCallbacks
    def _last_of(self, node: str, fields: Mapping[str, Field], until: float) -> Iterator:
        """Return ``{field: (time, value)}``; of a node of others, which has no ``get_last``, what `Newest` finds."""
        last = yield self._ours(node, "get_last", until=until)
        if last is not None:
            return newest.samples((name, last[name]) for name in fields if name in last)

        def get_data(names: list[str], start: float, end: float, min_stride: float | None) -> Any:
            stride = {} if min_stride is None else {"min_stride": min_stride}
            return self._call(f"consumer.{node}.get_data", names, start, end, until=until, **stride)

        timelines = {name: each.timeline for name, each in fields.items()}
        return (yield self._newest.setdefault(node, Newest()).look(timelines, get_data))

    @inlineCallbacks
    def _samples_of(self, node: str, fields: Mapping[str, str | None], asked: Question) -> Iterator:
        """Return a node's timelines; of many fields in several calls when the node says that it is too much for one."""
        arguments, stride = (list(fields), asked.start, asked.end), asked.stride or None
        answer = yield self._ours(node, "get_packed", *arguments, stride, until=asked.until)
        if isinstance(answer, bytes):
            return [_thinned(each, asked) for each in unpack(answer)]
        if answer is None:
            answer = yield self._call(f"consumer.{node}.get_data", *arguments, min_stride=stride, until=asked.until)
            if answer is not False:
                # Whoever wrote the node knows whether it left samples out.
                timelines = from_answer(fields, answer, thinned=None if stride else False)
                return [_thinned(each, asked) for each in timelines]
        if len(fields) == 1:
            raise RequestError(f"{node} has too many samples in that time for one answer; ask for fewer points")
        names = list(fields)
        found = []
        for half in (names[: len(names) // 2], names[len(names) // 2 :]):
            found += yield self._samples_of(node, {name: fields[name] for name in half}, asked)
        return found

    @inlineCallbacks
    def _ours(self, node: str, procedure: str, *arguments: Any, until: float) -> Iterator:
        """Call what only our own nodes have; `None` if it is a node of others."""
        if node in self._foreign:
            return None
        try:
            return (yield self._call(f"consumer.{node}.{procedure}", *arguments, until=until))
        except ApplicationError as error:
            if error.error != ApplicationError.NO_SUCH_PROCEDURE:
                raise
            self._foreign.add(node)
            return None

    def forget(self, names: Collection[str] | None = None) -> None:
        """Learn anew what nodes are, of those of some names or of all: another node may have taken a name."""
        for known in (self._newest, self._pauses):
            for name in list(known if names is None else names & known.keys()):
                del known[name]
        self._foreign = set() if names is None else self._foreign - set(names)

    @inlineCallbacks
    def _call(self, name: str, *arguments: Any, until: float | None = None, **options: Any) -> Iterator:
        """Call a procedure; not answered `until` then (by the clock of ``time.monotonic``), or within `DEADLINE`, it is given up."""
        session = self.session
        if session is None:
            raise RouterError("the router is away")
        seconds = DEADLINE if until is None else until - time.monotonic()
        if seconds <= 0:
            raise RouterError(f"nothing within {DEADLINE:g} s")
        call = session.call(uri(name), *arguments, **options)
        try:
            return (yield answered_within(call, seconds))
        except DeferredTimeoutError:
            if self.session is session:  # else autobahn has forgotten the call
                call.cancel()  # or it would be remembered, here and in the router, for as long as the session lasts
            raise RouterError(f"nothing within {DEADLINE:g} s") from None


def sentence(error: BaseException) -> str:
    """Return what an exception says, in one line."""
    if isinstance(error, ApplicationError):  # whose text lists all that it could have
        return " ".join(map(str, (error.error, *error.args)))
    return str(error) or type(error).__name__


def _fault(error: BaseException) -> str:
    """Return what is wrong with a node that was asked how it is."""
    if isinstance(error, ApplicationError) and error.error in GONE:
        return "has left"
    if isinstance(error, (TypeError, ValueError, AttributeError, LookupError)):
        return f"answers what cannot be read: {str(error)[:LONGEST_TEXT]}"
    return f"does not answer: {sentence(error)[:LONGEST_TEXT]}"


def _described(node: str, answer: Any) -> tuple[dict[str, Field], list[Mapping[str, Any]], list[str]]:
    """Return the fields of an answer of ``get_fields``, no more than `MOST_FIELDS`, what it says of them, and what is to be noted."""
    if not isinstance(answer, (list, tuple)) or len(answer) != 2 or not isinstance(answer[0], Mapping):
        raise TypeError("get_fields did not answer with fields and timelines")
    fields, told, wrong = {}, [], 0
    for name, about in list(answer[0].items())[:MOST_FIELDS]:
        try:
            fields[name] = Field.from_node(node, name, about)
        except TypeError:
            wrong += 1
        else:
            told.append(about)
    notes = []
    if wrong:
        notes.append(f"{wrong} of its fields are not described as fields are, and are left out")
    if len(answer[0]) > MOST_FIELDS:
        notes.append(f"it has {len(answer[0])} fields: only the first {MOST_FIELDS} are shown")
    return fields, told, notes


def _seconds(told: Any) -> float | None:
    """Return a duration that a node tells; `None` for what is not one."""
    if isinstance(told, bool) or not isinstance(told, (int, float)) or not 0 < told < math.inf:
        return None
    return float(told)


def _thinned(timeline: Timeline, asked: Question) -> Timeline:
    """Return what was asked and no more: a node that a lab wrote, or one of upstream's, may know no stride, and may not sort."""
    times, values = timeline.times, timeline.values
    inside = (times >= asked.start) & (times < asked.end)
    if not inside.all():
        times, values = times[inside], values[:, inside]
    if np.any(np.diff(times) <= 0):
        times, first = np.unique(times, return_index=True)
        values = values[:, first]
    times, values, _, thinned = fitted(times, values, asked.start, asked.end, asked.stride)
    return replace(timeline, times=times, values=values, thinned=thinned or timeline.thinned)
