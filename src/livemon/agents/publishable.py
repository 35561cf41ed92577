"""Which parts of an agent's message upstream's feed can publish. No I/O.

Upstream's feed (ocs 0.12.1, ``ocs/ocs_feed.py``) refuses a whole message because of one value, in the reactor's thread, where
the agent never learns of it; and what it accepts but cannot be serialized is sent again with every later sample, for ever. So what
cannot be published is split off first, and the rest is published:

- a value is a number, a boolean or a text that UTF-8 can hold; NaN and infinity are numbers. numpy's scalars become Python's.
  An integer of more than 64 bits becomes a float, which it is in the archive anyway, unless it is too large for that;
- a field's name is one that upstream allows; a block's name, which is not part of a channel's, is written with escapes if need be;
- a time is in UNIX seconds, 0 or more, and before `END_OF_TIME`: because of any other time a consumer would drop the whole message;
- a column has as many values as there are times: otherwise it is not known when its values were measured;
- a message has at most `MOST_BYTES`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from ocs.ocs_feed import Feed

from livemon.contract import END_OF_TIME
from livemon.errors import shown

MOST_BYTES = 900_000
"""Of a message on the wire; the sessions of autobahn and crossbar carry 1 MiB."""
ENVELOPE_BYTES = 10_000
NUMBER_BYTES = 26
"""Most bytes that a number takes, with its separator, in any of WAMP's serializations."""


class _LeftOut(Enum):
    """Stands for a time or a value that cannot be published."""

    LEFT_OUT = auto()


_LEFT_OUT = _LeftOut.LEFT_OUT


@dataclass(frozen=True)
class Refused:
    """What cannot be published: how many `values`, the `kind` of the reason, `where` the first one was, and `why`."""

    kind: str
    values: int
    where: str
    why: str


@dataclass(frozen=True)
class Part:
    """Co-sampled values of a message: `times` (UNIX seconds) and as many values in each of `columns`; InfluxDB's `tags` by field."""

    name: str
    times: list[float]
    columns: dict[str, list[Any]]
    tags: Mapping[str, Any] | None = None

    @cached_property
    def bytes(self) -> int:
        """Most bytes that it takes in a message."""
        names = [self.name, *self.columns]
        columns = [self.times, *self.columns.values()]
        values = sum(
            NUMBER_BYTES * len(each) if str not in set(map(type, each)) else sum(map(_size, each)) for each in columns
        )
        return sum(map(_size, names)) + values + len(json.dumps(self.tags))

    def rows(self, begin: int, end: int) -> Part:
        """Return the samples of the rows from `begin` up to but not including `end`."""
        columns = {field: column[begin:end] for field, column in self.columns.items()}
        return replace(self, times=self.times[begin:end], columns=columns)

    def fields(self, names: Sequence[str]) -> Part:
        """Return it with these fields only."""
        tags = self.tags and {field: self.tags[field] for field in names}
        return replace(self, columns={field: self.columns[field] for field in names}, tags=tags)

    def as_message(self) -> dict[str, Any]:
        """Return it as ``Feed.publish_message`` takes it."""
        message: dict[str, Any] = {"block_name": self.name}
        if len(self.times) == 1:
            message |= {
                "timestamp": self.times[0],
                "data": {field: column[0] for field, column in self.columns.items()},
            }
        else:
            message |= {"timestamps": self.times, "data": self.columns}
        return message if self.tags is None else message | {"influxdb_tags": self.tags}


def split(message: Any) -> tuple[list[Part], list[Refused]]:
    """Return what can be published of a message of a feed that is recorded, and what cannot.

    The parts come in the order of their times, and each has the same fields throughout: where a value was left out, another begins.
    Nothing that is returned is shared with the caller's message.

    Parameters
    ----------
    message
        One of the two forms of ``Feed.publish_message``: with ``timestamp`` and a value for each field, or with ``timestamps`` and
        a list of values (or a tuple, or an array of one dimension) for each. It may have no samples; then there are no parts.
    """
    refused: list[Refused] = []
    block = _read(message, refused)
    if block is None:
        return [], refused
    checked = [fitting for part in _whole(block, refused) for fitting in _fitting(part, refused)]
    return checked, refused


