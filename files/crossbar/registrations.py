"""The router's authorizer: a data node's procedures belong to the session that holds the node's name.

A session that comes back before the router has noticed the end of its earlier one has to register by force, and force alone would
take the procedures of anybody else who has the same name. So for the roles that serve data nodes crossbar asks this component, which
runs in the router's own process. What a role may do beside that is what its static permissions say. docs/decisions/0043.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from autobahn.twisted.wamp import ApplicationSession
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import ComponentConfig, SessionDetails
from crossbar.router.role import RouterRoleStaticAuth
from twisted.internet import defer, reactor
from twisted.internet.defer import inlineCallbacks

BASE_URI = "org.simonsobservatory"
PROCEDURES = ("get_fields", "get_data", "get_last", "get_packed")
"""Of a data node, upstream's and ours."""
PATIENCE = 3.0
"""Seconds that the hub has to say who holds a name."""

_OF_A_NODE = re.compile(re.escape(f"{BASE_URI}.consumer.") + r"([^.]+)\..*")


class Authorizer(ApplicationSession):
    """Answers crossbar's question of what a session may do.

    `extra` has the `procedure` under which crossbar asks, and of each of the `roles` the permissions as crossbar's configuration has
    them.
    """

    def __init__(self, config: ComponentConfig) -> None:
        super().__init__(config)
        self._roles = {
            role: RouterRoleStaticAuth(None, role, permissions) for role, permissions in config.extra["roles"].items()
        }

    @inlineCallbacks
    def onJoin(self, _details: SessionDetails) -> Iterator:  # noqa: N802 - autobahn's name
        """Begin to answer; crossbar starts its transports afterwards."""
        yield self.register(self.authorize, self.config.extra["procedure"])

    @inlineCallbacks
    def authorize(self, session: dict[str, Any], uri: str, action: str, options: dict[str, Any]) -> Iterator:
        """Return what crossbar wants to know: whether the action is allowed, and whether that always holds for the role.

        Source: crossbar's documentation, "Dynamic Authorization"; `router/role.py` at 26.10.1.
        """
        answer = self._roles[session["authrole"]].authorize(None, uri, action, options)
        found = _OF_A_NODE.fullmatch(uri)
        if not answer["allow"] or action != "register" or found is None:
            return answer | {"cache": answer["allow"]}
        holder = yield self._holder(found[1], uri, session["session"])
        if holder in (None, session["session"]):
            return answer | {"cache": False}
        self.log.warn(
            "refused to register {uri} for session {caller} ({authid}, role {role}): session {holder} holds the name",
            uri=uri,
            caller=session["session"],
            authid=session["authid"],
            role=session["authrole"],
            holder=holder,
        )
        return {"allow": False, "cache": False}

    @inlineCallbacks
    def _holder(self, name: str, uri: str, caller: int) -> Iterator:
        """Return the session to which a data node's name belongs, by the hub or else by what is registered; None if it is free."""
        holder = yield self._held_at_the_hub(name)
        # The hub may not have heard yet that a session has ended.
        if holder == caller or (holder is not None and (yield self._lives(holder))):
            return holder
        for procedure in dict.fromkeys([uri, *(f"{BASE_URI}.consumer.{name}.{each}" for each in PROCEDURES)]):
            registration = yield self.call("wamp.registration.lookup", procedure)
            callees = [] if registration is None else (yield self.call("wamp.registration.list_callees", registration))
            if callees:
                return callees[0]
        return None

    @inlineCallbacks
    def _held_at_the_hub(self, name: str) -> Iterator:
        """Return the session that the hub has for a name; None where there is no hub, or it does not tell, as upstream's."""
        try:
            answer = yield self.call(f"{BASE_URI}.data_node.holder", name).addTimeout(PATIENCE, reactor)
        except (ApplicationError, defer.CancelledError, defer.TimeoutError):
            return None
        return answer and answer["session"]

    @inlineCallbacks
    def _lives(self, session: int) -> Iterator:
        """Whether the router has a session."""
        try:
            yield self.call("wamp.session.get", session)
        except ApplicationError:
            return False
        return True
