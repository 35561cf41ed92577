"""The contract of data nodes, and their public base class.

It is upstream's (sisock, sisock/base.py at 8bd5ec6): procedures `consumer.<name>.get_fields` and `consumer.<name>.get_data`. Ours
answer `consumer.<name>.get_last` and `consumer.<name>.get_packed` besides. docs/data-nodes.md shows how to write one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import inlineCallbacks, maybeDeferred

from livemon.errors import RequestError
from livemon.sisock.newest import Newest
from livemon.sisock.packed import from_answer, pack

MOST_BYTES = 1_000_000
"""In one answer: upstream's sessions carry 1 MiB in a message."""


def unix_time(when: float, now: float | None = None) -> float:
    """Return the UNIX time of a sisock time: positive as it is, zero or negative relative to `now` (the present)."""
    when = float(when)
    return when if when > 0 else (time.time() if now is None else now) + when


@dataclass(frozen=True)
class DataRequest:
    """What a consumer asks for, checked: samples of `fields` in ``[start, end)``, UNIX seconds.

    No more of them than there is room for, `stride` seconds apart; if they are to be `spaced`, each that far from the next.
    """

    fields: list[str]
    start: float
    end: float
    stride: float = 0.0
    spaced: bool = False

    @classmethod
    def checked(
        cls,
        field: Any,
        start: Any,
        end: Any,
        min_stride: Any = None,
        now: float | None = None,
        *,
        spaced: bool = True,
    ) -> DataRequest:
        """Take the arguments of ``get_data`` as they came over the network; its samples are `spaced`.

        Raises
        ------
        RequestError
            Naming the argument that is wrong, and what to write.
        """
        if not isinstance(field, (list, tuple)) or not all(isinstance(name, str) for name in field):
            raise RequestError('field: write a list of names, for example ["channel_01_t"]')
        stride = 0.0 if min_stride is None else _number(min_stride, "min_stride")
        if stride < 0:
            raise RequestError(f"min_stride: {stride:g} is negative; write seconds, or leave it out")
        return cls(list(field), *interval(start, end, now), stride, spaced)


def interval(start: Any, end: Any, now: float | None = None) -> tuple[float, float]:
    """Return the UNIX times of an interval whose two ends came over the network as sisock times.

    Raises
    ------
    RequestError
        If one is no finite number, or if the interval is reversed.
    """
    now = time.time() if now is None else now
    first, last = unix_time(_number(start, "start"), now), unix_time(_number(end, "end"), now)
    if first > last:
        raise RequestError(
            f"the interval is reversed: it begins {first - last:.0f} s after its end; swap start and end"
        )
    return first, last


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RequestError(f"{what}: {str(value)[:40]!r} is no number of seconds")
    return float(value)


