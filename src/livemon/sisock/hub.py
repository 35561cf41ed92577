"""The sisock hub: the registry of data nodes, on the router.

Implements upstream's procedures and topics (sisock, components/hub/hub.py at 8bd5ec6). Unlike upstream it relies on the session that
the router discloses, and never on the session number in the arguments, which any node could forge. Two procedures are livemon's own:
``data_node.claim`` lets a node that reconnects keep its name before the router has noticed the end of its old session, and
``data_node.holder`` returns who holds a name.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from inspect import signature
from typing import Any

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from autobahn.wamp.types import CallDetails, RegisterOptions
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, inlineCallbacks
from twisted.internet.task import deferLater

from livemon.errors import RequestError
from livemon.log import log
from livemon.sisock.deferreds import InlineCallbacks
from livemon.sisock.registry import Holding, Registry, checked_description, checked_name, checked_token
from livemon.sisock.wamp import INVALID, TAKE_OVER, uri

SEARCH_TIMEOUT = 5.0
"""Seconds for which the hub stays closed while it searches for the data nodes of an earlier hub."""
CONCURRENT_LOOKUPS = 100

_GET_DATA = re.compile(re.escape(uri("consumer.")) + r"([^.]+)\.get_data\Z")


class Hub:
    """The registry's procedures and topics on the router."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._session: ISession | None = None

    @inlineCallbacks
    def on_join(self, session: ISession, _details: object) -> InlineCallbacks[None]:
        """Register the procedures, with a registry of the data nodes that are on the router already."""
        self.registry = Registry()
        self._session = session
        with_caller = RegisterOptions(details_arg="details", force_reregister=True)
        # First of all: the end of any session that adds a node from now on is noticed.
        yield session.subscribe(self._session_left, "wamp.session.on_leave")
        yield self._find_nodes(session)
        procedures: list[tuple[str, Callable[..., Any], RegisterOptions]] = [
            ("data_node.claim", self.claim, with_caller),
            ("data_node.holder", self.holder, TAKE_OVER),
            ("data_node.add", self.add, with_caller),
            ("data_node.subtract", self.subtract, with_caller),
            ("consumer.get_data_node", self.get_data_node, TAKE_OVER),
        ]
        for name, procedure, options in procedures:
            yield session.register(_with_error_sentences(procedure), uri(name), options)
        log.info("the hub is ready")

    def claim(self, name: str, token: str, *, details: CallDetails) -> bool:
        """Reserve a name for the caller's session; `False` if another session holds it with a different token, or without one."""
        name, secret = checked_name(name), checked_token(token)
        if self.registry.claim(name, secret, _caller(details), details.caller_authid, time.time()):
            return True
        self._log_refusal("claim", name, details)
        return False

    def holder(self, name: str) -> dict[str, Any] | None:
        """Return ``{"name", "description", "session", "authid", "since"}`` of who holds a name, `None` if it is free.

        `since` is in UNIX seconds; the description is `None` while the name is only claimed.
        """
        held = self.registry.holder(checked_name(name))
        return None if held is None else held.as_answer()

    def add(self, name: str, description: str, session_id: object = None, *, details: CallDetails) -> bool:
        """Add a data node of the caller; `False` if another session holds the name."""
        name, description = checked_name(name), checked_description(description)
        accepted, changed = self.registry.add(name, description, _caller(details), details.caller_authid, time.time())
        if not accepted:
            self._log_refusal("add", name, details)
        elif changed:
            self._publish_added("added", self.registry[name])
        return accepted

    def subtract(self, name: str, session_id: object = None, *, details: CallDetails) -> None:
        """Remove a data node of the caller; do nothing if the caller has no node of that name."""
        held = self.registry.subtract(checked_name(name), _caller(details))
        if held is not None and held.description is not None:
            self._publish_removed(held, on_request=True)

    def get_data_node(self) -> list[dict[str, str | None]]:
        """Return ``{"name", "description"}`` of every data node."""
        return [held.as_entry() for held in self.registry]

    def _find_nodes(self, session: ISession) -> Deferred[Any]:
        """Register the data nodes of an earlier hub: upstream's announce themselves only once, right after they join.

        A search that takes longer than `SEARCH_TIMEOUT` continues while the hub is open: a call cannot be cancelled once its
        connection is lost.
        """
        found = self._look_up_all(session).addErrback(
            lambda failure: log.warn(
                "cannot list the data nodes on the router: {error}; each is known once it announces itself",
                error=failure.getErrorMessage(),
            )
        )
        return DeferredList([found, deferLater(reactor, SEARCH_TIMEOUT)], fireOnOneCallback=True)

    @inlineCallbacks
    def _look_up_all(self, session: ISession) -> InlineCallbacks[None]:
        listed = yield session.call("wamp.registration.list")
        slots = DeferredSemaphore(CONCURRENT_LOOKUPS)
        lookups = [slots.run(self._look_up, session, registration) for registration in listed["exact"]]
        yield DeferredList(lookups, consumeErrors=True)

    @inlineCallbacks
    def _look_up(self, session: ISession, registration: int) -> InlineCallbacks[None]:
        """Add the data node to whose ``get_data`` a registration belongs, if any; its description is not known."""
        about = yield session.call("wamp.registration.get", registration)
        found = _GET_DATA.match(about["uri"])
        if found is None:
            return
        name = checked_name(found[1])
        for callee in (yield session.call("wamp.registration.list_callees", registration)):
            _accepted, changed = self.registry.add(name, "", callee, None, time.time())
            if changed:
                self._publish_added("found", self.registry[name])

    def _session_left(self, session_id: int, *_: object) -> None:
        for held in self.registry.leave(session_id):
            self._publish_removed(held)

    def _publish_added(self, how: str, held: Holding) -> None:
        log.info("{how} the data node {name} of session {session}", how=how, name=held.name, session=held.session)
        self._publish("consumer.data_node_added", held.as_entry())

    def _publish_removed(self, held: Holding, *, on_request: bool = False) -> None:
        """Inform consumers that a data node has gone: on request (a key that upstream's ignore), or because its session has ended."""
        log.info(
            "removed the data node {name} of session {session}: {reason}",
            name=held.name,
            session=held.session,
            reason="on request" if on_request else "the session has ended",
        )
        self._publish("consumer.data_node_subtracted", held.as_entry() | ({"on_request": True} if on_request else {}))

    def _publish(self, topic: str, content: dict[str, Any]) -> None:
        if self._session is not None:
            self._session.publish(uri(topic), content)

    def _log_refusal(self, what: str, name: str, details: CallDetails) -> None:
        held = self.registry[name]
        log.warn(
            "refused to {what} the data node {name} for session {caller}: session {session} ({authid}) holds the name",
            what=what,
            name=name,
            caller=details.caller,
            session=held.session,
            authid=held.authid,
        )


def _caller(details: CallDetails) -> int:
    """Return the session that calls."""
    assert details.caller is not None, "the router must disclose callers"
    return details.caller


def _with_error_sentences(procedure: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a procedure so that an invalid call is answered with one sentence."""

    def answer(*arguments: Any, **keywords: Any) -> Any:
        try:
            signature(procedure).bind(*arguments, **keywords)
        except TypeError as error:
            raise ApplicationError(INVALID, f"{procedure.__name__}: {error}") from None
        try:
            return procedure(*arguments, **keywords)
        except RequestError as error:
            raise ApplicationError(INVALID, str(error)) from None

    return answer
