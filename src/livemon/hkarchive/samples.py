"""Samples of one feed between two frames: typed columns out of whatever an agent publishes. No I/O.

A reader of the archive (so3g's ``HKArchive.get_data``) takes a field's type, and a block's list of fields, from the
first frame in which it finds them, and forces all later frames into these: a float that follows integers would be cut to
an integer, a field that appears later would be skipped. So here

- a field has one *kind* for as long as the provider lives: ``number`` (float64, integers too), ``bool`` or ``text``;
- a value of another kind goes to a field of its own, ``<field>_number`` or ``<field>_text``, or, if the agent itself has
  a field of that name, ``<field>_number_number`` and so on;
- samples with another set of fields go to a block of their own, ``<block>_2`` and so on, in the order in which they appear;
- and so do those of another epoch of the clock (:mod:`livemon.hkarchive.epochs`): no sample is dropped because of its time. Only a
  sample that has been taken already, with the same time and the same values, is a duplicate.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count, pairwise
from typing import Any, TypeAlias

from livemon.contract import CLOCK_TOLERANCE, END_OF_TIME
from livemon.hkarchive.epochs import Epochs, jumps_ahead

Kind = str
Column: TypeAlias = "list[Any] | array[float]"
_KINDS: dict[type, Kind] = {float: "number", int: "number", bool: "bool", str: "text"}
MOST_EPOCHS = 16
"""Per block. A message in which time runs backwards more often is sorted."""


@dataclass
class Batch:
    """Co-sampled columns: `times` (UNIX seconds, as the agent stamped them) and, for each field, as many values.

    `origin` is what the agent calls their block, once they wait for their frame, where the block may have another name.
    """

    times: list[float] | array[float]
    columns: dict[str, Column]
    origin: str = ""

    def extend(self, other: Batch) -> None:
        """Append the samples of another batch with the same fields."""
        self.times.extend(other.times)
        for name, column in self.columns.items():
            column.extend(other.columns[name])

    def select(self, rows: Sequence[int]) -> Batch:
        """Return these rows only."""
        return Batch(
            [self.times[row] for row in rows],
            {name: [column[row] for row in rows] for name, column in self.columns.items()},
        )


class MalformedMessageError(ValueError):
    """A message that is not in the format of a feed's data: says in which block, and why."""


def parse(message: Any) -> list[tuple[str, Batch]]:
    """Return ``(name, batch)`` for each block of a feed's data, the first half of an OCS feed message.

    Its form is ``{name: {"block_name": name, "timestamps": [t, ...], "data": {field: [value, ...]}}}`` (upstream:
    ``ocs.ocs_feed.Block.encoded``). A block without samples is left out.

    Raises
    ------
    MalformedMessageError
        If it has another form, columns of different lengths, or times that are not UNIX seconds.
    """
    if not isinstance(message, Mapping):
        raise MalformedMessageError(f"the data is a {type(message).__name__}, not a mapping of blocks")
    blocks = []
    for name, content in message.items():
        try:
            times = [float(time) for time in content["timestamps"]]
            columns: dict[str, Column] = {str(key): list(column) for key, column in content["data"].items()}
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise MalformedMessageError(f"block {name!r}: {type(error).__name__}: {error}") from error
        strange = [time for time in times if not 0.0 <= time < END_OF_TIME]  # NaN, too
        if strange:
            raise MalformedMessageError(f"block {name!r}: {strange[0]} is not a time in UNIX seconds")
        lengths = {len(column) for column in columns.values()}
        if lengths - {len(times)}:
            raise MalformedMessageError(f"block {name!r}: {len(times)} times, but columns of {sorted(lengths)} values")
        if times and columns:
            blocks.append((str(name), Batch(times, columns)))
    return blocks


@dataclass
class _Source:
    """One block as its agent names it: its fields' kinds, its epochs, and what each of them is called for a set of fields.

    `named` has the names of those fields that were named here. `last` is the time of the sample that came last, `newest` the latest
    time that was not in the future. A sample after `newest` cannot be a duplicate.
    """

    kinds: dict[str, Kind] = field(default_factory=dict)
    named: dict[tuple[str, Kind], str] = field(default_factory=dict)
    last: float = float("-inf")
    newest: float = float("-inf")
    epochs: Epochs = field(default_factory=Epochs)
    variants: dict[tuple[int, frozenset[str]], str] = field(default_factory=dict)


