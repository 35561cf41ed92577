"""The form "table": one table per target, with a column for each of its channels."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.catalogue import Catalogue, Field
from livemon.bridge.limits import MAX_SAMPLES
from livemon.bridge.source import Samples
from livemon.errors import RequestError

Column = tuple[NDArray[np.float64], list[Any]]
_KINDS = {"string": "string", "bool": "number", "number": "number"}


def milliseconds(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return UNIX seconds as whole milliseconds, which JSON represents exactly."""
    return np.rint(times * 1000)


def table(
    names: dict[Field, str],
    columns: dict[Field, Column],
    envelopes: Collection[Field] = (),
) -> dict[str, Any]:
    """Return a table of the times at which any of the channels has a sample, in order; null where one has none.

    Samples of one channel in the same millisecond have a row each.

    Parameters
    ----------
    names
        The columns' headings.
    columns
        ``(times, values)`` of each, UNIX seconds in ascending order.
    envelopes
        The channels whose values are the smallest and largest of buckets of time; their columns say so.

    Raises
    ------
    RequestError
        If it would be too large: channels without common times fill most of it with nulls.
    """
    times = {field: milliseconds(columns[field][0]) for field in names}
    moments = np.unique(np.concatenate(list(times.values()))) if times else np.empty(0)
    places = {field: np.searchsorted(moments, when) for field, when in times.items()}
    number = np.zeros(len(moments), int)  # of rows at each moment
    for place in places.values():
        number = np.maximum(number, np.bincount(place, minlength=len(moments)))
    rows_at, first = np.repeat(moments, number), np.cumsum(number) - number
    if len(rows_at) * (len(times) + 1) > MAX_SAMPLES:
        raise RequestError(
            f"a table of {len(rows_at)} rows and {len(times)} channels is too large; ask for fewer channels per table"
        )
    cells: list[list[Any]] = [rows_at.tolist()]
    for field, when in times.items():
        values: list[Any] = [None] * len(rows_at)
        rows = first[places[field]] + np.arange(len(when)) - np.searchsorted(when, when)
        for row, value in zip(rows.tolist(), columns[field][1], strict=True):
            values[row] = value
        cells.append(values)
    headings = [
        {"text": name, "type": _KINDS.get(field.type, "number")} | ({"envelope": True} if field in envelopes else {})
        for field, name in names.items()
    ]
    return {
        "type": "table",
        "columns": [{"text": "Time", "type": "time"}, *headings],
        "rows": [list(row) for row in zip(*cells, strict=True)],
    }


def column(field: Field, samples: Samples, catalogue: Catalogue, start: float, end: float) -> Column:
    """Return ``(times, values)`` of a channel for a table; for a string, its newest value if that is in ``[start, end)``."""
    times, values = samples
    if field.type != "string":
        return times, values.tolist()
    node = catalogue.nodes.get(field.node)
    last = node.last.get(field.name) if node else None
    if last is None or not start <= last[0] < end:
        return np.empty(0), []
    when, text = last
    return np.array([when], dtype=np.float64), [str(text)]
