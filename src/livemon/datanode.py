"""Data nodes: the base class, and the host that serves any number of them over one connection.

The contract is upstream's (sisock, sisock/base.py at 8bd5ec6): procedures `consumer.<name>.get_fields` and
`consumer.<name>.get_data`, and the hub's `data_node.add`. Ours answer `consumer.<name>.get_last` besides.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from autobahn.wamp.interfaces import ISession
from autobahn.wamp.request import Registration, Subscription
from twisted.internet import reactor
from twisted.internet.defer import DeferredList, inlineCallbacks, maybeDeferred
from twisted.internet.task import LoopingCall

from livemon.wamp import TAKE_OVER, log, uri

ANNOUNCE_EVERY = 2.0
"""Seconds between two looks whether the hub still knows us."""

CALL_TIMEOUT = 5.0


def unix_time(when: float, now: float | None = None) -> float:
    """Return the UNIX time of a sisock time: positive as it is, zero or negative relative to `now` (the present)."""
    when = float(when)
    return when if when > 0 else (time.time() if now is None else now) + when


class DataNodeServer:
    """Base class of data nodes: give it a `name` and a `description`, and answer the questions below.

    All times are UNIX seconds (UTC) if positive, and relative to now if zero or negative; intervals are half-open,
    ``[start, end)``.

    Parameters
    ----------
    name
        What consumers call it; letters, digits, '-' and '_'. The hub refuses a name that is taken.
    description
        For people.
    """

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description

    def get_fields(self, start: float, end: float) -> tuple[dict[str, dict], dict[str, dict]]:
        """Return the fields, and the timelines that they follow.

        Returns
        -------
        fields
            By name: ``description`` (or `None`), ``timeline``, ``type`` ("number", "string" or "bool"), ``units`` (or
            `None`); our own besides: ``path`` (permanent name) and ``label``. Empty while there are none.
        timelines
            By name: ``interval`` (average seconds between samples, `None` if irregular) and ``field`` (list of names).
        """
        raise NotImplementedError

    def get_data(self, field: list[str], start: float, end: float, min_stride: float | None = None) -> dict | bool:
        """Return samples.

        Parameters
        ----------
        field
            Names of fields; one that does not exist has an empty array in the answer.
        start, end
            The interval.
        min_stride
            If given, successive samples are at least that many seconds apart; extremes are kept.

        Returns
        -------
        dict
            ``data``: a list of values for each field. ``timeline``: for each timeline that has samples ``t`` (list of UNIX seconds)
            and ``finalized_until`` (what is older will not change; `None` if nothing will).
            `False` if the answer would be too large for the router: ask for less, or with a `min_stride`.
        """
        raise NotImplementedError

    def get_last(self) -> dict[str, tuple[float, Any]]:
        """Return ``(time, value)`` of every field's newest sample; a field without samples is left out."""
        raise NotImplementedError

    def topics(self) -> Iterable[str]:
        """Topics whose messages :meth:`receive` wants."""
        return ()

    def receive(self, topic: str, message: Any) -> None:
        """Take a message of one of the topics."""

    def start(self) -> None:
        """Begin: called when the node is added."""

    def stop(self) -> None:
        """End: called when the node is removed."""


class NodeHost:
    """Serves data nodes on one router session: registers them, announces them, and again whenever that is needed."""

    def __init__(self) -> None:
        self.nodes: dict[str, DataNodeServer] = {}
        self._session: ISession | None = None
        self._details: Any = None
        self._attached: dict[str, list[Registration | Subscription]] = {}
        self._refused: set[str] = set()
        self._announcing = LoopingCall(self._announce)
        self._announcing.clock = reactor

    def add(self, node: DataNodeServer) -> None:
        """Serve one more node, from now on."""
        self.nodes[node.name] = node
        node.start()
        if self._session is not None:
            maybeDeferred(self._attach, node).addErrback(self._complain, node.name)

    def remove(self, name: str) -> None:
        """Serve a node no longer."""
        self.nodes.pop(name).stop()
        attached = self._attached.pop(name, [])
        if self._session is not None:
            self._detach(name, attached)
            subtracted = self._call("data_node.subtract", name, self._details.session)
            subtracted.addErrback(self._complain, name)

    @inlineCallbacks
    def on_join(self, session: ISession, details: Any) -> Iterator:
        """Register every node; announcing follows, and again when the hub has forgotten us."""
        self._session, self._details = session, details
        self._attached.clear()
        yield DeferredList(
            [maybeDeferred(self._attach, node).addErrback(self._complain, node.name) for node in self.nodes.values()]
        )
        if not self._announcing.running:
            self._announcing.start(ANNOUNCE_EVERY, now=True)

    def on_leave(self) -> None:
        """Wait for the next join."""
        self._session = None
        if self._announcing.running:
            self._announcing.stop()

    @inlineCallbacks
    def _attach(self, node: DataNodeServer) -> Iterator:
        session, attached = self._session, []
        self._attached[node.name] = attached
        requests = [
            partial(session.register, getattr(node, name), uri(f"consumer.{node.name}.{name}"), TAKE_OVER)
            for name in ("get_fields", "get_data", "get_last")
        ]
        requests += [partial(session.subscribe, partial(node.receive, topic), topic) for topic in node.topics()]
        for request in requests:
            attached.append((yield request()))
            if self._attached.get(node.name) is not attached:  # removed meanwhile
                self._detach(node.name, attached)
                return

    def _detach(self, name: str, attached: list[Registration | Subscription]) -> None:
        while attached:
            item = attached.pop()
            end = item.unregister if hasattr(item, "unregister") else item.unsubscribe
            maybeDeferred(end).addErrback(self._complain, name)

    @inlineCallbacks
    def _announce(self) -> Iterator:
        """Tell the hub of every node that it does not list: it may have been restarted."""
        try:
            listed = yield self._call("consumer.get_data_node")
            known = {entry["name"] for entry in listed}
            for node in list(self.nodes.values()):
                if node.name in known or node.name not in self._attached:
                    continue
                accepted = yield self._call("data_node.add", node.name, node.description, self._details.session)
                if accepted:
                    log.info("serving the data node {name}", name=node.name)
                elif node.name not in self._refused:
                    log.warn("the hub refuses the data node {name}: the name is taken; asking again", name=node.name)
                (self._refused.discard if accepted else self._refused.add)(node.name)
        except Exception as error:
            # No hub or no router at the moment, perhaps since a line ago. A LoopingCall that fails would never be called again.
            log.debug("announcing failed: {error!r}", error=error)

    def _call(self, name: str, *arguments: Any) -> Any:
        return self._session.call(uri(name), *arguments).addTimeout(CALL_TIMEOUT, reactor)

    def _complain(self, failure: Any, name: str) -> None:
        log.warn("data node {name}: {error}", name=name, error=failure.getErrorMessage())
