"""Follows which data nodes there are: those of this machine over their socket, all others over the router.

Everything happens in the reactor's thread. What other threads read is never changed, only replaced as a whole.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from autobahn.wamp.interfaces import ISession
from twisted.internet import reactor as twisted_reactor
from twisted.internet import threads
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from livemon.bridge import alarm_channels
from livemon.bridge.alarm_channels import AlarmChannels
from livemon.bridge.catalogue import Catalogue, Field, Node, plain_path
from livemon.bridge.derived import DERIVATIONS, DerivedChannels
from livemon.bridge.inventory import Inventory, InventoryFile
from livemon.bridge.router_nodes import HAS_LEFT, MOST_FIELDS_OF_ALL, MOST_NODES, Description, RouterNodes
from livemon.contract import ADDRESS_ROOT
from livemon.log import log
from livemon.sisock.deferreds import InlineCallbacks
from livemon.sisock.socket_client import NodesSocket
from livemon.sisock.wamp import uri

REFRESH_EVERY = 2.0
GRACE = 60.0
"""Seconds for which a node that was lost keeps its channels: it may only be restarting, and no panel should lose its metric."""
DELAY = 0.25
"""Seconds from the hub's news of a node until the nodes are looked at: it may have news of thousands at once."""
FIRST_LOOK = 5.0
RESERVED = {alarm_channels.ROOT, *(each.word for each in DERIVATIONS)}
"""First parts of the paths of the bridge's own channels."""
MAX_EVENTS = 1000


@dataclass(frozen=True)
class Event:
    """A data node that joined or left: when (UNIX seconds), its name and description, and "joined" or "left"."""

    time: float
    node: str
    description: str
    kind: str


