"""The host of data nodes: serves any number of them over one connection to the router."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from typing import Any

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from autobahn.wamp.request import Registration, Subscription
from autobahn.wamp.types import EventDetails, SubscribeOptions
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, inlineCallbacks, maybeDeferred, succeed
from twisted.internet.task import LoopingCall, deferLater
from twisted.python.failure import Failure

from livemon.errors import RequestError
from livemon.log import log
from livemon.sisock.datanode import DataNodeServer
from livemon.sisock.wamp import INVALID, TAKE_OVER, answered_within, uri

ANNOUNCE_EVERY = 2.0
"""Seconds between two looks whether the hub still knows us."""

CALL_TIMEOUT = 5.0
FAREWELL = 1.0
"""Seconds that a process which ends waits for the hub to hear that its nodes are taken away."""
PREPARATION = 6.0
"""Seconds that a node may take to get ready; it is announced then as it is."""
AT_ONCE = 20
"""Nodes that are offered at the same time."""
PROCEDURES = ("get_fields", "get_data", "get_last", "get_packed")
FAILED = uri("error.node_failed")


@dataclass
class Served:
    """What a node has on the router in the present session; `prepared` fires when it is ready to be announced."""

    prepared: Deferred
    attached: list[Registration | Subscription] = field(default_factory=list)
    registered: bool = False
    offering: bool = False


class NodeHost:
    """Serves data nodes on one router session: claims their names, registers and announces them, again whenever that is needed.

    Parameters
    ----------
    archive
        Where nodes have their history from: :class:`livemon.nodes.refill.Archive`.
    """

    def __init__(self, archive: Any = None) -> None:
        self.archive = archive
        self.restore: Callable[[DataNodeServer], None] = lambda _node: None
        """Called with every new node before it starts."""
        self.nodes: dict[str, DataNodeServer] = {}
        self.refused: set[str] = set()
        """Names that another session holds."""
        self.ready: set[str] = set()
        """Names of the nodes that have prepared themselves once."""
        self._token = secrets.token_hex(16)
        self._session: ISession | None = None
        self._details: Any = None
        self._served: dict[str, Served] = {}
        self._announcing = LoopingCall(self._announce)
        self._announcing.clock = reactor

    def add(self, node: DataNodeServer) -> None:
        """Serve one more node, from now on."""
        self.nodes[node.name] = node
        self.restore(node)
        node.start()
        if self._session is not None:
            self._subscribe(node)
            self._announce()

    def remove(self, name: str) -> None:
        """Serve a node no longer."""
        self.nodes.pop(name).stop()
        self.refused.discard(name)
        self.ready.discard(name)
        served = self._served.pop(name, None)
        if self._session is not None and served is not None:
            self._detach(name, served)
            self._call("data_node.subtract", name, self._details.session).addErrback(self._complain, name)

    @inlineCallbacks
    def on_join(self, session: ISession, details: Any) -> Iterator:
        """Subscribe for every node, then offer it; later again when the hub has forgotten us."""
        self._session, self._details = session, details
        self._served.clear()
        yield DeferredList([self._subscribe(node) for node in self.nodes.values()])
        if self._session is session and not self._announcing.running:
            self._announcing.start(ANNOUNCE_EVERY, now=True)

    def leave(self) -> Deferred:
        """Tell the hub that all nodes are taken away on purpose, as the end of the process is; fires within `FAREWELL`."""
        if self._announcing.running:
            self._announcing.stop()
        session = self._session
        if session is None:
            return succeed(None)
        told = [self._call("data_node.subtract", name, self._details.session) for name in self._served]
        heard = answered_within(DeferredList(told, consumeErrors=True), FAREWELL).addErrback(lambda _: None)
        # Not while the answer is read: what waits for us ends the connection that it comes from.
        return heard.addCallback(lambda _: deferLater(reactor, 0))

    def on_leave(self) -> None:
        """Wait for the next join."""
        self._session = None
        if self._announcing.running:
            self._announcing.stop()

    def _subscribe(self, node: DataNodeServer) -> Deferred:
        """Ask for a node's topics at once, and let it get ready: no sample is missed meanwhile, or while there is no hub."""
        prepared = maybeDeferred(node.prepare, self.archive).addTimeout(PREPARATION, reactor)
        served = self._served[node.name] = Served(prepared.addErrback(self._complain, node.name))
        prepared.addCallback(self._prepared, node, served)
        subscribed = []
        for topic in node.topics():
            wildcard = "" in topic.split(".")
            options = SubscribeOptions(match="wildcard" if wildcard else None, details_arg="details")
            handler = partial(self._received, node, topic)
            subscribed.append(self._attach(node, served, partial(self._session.subscribe, handler, topic, options)))
        return DeferredList(subscribed)

    def _prepared(self, _: None, node: DataNodeServer, served: Served) -> None:
        if self._served.get(node.name) is served:  # neither removed meanwhile, nor has the router gone
            self.ready.add(node.name)

    def _received(self, node: DataNodeServer, topic: str, message: Any, details: EventDetails | None = None) -> None:
        node.receive((details and details.topic) or topic, message)

    @inlineCallbacks
    def _offer(self, node: DataNodeServer) -> Iterator:
        """Claim a node's name, get the node ready, register its procedures and tell the hub."""
        served = self._served.get(node.name)
        if served is None or served.offering:
            return
        served.offering = True
        try:
            if (yield self._claim(node)):
                yield self._register(node, served)
                if self._served.get(node.name) is not served or not served.registered:
                    return  # removed meanwhile, the router has gone, or it lets another session have the procedures
                accepted = yield self._call("data_node.add", node.name, node.description, self._details.session)
                if accepted:
                    self.refused.discard(node.name)
                    log.info("serving the data node {name}", name=node.name)
                    return
            yield self._refuse(node, served)
        except ApplicationError as error:
            if error.error == INVALID and node.name not in self.refused:
                self.refused.add(node.name)
                log.error("the hub takes no such node: {error}", error=error.args[0])
        except Exception as error:  # no hub or no router any more: the next look asks again
            log.debug("offering {name} failed: {error!r}", name=node.name, error=error)
        finally:
            served.offering = False

    @inlineCallbacks
    def _claim(self, node: DataNodeServer) -> Iterator:
        """Ask the hub whether the name is ours: also if an earlier session of ours holds it, whose death went unnoticed so far."""
        try:
            return (yield self._call("data_node.claim", node.name, self._token))
        except ApplicationError as error:
            if error.error != ApplicationError.NO_SUCH_PROCEDURE:
                raise
            return True  # upstream's hub knows no claims

    @inlineCallbacks
    def _register(self, node: DataNodeServer, served: Served) -> Iterator:
        if served.registered:
            return
        served.registered = True
        yield served.prepared
        if self._served.get(node.name) is not served:
            return
        requests = [
            partial(
                self._session.register,
                partial(self._answer, node, getattr(node, name)),
                uri(f"consumer.{node.name}.{name}"),
                TAKE_OVER,
            )
            for name in PROCEDURES
        ]
        attached = yield DeferredList([self._attach(node, served, request) for request in requests])
        # The router may know of an earlier holder of the name: the next look asks again.
        if not all(done for _, done in attached):
            served.registered = False
            self._detach(node.name, served, subscriptions=False)

    @inlineCallbacks
    def _refuse(self, node: DataNodeServer, served: Served) -> Iterator:
        if served.registered:  # another process was quicker after the hub's restart
            served.registered = False
            self._detach(node.name, served, subscriptions=False)
        if node.name in self.refused:
            return
        self.refused.add(node.name)
        try:
            holder = (yield self._call("data_node.holder", node.name)) or {}
        except ApplicationError:
            holder = {}  # upstream's hub does not tell
        log.warn(
            "the name of the data node {name} is taken by session {session}; asking again until it is free",
            name=node.name,
            session=holder.get("session", "unknown"),
        )

    def _answer(self, node: DataNodeServer, method: Callable, *arguments: Any, **keywords: Any) -> Deferred:
        """Answer a call; a fault of the caller's as a sentence, one of ours without its inner life."""

        def failed(failure: Failure) -> None:
            if failure.check(RequestError):
                raise ApplicationError(INVALID, str(failure.value))
            log.failure("data node {name}", failure, name=node.name)
            raise ApplicationError(FAILED, f"the data node {node.name} failed: its log tells why")

        try:
            signature(method).bind(*arguments, **keywords)
        except TypeError as error:
            raise ApplicationError(INVALID, f"{method.__name__}: {error}") from error
        return maybeDeferred(method, *arguments, **keywords).addErrback(failed)

    @inlineCallbacks
    def _attach(self, node: DataNodeServer, served: Served, request: Callable[[], Deferred]) -> Iterator:
        try:
            served.attached.append((yield request()))
            done = True
        except Exception as error:
            log.warn("data node {name}: {error!r}", name=node.name, error=error)
            done = False
        if self._served.get(node.name) is not served:  # removed meanwhile
            self._detach(node.name, served)
        return done

    def _detach(self, name: str, served: Served, *, subscriptions: bool = True) -> None:
        for item in list(served.attached):
            end = getattr(item, "unregister", None) or (subscriptions and item.unsubscribe)
            if end:
                served.attached.remove(item)
                maybeDeferred(end).addErrback(self._complain, name)

    @inlineCallbacks
    def _announce(self) -> Iterator:
        """Offer every node that the hub does not list as it is: the hub may have been restarted, or the node changed."""
        try:
            listed = yield self._call("consumer.get_data_node")
        except Exception as error:
            # No hub or no router at the moment. A LoopingCall that fails would never be called again.
            log.debug("announcing failed: {error!r}", error=error)
            return
        known = {entry["name"]: entry["description"] for entry in listed}
        turns = DeferredSemaphore(AT_ONCE)
        waiting = [
            node
            for node in self.nodes.values()
            if known.get(node.name) != node.description or not self._served[node.name].registered
        ]
        yield DeferredList([turns.run(self._offer, node) for node in waiting])

    def _call(self, name: str, *arguments: Any) -> Any:
        if self._session is None:
            raise ApplicationError(ApplicationError.CANCELED, "the router is away")
        return answered_within(self._session.call(uri(name), *arguments), CALL_TIMEOUT)

    def _complain(self, failure: Any, name: str) -> None:
        log.warn("data node {name}: {error}", name=name, error=failure.getErrorMessage())
