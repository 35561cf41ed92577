"""Where the bridge has its data from: the data nodes of this machine by their socket, all others behind the router.

Flask's threads ask :class:`Source`; what it knows of the nodes is kept up to date in the reactor's thread.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from autobahn.wamp.interfaces import ISession
from numpy.typing import NDArray
from twisted.internet import reactor, threads
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.task import LoopingCall

from livemon.alarms.watch import AlarmWatch
from livemon.bridge.alarm_channels import AlarmChannel, AlarmChannels
from livemon.bridge.catalogue import Catalogue, Field, Node, plain_path
from livemon.bridge.derived import FINE, LOOK_BACK, Derived, DerivedChannels, grid
from livemon.bridge.limits import shared_points
from livemon.bridge.router_nodes import DEADLINE, MOST_FIELDS_OF_ALL, MOST_NODES, RoutedNodes, sentence
from livemon.bridge.site import Site, SiteFile
from livemon.contract import ADDRESS_ROOT
from livemon.errors import NodeError, RequestError, RouterError
from livemon.log import log
from livemon.series.envelope import stride_for
from livemon.sisock.packed import Timeline
from livemon.sisock.socket_client import NodesSocket
from livemon.sisock.wamp import uri

REFRESH_EVERY = 2.0
GRACE = 60.0
"""Seconds for which a node that was lost keeps its channels: it may only be restarted, and no panel should lose its metric."""
SOON = 0.25
"""Seconds after the hub told of a node that the nodes are looked at: it may tell of thousands at once."""
FIRST_LOOK = 5.0
"""Seconds for which a request waits for the first look at the nodes, after a start."""
RESERVED = {"age", "invalid", "alarms"}
"""First parts of the paths of channels that are the bridge's own."""
MAX_EVENTS = 1000
NOTHING = np.empty(0)

