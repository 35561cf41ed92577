"""Where the bridge's HTTP side gets its data: samples and channels, for Flask's threads."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from livemon.alarms.watch import AlarmWatch
from livemon.bridge.alarm_channels import AlarmChannel
from livemon.bridge.catalogue import Catalogue, Field
from livemon.bridge.derived import FINE, LOOK_BACK, DerivedChannel, grid
from livemon.bridge.inventory import Inventory
from livemon.bridge.limits import shared_points
from livemon.bridge.node_watch import Event, NodeWatch
from livemon.bridge.router_nodes import DEADLINE, sentence
from livemon.errors import NodeError, RequestError, RouterError
from livemon.log import log
from livemon.series.envelope import stride_for
from livemon.sisock.packed import Timeline
from livemon.sisock.socket_client import NodesSocket

P = ParamSpec("P")
T = TypeVar("T")
Samples = tuple[NDArray[np.float64], NDArray[np.float64]]
NO_SAMPLES: Samples = np.empty(0), np.empty(0)
ROUTER_AWAY = "the router is away; the bridge reconnects when it returns"


@dataclass
class Answer:
    """Samples by field, and the names of the nodes that did not answer.

    `thinned` has the fields that may lack samples: `True` where there was no room for all of them, and `None` where there may have
    been (:class:`livemon.series.envelope.Points`).
    """

    series: dict[Field, Samples] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    thinned: dict[Field, bool | None] = field(default_factory=dict)


def call_in_reactor(function: Callable[P, Deferred[T]], *arguments: P.args, **options: P.kwargs) -> Future[T]:
    """Call a function in the reactor's thread; the caller's thread may wait for the result of its Deferred."""
    future: Future[T] = Future()

    def fail(failure: Failure) -> None:
        future.set_exception(failure.value)

    IReactorFromThreads(reactor).callFromThread(
        lambda: function(*arguments, **options).addCallbacks(future.set_result, fail)
    )
    return future


class Source:
    """Samples and channels of all data nodes.

    Parameters
    ----------
    nodes
        Which nodes there are.
    socket
        The socket of this machine's nodes; `None` if there is none, and all nodes are reached over the router.
    waiting
        Entered by a thread while it waits for nodes.
    clock
        UNIX seconds.
    in_reactor
        See :func:`call_in_reactor`.
    """

    def __init__(
        self,
        nodes: NodeWatch,
        socket: NodesSocket | None = None,
        waiting: Callable[[], AbstractContextManager[None]] = nullcontext,
        *,
        clock: Callable[[], float] = time.time,
        in_reactor: Callable[..., Future[Any]] = call_in_reactor,
    ) -> None:
        self._nodes, self._socket, self._waiting = nodes, socket, waiting
        self._clock, self._in_reactor = clock, in_reactor

    @property
    def connected(self) -> bool:
        """Whether there is a session with the router."""
        return self._nodes.connected

    @property
    def hubless(self) -> float:
        """For how many seconds the hub has not answered; 0 while it does, and while the router is away."""
        return self._nodes.hubless

    @property
    def left_out(self) -> int:
        """How many nodes the hub lists beyond those that are followed."""
        return self._nodes.left_out

    @property
    def inventory(self) -> Inventory:
        """What the inventory says about the channels."""
        return self._nodes.inventory

    @property
    def alarm_watch(self) -> AlarmWatch | None:
        """Judges the alarms; `None` where nobody does."""
        return None if self._nodes.alarms is None else self._nodes.alarms.watch

    def alarms(self) -> dict[str, Any]:
        """Return what is known about all alarms (:meth:`livemon.bridge.alarm_channels.AlarmChannels.as_dict`)."""
        return {"judged": None, "alarms": []} if self._nodes.alarms is None else self._nodes.alarms.as_dict()

    def events(self, start: float, end: float) -> list[Event]:
        """Return which data nodes joined and left in ``[start, end)``, UNIX seconds, as far as this process saw it."""
        return self._nodes.events(start, end)

    @property
    def catalogue(self) -> Catalogue:
        """The nodes and their fields at this moment; waits, after a start, until they have been looked at once.

        Raises
        ------
        RouterError
            If there are none because the router is away.
        """
        if not self._nodes.has_looked:
            with self._waiting():
                self._nodes.wait_for_first_look()
        catalogue = self._nodes.catalogue
        if catalogue.is_empty and not self.connected:
            raise RouterError(ROUTER_AWAY)
        return catalogue

    def fetch(self, fields: Iterable[Field], start: float, end: float, points: int) -> Answer:
        """Return the samples of `fields` in ``[start, end)``, each as `(times, values)`, UNIX seconds, NaN for no value.

        Every sample once, or, of a field with more samples than `points`, its extremes in so many points; then the field is among
        the answer's `thinned`. All samples with :data:`livemon.series.envelope.EVERY`. A node that does not answer in time is named
        in the answer's `silent`.

        Raises
        ------
        RouterError
            If the router is away, and all requested nodes with it.
        RequestError
            If the interval is not finite, or a node cannot answer so much at once.
        """
        fields = list(fields)
        start, end = float(start), float(end)  # numpy's numbers could not be sent to the nodes
        if not math.isfinite(end - start):
            raise RequestError("an interval needs a finite start and end; write UNIX seconds")
        derived = [each for each in fields if isinstance(each, DerivedChannel)]
        alarms = [each for each in fields if isinstance(each, AlarmChannel)]
        sampled = [each for each in fields if not isinstance(each, (DerivedChannel, AlarmChannel))]
        answer = self._fetch(sampled, start, end, points) if sampled or not (derived or alarms) else Answer()
        answer.series = dict.fromkeys(fields, NO_SAMPLES) | answer.series
        if self._nodes.alarms is not None:
            answer.series |= {each: self._nodes.alarms.samples(each, start, end) for each in alarms}
        if derived:
            answer.series |= self._derive(derived, start, end, points)
        return answer

    def _derive(self, fields: list[DerivedChannel], start: float, end: float, points: int) -> dict[Field, Samples]:
        """Return channels that are computed from others, including those whose nodes have left or do not answer."""
        times = grid(start, end, points, self._clock())
        nodes = self._nodes.catalogue.nodes
        bases = list(dict.fromkeys(each.base for each in fields if each.base.node in nodes))
        points = shared_points(FINE, len(bases))
        before, within = Answer(), Answer()
        try:
            before = self._fetch(bases, start - LOOK_BACK, start, 1)
            within = self._fetch(bases, start, end, points)
        except (RouterError, RequestError) as error:
            log.debug("no samples to derive channels from: {error}", error=error)
        stride = stride_for(start, end, points)
        return {
            each: self._nodes.derived.values(
                each,
                times,
                before.series.get(each.base, NO_SAMPLES),
                within.series.get(each.base, NO_SAMPLES),
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
        local = {node: list(names) for node, names in by_node.items() if node in self._nodes.local}
        routed = {node: names for node, names in by_node.items() if node not in local}
        if routed and not local and not self.connected:
            raise RouterError(ROUTER_AWAY)
        waiting = self._in_reactor(self._nodes.router.samples, routed, start, end, stride) if routed else None
        found = dict(self._fetch_local(local, start, end, stride))
        if waiting is not None:
            with self._waiting():
                found |= _result(waiting, routed)
        return _answer(fields, found)

    def _fetch_local(
        self, wanted: Mapping[str, list[str]], start: float, end: float, stride: float
    ) -> Iterator[tuple[str, NodeAnswer]]:
        """Yield the name and the answer of each node that is reached over the socket."""
        if not wanted or self._socket is None:
            return
        try:
            answers = self._socket.samples(wanted, start, end, stride)
        except NodeError as error:
            yield from ((node, error) for node in wanted)
            return
        yield from ((node, answers.get(node, "has left")) for node in wanted)


NodeAnswer = list[Timeline] | str | BaseException
"""A node's samples, or why there are none."""


