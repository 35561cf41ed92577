"""Samples of one feed between two frames: typed columns out of whatever an agent publishes. Pure, no I/O.

A reader of the archive (so3g's ``HKArchive.get_data``) takes a field's type, and a block's list of fields, from the
first frame in which it meets them, and forces all later frames into that: a float that follows integers would be cut to
an integer, a field that comes later would be skipped. So here

- a field has one *kind* for as long as the provider lives: ``number`` (float64, integers too), ``bool`` or ``text``;
- a value of another kind goes to a field of its own, ``<field>_number`` or ``<field>_text``, or, where the agent itself has
  a field of that name, ``<field>_number_number`` and so on;
- samples with another set of fields go to a block of their own, ``<block>_2`` and so on, whatever came first.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, pairwise
from typing import Any

Kind = str
_KINDS: dict[type, Kind] = {float: "number", int: "number", bool: "bool", str: "text"}
CLOCK_TOLERANCE = 10.0
"""Seconds by which a sample may lie ahead of this machine's clock before that clock, or the agent's, was wrong."""
END_OF_TIME = 9e10
"""UNIX seconds that spt3g can hold, in an int64 of 10 ns units; milliseconds since 1970 lie far beyond."""


@dataclass
class Block:
    """Co-sampled columns: `times` (UNIX seconds, increasing) and, for each field, as many values.

    `origin` is what the agent calls the block, once it waits for its frame; there its name may be another one.
    """

    times: list[float]
    columns: dict[str, list[Any]]
    origin: str = ""

    def extend(self, other: Block) -> None:
        """Append the samples of a block with the same fields."""
        self.times.extend(other.times)
        for name, column in self.columns.items():
            column.extend(other.columns[name])

    def select(self, rows: Sequence[int]) -> Block:
        """Return the block of these rows only."""
        return Block(
            [self.times[row] for row in rows],
            {name: [column[row] for row in rows] for name, column in self.columns.items()},
        )


class MalformedMessageError(ValueError):
    """A message that is no feed data: says in which block and why."""


def parse(message: Any) -> list[tuple[str, Block]]:
    """Return ``(name, block)`` for each block of a feed's data, the first half of an OCS feed message.

    Its form is ``{name: {"block_name": name, "timestamps": [t, ...], "data": {field: [value, ...]}}}`` (upstream:
    ``ocs.ocs_feed.Block.encoded``). A block without samples is passed over.

    Raises
    ------
    MalformedMessageError
        If it has another form, columns of different lengths, or times that are no UNIX seconds.
    """
    if not isinstance(message, Mapping):
        raise MalformedMessageError(f"the data is a {type(message).__name__}, not a mapping of blocks")
    blocks = []
    for name, content in message.items():
        try:
            times = [float(time) for time in content["timestamps"]]
            columns = {str(key): list(column) for key, column in content["data"].items()}
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise MalformedMessageError(f"block {name!r}: {type(error).__name__}: {error}") from error
        strange = [time for time in times if not 0.0 <= time < END_OF_TIME]  # NaN, too
        if strange:
            raise MalformedMessageError(f"block {name!r}: {strange[0]} is no time in UNIX seconds")
        lengths = {len(column) for column in columns.values()}
        if lengths - {len(times)}:
            raise MalformedMessageError(f"block {name!r}: {len(times)} times, but columns of {sorted(lengths)} values")
        if times and columns:
            blocks.append((str(name), Block(times, columns)))
    return blocks


@dataclass
class _Source:
    """One block as its agent names it: the kinds of its fields, what those are called that we named, and the last time seen."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    named: dict[tuple[str, Kind], str] = field(default_factory=dict)
    last_time: float = float("-inf")
    variants: dict[frozenset[str], str] = field(default_factory=dict)


