"""The host of data nodes: serves any number of them over one connection to the router."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from typing import Any, TypeVar

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from autobahn.wamp.request import Registration, Subscription
from autobahn.wamp.types import EventDetails, SessionDetails, SubscribeOptions
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, inlineCallbacks, maybeDeferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.python.failure import Failure

from livemon.errors import RequestError
from livemon.log import log
from livemon.sisock.datanode import DataNodeServer, History
from livemon.sisock.deferreds import InlineCallbacks, deferred_call
from livemon.sisock.wamp import INVALID, TAKE_OVER, answered_within, uri

ANNOUNCE_EVERY = 2.0
"""Seconds between two checks that the hub still lists our nodes."""
CALL_TIMEOUT = 5.0
FAREWELL_TIMEOUT = 1.0
"""Seconds for which a process that ends waits until the hub has taken its nodes off the list."""
PREPARE_TIMEOUT = 6.0
"""Seconds that a node may take to get ready; after that it is announced as it is."""
CONCURRENT_OFFERS = 20
PROCEDURES = ("get_fields", "get_data", "get_last", "get_packed")
FAILED = uri("error.node_failed")

T = TypeVar("T")


@dataclass
class Served:
    """What a node has on the router in the present session; `prepared` fires when it is ready to be announced."""

    prepared: Deferred[None]
    subscriptions: list[Subscription] = field(default_factory=list)
    registrations: list[Registration] = field(default_factory=list)
    registered: bool = False
    offering: bool = False


class NodeHost:
    """Serves data nodes on one router session: claims their names, registers and announces them, again whenever that is needed.

    Parameters
    ----------
    archive
        From where nodes get their history.
    clock
        Schedules timeouts and checks.
    """

    def __init__(self, archive: History | None = None, clock: IReactorTime = reactor) -> None:
        self.archive = archive
        self.restore: Callable[[DataNodeServer], None] = lambda _node: None
        """Called with every new node before it starts."""
        self.nodes: dict[str, DataNodeServer] = {}
        self.refused: set[str] = set()
        """Names that another session holds."""
        self.ready: set[str] = set()
        """Names of the nodes that have been prepared once."""
        self._clock = clock
        self._token = secrets.token_hex(16)
        self._session: ISession | None = None
        self._session_id: int | None = None
        self._served: dict[str, Served] = {}
        self._announcing = LoopingCall(self._announce)
        self._announcing.clock = clock

    def add(self, node: DataNodeServer) -> None:
        """Serve one more node, from now on."""
        self.nodes[node.name] = node
        self.restore(node)
        node.start()
        if self._session is not None:
            self._subscribe(self._session, node)
            self._announce()

    def remove(self, name: str) -> None:
        """Stop serving a node."""
        self.nodes.pop(name).stop()
        self.refused.discard(name)
        self.ready.discard(name)
        served = self._served.pop(name, None)
        if self._session is not None and served is not None:
            self._detach(name, served)
            self._subtract(name).addErrback(self._log_failure, name)

    @inlineCallbacks
    def on_join(self, session: ISession, details: SessionDetails) -> InlineCallbacks[None]:
        """Subscribe for every node, then offer it; repeat the offer when the hub has forgotten it."""
        self._session, self._session_id = session, details.session
        self._served.clear()
        yield DeferredList([self._subscribe(session, node) for node in self.nodes.values()])
        if self._session is session and not self._announcing.running:
            self._announcing.start(ANNOUNCE_EVERY, now=True)

    def leave(self) -> Deferred[None]:
        """Tell the hub that all nodes are removed on request, because the process ends; fires within `FAREWELL_TIMEOUT`."""
        if self._announcing.running:
            self._announcing.stop()
        if self._session is None:
            return succeed(None)
        farewells = DeferredList([self._subtract(name) for name in self._served], consumeErrors=True)
        done = answered_within(farewells, FAREWELL_TIMEOUT, self._clock).addErrback(lambda _: None)
        # Not while the answer is being read: whoever waits for us closes the connection on which it arrived.
        return done.addCallback(lambda _: deferLater(self._clock, 0))

    def on_leave(self) -> None:
        """Wait for the next join."""
        self._session = None
        if self._announcing.running:
            self._announcing.stop()

    def _subscribe(self, session: ISession, node: DataNodeServer) -> Deferred[Any]:
        """Subscribe to a node's topics at once, and prepare it: no sample is missed meanwhile, or while there is no hub."""
        preparing = deferred_call(node.prepare, self.archive).addTimeout(PREPARE_TIMEOUT, self._clock)
        served = self._served[node.name] = Served(preparing.addErrback(self._log_failure, node.name))
        served.prepared.addCallback(self._note_ready, node, served)
        subscribing = []
        for topic in node.topics():
            wildcard = "" in topic.split(".")
            options = SubscribeOptions(match="wildcard" if wildcard else None, details_arg="details")
            request = partial(session.subscribe, partial(self._received, node, topic), topic, options)
            subscribing.append(self._attach(node, served, served.subscriptions, request))
        return DeferredList(subscribing)

    def _note_ready(self, _: None, node: DataNodeServer, served: Served) -> None:
        if self._is_current(node, served):
            self.ready.add(node.name)

    def _is_current(self, node: DataNodeServer, served: Served) -> bool:
        """Whether the node has not been removed meanwhile, nor the session lost."""
        return self._served.get(node.name) is served

    def _received(self, node: DataNodeServer, topic: str, message: Any, details: EventDetails | None = None) -> None:
        node.receive((details and details.topic) or topic, message)

    @inlineCallbacks
    def _offer(self, node: DataNodeServer) -> InlineCallbacks[None]:
        """Claim a node's name, wait until it is prepared, register its procedures and add it to the hub's list."""
        served = self._served.get(node.name)
        if served is None or served.offering:
            return
        served.offering = True
        try:
            if (yield self._claim(node)):
                yield self._register(node, served)
                if not self._is_current(node, served) or not served.registered:
                    return  # not registered: the router lets another session keep the procedures
                accepted = yield self._call("data_node.add", node.name, node.description, self._session_id)
                if accepted:
                    self.refused.discard(node.name)
                    log.info("serving the data node {name}", name=node.name)
                    return
            yield self._note_refusal(node, served)
        except ApplicationError as error:
            if error.error == INVALID and node.name not in self.refused:
                self.refused.add(node.name)
                log.error("the hub does not accept the data node: {error}", error=error.args[0])
        except Exception as error:  # the hub or the router is away: the next check offers it again
            log.debug("offering {name} failed: {error!r}", name=node.name, error=error)
        finally:
            served.offering = False

    @inlineCallbacks
    def _claim(self, node: DataNodeServer) -> InlineCallbacks[bool]:
        """Return whether the name is ours: also if an earlier session of ours holds it, whose end has not been noticed yet."""
        try:
            claimed: bool = yield self._call("data_node.claim", node.name, self._token)
        except ApplicationError as error:
            if error.error != ApplicationError.NO_SUCH_PROCEDURE:
                raise
            return True  # upstream's hub has no claims
        return claimed

    @inlineCallbacks
    def _register(self, node: DataNodeServer, served: Served) -> InlineCallbacks[None]:
        if served.registered:
            return
        served.registered = True
        yield served.prepared
        session = self._session
        if session is None or not self._is_current(node, served):
            return
        requests = [
            partial(
                session.register,
                partial(self._answer, node, getattr(node, name)),
                uri(f"consumer.{node.name}.{name}"),
                TAKE_OVER,
            )
            for name in PROCEDURES
        ]
        attached = yield DeferredList(
            [self._attach(node, served, served.registrations, request) for request in requests]
        )
        # The router may still know an earlier holder of the name: the next check tries again.
        if not all(done for _, done in attached):
            self._unregister(node.name, served)

    @inlineCallbacks
    def _note_refusal(self, node: DataNodeServer, served: Served) -> InlineCallbacks[None]:
        if served.registered:  # another process was faster after the hub's restart
            self._unregister(node.name, served)
        if node.name in self.refused:
            return
        self.refused.add(node.name)
        try:
            holder = (yield self._call("data_node.holder", node.name)) or {}
        except ApplicationError:
            holder = {}  # upstream's hub does not say
        log.warn(
            "the name of the data node {name} is taken by session {session}; asking again until it is free",
            name=node.name,
            session=holder.get("session", "unknown"),
        )

    def _answer(
        self, node: DataNodeServer, method: Callable[..., Any], *arguments: Any, **keywords: Any
    ) -> Deferred[Any]:
        """Answer a call: with a sentence if the caller made a mistake, without details if the node did."""

        def failed(failure: Failure) -> None:
            if failure.check(RequestError):
                raise ApplicationError(INVALID, str(failure.value))
            log.failure("data node {name}", failure, name=node.name)
            raise ApplicationError(FAILED, f"the data node {node.name} failed: see its log for the reason")

        try:
            signature(method).bind(*arguments, **keywords)
        except TypeError as error:
            raise ApplicationError(INVALID, f"{method.__name__}: {error}") from error
        return maybeDeferred(method, *arguments, **keywords).addErrback(failed)

    @inlineCallbacks
    def _attach(
        self, node: DataNodeServer, served: Served, attached: list[T], request: Callable[[], Deferred[T]]
    ) -> InlineCallbacks[bool]:
        """Subscribe or register, and keep what the router returns; `False` if it refuses."""
        try:
            attached.append((yield request()))
            done = True
        except Exception as error:
            log.warn("data node {name}: {error!r}", name=node.name, error=error)
            done = False
        if not self._is_current(node, served):
            self._detach(node.name, served)
        return done

    def _detach(self, name: str, served: Served) -> None:
        self._unregister(name, served)
        while served.subscriptions:
            maybeDeferred(served.subscriptions.pop().unsubscribe).addErrback(self._log_failure, name)

    def _unregister(self, name: str, served: Served) -> None:
        served.registered = False
        while served.registrations:
            maybeDeferred(served.registrations.pop().unregister).addErrback(self._log_failure, name)

    @inlineCallbacks
    def _announce(self) -> InlineCallbacks[None]:
        """Offer every node that the hub does not list as it is: the hub may have been restarted, or the node changed."""
        try:
            listed = yield self._call("consumer.get_data_node")
        except Exception as error:
            # The hub or the router is away. A LoopingCall that fails would never be called again.
            log.debug("announcing failed: {error!r}", error=error)
            return
        known = {entry["name"]: entry["description"] for entry in listed}
        slots = DeferredSemaphore(CONCURRENT_OFFERS)
        waiting = [
            node
            for node in self.nodes.values()
            if known.get(node.name) != node.description or not self._served[node.name].registered
        ]
        yield DeferredList([slots.run(self._offer, node) for node in waiting])

    def _subtract(self, name: str) -> Deferred[Any]:
        return self._call("data_node.subtract", name, self._session_id)

    def _call(self, name: str, *arguments: Any) -> Deferred[Any]:
        if self._session is None:
            raise ApplicationError(ApplicationError.CANCELED, "the router is away")
        return answered_within(self._session.call(uri(name), *arguments), CALL_TIMEOUT, self._clock)

    def _log_failure(self, failure: Failure, name: str) -> None:
        log.warn("data node {name}: {error}", name=name, error=failure.getErrorMessage())