class Provider:
    """What one feed published since the last :meth:`take`.

    `samples` have been taken, `duplicates` had been taken before, and `set_back` times a sample was older than the one before it.
    `last_time` and `last_block` are of the sample that came last.

    Parameters
    ----------
    address
        The feed's permanent name, ``observatory.<instance-id>.feeds.<feed>``.
    clock
        The time of this machine, UNIX seconds.
    """

    def __init__(self, address: str, clock: Callable[[], float]) -> None:
        self.address = address
        self.samples = 0
        self.duplicates = 0
        self.set_back = 0
        self.last_time: float | None = None
        self.last_block: str | None = None
        self._clock = clock
        self._sources: dict[str, _Source] = {}
        self._names: set[str] = set()
        self._pending: dict[str, Batch] = {}
        self._taken: dict[str, Batch] = {}

    @property
    def empty(self) -> bool:
        """Whether :meth:`take` would return nothing."""
        return not self._pending

    @property
    def crowded(self) -> bool:
        """Whether a block has so many epochs that :meth:`forget_layout` is due."""
        return any(len(source.epochs) > MOST_EPOCHS for source in self._sources.values())

    def add(self, blocks: Sequence[tuple[str, Batch]]) -> None:
        """Take the blocks of one message; samples that are in this frame already, or were in the last one, are only counted."""
        limit = self._clock() + CLOCK_TOLERANCE
        for name, block in blocks:
            source = self._sources.setdefault(name, _Source())
            is_usual = source.newest < block.times[0] and block.times[-1] <= limit and _ascends(block.times)
            runs = [block] if is_usual else _runs(block, limit)
            # All of them, before the first is taken: if a value cannot be stored, nothing of the block is.
            parts = [part for run in runs for part in _uniform(source, run)]
            for part in parts:
                fresh = part if is_usual else self._without_known(name, part)
                if fresh.times:
                    self._append(name, source, fresh, limit)

    def take(self) -> dict[str, Batch]:
        """Return the pending samples by block name, numbers as arrays.

        They are remembered until the next time, to recognise duplicates.
        """
        self._taken, self._pending = {name: _compact(block) for name, block in self._pending.items()}, {}
        return self._taken

    def forget_layout(self) -> None:
        """Begin again with the first set of fields and the first epoch of each block: the provider gets another number."""
        self._names.clear()
        for source in self._sources.values():
            source.variants.clear()
            source.epochs = Epochs()

    def _without_known(self, name: str, block: Batch) -> Batch:
        """Return a batch without duplicates: samples that came before with the same time and the same values of the same fields."""
        first, last = block.times[0], block.times[-1]
        known: set[tuple[object, ...]] = set()
        for other in chain(self._taken.values(), self._pending.values()):
            if other.origin == name and other.columns.keys() == block.columns.keys():
                inside = range(bisect_left(other.times, first), bisect_right(other.times, last))
                known.update(_content(other, row, block.columns) for row in inside)
        rows = []
        for row in range(len(block.times)):
            content = _content(block, row, block.columns)
            if content not in known:
                known.add(content)
                rows.append(row)
        self.duplicates += len(block.times) - len(rows)
        return block.select(rows)

    def _append(self, name: str, source: _Source, block: Batch, limit: float) -> None:
        first, last = block.times[0], block.times[-1]
        if first < source.last:
            self.set_back += 1
        self.samples += len(block.times)
        self.last_time, self.last_block, source.last = last, name, last
        if last <= limit:
            source.newest = max(source.newest, last)
        layout = source.epochs.place(first, last, limit), frozenset(block.columns)
        if layout not in source.variants:
            # The agent itself may have a block of that name.
            free = (each for each in chain([name], (f"{name}_{n}" for n in count(2))) if each not in self._names)
            source.variants[layout] = next(free)
            self._names.add(source.variants[layout])
        variant = source.variants[layout]
        if variant in self._pending:
            self._pending[variant].extend(block)
        else:
            block.origin = name
            self._pending[variant] = block


def _ascends(times: Sequence[float]) -> bool:
    return all(earlier < later for earlier, later in pairwise(times))


def _runs(block: Batch, limit: float) -> Iterator[Batch]:
    """Split a batch where the clock was set back, or ahead to beyond `limit`, so that times ascend in each part."""
    times = block.times
    order: Sequence[int] = range(len(times))
    if sum(later < earlier for earlier, later in pairwise(times)) > MOST_EPOCHS:
        order = sorted(order, key=times.__getitem__)
    cuts = [
        place + 1
        for place, (row, following) in enumerate(pairwise(order))
        if times[following] < times[row] or jumps_ahead(times[row], times[following], limit)
    ]
    for begin, end in pairwise([0, *cuts, len(order)]):
        yield block.select(order[begin:end])


def _compact(block: Batch) -> Batch:
    """Return the same samples in a quarter of the memory."""
    columns: dict[str, Column] = {
        name: array("d", column) if isinstance(column[0], float) else column for name, column in block.columns.items()
    }
    return Batch(array("d", block.times), columns, block.origin)


def _content(block: Batch, row: int, names: Iterable[str]) -> tuple[object, ...]:
    """Return a sample in a form that can be compared: its time, and the values of `names` in their order, `None` for NaN."""
    values = [block.columns[name][row] for name in names]
    return (block.times[row], *(value if value == value else None for value in values))  # noqa: PLR0124 - NaN is not


def _uniform(source: _Source, block: Batch) -> Iterator[Batch]:
    """Split a batch into ones whose columns have the kind of their field in the source, to which new fields are added."""
    columns: dict[str, Column] = {}
    kinds = source.kinds
    if not block.columns.keys().isdisjoint(source.named.values()):
        yield from _row_by_row(source, block)
        return
    for name, column in block.columns.items():
        found = {_KINDS.get(each, "") for each in set(map(type, column))}
        kind = kinds.get(name)
        if kind is None and len(found) == 1 and "" not in found:
            kind = kinds[name] = next(iter(found))
        if kind is None or found != {kind}:
            yield from _row_by_row(source, block)
            return
        columns[name] = list(map(float, column)) if kind == "number" else column
    yield Batch(block.times, columns)


def _row_by_row(source: _Source, block: Batch) -> Iterator[Batch]:
    current: Batch | None = None
    for row, time in enumerate(block.times):
        sample = dict(_fitting(source, name, column[row], block.columns) for name, column in block.columns.items())
        sample.pop("", None)
        if not sample:
            continue
        single = Batch([time], {name: [value] for name, value in sample.items()})
        if current is not None and current.columns.keys() == single.columns.keys():
            current.extend(single)
            continue
        if current is not None:
            yield current
        current = single
    if current is not None:
        yield current


def _fitting(source: _Source, name: str, value: Any, own: Container[str]) -> tuple[str, Any]:
    """Return the field for `value`, and the value as that field stores it; an empty name if there is no value.

    `own` are the other fields that the agent sends in the same sample.
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
