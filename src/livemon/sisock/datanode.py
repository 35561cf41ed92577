"""The contract of data nodes, and their public base class.

It is upstream's (sisock, sisock/base.py at 8bd5ec6): the procedures ``consumer.<name>.get_fields`` and ``consumer.<name>.get_data``.
livemon's nodes also answer ``consumer.<name>.get_last`` and ``consumer.<name>.get_packed``. docs/data-nodes.md shows how to write a
node.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.interfaces import IReactorTime

from livemon.errors import RequestError
from livemon.sisock.answers import Data, Fields, NodeStatus, Sample, TooLarge
from livemon.sisock.deferreds import InlineCallbacks, MaybeDeferred, deferred_call
from livemon.sisock.newest import Newest
from livemon.sisock.packed import from_answer, pack

MAX_BYTES = 1_000_000
"""Of one answer: upstream's sessions carry 1 MiB in a message."""


def unix_time(when: float, now: float | None = None) -> float:
    """Return the UNIX time (UTC) of a sisock time: positive as it is, zero or negative relative to `now` (by default the present)."""
    when = float(when)
    return when if when > 0 else (time.time() if now is None else now) + when


@dataclass(frozen=True)
class DataRequest:
    """A checked request for samples of `fields` in ``[start, end)``, UNIX seconds (UTC).

    There should be at most as many samples as fit into the interval `stride` seconds apart (all of them if it is 0); if `spaced`,
    each must also be at least that far from the next.
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
        """Check the arguments of ``get_data`` as they came over the network.

        Parameters
        ----------
        field, start, end, min_stride
            See :meth:`DataNodeServer.get_data`.
        now
            What relative times refer to, UNIX seconds; by default the present.

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
        If one is not a finite number, or if the interval is reversed.
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
        raise RequestError(f"{what}: {str(value)[:40]!r} is not a valid number of seconds")
    return float(value)


RecordedSamples = tuple[NDArray[np.float64], dict[str, NDArray[Any]]]
"""Times (UNIX seconds, shape (n,), ascending) and values by field, shape (n,): numbers, truth values or strings."""


class History(Protocol):
    """The past, from which a node may fill its memory: :class:`livemon.nodes.refill.Archive`."""

    @property
    def clock(self) -> IReactorTime:
        """Schedules later calls."""

    def samples(self, feeds: set[str], start: float) -> Deferred[dict[tuple[str, str], RecordedSamples]]:
        """Return the samples of some feeds since `start` (UNIX seconds), by feed address and block."""