Samples = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass
class Answer:
    """Samples by field, and the names of the nodes that did not answer.

    `thinned` has the fields of which not every sample is there, with `True` where there was no room for all, and `None` where there
    may have been (:class:`livemon.series.envelope.Points`).
    """

    series: dict[Field, Samples] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    thinned: dict[Field, bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Event:
    """A data node that joined or left: when (UNIX seconds), its name and description, and "joined" or "left"."""

    time: float
    node: str
    description: str
    kind: str


class Source:
    """The data nodes, as the HTTP side sees them.

    Parameters
    ----------
    socket
        The short way to the nodes of this machine; `None` if there is none, and all go through the router.
    waiting
        What a thread enters while it waits for nodes.
    site_file
        What the inventory knows of the channels; `None` if nobody tells.
    """

    def __init__(
        self,
        socket: NodesSocket | None = None,
        waiting: Callable[[], AbstractContextManager] = nullcontext,
        site_file: SiteFile | None = None,
    ) -> None:
        self._socket = socket
        self._waiting = waiting
        self._routed = RoutedNodes()
        self._site_file = site_file
        self._derived = DerivedChannels()
        self._alarms: AlarmChannels | None = None
        self._catalogue = Catalogue()
        self._local: dict[str, str | None] = {}
        """Version of the fields of each node that is reached by the socket."""
        self._seen: dict[str, float] = {}
        """When each node was there the last time, by a clock that nobody sets."""
        self._present: dict[str, str] = {}
        """Descriptions of the nodes that the hub knows."""
        self._taken_away: set[str] = set()
        """Names of the nodes that were taken away on purpose, and not lost."""
        self._hub_missed: float | None = None
        """Since when the hub has not answered although the router is there, by that clock."""
        self.left_out = 0
        """How many more nodes the hub lists than are asked."""
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._looked = threading.Event()
        self._looking = [LoopingCall(self._look_here), LoopingCall(self._look_elsewhere)]
        self._soon: IDelayedCall | None = None

    def tell_alarms(self, channels: AlarmChannels) -> None:
        """Have the states of alarms among the channels, from the next look at the nodes on."""
        self._alarms = channels

    # --- for Flask's threads -------------------------------------------------------------------------------------

    def alarms(self) -> dict[str, Any]:
        """Return what is known of all alarms (:meth:`livemon.bridge.alarm_channels.AlarmChannels.told`)."""
        return {"judged": None, "alarms": []} if self._alarms is None else self._alarms.told()

    @property
    def watch(self) -> AlarmWatch | None:
        """Who judges the alarms; `None` if nobody does."""
        return None if self._alarms is None else self._alarms.watch

    @property
    def connected(self) -> bool:
        """Whether the router is there."""
        return self._routed.session is not None

    @property
    def hubless(self) -> float:
        """For how many seconds the hub has not answered; 0 while it does, and while the router is away."""
        missed = self._hub_missed
        return 0.0 if missed is None else time.monotonic() - missed

    @property
    def site(self) -> Site:
        """What the inventory knows of the channels; nothing where nobody tells."""
        return Site() if self._site_file is None else self._site_file.site

    @property
    def catalogue(self) -> Catalogue:
        """The nodes and their fields; waits, after a start, until they have been looked at once.

        Raises
        ------
        RouterError
            If there are none because the router is away.
        """
        if not self._looked.is_set():
            with self._waiting():
                self._looked.wait(FIRST_LOOK)
        if self._catalogue.is_empty and not self.connected:
            raise RouterError("the router is away; the bridge comes back by itself when it does")
        return self._catalogue

    def events(self, start: float, end: float) -> list[Event]:
        """Return which data nodes joined and left in ``[start, end)``, UNIX seconds, as far as this process saw it."""
        return [event for event in list(self._events) if start <= event.time < end]

    def fetch(self, fields: Iterable[Field], start: float, end: float, points: int) -> Answer:
        """Return the samples of `fields` in ``[start, end)``, each as `(times, values)`, UNIX seconds, NaN where none.

        Each sample once, or at most `points` of a field that has more: its extremes, and it is among the answer's `thinned`. All
        samples with :data:`livemon.series.envelope.EVERY`. A node that does not answer in time is named in the answer's `silent`.

        Raises
        ------
        RouterError
            If the router is away, and with it all nodes that were asked.
        RequestError
            If a node cannot answer so much at once.
        """
        fields = list(fields)
        start, end = float(start), float(end)  # numbers of numpy's could not be sent to the nodes
        if not math.isfinite(end - start):
            raise RequestError("an interval needs two ends; write UNIX seconds")
        derived = [each for each in fields if isinstance(each, Derived)]
        answer = Answer(dict.fromkeys(fields, (NOTHING, NOTHING)))
        alarms = [each for each in fields if isinstance(each, AlarmChannel)]
        answer.series |= {each: self._alarms.samples(each, start, end) for each in alarms}
        sampled = [each for each in fields if not isinstance(each, (Derived, AlarmChannel))]
        if sampled or not (derived or alarms):
            found = self._fetch(sampled, start, end, points)
            answer.series |= found.series
            answer.silent, answer.thinned = found.silent, found.thinned
        if derived:
            answer.series |= self._derive(derived, start, end, points)
        return answer

    def _derive(self, fields: list[Derived], start: float, end: float, points: int) -> dict[Field, Samples]:
        """Return channels that are made of others, also of those whose nodes have gone or do not answer."""
        times = grid(start, end, points, time.time())
        bases = list(dict.fromkeys(each.base for each in fields if each.base.node in self._catalogue.nodes))
        points = shared_points(FINE, len(bases))
        before, within = {}, Answer()
        try:
            before = self._fetch(bases, start - LOOK_BACK, start, 1).series
            within = self._fetch(bases, start, end, points)
        except (RouterError, RequestError) as error:
            log.debug("nothing to derive channels of: {error}", error=error)
        nothing, stride = (NOTHING, NOTHING), stride_for(start, end, points)
        return {
            each: self._derived.values(
                each,
                times,
                before.get(each.base, nothing),
                within.series.get(each.base, nothing),
                stride if each.base in within.thinned else 0.0,
            )
            for each in fields
        }

    def _fetch(self, fields: list[Field], start: float, end: float, points: int) -> Answer:
        by_node: dict[str, dict[str, str | None]] = {}
        for each in fields:
            if each.type != "string":
                by_node.setdefault(each.node, {})[each.name] = each.timeline
        stride = stride_for(start, end, points)
        local = {node: names for node, names in by_node.items() if node in self._local}
        routed = {node: names for node, names in by_node.items() if node not in local}
        if routed and not local and not self.connected:
            raise RouterError("the router is away; the bridge comes back by itself when it does")
        waiting = _in_reactor(self._routed.samples, routed, start, end, stride) if routed else None
        found = self._fetch_local(local, start, end, stride) if local else {}
        if waiting is not None:
            with self._waiting():
                found |= _result(waiting, routed)
        return self._answer(fields, found)

    def _fetch_local(self, wanted: Mapping[str, Mapping], start: float, end: float, stride: float) -> dict[str, Any]:
        try:
            answers = self._socket.samples({node: list(fields) for node, fields in wanted.items()}, start, end, stride)
        except NodeError as error:
            return dict.fromkeys(wanted, error)
        return {node: answers.get(node, "has gone") for node in wanted}

    def _answer(self, fields: list[Field], found: Mapping[str, list[Timeline] | str | Exception]) -> Answer:
        answer = Answer(dict.fromkeys(fields, (NOTHING, NOTHING)))
        rows: dict[tuple[str, str], Samples] = {}
        thinned: dict[tuple[str, str], bool | None] = {}
        for node, result in found.items():
            if isinstance(result, RequestError):
                raise result
            if isinstance(result, list):
                for timeline in result:
                    if timeline.thinned is not False:
                        thinned |= dict.fromkeys(((node, name) for name in timeline.fields), timeline.thinned)
                    for name, values in zip(timeline.fields, timeline.values, strict=True):
                        rows[node, name] = timeline.times, values
            else:
                reason = result if isinstance(result, str) else sentence(result)
                log.warn("{node} does not answer: {reason}", node=node, reason=reason)
                answer.silent.append(node)
        for each in fields:
            key = each.node, each.name
            answer.series[each] = rows.get(key, answer.series[each])
            if key in thinned:
                answer.thinned[each] = thinned[key]
        return answer

    # --- in the reactor's thread ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow the nodes from now on: those of this machine never wait for one elsewhere that does not answer."""
        for looking in self._looking:
            looking.start(REFRESH_EVERY, now=True)
        reactor.callLater(FIRST_LOOK, self._looked.set)

    @inlineCallbacks
    def on_join(self, session: ISession, _details: object) -> Iterator:
        """Follow the hub, too."""
        self._routed.session = session
        yield session.subscribe(self._added, uri("consumer.data_node_added"))
        yield session.subscribe(self._subtracted, uri("consumer.data_node_subtracted"))
        yield self.refresh()

    def on_leave(self) -> None:
        """Keep what is known of the nodes until the router is back."""
        self._routed.session = None
        self._hub_missed = None

    def _added(self, entry: Mapping[str, Any]) -> None:
        name = str(entry.get("name"))
        self._routed.forget({name})
        self._taken_away.discard(name)
        self._note("joined", name, str(entry.get("description") or ""))
        self._look_soon()

    def _subtracted(self, entry: Mapping[str, Any]) -> None:
        name = str(entry.get("name"))
        if entry.get("on_request") is True and name not in self._local:
            self._taken_away.add(name)
        self._note("left", name)
        self._look_soon()

    def _look_soon(self) -> None:
        if self._soon is None or not self._soon.active():
            self._soon = reactor.callLater(SOON, self.refresh)

    def _note(self, kind: str, name: str, description: str = "") -> None:
        """Remember that a node joined or left, unless that is known already: a hub that was restarted tells of all anew."""
        if (kind == "joined") == (name in self._present):
            return
        if kind == "joined":
            self._present[name] = description
        else:
            description = self._present.pop(name)
        self._events.append(Event(time.time(), name, description, kind))

    def refresh(self) -> Deferred:
        """Look which nodes there are, and ask each for its fields and newest samples."""
        return DeferredList([self._look_here(), self._look_elsewhere()])

    @inlineCallbacks
    def _look_here(self) -> Iterator:
        """Look at the nodes of this machine."""
        if self._socket is None:
            return
        known = {name: version for name, version in self._local.items() if name in self._catalogue.nodes}
        try:
            state = yield threads.deferToThread(self._socket.state, known)
        except Exception as error:
            log.debug("no answer on the socket: {error!r}", error=error)
            for name in self._local.keys() & self._catalogue.nodes.keys():
                node = self._catalogue.nodes[name]
                node.error = node.error or "has left"
            self._keep({}, ())
            return
        nodes, before = self._catalogue.nodes, self._local.keys()
        # One that the router led to until now, and may be asking just now, is another object: what is told there is not for this one.
        found = {
            name: nodes[name] if name in before & nodes.keys() else Node(name, "")
            for name in (about["name"] for about in state)
        }
        for about in state:
            _take(about, found[about["name"]])
        # Those that their process no longer lists have been taken out of the inventory.
        removed = before - found.keys()
        self._local = {about["name"]: about.get("version") for about in state}
        self._keep(found, removed)

    @inlineCallbacks
    def _look_elsewhere(self) -> Iterator:
        """Look at the nodes that only the router leads to: those that the hub lists, or listed before it was gone."""
        if self._routed.session is None:
            if any(not node.is_local for node in self._catalogue.nodes.values()):
                self._keep({}, ())
            return
        try:
            listed = yield self._routed.listed()
        except Exception as error:
            # A LoopingCall that fails would never be called again.
            log.debug("no answer of the hub: {error!r}", error=error)
            if self._hub_missed is None and self.connected:
                self._hub_missed = time.monotonic()
            listed = None
        else:
            self._hub_missed = None
            if listed.keys() != self._present.keys():
                self._routed.forget(listed.keys() ^ self._present.keys())
            self._taken_away -= listed.keys()
            self._mark_lost(listed)
        found = self._nodes_elsewhere(self._present if listed is None else listed)
        yield DeferredList([self._routed.ask(node) for node in found.values()])
        # The socket may have told meanwhile that one is of this machine: the hub hears of a new node at the same time.
        found = {name: node for name, node in found.items() if name not in self._local}
        _share(found.values())
        for node in found.values():
            node.fields = {name: self._without_our_path(each) for name, each in node.fields.items()}
        self._keep(found, self._taken_away)

    def _nodes_elsewhere(self, listed: Mapping[str, str]) -> dict[str, Node]:
        """Return, of the nodes that are listed and not of this machine, as many as there may be; those that are known go first."""
        nodes = self._catalogue.nodes
        names = sorted((name for name in listed if name not in self._local), key=lambda name: name not in nodes)
        taken = names[:MOST_NODES]
        self.left_out = len(names) - len(taken)
        kept = {*taken, *self._local}
        self._present |= {name: description for name, description in listed.items() if name in kept}
        found = {name: nodes.get(name) or Node(name, "") for name in taken}
        for name, node in found.items():
            node.description, node.is_local = listed[name], False
        return found

    def _without_our_path(self, field: Field) -> Field:
        """Return a field of a node elsewhere; if it has the path of a channel that this machine has, with a path of its own.

        Otherwise who may serve a node could answer for an instrument.
        """
        root, _, rest = field.path.partition(".")
        whose = rest.partition(".")[0]
        is_ours = root in RESERVED or (
            self._socket is not None
            and ((root == ADDRESS_ROOT and whose in self.site.agents) or (root == "livemon" and whose in self._local))
        )
        return replace(field, path=plain_path(field.node, field.name)) if is_ours else field

    def _mark_lost(self, listed: Mapping[str, str]) -> None:
        """Note which nodes elsewhere the hub lists no more; those of this machine are known by the socket."""
        for name, node in self._catalogue.nodes.items():
            if name not in listed and name not in self._local:
                node.error = "has left"

    def _keep(self, found: Mapping[str, Node], removed: Collection[str]) -> None:
        """Take what was found for the catalogue, and what was removed out of it; another node stays for a while."""
        now = time.monotonic()
        self._seen |= dict.fromkeys(found, now)
        nodes = self._catalogue.nodes | dict(found)
        for name in [name for name in nodes if name in removed or now - self._seen[name] > GRACE]:
            del nodes[name], self._seen[name]
            self._note("left", name)
        if self._site_file is not None:
            self._site_file.look()
        site = self.site
        for node in nodes.values():
            node.fields = site.described(node.fields)
            node.silent_after = site.silent_after.get(node.name, node.silent_after)
        self._derived.look(nodes.values(), site)
        alarms = [] if self._alarms is None else self._alarms.fields
        self._catalogue = Catalogue(nodes.values(), [*self._derived.fields, *alarms])
        if found:
            self._looked.set()


def _share(nodes: Iterable[Node]) -> None:
    """Leave out fields of nodes beyond those that there is room for in all."""
    room = MOST_FIELDS_OF_ALL
    for node in nodes:
        if len(node.fields) > room:
            node.notes = [
                *node.notes,
                f"of its {len(node.fields)} fields only {room} are shown: other nodes have too many",
            ]
            node.fields = dict(list(node.fields.items())[:room])
        room -= len(node.fields)


def _take(about: Mapping[str, Any], node: Node) -> None:
    """Take over what the socket tells of a node; of one that has a fault the fields stay as they were."""
    node.description, node.error, node.is_local = about["description"], about.get("fault"), True
    node.silent_after = about.get("silent_after")
    if node.error is not None:
        return
    try:
        if about["fields"] is not None:
            node.fields = {name: Field.from_node(node.name, name, each) for name, each in about["fields"].items()}
        node.last = {name: tuple(last) for name, last in about["last"].items()}
        told = about.get("status") or {}
        node.faults, node.counts = told.get("faults", []), told.get("counts", {})
        node.notes = told.get("notes", [])
    except (AttributeError, TypeError, ValueError) as error:
        node.error = f"tells nonsense: {error}"


def _result(waiting: Future, routed: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return waiting.result(2 * DEADLINE)
    except TimeoutError as error:  # a reactor that is too busy for its own deadline
        return dict.fromkeys(routed, error)


def _in_reactor(function: Any, *arguments: Any) -> Future:
    """Call a function that returns a Deferred in the reactor's thread; the caller's thread may wait for the result."""
    future: Future = Future()

    def call() -> None:
        function(*arguments).addCallbacks(future.set_result, lambda failure: future.set_exception(failure.value))

    reactor.callFromThread(call)
    return future