def _result(waiting: Future[dict[str, NodeAnswer]], routed: Iterable[str]) -> dict[str, NodeAnswer]:
    try:
        return waiting.result(2 * DEADLINE)
    except TimeoutError as error:  # a reactor that is too busy to keep its own deadline
        return dict.fromkeys(routed, error)


def _answer(fields: list[Field], found: Mapping[str, NodeAnswer]) -> Answer:
    answer = Answer(dict.fromkeys(fields, NO_SAMPLES))
    rows: dict[tuple[str, str], Samples] = {}
    thinned: dict[tuple[str, str], bool | None] = {}
    for node, result in found.items():
        if isinstance(result, RequestError):
            raise result
        if not isinstance(result, list):
            reason = result if isinstance(result, str) else sentence(result)
            log.warn("{node} does not answer: {reason}", node=node, reason=reason)
            answer.silent.append(node)
            continue
        for timeline in result:
            for name, values in zip(timeline.fields, timeline.values, strict=True):
                rows[node, name] = timeline.times, values
            if timeline.thinned is not False:
                thinned |= dict.fromkeys(((node, name) for name in timeline.fields), timeline.thinned)
    for each in fields:
        key = each.node, each.name
        answer.series[each] = rows.get(key, NO_SAMPLES)
        if key in thinned:
            answer.thinned[each] = thinned[key]
    return answer