class NodeWatch:
    """Looks at the data nodes every `REFRESH_EVERY` seconds, and whenever the hub announces a change.

    Parameters
    ----------
    socket
        The socket of this machine's nodes; `None` if there is none, and all nodes are reached over the router.
    router
        The other nodes.
    inventory_file
        The site file; `None` if there is none.
    clock, steady
        UNIX seconds, and seconds of the monotonic clock.
    reactor
        Twisted's, or a clock that a test moves.
    in_thread
        Calls a function that blocks, in a thread of its own.
    patience
        Seconds for which a request waits for the first look at the nodes after the start.

    Attributes
    ----------
    catalogue
        The nodes and their channels; a node that was lost stays for `GRACE` seconds.
    local
        By name, the version of the fields of each node that is reached over the socket.
    derived
        The channels that are computed from others.
    alarms
        The states of alarms; `None` where nobody judges any.
    left_out
        How many nodes the hub lists beyond `MOST_NODES`.
    """

    def __init__(
        self,
        socket: NodesSocket | None = None,
        router: RouterNodes | None = None,
        inventory_file: InventoryFile | None = None,
        *,
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        reactor: IReactorTime = twisted_reactor,
        in_thread: Callable[..., Deferred[Any]] = threads.deferToThread,
        patience: float = FIRST_LOOK,
    ) -> None:
        self._socket = socket
        self.router = router or RouterNodes(steady=steady)
        self._inventory_file = inventory_file
        self._clock, self._steady, self._reactor, self._in_thread = clock, steady, reactor, in_thread
        self.catalogue = Catalogue()
        self.local: Mapping[str, str | None] = {}
        self.derived = DerivedChannels(clock)
        self.alarms: AlarmChannels | None = None
        self.left_out = 0
        self._seen: dict[str, float] = {}
        """When each node was last seen, on the monotonic clock."""
        self._present: dict[str, str] = {}
        """Descriptions of the nodes that the hub knows, by name."""
        self._withdrawn: set[str] = set()
        """Names of the nodes that were stopped on purpose, rather than lost."""
        self._hub_missed: float | None = None
        """Since when the hub has not answered although the router is there, on the monotonic clock."""
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._looked, self._patience = threading.Event(), patience
        self._looping = [LoopingCall(self.look_here), LoopingCall(self.look_elsewhere)]
        self._look_is_due = False

    def add_alarms(self, channels: AlarmChannels) -> None:
        """Include the states of alarms in the catalogue, from the next look on."""
        self.alarms = channels

    # --- read by other threads -----------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether there is a session with the router."""
        return self.router.session is not None

    @property
    def hubless(self) -> float:
        """For how many seconds the hub has not answered; 0 while it does, and while the router is away."""
        missed = self._hub_missed
        return 0.0 if missed is None else self._steady() - missed

    @property
    def inventory(self) -> Inventory:
        """What the inventory says about the channels; nothing if there is no site file."""
        return Inventory() if self._inventory_file is None else self._inventory_file.inventory

    @property
    def has_looked(self) -> bool:
        """Whether the nodes have been looked at since the start."""
        return self._looked.is_set()

    def wait_for_first_look(self) -> None:
        """Wait until the nodes have been looked at, or until the watch's patience ends."""
        self._looked.wait(self._patience)

    def events(self, start: float, end: float) -> list[Event]:
        """Return which data nodes joined and left in ``[start, end)``, UNIX seconds, as far as this process saw it."""
        return [event for event in list(self._events) if start <= event.time < end]

    # --- in the reactor's thread ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow the nodes from now on; this machine's never wait for a node elsewhere that does not answer."""
        for looping in self._looping:
            looping.clock = self._reactor
            looping.start(REFRESH_EVERY, now=True)
        self._reactor.callLater(self._patience, self._looked.set)

    def stop(self) -> None:
        """Follow them no longer."""
        for looping in self._looping:
            looping.stop()

    @inlineCallbacks
    def on_join(self, session: ISession, _details: object = None) -> InlineCallbacks[None]:
        """Follow the hub, too."""
        self.router.session = session
        yield session.subscribe(self._added, uri("consumer.data_node_added"))
        yield session.subscribe(self._subtracted, uri("consumer.data_node_subtracted"))
        yield self.refresh()

    def on_leave(self) -> None:
        """Keep what is known about the nodes until the router is back."""
        self.router.session = None
        self._hub_missed = None

    def _added(self, entry: Mapping[str, Any]) -> None:
        name = str(entry.get("name"))
        self.router.forget({name})
        self._withdrawn.discard(name)
        self._note("joined", name, str(entry.get("description") or ""))
        self._look_soon()

    def _subtracted(self, entry: Mapping[str, Any]) -> None:
        name = str(entry.get("name"))
        if entry.get("on_request") is True and name not in self.local:
            self._withdrawn.add(name)
        self._note("left", name)
        self._look_soon()

    def _look_soon(self) -> None:
        if not self._look_is_due:
            self._look_is_due = True
            self._reactor.callLater(DELAY, self.refresh)

    def _note(self, kind: str, name: str, description: str = "") -> None:
        """Record that a node joined or left, unless that is known: a hub that was restarted announces all nodes again."""
        if (kind == "joined") == (name in self._present):
            return
        if kind == "joined":
            self._present[name] = description
        else:
            description = self._present.pop(name)
        self._events.append(Event(self._clock(), name, description, kind))

    def refresh(self) -> Deferred[Any]:
        """Look which nodes there are, and ask each for its fields and newest samples."""
        self._look_is_due = False
        return DeferredList([self.look_here(), self.look_elsewhere()])

    @inlineCallbacks
    def look_here(self) -> InlineCallbacks[None]:
        """Look at the nodes of this machine."""
        if self._socket is None:
            return
        known = {name: version for name, version in self.local.items() if name in self.catalogue.nodes}
        try:
            answer = yield self._in_thread(self._socket.state, known)
        except Exception as error:
            log.debug("no answer on the socket: {error!r}", error=error)
            nodes = self.catalogue.nodes
            self._mark_lost(name for name in self.local if name in nodes and nodes[name].error is None)
            self._keep({}, ())
            return
        nodes, before = self.catalogue.nodes, self.local
        # Of a node that was reached over the router until now, nothing is kept.
        known_here = {name: node for name, node in nodes.items() if name in before}
        found = {about["name"]: _from_socket(about, known_here.get(about["name"])) for about in answer}
        self.local = {about["name"]: about.get("version") for about in answer}
        # Nodes that their process no longer lists were removed from the inventory.
        self._keep(found, before.keys() - found.keys())

    @inlineCallbacks
    def look_elsewhere(self) -> InlineCallbacks[None]:
        """Look at the nodes that only the router leads to: those that the hub lists, or listed before it stopped."""
        if not self.connected:
            if any(not node.is_local for node in self.catalogue.nodes.values()):
                self._keep({}, ())
            return
        listed = yield self._listed()
        names = self._chosen(listed)
        results = yield DeferredList([self.router.describe(name) for name in names])
        answers = dict(zip(names, (answer for _, answer in results), strict=True))
        # Meanwhile the socket may lead to one of them: the hub hears of a new node at the same time.
        found = [
            self._from_router(name, listed[name], answer) for name, answer in answers.items() if name not in self.local
        ]
        self._keep({node.name: node for node in _shared(found)}, self._withdrawn)

    @inlineCallbacks
    def _listed(self) -> InlineCallbacks[Mapping[str, str]]:
        """Return the descriptions of the nodes that the hub lists, or those it listed before if it does not answer."""
        try:
            listed: Mapping[str, str] = yield self.router.listed()
        except Exception as error:
            # A LoopingCall that fails would never be called again.
            log.debug("no answer from the hub: {error!r}", error=error)
            if self._hub_missed is None and self.connected:
                self._hub_missed = self._steady()
            return dict(self._present)
        self._hub_missed = None
        self.router.forget(listed.keys() ^ self._present.keys())
        self._withdrawn -= listed.keys()
        present = {*listed, *self.local, *self._withdrawn}
        self._mark_lost(name for name in self.catalogue.nodes if name not in present)
        return listed

    def _chosen(self, listed: Mapping[str, str]) -> list[str]:
        """Return the names of the nodes to ask: of those elsewhere, as many as there may be; known ones first."""
        nodes = self.catalogue.nodes
        names = sorted((name for name in listed if name not in self.local), key=lambda name: name not in nodes)
        chosen = names[:MOST_NODES]
        self.left_out = len(names) - len(chosen)
        followed = {*chosen, *self.local}
        self._present |= {name: description for name, description in listed.items() if name in followed}
        return chosen

    def _from_router(self, name: str, description: str, answer: Description | str | None) -> Node:
        """Return a node as it answered: with the fields of before if it gave no valid answer, or was not asked."""
        node = self.catalogue.nodes.get(name) or Node(name, "")
        node = replace(node, description=description, is_local=False)
        if isinstance(answer, str):
            node = replace(node, error=answer)
        elif answer is not None:
            node = replace(node, error=None, **vars(answer))
        return replace(node, fields={name: self._without_our_path(each) for name, each in node.fields.items()})

    def _without_our_path(self, field: Field) -> Field:
        """Return a field of a node elsewhere, under a path of its own if it claims a path that belongs to this machine.

        Otherwise anyone who may serve a node could answer for an instrument.
        """
        root, _, rest = field.path.partition(".")
        owner = rest.partition(".")[0]
        is_ours = root in RESERVED or (
            self._socket is not None
            and (
                (root == ADDRESS_ROOT and owner in self.inventory.agents) or (root == "livemon" and owner in self.local)
            )
        )
        return replace(field, path=plain_path(field.node, field.name)) if is_ours else field

    def _mark_lost(self, names: Iterable[str]) -> None:
        """Note in the catalogue that nodes have left."""
        nodes = {name: self.catalogue.nodes[name] for name in names}
        lost = {name: replace(node, error=HAS_LEFT) for name, node in nodes.items() if node.error != HAS_LEFT}
        if lost:
            self._show({**self.catalogue.nodes, **lost})

    def _keep(self, found: Mapping[str, Node], removed: Collection[str]) -> None:
        """Put the nodes that were found into the catalogue, and take the removed ones out; other nodes stay for a while."""
        now = self._steady()
        self._seen |= dict.fromkeys(found, now)
        nodes = {**self.catalogue.nodes, **found}
        for name in [name for name in nodes if name in removed or now - self._seen[name] > GRACE]:
            del nodes[name], self._seen[name]
            self._note("left", name)
        if self._inventory_file is not None:
            self._inventory_file.look()
        inventory = self.inventory
        self._show({name: _described(node, inventory) for name, node in nodes.items()})
        if found:
            self._looked.set()

    def _show(self, nodes: Mapping[str, Node]) -> None:
        self.derived.look(nodes.values(), self.inventory)
        alarms = [] if self.alarms is None else self.alarms.fields
        self.catalogue = Catalogue(nodes.values(), [*self.derived.fields, *alarms])