def _read(message: Any, refused: list[Refused]) -> Part | None:
    """Return a message as one part, with its values as they are; `None` if it is not in the format of a message."""
    if (
        not isinstance(message, Mapping)
        or not isinstance(message.get("data"), Mapping)
        or not message.keys() >= {"block_name"}
        or message.keys().isdisjoint({"timestamp", "timestamps"})
    ):
        why = "it is not a mapping with block_name, timestamp or timestamps, and data"
        refused.append(Refused("message", 1, "message", f"{_told(message)}: {why}"))
        return None
    name = str(message["block_name"]).encode(errors="backslashreplace").decode()
    place = f"block {shown(name, 40)}"
    if "timestamp" in message:
        times = [message["timestamp"]]
        columns = {field: [value] for field, value in message["data"].items()}
    else:
        listed = _listed(message["timestamps"])
        if listed is None:
            why = f"its timestamps are a {type(message['timestamps']).__name__}, not a list"
            refused.append(Refused("message", 1, place, why))
            return None
        times = listed
        columns = dict(_columns(place, message["data"], len(times), refused))
    named = dict(_named(place, columns, refused))
    return Part(name, times, named, _tags(place, message.get("influxdb_tags"), named, refused))


def _columns(
    place: str, data: Mapping[Any, Any], length: int, refused: list[Refused]
) -> Iterator[tuple[Any, list[Any]]]:
    for field, values in data.items():
        column = _listed(values)
        if column is not None and len(column) == length:
            yield field, column
            continue
        has = f"a {type(values).__name__}" if column is None else f"{len(column)} values"
        why = f"it has {has} for {length} times; publish a list with one value for each time"
        refused.append(Refused("number of values", max(len(column or ()), 1), _at(place, field), why))


def _named(place: str, columns: dict[Any, list[Any]], refused: list[Refused]) -> Iterator[tuple[str, list[Any]]]:
    for field, column in columns.items():
        fault = _name_fault(field)
        if fault is None:
            yield field, column
        elif column:
            refused.append(Refused("field name", len(column), _at(place, field), fault))


@lru_cache(10_000)
def _name_fault(field: Any) -> str | None:
    if not isinstance(field, str):
        return f"the name is a {type(field).__name__}, not a text"
    try:
        Feed.verify_data_field_string(field)
    except ValueError:
        return (
            "a name has letters, digits and underscores, begins with a letter and is not longer than 255; "
            f"for example {shown(Feed.enforce_field_name_rules(field)[:60])}"
        )
    return None


def _tags(place: str, tags: Any, columns: Mapping[str, Any], refused: list[Refused]) -> dict[str, Any] | None:
    if tags is None:
        return None
    try:
        found = {field: tags[field] for field in columns}
        if all("_field" in each for each in found.values()):
            plain: dict[str, Any] = json.loads(json.dumps(found, ensure_ascii=False).encode())
            return plain
        why = "one has no '_field'"
    except KeyError as error:
        why = f"there are none for {error}"
    except (TypeError, ValueError, RecursionError) as error:
        why = str(error)
    refused.append(Refused("influxdb_tags", 1, place, f"{why[:80]}; the values are published without tags"))
    return None


def _whole(block: Part, refused: list[Refused]) -> Iterator[Part]:
    """Yield the samples in parts of the same fields, without the values that cannot be published."""
    times = [_time(block, row, refused) for row in range(len(block.times))]
    columns = {field: _plain_column(block, field, refused) for field in block.columns}
    if _LEFT_OUT not in times and not any(_LEFT_OUT in column for column in columns.values()):
        if times and columns:
            yield replace(block, times=times, columns=columns)
        return
    whole = replace(block, times=times, columns=columns)
    present = [
        () if when is _LEFT_OUT else tuple(field for field, column in columns.items() if column[row] is not _LEFT_OUT)
        for row, when in enumerate(times)
    ]
    for fields, group in groupby(range(len(times)), key=present.__getitem__):
        rows = list(group)
        if fields:
            yield whole.fields(fields).rows(rows[0], rows[-1] + 1)


def _time(block: Part, row: int, refused: list[Refused]) -> Any:
    when = block.times[row]
    try:
        plain = _plain(when)
    except (ValueError, OverflowError):
        plain = None
    if isinstance(plain, (int, float)) and not isinstance(plain, bool) and 0 <= plain < END_OF_TIME:
        return float(plain)
    why = f"its time {_told(when)} is not a time in UNIX seconds"
    if block.columns:
        refused.append(Refused("time", len(block.columns), f"block {shown(block.name, 40)}", why))
    return _LEFT_OUT


def _plain_column(block: Part, field: str, refused: list[Refused]) -> list[Any]:
    column = block.columns[field]
    if set(map(type, column)) <= {float, bool}:
        return column
    plain: list[float | bool | str | _LeftOut] = []
    faults: list[str] = []
    for value in column:
        try:
            plain.append(_plain(value))
        except (ValueError, OverflowError) as error:
            plain.append(_LEFT_OUT)
            faults.append(f"{_told(value)} {_reason(error)}")
    if faults:
        refused.append(Refused("value", len(faults), _at(f"block {shown(block.name, 40)}", field), faults[0]))
    return plain


def _reason(error: Exception) -> str:
    if isinstance(error, OverflowError):
        return "is too large for a float"
    return "is not UTF-8" if isinstance(error, UnicodeError) else str(error)


def _plain(value: Any) -> float | bool | str:
    """Return a value as one of Python's own types.

    Raises
    ------
    ValueError, OverflowError
        If it is not a number, a boolean or a text, or if it cannot be sent.
    """
    if isinstance(value, (np.generic, np.ndarray)) and value.ndim == 0 and value.dtype.kind in "biufU":
        value = _finite_if(value) if value.dtype.kind == "f" else value.item()
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else float(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        value.encode()
        return str.__str__(value)
    raise ValueError(f"is a {type(value).__name__}; a value is a number, a boolean or a text")


def _finite_if(value: Any) -> float:
    plain = float(value)
    if math.isinf(plain) and not np.isinf(value):
        raise OverflowError
    return plain


def _fitting(block: Part, refused: list[Refused]) -> Iterator[Part]:
    """Yield a part in pieces that fit in a message; if a single sample does not fit, its longest values are left out."""
    if ENVELOPE_BYTES + block.bytes <= MOST_BYTES:
        yield block
    elif (length := len(block.times)) > 1:
        yield from _fitting(block.rows(0, length // 2), refused)
        yield from _fitting(block.rows(length // 2, length), refused)
    else:
        yield from _without_the_longest(block, refused)


def _without_the_longest(block: Part, refused: list[Refused]) -> Iterator[Part]:
    longest = sorted(block.columns, key=lambda field: _size(field) + _size(block.columns[field][0]))
    left_out, excess = [], ENVELOPE_BYTES + block.bytes - MOST_BYTES
    while excess > 0 and longest:
        left_out.append(longest.pop())
        excess -= _size(left_out[-1]) + _size(block.columns[left_out[-1]][0])
    where = _at(f"block {shown(block.name, 40)}", left_out[0])
    refused.append(Refused("size", len(left_out), where, f"with it the sample has more than {MOST_BYTES} bytes"))
    if longest and excess <= 0:
        kept = set(longest)
        yield block.fields([field for field in block.columns if field in kept])


def _size(value: Any) -> int:
    """Return the most bytes that a value takes in any of WAMP's serializations."""
    if not isinstance(value, str):
        return NUMBER_BYTES
    return NUMBER_BYTES + (6 * len(value) if len(value) < NUMBER_BYTES else len(json.dumps(value)))


def _listed(values: Any) -> list[Any] | None:
    if isinstance(values, (list, tuple)):
        return list(values)
    if isinstance(values, np.ndarray) and values.ndim == 1:
        return list(values)  # not tolist(), which makes an integer of a date
    return None


def _at(place: str, field: Any) -> str:
    return f"{place}, field {_told(field)}"


def _told(value: Any) -> str:
    """Return any value as it can be quoted in a message."""
    try:
        return shown(value, 60)
    except Exception:  # an integer of some thousand digits, or an agent's own type
        return f"a {type(value).__name__}"
