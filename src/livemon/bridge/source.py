"""Where the bridge has its data from: the data nodes behind the router.

Lives in the reactor's thread. Flask's threads ask through :class:`Source`, whose methods block them and only them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from numpy.typing import NDArray
from twisted.internet import reactor, threads
from twisted.internet.defer import DeferredList, inlineCallbacks
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.task import LoopingCall

from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.errors import RequestError, RouterError
from livemon.wamp import log, uri

REFRESH_EVERY = 2.0
DEADLINE = 5.0
"""Seconds within which a node must answer; one that is slower is left out of the answer."""
EPOCH = 1e-3
"""The first moment that sisock can name."""

Samples = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass
class Answer:
    """Samples by field, and the names of the nodes that did not answer."""

    series: dict[Field, Samples] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)


class Source:
    """The data nodes, as the HTTP side sees them."""

    def __init__(self) -> None:
        self.catalogue = Catalogue()
        self._session: ISession | None = None
        self._refreshing = LoopingCall(self._refresh)
        self._foreign: set[str] = set()

    # --- for Flask's threads -------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether the router is there."""
        return self._session is not None

    def fetch(self, fields: Iterable[Field], start: float, end: float, points: int) -> Answer:
        """Return the samples of `fields` in ``[start, end)``, each as `(times, values)`, UNIX seconds, NaN where none.

        Not many more than `points` a field; extremes are kept.

        Raises
        ------
        RouterError
            If the router is away.
        RequestError
            If a node cannot answer so much at once.
        """
        if self._session is None:
            raise RouterError("the router is away; the bridge comes back by itself when it does")
        return threads.blockingCallFromThread(reactor, self._fetch, list(fields), start, end, points)

    # --- in the reactor's thread ---------------------------------------------------------------------------------

    @inlineCallbacks
    def on_join(self, session: ISession, _details: object) -> Iterator:
        """Follow the hub from now on."""
        self._session = session
        for topic in ("data_node_added", "data_node_subtracted"):
            yield session.subscribe(self._changed, uri(f"consumer.{topic}"))
        if not self._refreshing.running:
            self._refreshing.start(REFRESH_EVERY, now=True)

    def on_leave(self) -> None:
        """Keep what is known of the nodes until the router is back."""
        self._session = None
        if self._refreshing.running:
            self._refreshing.stop()

    def _changed(self, *_: object) -> Any:
        return self._refresh()

    @inlineCallbacks
    def _refresh(self) -> Iterator:
        """Ask the hub for the nodes, and every node for its fields and newest samples."""
        try:
            listed = yield self._call("consumer.get_data_node")
            known = self.catalogue.nodes
            nodes = [known.get(entry["name"]) or Node(entry["name"], "") for entry in listed]
            for node, entry in zip(nodes, listed, strict=True):
                node.description = entry.get("description") or ""
        except Exception as error:
            # A LoopingCall that fails would never be called again.
            log.debug("no answer of the hub: {error!r}", error=error)
            return
        yield DeferredList([self._ask(node) for node in nodes])
        self.catalogue = Catalogue(nodes)

    @inlineCallbacks
    def _ask(self, node: Node) -> Iterator:
        try:
            fields, _timelines = yield self._call(f"consumer.{node.name}.get_fields", 1, 0)
            node.fields = {name: Field.from_node(node.name, name, about) for name, about in fields.items()}
            node.last = yield self._last_of(node)
            node.error = None
        except Exception as error:
            node.error = f"does not answer: {_sentence(error)}"

    @inlineCallbacks
    def _last_of(self, node: Node) -> Iterator:
        """Return ``{field: (time, value)}``; a node of others, which has no ``get_last``, is asked for its last minute."""
        if node.name not in self._foreign:
            try:
                last = yield self._call(f"consumer.{node.name}.get_last")
            except ApplicationError as error:
                if error.error != ApplicationError.NO_SUCH_PROCEDURE:
                    raise
                self._foreign.add(node.name)
            else:
                return {name: (when, value) for name, (when, value) in last.items()}
        answer = yield self._call(f"consumer.{node.name}.get_data", list(node.fields), -60, 0)
        columns = {each.name: _columns(each, answer or {}) for each in node.fields.values()}
        return {name: (times[-1], values[-1]) for name, (times, values) in columns.items() if times}

    @inlineCallbacks
    def _fetch(self, fields: list[Field], start: float, end: float, points: int) -> Iterator:
        by_node: dict[str, list[Field]] = {}
        for each in fields:
            by_node.setdefault(each.node, []).append(each)
        stride = max(0.0, (end - start) / max(points, 1))
        # To sisock, zero and what is below are relative to now.
        start, end = max(start, EPOCH), max(end, EPOCH)
        calls = [self._ask_for(node, wanted, start, end, stride) for node, wanted in by_node.items()]
        results = yield DeferredList(calls, consumeErrors=True)
        answer = Answer()
        for (node, wanted), (succeeded, result) in zip(by_node.items(), results, strict=True):
            if succeeded:
                answer.series.update(result)
            elif result.check(RequestError):
                result.raiseException()
            else:
                log.warn("{node} does not answer: {error}", node=node, error=_sentence(result.value))
                answer.silent.append(node)
                answer.series.update(_samples(wanted, {}))
        return answer

    @inlineCallbacks
    def _ask_for(self, node: str, fields: list[Field], start: float, end: float, stride: float) -> Iterator:
        """Return a node's samples by field; of many in several calls when the node says that it is too much for one."""
        names = [each.name for each in fields]
        answer = yield self._call(f"consumer.{node}.get_data", names, start, end, min_stride=stride or None)
        if answer is not False:
            return _samples(fields, answer)
        if len(fields) == 1:
            raise RequestError(f"{node} has too many samples in that time for one answer; ask for fewer points")
        half = len(fields) // 2
        first = yield self._ask_for(node, fields[:half], start, end, stride)
        second = yield self._ask_for(node, fields[half:], start, end, stride)
        return first | second

    @inlineCallbacks
    def _call(self, name: str, *arguments: Any, **options: Any) -> Iterator:
        if self._session is None:
            raise RouterError("the router is away")
        try:
            return (yield self._session.call(uri(name), *arguments, **options).addTimeout(DEADLINE, reactor))
        except DeferredTimeoutError:
            raise RouterError(f"nothing within {DEADLINE:g} s") from None


def _sentence(error: BaseException) -> str:
    if isinstance(error, ApplicationError):  # whose text lists all that it could have
        return " ".join(map(str, (error.error, *error.args)))
    return str(error) or type(error).__name__


def _samples(fields: Iterable[Field], answer: dict) -> dict[Field, Samples]:
    """Return `(times, values)` of each field from a node's answer; empty arrays where it has none, or no numbers."""
    found = {}
    for each in fields:
        times, values = ([], []) if each.type == "string" else _columns(each, answer)
        numbers = [math.nan if value is None else value for value in values]
        found[each] = np.asarray(times, dtype=np.float64), np.asarray(numbers, dtype=np.float64)
    return found


def _columns(field: Field, answer: dict) -> tuple[list, list]:
    """Return a field's times and values as a node answered them; nothing if they are no pairs."""
    times = answer.get("timeline", {}).get(field.timeline, {}).get("t", [])
    values = answer.get("data", {}).get(field.name, [])
    return (times, values) if len(times) == len(values) else ([], [])
