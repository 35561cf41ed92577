"""The node of an OCS agent's feeds: the last hour of what it published."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from livemon.contract import ADDRESS_ROOT, SILENT_AFTER
from livemon.log import log
from livemon.nodes.blocks import BlockNode, Info
from livemon.nodes.refill import Refill
from livemon.series.block import Block

MOST_FIELDS = 5000
"""Of one node. Anybody on the agents' network may publish under any name, and a field costs memory as long as the node is there."""


@dataclass(frozen=True)
class Layout:
    """How the messages of one block of a feed are read: their fields in order, which are numbers, which texts, by name and key."""

    names: list[str]
    timeline: str
    numbers: dict[str, str]
    texts: dict[str, str]


class FeedNode(BlockNode):
    """Keeps what an OCS agent publishes, block by block.

    Messages are OCS's (ocs/ocs_feed.py, 0.12.1): ``[{block: {"data": {field: [..]}, "timestamps": [..]}}, {...}]``. Numbers are kept,
    truth values as 0 and 1; of texts the last one.

    Parameters
    ----------
    target
        The agent's instance-id.
    feeds
        Names of its feeds.
    window
        Seconds kept in memory.
    labels, units
        By the field's name in the feed.
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
        self._layouts: dict[tuple[str, str], Layout] = {}
        self._paths: set[str] = set()
        self._in_order = self._full = False
        self._refill = Refill(self)

    def get_fields(self, start: float = 1, end: float = 0) -> tuple[dict[str, dict], dict[str, dict]]:
        """Return all fields in the order of the channels, not of their first readings: a scanner may begin anywhere."""
        if not self._in_order:
            self.fields = dict(sorted(self.fields.items(), key=lambda item: _natural(item[1].block)))
            self._in_order = True
        return super().get_fields(start, end)

    def told(self) -> dict[str, Any]:
        """Tell besides that there are more fields than there is room for."""
        told = super().told()
        notes = [f"it has {MOST_FIELDS} fields: those that came later are left out"] if self._full else []
        return told | {"notes": [*told["notes"], *notes]}

    def topics(self) -> Iterable[str]:
        """One topic a feed."""
        return [f"{ADDRESS_ROOT}.{self.target}.feeds.{feed}" for feed in self.feeds]

    def prepare(self, archive: Any = None) -> Any:
        """Fill the window with what the archive has of it."""
        return self._refill.start(archive) if archive is not None else None

    def stop(self) -> None:
        """End."""
        self._refill.stop()

    def final(self, block: str, until: float | None) -> float | None:
        """Nothing is final for which the archive may still bring samples."""
        return until and min(until, self._refill.open_from(block))

    def reconfigure(self, options: Mapping[str, Any]) -> bool:
        """Take new labels, units and description; `False` if something else differs, for which it takes a new node."""
        same = {"target": self.target, "feeds": self.feeds, "window": self.window, "name": self.name}
        defaults = {"feeds": ["temperatures"], "window": 3600.0}
        if any((defaults | dict(options)).get(key) != value for key, value in same.items()):
            return False
        self.description = options.get("description") or self.name
        self.labels, self.units = dict(options.get("labels") or {}), dict(options.get("units") or {})
        self.fields = {
            key: replace(info, label=self.labels.get(info.name), units=self.units.get(info.name))
            for key, info in self.fields.items()
        }
        self.described += 1
        return True

    def receive(self, topic: str, message: Any) -> None:
        """Append what a message holds; one that is malformed costs a line in the log and nothing else."""
        try:
            blocks, _about = message
            for block_name, block in blocks.items():
                self._append(topic, block_name, block["timestamps"], block["data"])
        except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError) as error:
            log.warn("{topic}: malformed message, {error!r}", topic=topic, error=error)

    def insert(self, topic: str, block_name: str, times: np.ndarray, data: Mapping[str, np.ndarray]) -> None:
        """Take samples from the archive: those that the window has already, or that are too old for it, change nothing."""
        oldest = self.clock() - self.window
        recent = times >= oldest
        known = {info.name for info in self.fields.values() if info.block == _timeline(topic, block_name)}
        data = _reunited({name: column[recent] for name, column in data.items()}, known)
        if not recent.any():
            return
        layout, new = self._layout(topic, block_name, data)
        numbers = {name: _numbers(data[name]) for name in layout.numbers}
        block = self.blocks.get(layout.timeline) or Block(self.window)
        if numbers:
            block.insert(times[recent], numbers, self.clock())
        self._take(layout, new, block)
        for name, key in layout.texts.items():
            info = self.fields[key]
            if info.last_text is None or info.last_text[0] < times[-1]:
                info.last_text = (float(times[-1]), str(data[name][-1]))

    def _append(self, topic: str, block_name: str, times: list, data: Mapping[str, list]) -> None:
        if not len(times) or not data:
            return
        layout, new = self._layouts.get((topic, block_name)), {}
        if layout is None or layout.names != list(data) or self._learns_numbers(layout, data):
            layout, new = self._layout(topic, block_name, data)
        texts = {key: (float(times[-1]), str(data[name][-1])) for name, key in layout.texts.items()}
        block = self.blocks.get(layout.timeline) or Block(self.window)
        if layout.numbers:
            numbers = {name: data[name] for name in layout.numbers}
            try:
                block.append(times, numbers, self.clock())
            except ValueError:
                numbers = {name: list(map(_number, column)) for name, column in numbers.items()}
                block.append(times, numbers, self.clock())
        # Only now: a field of a message that turned out to be malformed would have no samples to answer with.
        self._take(layout, new, block)
        self._layouts[topic, block_name] = layout
        for key, text in texts.items():
            self.fields[key].last_text = text

    def _learns_numbers(self, layout: Layout, data: Mapping[str, Sequence]) -> bool:
        """Whether a field that had only texts so far has a number: a sensor may have begun with "over range"."""
        keys = [key for name, key in layout.texts.items() if not all(isinstance(value, str) for value in data[name])]
        for key in keys:
            self.fields[key].type = "number"
        self.described += len(keys)
        return bool(keys)

    def _take(self, layout: Layout, new: dict[str, Info], block: Block) -> None:
        if layout.numbers:
            self.blocks[layout.timeline] = block
        if new:
            self.fields |= new
            self._paths.update(info.path for info in new.values())
            self._in_order = False

    def _layout(self, topic: str, block_name: str, data: Mapping[str, Sequence]) -> tuple[Layout, dict[str, Info]]:
        """Return how a block's messages are read, and the fields that are new with it; a new field's first values tell its type."""
        timeline = _timeline(topic, block_name)
        new: dict[str, Info] = {}
        kinds: dict[bool, dict[str, str]] = {False: {}, True: {}}
        paths = set()
        for name, column in data.items():
            key = next(key for key in _keys(topic, block_name, name) if self._is_of(key, timeline, name, new))
            if key not in self.fields and len(self.fields) + len(new) >= MOST_FIELDS:
                self._full = True
                continue
            info = self.fields.get(key) or Info(
                block=timeline,
                name=name,
                path=self._path(topic, block_name, name, paths),
                label=self.labels.get(name),
                units=self.units.get(name),
                type=_type(column),
            )
            if key not in self.fields:
                new[key] = info
                paths.add(info.path)
            kinds[info.type == "string"][name] = key
        return Layout(list(data), timeline, kinds[False], kinds[True]), new

    def _path(self, topic: str, block_name: str, name: str, new: set[str]) -> str:
        """Return the permanent name of a new field, which no other field has: by that alone a channel is found."""
        field = name.replace(" ", "_")
        return next(
            path
            for path in _paths(topic, f"{_timeline(topic, block_name)}.{field}", field)
            if path not in self._paths and path not in new
        )

    def _is_of(self, key: str, timeline: str, name: str, new: Mapping[str, Info]) -> bool:
        """Whether a key is free, or that of the field `name` of `timeline`."""
        info = self.fields.get(key) or new.get(key)
        return info is None or (info.block, info.name) == (timeline, name)


def _timeline(topic: str, block_name: str) -> str:
    return f"{topic}.{block_name.replace(' ', '_')}"


def _keys(topic: str, block_name: str, name: str) -> Iterator[str]:
    """Yield what a field may be called; two feeds or blocks may have fields of one name."""
    feed = topic.rpartition(".")[2]
    for words in ((name,), (feed, name), (feed, block_name, name)):
        yield "_".join(words).lower().replace(" ", "_")
    for number in itertools.count(2):
        yield f"{feed}_{block_name}_{name}_{number}".lower().replace(" ", "_")


def _paths(topic: str, in_block: str, field: str) -> Iterator[str]:
    """Yield what may be the permanent name of a field."""
    yield f"{topic}.{field}"
    yield in_block
    yield from (f"{in_block}_{number}" for number in itertools.count(2))


def _type(column: Sequence) -> str:
    if isinstance(column[0], (bool, np.bool_)):
        return "bool"
    return "string" if all(isinstance(value, str) for value in column) else "number"


def _number(value: Any) -> float:
    """Return what was to be a number: a sensor that says "over range" in between costs that sample and no other."""
    return float(value) if isinstance(value, (int, float)) else np.nan


def _numbers(column: np.ndarray) -> np.ndarray:
    return np.full(column.size, np.nan) if column.dtype.kind == "U" else column.astype(np.float64)


def _reunited(data: Mapping[str, np.ndarray], known: set[str]) -> dict[str, np.ndarray]:
    """Return columns of the archive by the names that their agent gave them; `known` are names that it has given.

    The archive keeps the numbers of a field that began with texts as ``<field>_number`` (:mod:`livemon.hkarchive.samples`), and a
    sample is in one of the two. An agent's own field of that name has samples beside those of the other.
    """
    found = dict(data)
    for name, column in data.items():
        field = name.removesuffix("_number")
        if field == name or name in known or column.dtype.kind != "f":
            continue
        texts = data.get(field)
        apart = texts is not None and texts.dtype.kind == "U" and not ((texts != "") & ~np.isnan(column)).any()
        if apart or (texts is None and field in known):
            found[field] = found.pop(name)
    return found


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a key by which ``Channel_2`` sorts before ``Channel_10``."""
    return [(text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name)]
