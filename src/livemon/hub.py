"""The sisock hub: the registry of data nodes.

Speaks upstream's procedures and topics (sisock, components/hub/hub.py at 8bd5ec6). Unlike upstream it goes by the identity that the
router discloses and never by the session number in the arguments, which any node could forge.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from autobahn.wamp.interfaces import ISession
from autobahn.wamp.types import CallDetails, RegisterOptions
from twisted.internet.defer import inlineCallbacks

from livemon.wamp import TAKE_OVER, log, uri


@dataclass(frozen=True)
class Entry:
    """A registered data node: its name, its description, the session that serves it."""

    name: str
    description: str
    session: int

    def as_upstream(self) -> dict[str, str]:
        """Return what consumers are told of it."""
        return {"name": self.name, "description": self.description}


class Registry:
    """The data nodes, by name. No input or output."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def add(self, name: str, description: str, session: int) -> Entry | None:
        """Add a node; `None` if another session holds its name."""
        holder = self._entries.get(name)
        if holder is not None and holder.session != session:
            return None
        entry = self._entries[name] = Entry(name, description, session)
        return entry

    def subtract(self, name: str, session: int) -> Entry | None:
        """Remove a node; `None` if `session` does not hold that name."""
        if name not in self._entries or self._entries[name].session != session:
            return None
        return self._entries.pop(name)

    def leave(self, session: int) -> list[Entry]:
        """Remove all nodes of a session that has ended, and return them."""
        gone = [entry for entry in self if entry.session == session]
        for entry in gone:
            del self._entries[entry.name]
        return gone

    def __iter__(self) -> Iterator[Entry]:
        return iter(list(self._entries.values()))


class Hub:
    """The registry's procedures and topics on the router."""

    def __init__(self) -> None:
        self.registry = Registry()
        self._session: ISession | None = None

    @inlineCallbacks
    def on_join(self, session: ISession, _details: object) -> Iterator:
        """Offer the procedures. Nodes of an earlier connection tell about themselves again: the registry starts empty."""
        self.registry = Registry()
        self._session = session
        with_caller = RegisterOptions(details_arg="details", force_reregister=True)
        yield session.subscribe(self._session_left, "wamp.session.on_leave")
        yield session.register(self.add, uri("data_node.add"), with_caller)
        yield session.register(self.subtract, uri("data_node.subtract"), with_caller)
        yield session.register(self.get_data_node, uri("consumer.get_data_node"), TAKE_OVER)
        log.info("the hub is ready")

    def add(self, name: str, description: str, _session_id: object = None, *, details: CallDetails) -> bool:
        """Add a data node of the caller; False if the name is taken."""
        known = any(entry.name == name and entry.session == details.caller for entry in self.registry)
        entry = self.registry.add(str(name), str(description), details.caller)
        if entry is None:
            log.warn("refused the data node {name}: the name is taken", name=name)
            return False
        if not known:
            log.info("added the data node {name}", name=name)
            self._session.publish(uri("consumer.data_node_added"), entry.as_upstream())
        return True

    def subtract(self, name: str, _session_id: object = None, *, details: CallDetails) -> None:
        """Remove a data node of the caller; nothing happens if it has none of that name."""
        entry = self.registry.subtract(str(name), details.caller)
        if entry is not None:
            self._tell_gone(entry)

    def get_data_node(self) -> list[dict[str, str]]:
        """Return ``{"name", "description"}`` of every data node."""
        return [entry.as_upstream() for entry in self.registry]

    def _session_left(self, session_id: int, *_: object) -> None:
        for entry in self.registry.leave(session_id):
            self._tell_gone(entry)

    def _tell_gone(self, entry: Entry) -> None:
        log.info("removed the data node {name}", name=entry.name)
        self._session.publish(uri("consumer.data_node_subtracted"), entry.as_upstream())
