"""Where the bridge has its data from: the data nodes of this machine by their socket, all others behind the router.

Flask's threads ask :class:`Source`; what it knows of the nodes is kept up to date in the reactor's thread.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from autobahn.wamp.interfaces import ISession
from numpy.typing import NDArray
from twisted.internet import reactor, threads
from twisted.internet.defer import DeferredList, inlineCallbacks
from twisted.internet.task import LoopingCall

from livemon.alarms.watch import AlarmWatch
from livemon.bridge.alarm_channels import AlarmChannel, AlarmChannels
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.derived import FINE, LOOK_BACK, Derived, DerivedChannels, grid
from livemon.bridge.limits import shared_points
from livemon.bridge.routed import DEADLINE, RoutedNodes, sentence
from livemon.bridge.site import Site, SiteFile
from livemon.errors import NodeError, RequestError, RouterError
from livemon.nodesocket import NodesSocket
from livemon.packed import Timeline
from livemon.series.envelope import stride_for
from livemon.wamp import log, uri

REFRESH_EVERY = 2.0
GRACE = 60.0
"""Seconds for which a node that has gone keeps its channels: it may only be restarted, and no panel should lose its metric."""
FIRST_LOOK = 5.0
"""Seconds for which a request waits for the first look at the nodes, after a start."""
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
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._looked = threading.Event()
        self._refreshing = LoopingCall(self.refresh)

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
        """Follow the nodes from now on."""
        self._refreshing.start(REFRESH_EVERY, now=True)
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

    def _added(self, entry: Mapping[str, Any]) -> Any:
        self._note("joined", str(entry.get("name")), str(entry.get("description") or ""))
        return self.refresh()

    def _subtracted(self, entry: Mapping[str, Any]) -> Any:
        self._note("left", str(entry.get("name")))
        return self.refresh()

    def _note(self, kind: str, name: str, description: str = "") -> None:
        """Remember that a node joined or left, unless that is known already: a hub that was restarted tells of all anew."""
        if (kind == "joined") == (name in self._present):
            return
        if kind == "joined":
            self._present[name] = description
        else:
            description = self._present.pop(name)
        self._events.append(Event(time.time(), name, description, kind))

    @inlineCallbacks
    def refresh(self) -> Iterator:
        """Look which nodes there are, and ask each for its fields and newest samples."""
        before = set(self._local)
        (_, local), (_, routed) = yield DeferredList([self._look_local(), self._look_routed()])
        found = (routed or {}) | (local or {})
        # Those of this machine that its process no longer lists have been taken out of the inventory.
        removed = before - found.keys() if local is not None else set()
        self._keep(found, removed, hub_answers=routed is not None)
        if found:
            self._looked.set()

    @inlineCallbacks
    def _look_local(self) -> Iterator:
        """Return the nodes of this machine by name; `None` if they do not answer."""
        if self._socket is None:
            return None
        nodes = self._catalogue.nodes
        known = {name: version for name, version in self._local.items() if name in nodes}
        try:
            state = yield threads.deferToThread(self._socket.state, known)
        except Exception as error:
            log.debug("no answer on the socket: {error!r}", error=error)
            return None
        found = {about["name"]: nodes.get(about["name"]) or Node(about["name"], "") for about in state}
        for about in state:
            _take(about, found[about["name"]])
        self._local = {about["name"]: about.get("version") for about in state}
        return found

    @inlineCallbacks
    def _look_routed(self) -> Iterator:
        """Return the nodes that only the router leads to, by name; `None` if the hub does not answer."""
        if self._routed.session is None:
            return None
        try:
            listed = yield self._routed.listed()
        except Exception as error:
            # A LoopingCall that fails would never be called again.
            log.debug("no answer of the hub: {error!r}", error=error)
            return None
        if listed.keys() != self._present.keys():
            self._routed.forget()
        self._present |= listed
        nodes = self._catalogue.nodes
        found = {name: nodes.get(name) or Node(name, "") for name in listed if name not in self._local}
        for name, node in found.items():
            node.description = listed[name]
        yield DeferredList([self._routed.ask(node) for node in found.values()])
        return found

    def _keep(self, found: Mapping[str, Node], removed: set[str], *, hub_answers: bool) -> None:
        """Take what was found for the catalogue; another node stays for a while, unless it was removed."""
        now = time.monotonic()
        self._seen |= dict.fromkeys(found, now)
        nodes = dict(found)
        for name, node in self._catalogue.nodes.items():
            if name in nodes:
                continue
            if name in removed or now - self._seen[name] > GRACE:
                del self._seen[name]
                self._note("left", name)
            else:
                nodes[name] = node
                if hub_answers or name in self._local:
                    node.error = node.error or "has left"
        if self._site_file is not None:
            self._site_file.look()
        site = self.site
        for node in nodes.values():
            node.fields = site.described(node.fields)
        self._derived.look(nodes.values(), site)
        alarms = [] if self._alarms is None else self._alarms.fields
        self._catalogue = Catalogue(nodes.values(), [*self._derived.fields, *alarms])


def _take(about: Mapping[str, Any], node: Node) -> None:
    """Take over what the socket tells of a node; of one that has a fault the fields stay as they were."""
    node.description, node.error = about["description"], about.get("fault")
    if node.error is not None:
        return
    try:
        if about["fields"] is not None:
            node.fields = {name: Field.from_node(node.name, name, each) for name, each in about["fields"].items()}
        node.last = {name: tuple(last) for name, last in about["last"].items()}
        told = about.get("told") or {}
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