class Provider:
    """What one feed published since the last :meth:`take`.

    Parameters
    ----------
    address
        The feed's permanent name, ``observatory.<instance-id>.feeds.<feed>``.
    clock
        Tells the time of this machine, UNIX seconds.
    """

    def __init__(self, address: str, clock: Callable[[], float]) -> None:
        self.address = address
        self.samples = 0
        self.duplicates = 0
        self.last_time: float | None = None
        self.last_block: str | None = None
        self._clock = clock
        self._sources: dict[str, _Source] = {}
        self._names: set[str] = set()
        self._pending: dict[str, Block] = {}

    @property
    def empty(self) -> bool:
        """Whether :meth:`take` would return nothing."""
        return not self._pending

    def clock_stepped_back(self, blocks: Sequence[tuple[str, Block]]) -> bool:
        """Whether the last samples lie in the future of this machine's clock and these ones do not.

        They were then stamped by a clock that was wrong and has been set right. The caller takes what is pending, so
        that time never runs backwards inside a frame; :meth:`add` accepts the new samples.
        """
        limit = self._clock() + CLOCK_TOLERANCE
        return any(
            source.last_time > limit and block.times[0] <= limit
            for name, block in blocks
            if (source := self._sources.get(name))
        )

    def add(self, blocks: Sequence[tuple[str, Block]]) -> None:
        """Take the blocks of one message; samples that are not newer than their block's last are counted, not kept."""
        for name, block in blocks:
            source = self._sources.setdefault(name, _Source())
            fresh = self._fresh(source, block)
            if fresh is None:
                continue
            parts = list(_uniform(source, fresh))
            source.last_time = fresh.times[-1]
            self.samples += len(fresh.times)
            self.last_time = max(fresh.times[-1], self.last_time or 0.0)
            self.last_block = name
            for part in parts:
                self._append(name, source, part)

    def take(self) -> dict[str, Block]:
        """Return the pending samples by block name, and forget them."""
        pending, self._pending = self._pending, {}
        return pending

    def forget_layout(self) -> None:
        """Let the next field set of a block be its first: the agent restarted. Kinds and times stay known."""
        self._names.clear()
        for source in self._sources.values():
            source.variants.clear()

    def _fresh(self, source: _Source, block: Block) -> Block | None:
        if source.last_time > self._clock() + CLOCK_TOLERANCE:
            source.last_time, self.last_time = float("-inf"), None
        times = block.times
        if times[0] > source.last_time and all(earlier < later for earlier, later in pairwise(times)):
            return block
        newest, rows = source.last_time, []
        for row, time in enumerate(times):
            if time > newest:
                newest = time
                rows.append(row)
        self.duplicates += len(times) - len(rows)
        return block.select(rows) if rows else None

    def _append(self, name: str, source: _Source, block: Block) -> None:
        fields = frozenset(block.columns)
        if fields not in source.variants:
            # The agent may itself have a block that is called so.
            free = (each for each in chain([name], (f"{name}_{n}" for n in count(2))) if each not in self._names)
            source.variants[fields] = next(free)
            self._names.add(source.variants[fields])
        variant = source.variants[fields]
        if variant in self._pending:
            self._pending[variant].extend(block)
        else:
            block.origin = name
            self._pending[variant] = block


def _uniform(source: _Source, block: Block) -> Iterator[Block]:
    """Split a block into ones whose columns have the kind that the source gives their field; it learns new fields."""
    columns: dict[str, list[Any]] = {}
    kinds = source.kinds
    if not block.columns.keys().isdisjoint(source.named.values()):
        yield from _row_by_row(source, block)
        return
    for name, column in block.columns.items():
        found = {_KINDS.get(kind) for kind in set(map(type, column))}
        kind = kinds.get(name)
        if kind is None and len(found) == 1 and None not in found:
            kind = kinds[name] = next(iter(found))
        if kind is None or found != {kind}:
            yield from _row_by_row(source, block)
            return
        columns[name] = list(map(float, column)) if kind == "number" else column
    yield Block(block.times, columns)


def _row_by_row(source: _Source, block: Block) -> Iterator[Block]:
    current: Block | None = None
    for row, time in enumerate(block.times):
        sample = dict(_fitting(source, name, column[row], block.columns) for name, column in block.columns.items())
        sample.pop("", None)
        if not sample:
            continue
        single = Block([time], {name: [value] for name, value in sample.items()})
        if current is not None and current.columns.keys() == single.columns.keys():
            current.extend(single)
            continue
        if current is not None:
            yield current
        current = single
    if current is not None:
        yield current


def _fitting(source: _Source, name: str, value: Any, own: Container[str]) -> tuple[str, Any]:
    """Return the field that takes `value` and the value as that field stores it; an empty name for no value at all.

    `own` are the fields that the agent sends beside it.
    """
    if value is None:
        return "", None
    found = _KINDS.get(type(value), "text")
    taken = name in source.named.values()
    kind = found if taken else source.kinds.setdefault(name, found)
    if found == "bool" and kind == "number":
        found = "number"
    stored = float(value) if found == "number" else value if type(value) in _KINDS else str(value)
    if found == kind and not taken:
        return name, stored
    if (name, found) not in source.named:
        names = (f"{name}{number * f'_{found}'}" for number in count(1))
        known = source.kinds.keys() | set(source.named.values())
        source.named[name, found] = next(each for each in names if each not in known and each not in own)
    return source.named[name, found], stored