def _described(node: Node, inventory: Inventory) -> Node:
    """Return a node with the inventory's tags, and with its limit of silence if it has one."""
    silent_after = inventory.silent_after.get(node.name, node.silent_after)
    return replace(node, fields=inventory.described(node.fields), silent_after=silent_after)


def _shared(nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes with no more fields than there is room for in all of them."""
    room, found = MOST_FIELDS_OF_ALL, []
    for node in nodes:
        if len(node.fields) > room:
            note = f"only {room} of its {len(node.fields)} fields are shown: other nodes have too many"
            fields = dict(list(node.fields.items())[:room])
            found.append(replace(node, fields=fields, notes=[*node.notes, note]))
        else:
            found.append(node)
        room -= len(found[-1].fields)
    return found


def _from_socket(about: Mapping[str, Any], before: Node | None) -> Node:
    """Return a node as the socket describes it; a node with a fault keeps the fields that it had before."""
    node = replace(
        before or Node(about["name"], ""),
        description=about["description"],
        error=about.get("fault"),
        is_local=True,
        silent_after=about.get("silent_after"),
    )
    if node.error is not None:
        return node
    try:
        if about["fields"] is not None:
            fields = {name: Field.from_node(node.name, name, each) for name, each in about["fields"].items()}
            node = replace(node, fields=fields)
        status = about.get("status") or {}
        return replace(
            node,
            last={name: (when, value) for name, (when, value) in about["last"].items()},
            faults=status.get("faults", []),
            counts=status.get("counts", {}),
            notes=status.get("notes", []),
            operations=status.get("operations", []),
        )
    except (AttributeError, TypeError, ValueError) as error:
        return replace(node, error=f"has a malformed description: {error}")