class DataNodeServer:
    """Base class of data nodes: give it a `name` and a `description`, and answer `get_fields` and `get_data`.

    All times are UNIX seconds (UTC) if positive, and relative to now if zero or negative; intervals are half-open,
    ``[start, end)``. Each answer may be a Deferred. An exception becomes the caller's error: the text of a
    :class:`livemon.errors.RequestError` as it is, any other one only in the node's log.

    Parameters
    ----------
    name
        What consumers call it; letters, digits, '-' and '_'. The hub refuses a name that is taken.
    description
        For people.
    """

    silent_after: float | None = None
    """Seconds without a sample after which the node is silent, which is a fault of the appliance; `None` if none is expected."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description
        self._newest = Newest()

    def get_fields(self, start: float, end: float) -> tuple[dict[str, dict], dict[str, dict]]:
        """Return the fields that have samples in an interval, and the timelines that they follow.

        Returns
        -------
        fields
            By name: ``description`` (or `None`), ``timeline``, ``type`` ("number", "string" or "bool"), ``units`` (or
            `None`); our own besides: ``path`` (permanent name), ``label``, and ``silent_after`` (seconds), as the attribute of that
            name. Empty while there are none.
        timelines
            By name: ``interval`` (average seconds between samples, `None` if irregular) and ``field`` (list of names).
        """
        raise NotImplementedError

    def get_data(self, field: list[str], start: float, end: float, min_stride: float | None = None) -> dict | bool:
        """Return samples.

        Parameters
        ----------
        field
            Names of fields; one that does not exist has an empty list in the answer.
        start, end
            The interval. :meth:`DataRequest.checked` makes UNIX seconds of the two.
        min_stride
            If given, successive samples are at least that many seconds apart; extremes are kept
            (:func:`livemon.series.envelope.envelope` does both).

        Returns
        -------
        dict
            ``data``: a list of values for each field, `None` where it has none at a time. ``timeline``: for each timeline that has
            samples ``t`` (list of UNIX seconds, ascending, as many as the values of its fields) and ``finalized_until`` (what is
            older will not change; `None` if nothing is known of that).
            `False` if the answer would be too large for the router: ask for less, or with a `min_stride`.

        Raises
        ------
        livemon.errors.RequestError
            If the question cannot be answered as it is asked.
        """
        raise NotImplementedError

    @inlineCallbacks
    def get_last(self) -> Iterator:
        """Return ``{field: (time, value)}`` of every field's newest sample; a field without samples is left out.

        By default of the last minute, and once in a while of the day before it (:class:`livemon.newest.Newest`).
        """
        fields, _timelines = yield maybeDeferred(self.get_fields, 1, 0)
        timelines = {name: about.get("timeline") for name, about in fields.items()}
        return (yield self._newest.look(timelines, self.get_data))

    @inlineCallbacks
    def get_packed(self, field: list[str], start: float, end: float, min_stride: float | None = None) -> Iterator:
        """Return what :meth:`get_data` does, but numbers only and as the bytes of :mod:`livemon.sisock.packed`."""
        content = yield maybeDeferred(self.packed, DataRequest.checked(field, start, end, min_stride, spaced=False))
        return False if content is False or len(content) > MOST_BYTES else content

    @inlineCallbacks
    def packed(self, asked: DataRequest) -> Iterator:
        """Return samples, numbers only, as the bytes of :mod:`livemon.sisock.packed`; `False` if they are too many."""
        fields, _timelines = yield maybeDeferred(self.get_fields, asked.start, asked.end)
        answer = yield maybeDeferred(self.get_data, asked.fields, asked.start, asked.end, asked.stride or None)
        numbers = [name for name in asked.fields if name in fields and fields[name].get("type") != "string"]
        # Whoever wrote the node knows whether it left samples out.
        thinned = None if asked.stride else False
        return answer and pack(from_answer({name: fields[name]["timeline"] for name in numbers}, answer, thinned))

    def told(self) -> dict[str, Any]:
        """Return what else is to be known of the node, at once and from any thread.

        ``faults``: a list of sentences, for each thing that is wrong with it though it answers; ``counts``: of what went otherwise
        than it should, by what it is; ``notes``: sentences likewise, on what people should know and what is over.
        """
        return {"faults": [], "counts": {}, "notes": []}

    @property
    def fields_version(self) -> str | None:
        """Changes whenever `get_fields` would answer otherwise; `None` if that is not known, and it must be asked every time."""
        return None

    def topics(self) -> Iterable[str]:
        """Topics whose messages :meth:`receive` wants; one with an empty part (``a..b``) for all that have something there."""
        return ()

    def receive(self, topic: str, message: Any) -> None:
        """Take a message that was published to `topic`, one of the topics or what a wildcard among them stands for."""

    def start(self) -> None:
        """Begin: called when the node is added."""

    def prepare(self, archive: Any = None) -> Any:
        """Get ready to be announced: called after every join of the router, when messages come already; may return a Deferred.

        `archive` is what the host has of the past, a :class:`livemon.nodes.refill.Archive`, or `None`.
        """

    def stop(self) -> None:
        """End: called when the node is removed."""

    def reconfigure(self, options: Mapping[str, Any]) -> bool:
        """Take changed options, by the names of the constructor's; `False` if that takes a new node."""
        del options
        return False
