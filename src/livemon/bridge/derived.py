"""Channels that are computed from another channel's samples, and exist as long as this process does.

Each has the path of its channel after a word of its own, ``age.<path>``. Its value at a time follows from the channel's newest
sample at or before that time, so that it continues when no more samples arrive: a silent sensor must not look healthy.
docs/architecture.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.catalogue import Field, Node, precedence
from livemon.bridge.inventory import Inventory
from livemon.series.envelope import buckets

Array = NDArray[np.float64]

FINEST = 2.0
"""Seconds between two values, at least: the bridge looks at the nodes that often."""
MOST = 20_000
"""Values in one answer, at most."""
FINE = 2000
"""Samples of a channel that are read, at most."""
MOST_ABSENT = 5000
"""Channels that are remembered although they have gone and are not in the inventory: a node may keep inventing names."""
LOOK_BACK = 7200.0
"""Seconds before an interval in which to find the newest sample known at its start: the longest scan of a 372."""


@dataclass(frozen=True)
class Derivation:
    """A way to compute a channel from another one.

    Attributes
    ----------
    word
        The first part of its path.
    type, unit
        As of a field.
    compute
        Takes times, the time of the newest sample at or before each, and the values of those samples; returns values.
    applies_to
        Whether a channel has one.
    since_start
        Whether a channel without any samples has one, too, as if there had been a sample when this process began.
    """

    word: str
    type: str
    unit: str | None
    compute: Callable[[Array, Array, Array], Array]
    applies_to: Callable[[Field], bool]
    since_start: bool = False


def _age(times: Array, sampled: Array, _values: Array) -> Array:
    return np.maximum(times - sampled, 0.0)


def _is_reading(field: Field) -> bool:
    return ".feeds." in field.path and field.type == "number"


def _invalid_temperature(_times: Array, _sampled: Array, values: Array) -> Array:
    # An instrument sends 0 K for a sensor that is out of range: nothing is that cold.
    return (~(values > 0)).astype(float)


def _invalid_reading(_times: Array, _sampled: Array, values: Array) -> Array:
    return (~np.isfinite(values)).astype(float)


AGE = Derivation("age", "number", "s", _age, lambda _field: True, since_start=True)
INVALID_TEMPERATURE = Derivation(
    "invalid", "bool", None, _invalid_temperature, lambda field: _is_reading(field) and _is_temperature(field)
)
INVALID_READING = Derivation(
    "invalid", "bool", None, _invalid_reading, lambda field: _is_reading(field) and not _is_temperature(field)
)
DERIVATIONS = (AGE, INVALID_TEMPERATURE, INVALID_READING)


def _is_temperature(field: Field) -> bool:
    # A setpoint is in kelvins too, and 0 K is a valid one.
    return field.tags.get("quantity", "temperature" if field.units == "K" else None) == "temperature"


@dataclass(frozen=True)
class DerivedChannel(Field):
    """A channel that is computed from `base`."""

    base: Field = field(kw_only=True)
    derivation: Derivation = field(default=AGE, kw_only=True)

    @classmethod
    def of(cls, base: Field, derivation: Derivation) -> DerivedChannel:
        """Make a channel from another one."""
        return cls(
            node=base.node,
            name=base.name,
            path=f"{derivation.word}.{base.path}",
            type=derivation.type,
            label=base.label,
            units=derivation.unit,
            base=base,
            derivation=derivation,
        )

    @property
    def short(self) -> str:
        """The path: sisock knows no such field."""
        return self.path

    @property
    def tags(self) -> dict[str, str]:
        """The tags of its base, with a name, unit and quantity of its own."""
        own = {"name": self.path, "unit": self.units, "quantity": self.derivation.word}
        return {tag: value for tag, value in (self.base.tags | own).items() if value}

    def counts(self, times: Array, values: Array) -> tuple[Array, Array]:
        """Return those samples of a timeline that count as the channel's.

        An agent publishes all fields of a block together, so that NaN is a reading. In the blocks of other nodes NaN means that
        there was none.
        """
        if _is_reading(self.base):
            return times, values
        known = np.isfinite(values)
        return times[known], values[known]


def grid(start: float, end: float, points: int, now: float) -> Array:
    """Return the regular times in ``[start, end)`` at which a derived channel has values; the last one is the present.

    Half as many as `points`: more values of a state are of no more use.
    """
    newest = min(float(np.nextafter(end, -np.inf)), now)
    if newest < start:
        return np.empty(0)
    if points < 4:
        return np.array([newest])
    step = max(FINEST, (newest - start) / (min(points // 2, MOST) - 1))
    times: Array = newest - step * np.arange(int((newest - start) / step * (1 + 1e-9)), -1, -1, dtype=np.float64)
    return times


@dataclass
class _Channel:
    """A channel, the channels derived from it, and the time and value of its newest sample if there has been one."""

    base: Field
    derived: tuple[DerivedChannel, ...]
    newest: tuple[float, float] | None = None


class DerivedChannels:
    """The derived channels of every channel that has existed since this process began, or that the inventory expects.

    Channels that were removed from the inventory are forgotten; so are channels that it never had, if they become too many.
    :meth:`look` is called by one thread, and `fields` and :meth:`values` used by any.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._began = clock()
        self._channels: dict[str, _Channel] = {}
        self.fields: list[DerivedChannel] = []

    def look(self, nodes: Iterable[Node], inventory: Inventory) -> None:
        """Note which channels exist, and their newest samples."""
        for expected in inventory.expected:
            known = self._channels.get(expected.path)
            self._take(known.base if known else expected, inventory)
        present = set()
        for node in sorted(nodes, key=precedence):
            for each in node.fields.values():
                if each.type != "string" and each.path not in present:
                    self._take(each, inventory, node.last.get(each.name))
                    present.add(each.path)
        absent = [path for path in self._channels if path not in present and path not in inventory.fields]
        surplus = set(absent[: max(len(absent) - MOST_ABSENT, 0)])
        for path in absent:
            if path in surplus or inventory.has_dropped(path):
                del self._channels[path]
        self.fields = [each for channel in self._channels.values() for each in channel.derived]

    def _take(self, base: Field, inventory: Inventory, last: tuple[float, object] | None = None) -> None:
        channel = self._channels.get(base.path)
        tags = inventory.tags(base.path)
        if base.inventory_tags is not tags:
            base = replace(base, inventory_tags=tags)
        if channel is None or channel.base is not base:
            newest = channel.newest if channel else None
            derived = tuple(DerivedChannel.of(base, each) for each in DERIVATIONS if each.applies_to(base))
            self._channels[base.path] = channel = _Channel(base, derived, newest)
        if last is not None:
            channel.newest = float(last[0]), _number(last[1])

    def values(
        self,
        channel: DerivedChannel,
        times: Array,
        before: tuple[Array, Array],
        within: tuple[Array, Array],
        stride: float,
    ) -> tuple[Array, Array]:
        """Return the values of a channel at `times`, leaving out times at which nothing is known.

        Parameters
        ----------
        channel
            A derived channel.
        times
            UNIX seconds, ascending.
        before, within
            Times and values of its base before and in the interval in which `times` lie, the latter down-sampled by `stride`
            seconds as nodes do it; zero means that they are all samples.
        """
        before, within = channel.counts(*before), channel.counts(*within)
        sampled, values = np.concatenate((before[0], within[0])), np.concatenate((before[1], within[1]))
        late = np.concatenate((np.zeros(before[0].size), _lateness(within[0], stride)))
        newest = self._newest(channel)
        if newest is not None and (not sampled.size or newest[0] > sampled[-1]):
            sampled, values, late = np.append(sampled, newest[0]), np.append(values, newest[1]), np.append(late, 0.0)
        place = np.searchsorted(sampled, times, side="right") - 1
        times, place = times[place >= 0], place[place >= 0]
        return times, channel.derivation.compute(times, sampled[place] + late[place], values[place])

    def _newest(self, channel: DerivedChannel) -> tuple[float, float] | None:
        known = self._channels.get(channel.base.path)
        newest = known.newest if known else None
        return (self._began, np.nan) if newest is None and channel.derivation.since_start else newest


def _lateness(sampled: Array, stride: float) -> Array:
    """Return by how many seconds each sample may be later than its time, which is the start of a bucket.

    The shortest possible age is shown: in a plot of a week, a channel with continuous samples has no ages of minutes.
    """
    late = np.zeros(sampled.size)
    whole = buckets(sampled[0], sampled[0], sampled[-1], stride) if sampled.size > 1 else None
    if whole is not None and not np.any(sampled[:-1] % (whole.width / 2)):
        late[:-1] = whole.width / 2
    return late


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan
