"""The node of an OCS agent's feeds: what it published within a window of time."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from twisted.internet.defer import Deferred

from livemon.contract import ADDRESS_ROOT, SILENT_AFTER
from livemon.log import log
from livemon.nodes.blocks import BlockField, BlockNode
from livemon.nodes.refill import Refill
from livemon.series.block import Block
from livemon.sisock.answers import Fields, NodeStatus
from livemon.sisock.datanode import History

MAX_FIELDS = 5000
"""Of one node. Any host on the agents' network may publish under any name, and a field costs memory while the node exists."""

Columns = Mapping[str, Sequence[Any] | NDArray[Any]]
"""Values by field, shape (n,) each."""


@dataclass(frozen=True)
class BlockSchema:
    """How the messages of one block of a feed are read.

    Attributes
    ----------
    names
        The names of all fields, in the order of the message.
    timeline
        The name of the block's timeline.
    numbers, texts
        The fields whose values are kept as numbers and as texts: the names that consumers use, by the names in the feed.
    """

    names: list[str]
    timeline: str
    numbers: dict[str, str]
    texts: dict[str, str]


class FeedNode(BlockNode):
    """Keeps what an OCS agent publishes, block by block.

    Messages are OCS's (ocs/ocs_feed.py, 0.12.1): ``[{block: {"data": {field: [..]}, "timestamps": [..]}}, {...}]``. All numbers of
    the window are kept, truth values as 0 and 1; of texts only the last.

    Parameters
    ----------
    target
        The agent's instance-id.
    feeds
        Names of its feeds.
    window
        Seconds of samples that are kept.
    labels, units
        By the field's name in the feed, or by feed and field, ``feed.field``.
    """

    silent_after = SILENT_AFTER

    def __init__(
        self,
        name: str,
        description: str,
        *,
        target: str,
        feeds: Sequence[str] = ("temperatures",),
        window: float = 3600.0,
        labels: Mapping[str, str] | None = None,
        units: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(name, description, window, clock)
        self.target = target
        self.feeds = list(feeds)
        self.labels = dict(labels or {})
        self.units = dict(units or {})
        self._schemas: dict[tuple[str, str], BlockSchema] = {}
        self._paths: set[str] = set()
        self._in_order = self._full = False
        self._refill = Refill(self)

    def get_fields(self, start: float = 1, end: float = 0) -> Fields:
        """Return all fields in the order of the channels, not of their first readings: a scanner may start anywhere."""
        if not self._in_order:
            self.fields = dict(sorted(self.fields.items(), key=lambda item: _natural(item[1].block)))
            self._in_order = True
        return super().get_fields(start, end)

    def status(self) -> NodeStatus:
        """Report also that there are more fields than the node accepts."""
        status = super().status()
        if self._full:
            status["notes"].append(f"it has {MAX_FIELDS} fields, the maximum: later ones are ignored")
        return status

    def topics(self) -> Iterable[str]:
        """Return one topic for each feed."""
        return [f"{ADDRESS_ROOT}.{self.target}.feeds.{feed}" for feed in self.feeds]

    def prepare(self, archive: History | None = None) -> Deferred[None] | None:
        """Fill the window from the archive."""
        return self._refill.start(archive) if archive is not None else None

    def stop(self) -> None:
        """Stop."""
        self._refill.stop()

    def finalized_until(self, until: float | None) -> float | None:
        """Return the time before which neither the block nor the archive can bring further samples."""
        return until and min(until, self._refill.open_from)

    def reconfigure(self, options: Mapping[str, Any]) -> bool:
        """Apply new labels, units and description; `False` if anything else differs, for which a new node is needed."""
        same = {"target": self.target, "feeds": self.feeds, "window": self.window, "name": self.name}
        defaults = {"feeds": ["temperatures"], "window": 3600.0}
        if any((defaults | dict(options)).get(key) != value for key, value in same.items()):
            return False
        self.description = options.get("description") or self.name
        self.labels, self.units = dict(options.get("labels") or {}), dict(options.get("units") or {})
        for key, each in self.fields.items():
            label, units = self._about(each.block.split(".")[3], each.name)
            self.fields[key] = replace(each, label=label, units=units)
        self.revision += 1
        return True

    def receive(self, topic: str, message: Any) -> None:
        """Append the samples of a message; a malformed one costs a line in the log and nothing else."""
        try:
            blocks, _about = message
            for block_name, block in blocks.items():
                self._append(topic, block_name, block["timestamps"], block["data"])
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            log.warn("{topic}: malformed message, {error!r}", topic=topic, error=error)

    def insert(self, topic: str, block_name: str, times: NDArray[np.float64], data: Mapping[str, NDArray[Any]]) -> None:
        """Insert samples from the archive: those that are in the window already, or too old for it, change nothing."""
        oldest = self.clock() - self.window
        recent = times >= oldest
        known = {each.name for each in self.fields.values() if each.block == _timeline(topic, block_name)}
        columns = _with_published_names({name: column[recent] for name, column in data.items()}, known)
        if not recent.any():
            return
        schema, new = self._schema(topic, block_name, columns)
        numbers = {name: _numbers(columns[name]) for name in schema.numbers}
        block = self.blocks.get(schema.timeline) or Block(self.window)
        if numbers:
            block.insert(times[recent], numbers, self.clock())
        self._add_fields(schema, new, block)
        for name, key in schema.texts.items():
            field = self.fields[key]
            if field.last_text is None or field.last_text[0] < times[-1]:
                field.last_text = (float(times[-1]), str(columns[name][-1]))

    def _append(self, topic: str, block_name: str, times: Sequence[float], data: Mapping[str, Sequence[Any]]) -> None:
        if not len(times) or not data:
            return
        schema, new = self._schemas.get((topic, block_name)), dict[str, BlockField]()
        if schema is None or schema.names != list(data) or self._learns_numbers(schema, data):
            schema, new = self._schema(topic, block_name, data)
        texts = {key: (float(times[-1]), str(data[name][-1])) for name, key in schema.texts.items()}
        block = self.blocks.get(schema.timeline) or Block(self.window)
        if schema.numbers:
            numbers = {name: data[name] for name in schema.numbers}
            try:
                block.append(times, numbers, self.clock())
            except ValueError:
                numbers = {name: list(map(_number, column)) for name, column in numbers.items()}
                block.append(times, numbers, self.clock())
        # Only now: a field of a message that turned out to be malformed would have no samples to answer with.
        self._add_fields(schema, new, block)
        self._schemas[topic, block_name] = schema
        for key, text in texts.items():
            self.fields[key].last_text = text

    def _learns_numbers(self, schema: BlockSchema, data: Mapping[str, Sequence[Any]]) -> bool:
        """Whether a field that has had only texts now has a number: a sensor's first readings may have been "over range"."""
        keys = [key for name, key in schema.texts.items() if not all(isinstance(value, str) for value in data[name])]
        for key in keys:
            self.fields[key].type = "number"
        self.revision += len(keys)
        return bool(keys)

    def _add_fields(self, schema: BlockSchema, new: dict[str, BlockField], block: Block) -> None:
        if schema.numbers:
            self.blocks[schema.timeline] = block
        if new:
            self.fields |= new
            self._paths.update(each.path for each in new.values())
            self._in_order = False

    def _schema(self, topic: str, block_name: str, data: Columns) -> tuple[BlockSchema, dict[str, BlockField]]:
        """Return how a block's messages are read, and its new fields, whose types follow from their first values."""
        timeline = _timeline(topic, block_name)
        new: dict[str, BlockField] = {}
        numbers: dict[str, str] = {}
        texts: dict[str, str] = {}
        paths: set[str] = set()
        for name, column in data.items():
            key = next(key for key in _keys(topic, block_name, name) if self._is_free_or_of(key, timeline, name, new))
            if key not in self.fields and len(self.fields) + len(new) >= MAX_FIELDS:
                self._full = True
                continue
            label, units = self._about(topic.rpartition(".")[2], name)
            field = self.fields.get(key) or BlockField(
                block=timeline,
                name=name,
                path=self._new_path(topic, block_name, name, paths),
                label=label,
                units=units,
                type=_type(column),
            )
            if key not in self.fields:
                new[key] = field
                paths.add(field.path)
            (texts if field.type == "string" else numbers)[name] = key
        return BlockSchema(list(data), timeline, numbers, texts), new

    def _about(self, feed: str, name: str) -> tuple[str | None, str | None]:
        """Return label and units of a field; what is said of it in this feed goes before what is said of its name."""
        key = f"{feed}.{name}"
        return self.labels.get(key, self.labels.get(name)), self.units.get(key, self.units.get(name))

    def _new_path(self, topic: str, block_name: str, name: str, new: set[str]) -> str:
        """Return the permanent name of a new field. No other field may have it: channels are found by it alone."""
        field = name.replace(" ", "_")
        return next(
            path
            for path in _paths(topic, f"{_timeline(topic, block_name)}.{field}", field)
            if path not in self._paths and path not in new
        )

    def _is_free_or_of(self, key: str, timeline: str, name: str, new: Mapping[str, BlockField]) -> bool:
        """Whether a key is free, or that of the field `name` of `timeline`."""
        field = self.fields.get(key) or new.get(key)
        return field is None or (field.block, field.name) == (timeline, name)


def _timeline(topic: str, block_name: str) -> str:
    return f"{topic}.{block_name.replace(' ', '_')}"


def _keys(topic: str, block_name: str, name: str) -> Iterator[str]:
    """Yield candidates for what consumers call a field; two feeds or blocks may have fields of one name."""
    feed = topic.rpartition(".")[2]
    for words in ((name,), (feed, name), (feed, block_name, name)):
        yield "_".join(words).lower().replace(" ", "_")
    for number in itertools.count(2):
        yield f"{feed}_{block_name}_{name}_{number}".lower().replace(" ", "_")


def _paths(topic: str, in_block: str, field: str) -> Iterator[str]:
    """Yield candidates for the permanent name of a field."""
    yield f"{topic}.{field}"
    yield in_block
    yield from (f"{in_block}_{number}" for number in itertools.count(2))


def _type(column: Sequence[Any] | NDArray[Any]) -> str:
    if isinstance(column[0], (bool, np.bool_)):
        return "bool"
    return "string" if all(isinstance(value, str) for value in column) else "number"


def _number(value: Any) -> float:
    """Return a value that should have been a number: a reading of "over range" costs that sample and no other."""
    return float(value) if isinstance(value, (int, float)) else np.nan


def _numbers(column: NDArray[Any]) -> NDArray[np.float64]:
    return np.full(column.size, np.nan) if column.dtype.kind == "U" else column.astype(np.float64)


def _with_published_names(data: Mapping[str, NDArray[Any]], known: set[str]) -> dict[str, NDArray[Any]]:
    """Return columns of the archive under the names that their agent published; `known` are names that it has published.

    The archive stores the numbers of a field that started with texts as ``<field>_number`` (:mod:`livemon.hkarchive.samples`), and
    each sample is in one of the two columns. If the agent itself has a field of that name, both columns have a value at some times.
    """
    found = dict(data)
    for name, column in data.items():
        field = name.removesuffix("_number")
        if field == name or name in known or column.dtype.kind != "f":
            continue
        texts = data.get(field)
        disjoint = texts is not None and texts.dtype.kind == "U" and not ((texts != "") & ~np.isnan(column)).any()
        if disjoint or (texts is None and field in known):
            found[field] = found.pop(name)
    return found


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a sort key by which ``Channel_2`` comes before ``Channel_10``."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name)]
