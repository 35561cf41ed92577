"""The sisock hub: the registry of data nodes.

Speaks upstream's procedures and topics (sisock, components/hub/hub.py at 8bd5ec6). Unlike upstream it goes by the identity that the
router discloses and never by the session number in the arguments, which any node could forge. Two procedures are its own:
`data_node.claim` lets a node that comes back take its name along before the router has noticed the end of its old session, and
`data_node.holder` tells who holds a name.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from autobahn.wamp.types import CallDetails, RegisterOptions
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, DeferredSemaphore, inlineCallbacks
from twisted.internet.task import deferLater

from livemon.errors import RequestError, shown
from livemon.log import log
from livemon.sisock.wamp import INVALID, TAKE_OVER, uri

MOST_NAMES = 10_000
"""Of one session."""
MOST_LISTED = 900_000
"""Bytes of all names and descriptions: the list of them has to fit into the 1 MiB that a message of upstream's may have."""
PER_ENTRY = 30
"""Bytes in that list beside a name and its description, at most, in any serialization."""
LONGEST_NAME = 128
LONGEST_DESCRIPTION = 1000
TOKEN_LENGTHS = range(16, 257)
SEARCH = 5.0
"""Seconds that the hub waits for its search for data nodes of an earlier one."""
AT_ONCE = 100
"""Questions to the router at the same time."""

_COMPONENT = re.compile(r"[^\s.#]+\Z")
"""One part of a WAMP URI, which a name is in ``consumer.<name>.get_data``."""
_ENCODABLE = re.compile(r"[^\ud800-\udfff]*\Z")
"""No half characters, which UTF-8 cannot carry."""
_OFFERED = re.compile(re.escape(uri("consumer.")) + r"([^.]+)\.get_data\Z")


def checked_name(name: Any) -> str:
    """Return a data node's name; raises `RequestError` for what cannot be one."""
    if not isinstance(name, str) or not name:
        raise RequestError(f"name: {shown(name)} is no name of a data node; write a text, for example LSA22YG")
    if len(name) > LONGEST_NAME:
        raise RequestError(f"name: {shown(name, 40)}... is too long; write at most {LONGEST_NAME} characters")
    if not _COMPONENT.match(name) or not name.isprintable():
        raise RequestError(
            f"name: {shown(name)} cannot be part of a WAMP address; write it without spaces, dots and #, for example LSA22YG"
        )
    return name


def checked_description(description: Any) -> str:
    """Return a description; upstream's nodes may have none. Raises `RequestError` for what is no text or a very long one."""
    if description is None:
        return ""
    if not isinstance(description, str) or not _ENCODABLE.match(description):
        raise RequestError(f"description: {shown(description)} is no text; write a few words")
    if len(description) > LONGEST_DESCRIPTION:
        raise RequestError(f"description: too long; write at most {LONGEST_DESCRIPTION} characters")
    return description


def checked_token(token: Any) -> bytes:
    """Return a token's bytes; raises `RequestError`, which does not repeat it, if it is none."""
    if not isinstance(token, str) or not token.isascii() or len(token) not in TOKEN_LENGTHS:
        raise RequestError("token: write 16 to 256 random ASCII characters, the same for the life of the process")
    return token.encode()


