"""Samples packed into bytes: an order of magnitude cheaper than lists of numbers. livemon's nodes answer its bridge with them.

The format: a little-endian uint32 n, n bytes of JSON (a list with ``name``, ``fields``, ``count``, ``finalized_until`` and
``thinned`` of each timeline), then for each timeline its times and the values of its fields, field by field, as little-endian
float64. NaN stands for no value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from livemon.sisock.answers import Data, TooLarge

MAX_LISTED_NUMBERS = 50_000
"""In an answer of lists: each takes about 9 bytes, and upstream's sessions carry 1 MiB in a message."""
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
        Samples before this time will not change; `None` if that is not known.
    thinned
        Whether these are the extremes of buckets of time because there are too many samples; `None` if some of them may be. See
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
        option=orjson.OPT_SERIALIZE_NUMPY,  # a lab's own node may answer numpy's numbers
    )
    head += b" " * (-(_LENGTH.size + len(head)) % 8)  # aligns the numbers
    parts: list[bytes | memoryview] = [_LENGTH.pack(len(head)), head]
    for each in timelines:
        parts += [np.ascontiguousarray(each.times, "<f8").data, np.ascontiguousarray(each.values, "<f8").data]
    return b"".join(parts)


def unpack(content: bytes | memoryview) -> list[Timeline]:
    """Return the timelines in the bytes of :func:`pack`; the arrays are views of them.

    Raises
    ------
    ValueError
        If the bytes are not packed samples.
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
        raise ValueError(f"these bytes are not packed samples: {error!r}") from error
    return timelines


def to_answer(fields: Iterable[str], timelines: Sequence[Timeline]) -> Data | TooLarge:
    """Return the timelines as an answer of ``get_data``: lists, `None` for NaN; `False` if it would be too large for one message.

    Parameters
    ----------
    fields
        Names of the fields that were asked for; those without samples have an empty list in the answer.
    timelines
        Their samples.
    """
    if sum(each.times.size + each.values.size for each in timelines) > MAX_LISTED_NUMBERS:
        return False
    data: dict[str, list[Any]] = {field: [] for field in fields}
    for each in timelines:
        data.update(zip(each.fields, _lists(each.values), strict=True))
    return {
        "data": data,
        "timeline": {
            each.name: {"t": each.times.tolist(), "finalized_until": each.finalized_until} for each in timelines
        },
    }


def _lists(values: NDArray[np.float64]) -> list[list[float | None]]:
    rows: list[list[float | None]] = values.tolist()
    if np.isnan(values).any():
        return [[None if value != value else value for value in row] for row in rows]  # noqa: PLR0124 - NaN differs from itself
    return rows


def from_answer(
    timeline_of: Mapping[str, str | None], answer: Mapping[str, Any], thinned: bool | None = False
) -> list[Timeline]:
    """Return the timelines in an answer of ``get_data``.

    Parameters
    ----------
    timeline_of
        The timeline of each field, as ``get_fields`` answers it; must not contain fields of type "string".
    answer
        As :class:`livemon.sisock.answers.Data`, from any node. A field that has not as many values as its timeline has times is left
        out.

    Raises
    ------
    TypeError, ValueError, AttributeError
        If the answer is malformed.
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