class DataNodeServer:
    """Base class of data nodes: give it a `name` and a `description`, and implement `get_fields` and `get_data`.

    All times are UNIX seconds (UTC) if positive, and relative to now if zero or negative; intervals are half-open,
    ``[start, end)``. Each answer may be a Deferred. An exception becomes an error for the caller: a
    :class:`livemon.errors.RequestError` with its text, any other exception without, which is logged by the node.

    Parameters
    ----------
    name
        What consumers call it; letters, digits, '-' and '_'. The hub refuses a name that is taken.
    description
        For people.
    """

    silent_after: float | None = None
    """Seconds without a sample after which the node is silent, which is a fault of the appliance; `None` if no sample is expected."""

    def __init__(self, name: str, description: str) -> None:
        self.name = name
        self.description = description
        self._newest = Newest()

    def get_fields(self, start: float, end: float) -> MaybeDeferred[Fields]:
        """Return the fields that have samples in an interval, and the timelines that they follow.

        Returns
        -------
        fields
            By name, see :class:`livemon.sisock.answers.FieldInfo`. Empty while there are none.
        timelines
            By name, see :class:`livemon.sisock.answers.TimelineInfo`.
        """
        raise NotImplementedError

    def get_data(
        self, field: list[str], start: float, end: float, min_stride: float | None = None
    ) -> MaybeDeferred[Data | TooLarge]:
        """Return samples.

        Parameters
        ----------
        field
            Names of fields; one that does not exist has an empty list in the answer.
        start, end
            The interval. :meth:`DataRequest.checked` converts both to UNIX seconds.
        min_stride
            If given, successive samples are at least that many seconds apart, and no extreme is lost
            (:func:`livemon.series.envelope.envelope` does both).

        Returns
        -------
        Data | False
            See :class:`livemon.sisock.answers.Data`. `False` if the answer would be too large for the router: the caller should ask
            for less, or with a `min_stride`.

        Raises
        ------
        livemon.errors.RequestError
            If the request is not valid.
        """
        raise NotImplementedError

    def get_last(self) -> MaybeDeferred[dict[str, Sample]]:
        """Return ``{field: (time, value)}`` of every field's newest sample; a field without samples is left out.

        By default of the last minute, and now and then of the day before it (:class:`livemon.sisock.newest.Newest`).
        """
        return self._look_for_newest()

    def get_packed(
        self, field: list[str], start: float, end: float, min_stride: float | None = None
    ) -> MaybeDeferred[bytes | TooLarge]:
        """Return the samples of :meth:`get_data`, but numbers only and as the bytes of :mod:`livemon.sisock.packed`."""
        return self._pack_within_limit(DataRequest.checked(field, start, end, min_stride, spaced=False))

    def packed(self, asked: DataRequest) -> MaybeDeferred[bytes | TooLarge]:
        """Return samples, numbers only, as the bytes of :mod:`livemon.sisock.packed`; `False` if there are too many."""
        return self._pack_data(asked)

    def status(self) -> NodeStatus:
        """Return what else should be known about the node. Called from any thread, and must not block."""
        return {"faults": [], "counts": {}, "notes": []}

    @property
    def fields_version(self) -> str | None:
        """Changes whenever the answer of `get_fields` would; `None` if that is not known, so that it must be asked every time."""
        return None

    def topics(self) -> Iterable[str]:
        """Return the topics whose messages :meth:`receive` is to be called with; an empty part (``a..b``) stands for any."""
        return ()

    def receive(self, topic: str, message: Any) -> None:
        """Handle a message that was published to `topic`, which is one of :meth:`topics` or matches one of them."""

    def start(self) -> None:
        """Start: called when the node is added."""

    def prepare(self, archive: History | None = None) -> MaybeDeferred[Any]:
        """Get ready to be announced: called after every join of the router, when messages arrive already.

        `archive` is what the host has of the past, if anything.
        """

    def stop(self) -> None:
        """Stop: called when the node is removed."""

    def reconfigure(self, options: Mapping[str, Any]) -> bool:
        """Apply changed options, named as the constructor's; `False` if only a new node could."""
        del options
        return False

    @inlineCallbacks
    def _look_for_newest(self) -> InlineCallbacks[dict[str, Sample]]:
        fields, _timelines = yield deferred_call(self.get_fields, 1, 0)
        timelines = {name: about.get("timeline") for name, about in fields.items()}
        found: dict[str, Sample] = yield self._newest.look(timelines, self.get_data)
        return found

    @inlineCallbacks
    def _pack_data(self, asked: DataRequest) -> InlineCallbacks[bytes | TooLarge]:
        fields, _timelines = yield deferred_call(self.get_fields, asked.start, asked.end)
        answer = yield deferred_call(self.get_data, asked.fields, asked.start, asked.end, asked.stride or None)
        if answer is False:
            return False
        numbers = [name for name in asked.fields if name in fields and fields[name].get("type") != "string"]
        # With a stride, only the node's author knows whether it left samples out.
        thinned = None if asked.stride else False
        return pack(from_answer({name: fields[name]["timeline"] for name in numbers}, answer, thinned))

    @inlineCallbacks
    def _pack_within_limit(self, asked: DataRequest) -> InlineCallbacks[bytes | TooLarge]:
        content: bytes | TooLarge = yield deferred_call(self.packed, asked)
        return False if content is False or len(content) > MAX_BYTES else content