@dataclass
class Holding:
    """A name that a session holds: only claimed as long as the description is `None`, then that of a data node."""

    name: str
    session: int
    authid: str | None
    since: float
    token: bytes | None = field(default=None, repr=False)
    description: str | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes in the list of data nodes, at most."""
        return len(self.name.encode()) + len((self.description or "").encode()) + PER_ENTRY

    def as_upstream(self) -> dict[str, str | None]:
        """Return what consumers are told of a data node."""
        return {"name": self.name, "description": self.description}

    def as_answer(self) -> dict[str, Any]:
        """Return what is told of who holds the name; never the token."""
        return {**self.as_upstream(), "session": self.session, "authid": self.authid, "since": self.since}


class Registry:
    """Who holds which name. No input or output; times are UNIX seconds."""

    def __init__(self) -> None:
        self._holdings: dict[str, Holding] = {}
        self._names: dict[int, set[str]] = {}
        self._size = 0

    def claim(self, name: str, token: bytes, session: int, authid: str | None = None, now: float = 0.0) -> bool:
        """Reserve a name for a session. A data node that an older session with the same token has moves to this one.

        Returns
        -------
        bool
            `False` if another session holds the name.

        Raises
        ------
        RequestError
            If the session has too many names already.
        """
        held = self._holdings.get(name)
        if held is None:
            held = self._take(name, session, authid, now)
        elif held.session != session:
            if held.token is None or not hmac.compare_digest(held.token, token):
                return False
            self._own(session, name)
            self._disown(held.session, name)
            held.session, held.authid, held.since = session, authid, now
        held.token = token
        return True

    def add(
        self, name: str, description: str, session: int, authid: str | None = None, now: float = 0.0
    ) -> tuple[bool, bool]:
        """Add a data node, or give one of the session's another description.

        Returns
        -------
        accepted
            `False` if another session holds the name.
        news
            Whether there is something that consumers do not know yet.

        Raises
        ------
        RequestError
            If the session, or the registry, has too many names already.
        """
        held = self._holdings.get(name)
        if held is not None and held.session != session:
            return False, False
        held = held or self._take(name, session, authid, now)
        held.authid = authid
        if held.description == description:
            return True, False
        self._describe(held, description)
        return True, True

    def subtract(self, name: str, session: int) -> Holding | None:
        """Give up a name; returns what was held of it, `None` if `session` does not hold that name."""
        held = self._holdings.get(name)
        if held is None or held.session != session:
            return None
        self._drop(held)
        return held

    def leave(self, session: int) -> list[Holding]:
        """Give up all names of a session that has ended; returns the data nodes among them."""
        gone = [self._holdings[name] for name in sorted(self._names.get(session, ()))]
        for held in gone:
            self._drop(held)
        return [held for held in gone if held.description is not None]

    def holder(self, name: str) -> Holding | None:
        """Return who holds a name."""
        return self._holdings.get(name)

    def __iter__(self) -> Iterator[Holding]:
        """Go through the data nodes, in the order in which their names were taken."""
        return iter([held for held in self._holdings.values() if held.description is not None])

    def _take(self, name: str, session: int, authid: str | None, now: float) -> Holding:
        self._own(session, name)
        held = self._holdings[name] = Holding(name, session, authid, now)
        self._size += held.size
        return held

    def _describe(self, held: Holding, description: str) -> None:
        more = len(description.encode()) - len((held.description or "").encode())
        if self._size + more > MOST_LISTED:
            if held.description is None and held.token is None:
                self._drop(held)
            raise RequestError("the list of data nodes is full; use fewer nodes, or shorter names and descriptions")
        held.description = description
        self._size += more

    def _drop(self, held: Holding) -> None:
        del self._holdings[held.name]
        self._size -= held.size
        self._disown(held.session, held.name)

    def _own(self, session: int, name: str) -> None:
        names = self._names.setdefault(session, set())
        if len(names) >= MOST_NAMES:
            raise RequestError(f"this session has {MOST_NAMES} data nodes already; subtract some, or join once more")
        names.add(name)

    def _disown(self, session: int, name: str) -> None:
        names = self._names[session]
        names.discard(name)
        if not names:
            del self._names[session]


class Hub:
    """The registry's procedures and topics on the router."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._session: ISession | None = None

    @inlineCallbacks
    def on_join(self, session: ISession, _details: object) -> Iterator:
        """Offer the procedures, beginning with the data nodes that the router knows."""
        self.registry = Registry()
        self._session = session
        with_caller = RegisterOptions(details_arg="details", force_reregister=True)
        # First of all: whoever adds itself from now on is seen when it leaves.
        yield session.subscribe(self._session_left, "wamp.session.on_leave")
        yield self._find(session)
        for name, procedure, options in (
            ("data_node.claim", self.claim, with_caller),
            ("data_node.holder", self.holder, TAKE_OVER),
            ("data_node.add", self.add, with_caller),
            ("data_node.subtract", self.subtract, with_caller),
            ("consumer.get_data_node", self.get_data_node, TAKE_OVER),
        ):
            yield session.register(_answering(procedure), uri(name), options)
        log.info("the hub is ready")

    def claim(self, name: str, token: str, *, details: CallDetails) -> bool:
        """Reserve a name for the caller's session; False if another session holds it, unless it did so with the same token."""
        name, token = checked_name(name), checked_token(token)
        if self.registry.claim(name, token, details.caller, details.caller_authid, time.time()):
            return True
        self._refused("claim", name, details)
        return False

    def holder(self, name: str) -> dict[str, Any] | None:
        """Return ``{"name", "description", "session", "authid", "since"}`` of who holds a name, None if it is free.

        `since` is in UNIX seconds; the description is None as long as the name is only claimed.
        """
        held = self.registry.holder(checked_name(name))
        return held and held.as_answer()

    def add(self, name: str, description: str, session_id: object = None, *, details: CallDetails) -> bool:
        """Add a data node of the caller; False if another session holds the name."""
        name, description = checked_name(name), checked_description(description)
        accepted, news = self.registry.add(name, description, details.caller, details.caller_authid, time.time())
        if not accepted:
            self._refused("add", name, details)
        elif news:
            self._tell_new("added", self.registry.holder(name))
        return accepted

    def subtract(self, name: str, session_id: object = None, *, details: CallDetails) -> None:
        """Remove a data node of the caller; nothing happens if it has none of that name."""
        held = self.registry.subtract(checked_name(name), details.caller)
        if held is not None and held.description is not None:
            self._tell_gone(held, on_request=True)

    def get_data_node(self) -> list[dict[str, str]]:
        """Return ``{"name", "description"}`` of every data node."""
        return [held.as_upstream() for held in self.registry]

    def _find(self, session: ISession) -> Deferred:
        """Take up the data nodes of an earlier hub: upstream's tell about themselves only once, right after they join.

        What takes longer than `SEARCH` goes on while the hub is open: a call cannot be ended once its connection is lost.
        """
        found = self._look_at_all(session).addErrback(
            lambda failure: log.warn(
                "could not see which data nodes there are: {error}; they are known when they say so",
                error=failure.getErrorMessage(),
            )
        )
        return DeferredList([found, deferLater(reactor, SEARCH)], fireOnOneCallback=True)

    @inlineCallbacks
    def _look_at_all(self, session: ISession) -> Iterator:
        listed = yield session.call("wamp.registration.list")
        turns = DeferredSemaphore(AT_ONCE)
        looks = [turns.run(self._look_at, session, registration) for registration in listed["exact"]]
        yield DeferredList(looks, consumeErrors=True)

    @inlineCallbacks
    def _look_at(self, session: ISession, registration: int) -> Iterator:
        """Add the data node whose ``get_data`` a registration is, if it is that; its description is not known."""
        about = yield session.call("wamp.registration.get", registration)
        offered = _OFFERED.match(about["uri"])
        if offered is None:
            return
        for callee in (yield session.call("wamp.registration.list_callees", registration)):
            _, news = self.registry.add(checked_name(offered[1]), "", callee, None, time.time())
            if news:
                self._tell_new("found", self.registry.holder(offered[1]))

    def _session_left(self, session_id: int, *_: object) -> None:
        for held in self.registry.leave(session_id):
            self._tell_gone(held)

    def _tell_new(self, how: str, held: Holding) -> None:
        log.info("{how} the data node {name} of session {session}", how=how, name=held.name, session=held.session)
        self._session.publish(uri("consumer.data_node_added"), held.as_upstream())

    def _tell_gone(self, held: Holding, *, on_request: bool = False) -> None:
        """Tell consumers that a data node has gone: on request, which upstream's pass over, or because its session has ended."""
        reason = "on request" if on_request else "the session has ended"
        log.info(
            "removed the data node {name} of session {session}: {reason}",
            name=held.name,
            session=held.session,
            reason=reason,
        )
        about = held.as_upstream() | ({"on_request": True} if on_request else {})
        self._session.publish(uri("consumer.data_node_subtracted"), about)

    def _refused(self, what: str, name: str, details: CallDetails) -> None:
        held = self.registry.holder(name)
        log.warn(
            "refused to {what} the data node {name} for session {caller}: session {session} ({authid}) holds the name",
            what=what,
            name=name,
            caller=details.caller,
            session=held.session,
            authid=held.authid,
        )


def _answering(procedure: Callable) -> Callable:
    """Make of a procedure one that answers a caller's mistake with a sentence."""

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
