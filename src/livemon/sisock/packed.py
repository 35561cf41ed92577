"""Samples packed into bytes: what our own nodes answer our own bridge, an order of magnitude cheaper than lists of numbers.

A little-endian uint32 n, n bytes of JSON (a list with ``name``, ``fields``, ``count``, ``finalized_until`` and ``thinned`` of each
timeline), then for each timeline its times and its fields' values, little-endian float64, field by field. NaN stands for no value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import orjson
from numpy.typing import NDArray

LIST_LIMIT = 50_000
"""Numbers in an answer of lists: about 9 bytes each, below the 1 MiB that upstream's sessions carry in one message."""
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Timeline:
    """Samples of the fields that follow one timeline.

    Attributes
    ----------
    name
        The node's name for the timeline.
    times
        UNIX seconds (UTC), ascending, shape (n,).
    fields
        Names of k fields.
    values
        Shape (k, n), NaN for no value.
    finalized_until
        What is older will not change; `None` if nothing is known of that.
    thinned
        Whether these are extremes of pieces of time because the samples are too many; `None` if some may be, but need not. See
        :class:`livemon.series.envelope.Points`.
    """

    name: str
    times: NDArray[np.float64]
    fields: Sequence[str]
    values: NDArray[np.float64]
    finalized_until: float | None = None
    thinned: bool | None = False


def pack(timelines: Iterable[Timeline]) -> bytes:
    """Return the timelines as bytes."""
    timelines = list(timelines)
    head = orjson.dumps(
        [
            {
                "name": each.name,
                "fields": list(each.fields),
                "count": each.times.size,
                "finalized_until": each.finalized_until,
                "thinned": each.thinned,
            }
            for each in timelines
        ],
        option=orjson.OPT_SERIALIZE_NUMPY,  # a node that a lab wrote may tell such numbers
    )
    head += b" " * (-(_LENGTH.size + len(head)) % 8)  # so that the numbers lie where a processor likes to read them
    parts = [_LENGTH.pack(len(head)), head]
    for each in timelines:
        parts += [np.ascontiguousarray(each.times, "<f8").data, np.ascontiguousarray(each.values, "<f8").data]
    return b"".join(parts)


def unpack(content: bytes) -> list[Timeline]:
    """Return the timelines of :func:`pack`'s bytes; the arrays are views of them.

    Raises
    ------
    ValueError
        If they are none.
    """
    try:
        position = _LENGTH.size + _LENGTH.unpack_from(content)[0]
        timelines = []
        for about in orjson.loads(content[_LENGTH.size : position]):
            count, rows = about["count"], len(about["fields"])
            numbers = np.frombuffer(content, "<f8", count * (rows + 1), position)
            position += numbers.nbytes
            timelines.append(
                Timeline(
                    about["name"],
                    numbers[:count],
                    about["fields"],
                    numbers[count:].reshape(rows, count),
                    about["finalized_until"],
                    about.get("thinned"),
                )
            )
    except (struct.error, KeyError, TypeError) as error:
        raise ValueError(f"no packed samples: {error!r}") from error
    return timelines


def to_answer(fields: Iterable[str], timelines: Sequence[Timeline]) -> dict | bool:
    """Return the timelines as ``get_data`` answers them: lists, `None` for NaN; `False` if they are too long for one message."""
    if sum(each.times.size + each.values.size for each in timelines) > LIST_LIMIT:
        return False
    data: dict[str, list] = {field: [] for field in fields}
    for each in timelines:
        data.update(zip(each.fields, _plain(each.values), strict=True))
    return {
        "data": data,
        "timeline": {
            each.name: {"t": each.times.tolist(), "finalized_until": each.finalized_until} for each in timelines
        },
    }


def _plain(values: NDArray[np.float64]) -> list[list[float | None]]:
    if not np.isnan(values).any():
        return values.tolist()
    return [[None if np.isnan(value) else value for value in row] for row in values.tolist()]


def from_answer(timeline_of: Mapping[str, str | None], answer: Mapping, thinned: bool | None = False) -> list[Timeline]:
    """Return the timelines in an answer of ``get_data``.

    Parameters
    ----------
    timeline_of
        By field, its timeline as ``get_fields`` says; fields of texts are not to be among them.
    answer
        ``{"data": {field: [value]}, "timeline": {name: {"t": [time], "finalized_until": time}}}``; a field whose values are not as
        many as its timeline's times has none.

    Raises
    ------
    TypeError, ValueError, AttributeError
        If it is malformed.
    """
    counts = {field: len(answer["data"].get(field) or []) for field in timeline_of}
    timelines = []
    for name, about in answer["timeline"].items():
        times = np.asarray(about["t"], dtype=np.float64)
        columns = {
            field: answer["data"][field]
            for field, timeline in timeline_of.items()
            if timeline == name and counts[field] == times.size > 0
        }
        if columns:
            values = np.array(list(columns.values()), dtype=np.float64).reshape(len(columns), times.size)
            timelines.append(Timeline(name, times, list(columns), values, about.get("finalized_until"), thinned))
    return timelines
