"""The data nodes behind the router: those of others, and ours on other machines. Lives in the reactor's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from twisted.internet.defer import DeferredList, inlineCallbacks
from twisted.internet.defer import TimeoutError as DeferredTimeoutError

from livemon.bridge.catalogue import Field, Node
from livemon.errors import RequestError, RouterError
from livemon.packed import Timeline, from_answer, unpack
from livemon.series.envelope import fitted
from livemon.wamp import answered_within, uri

DEADLINE = 5.0
"""Seconds within which a node must answer; one that is slower is left out of the answer."""
EPOCH = 1e-3
"""The first moment that sisock can name."""


class RoutedNodes:
    """What the hub lists, asked over the router."""

    def __init__(self) -> None:
        self.session: ISession | None = None
        self._foreign: set[str] = set()

    @inlineCallbacks
    def listed(self) -> Iterator:
        """Return ``{name: description}`` of the nodes that the hub knows."""
        listed = yield self._call("consumer.get_data_node")
        return {str(entry["name"]): str(entry.get("description") or "") for entry in listed}

    @inlineCallbacks
    def ask(self, node: Node) -> Iterator:
        """Ask a node for its fields and newest samples; the fault stands in `node.error`."""
        try:
            fields, _timelines = yield self._call(f"consumer.{node.name}.get_fields", 1, 0)
            node.fields = {name: Field.from_node(node.name, name, about) for name, about in fields.items()}
            node.last = yield self._last_of(node)
            node.error = None
        except Exception as error:
            node.error = f"does not answer: {sentence(error)}"

    @inlineCallbacks
    def samples(
        self, wanted: Mapping[str, Mapping[str, str | None]], start: float, end: float, stride: float
    ) -> Iterator:
        """Return, by node, its timelines or the exception that it answered; `wanted` has the timeline of each field by node.

        Every node is asked at the same time, and none for longer than `DEADLINE`.
        """
        # To sisock, zero and what is below are relative to now.
        start, end = max(start, EPOCH), max(end, EPOCH)
        calls = [self._samples_of(node, fields, start, end, stride) for node, fields in wanted.items()]
        results = yield DeferredList(calls, consumeErrors=True)
        return {
            node: result if succeeded else result.value
            for node, (succeeded, result) in zip(wanted, results, strict=True)
        }

    @inlineCallbacks
    def _last_of(self, node: Node) -> Iterator:
        """Return ``{field: (time, value)}``; a node of others, which has no ``get_last``, is asked for its last minute."""
        last = yield self._ours(node.name, "get_last")
        if last is not None:
            return {name: (when, value) for name, (when, value) in last.items()}
        answer = (yield self._call(f"consumer.{node.name}.get_data", list(node.fields), -60, 0)) or {}
        found = {}
        for name, each in node.fields.items():
            times = answer.get("timeline", {}).get(each.timeline, {}).get("t") or []
            values = answer.get("data", {}).get(name) or []
            if len(times) == len(values) > 0:
                found[name] = (times[-1], values[-1])
        return found

    @inlineCallbacks
    def _samples_of(
        self, node: str, fields: Mapping[str, str | None], start: float, end: float, stride: float
    ) -> Iterator:
        """Return a node's timelines; of many fields in several calls when the node says that it is too much for one."""
        arguments = (list(fields), start, end, stride or None)
        answer = yield self._ours(node, "get_packed", *arguments)
        if isinstance(answer, bytes):
            return [_thinned(each, start, end, stride) for each in unpack(answer)]
        if answer is None:
            answer = yield self._call(f"consumer.{node}.get_data", *arguments[:3], min_stride=stride or None)
            if answer is not False:
                # Whoever wrote the node knows whether it left samples out.
                timelines = from_answer(fields, answer, thinned=None if stride else False)
                return [_thinned(each, start, end, stride) for each in timelines]
        if len(fields) == 1:
            raise RequestError(f"{node} has too many samples in that time for one answer; ask for fewer points")
        names = list(fields)
        halves = names[: len(names) // 2], names[len(names) // 2 :]
        found = []
        for half in halves:
            found += yield self._samples_of(node, {name: fields[name] for name in half}, start, end, stride)
        return found

    @inlineCallbacks
    def _ours(self, node: str, procedure: str, *arguments: Any) -> Iterator:
        """Call what only our own nodes have; `None` if it is a node of others."""
        if node in self._foreign:
            return None
        try:
            return (yield self._call(f"consumer.{node}.{procedure}", *arguments))
        except ApplicationError as error:
            if error.error != ApplicationError.NO_SUCH_PROCEDURE:
                raise
            self._foreign.add(node)
            return None

    def forget(self) -> None:
        """Learn anew who is of others: another node may have taken a name."""
        self._foreign.clear()

    @inlineCallbacks
    def _call(self, name: str, *arguments: Any, **options: Any) -> Iterator:
        if self.session is None:
            raise RouterError("the router is away")
        call: Callable = self.session.call
        try:
            return (yield answered_within(call(uri(name), *arguments, **options), DEADLINE))
        except DeferredTimeoutError:
            raise RouterError(f"nothing within {DEADLINE:g} s") from None


def sentence(error: BaseException) -> str:
    """Return what an exception says, in one line."""
    if isinstance(error, ApplicationError):  # whose text lists all that it could have
        return " ".join(map(str, (error.error, *error.args)))
    return str(error) or type(error).__name__


def _thinned(timeline: Timeline, start: float, end: float, stride: float) -> Timeline:
    """Return no more than was asked: a node that a lab wrote, or one of upstream's, may know no stride, and may not sort."""
    times, values = timeline.times, timeline.values
    if np.any(np.diff(times) <= 0):
        times, first = np.unique(times, return_index=True)
        values = values[:, first]
    times, values, _, thinned = fitted(times, values, start, end, stride)
    return replace(timeline, times=times, values=values, thinned=thinned or timeline.thinned)
