"""Channels that are not samples: made of another channel's samples, and there as long as this process is.

Each has the path of its channel behind a word of its own, ``age.<path>``. Its value at a time follows from the channel's newest
sample at or before that time, so that it goes on when no more samples come: a sensor that is silent must not look as if all were
well. docs/architecture.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.catalogue import Field, Node, precedence
from livemon.bridge.site import Site
from livemon.series.envelope import buckets

Array = NDArray[np.float64]

FINEST = 2.0
"""Seconds between two values, at least: that often the bridge looks at the nodes."""
MOST = 20_000
"""Values in one answer."""
FINE = 2000
"""Samples of a channel that are looked at, at most."""
MOST_ABSENT = 5000
"""Channels that are not there, nor in the inventory, of which it is remembered that they were: a node may invent names for ever."""
LOOK_BACK = 7200.0
"""Seconds before an interval in which the newest sample is looked for that was known when it began: the longest scan of a 372."""


@dataclass(frozen=True)
class Derivation:
    """A way to make a channel of another: the first word of its path, and of what the channel's newest sample was what it is now.

    `code` takes times, the times of the newest sample at or before each, and the values of those; `since_start` says whether a
    channel that was never heard has it all the same, as if there had been a sample when this process began.
    """

    word: str
    type: str
    unit: str | None
    code: Callable[[Array, Array, Array], Array]
    is_of: Callable[[Field], bool]
    since_start: bool = False


def _age(times: Array, sampled: Array, _values: Array) -> Array:
    return np.maximum(times - sampled, 0)


def _is_reading(field: Field) -> bool:
    return ".feeds." in field.path and field.type == "number"


def _invalid_temperature(_times: Array, _sampled: Array, values: Array) -> Array:
    # A 372 that is out of range sends 0 K: nothing is that cold.
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
    return field.units == "K" or field.tags.get("quantity") == "temperature"


@dataclass(frozen=True)
class Derived(Field):
    """A channel made of `base`."""

    base: Field | None = None
    derivation: Derivation = AGE

    @classmethod
    def of(cls, base: Field, derivation: Derivation) -> Derived:
        """Make a channel of another."""
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
        """Return the path: to sisock there is no such field."""
        return self.path

    @property
    def tags(self) -> dict[str, str]:
        """The tags of the channel, with name, unit and quantity of its own."""
        own = {"name": self.path, "unit": self.units, "quantity": self.derivation.word}
        return {tag: value for tag, value in (self.base.tags | own).items() if value}

    def counts(self, times: Array, values: Array) -> tuple[Array, Array]:
        """Return those of a timeline's samples that are the channel's.

        An agent publishes all fields of a block together, so that one which is no number is a reading nevertheless. In the blocks of
        other nodes it says that there was none.
        """
        if _is_reading(self.base):
            return times, values
        known = np.isfinite(values)
        return times[known], values[known]


def grid(start: float, end: float, points: int, now: float) -> Array:
    """Return the regular times in ``[start, end)``, the present being the last, at which a derived channel has values.

    Half as many as there may be: a state is not of more use for being told more often.
    """
    newest = min(float(np.nextafter(end, -np.inf)), now)
    if newest < start:
        return np.empty(0)
    if points < 4:
        return np.array([newest])
    step = max(FINEST, (newest - start) / (min(points // 2, MOST) - 1))
    return newest - step * np.arange(int((newest - start) / step * (1 + 1e-9)), -1, -1)


@dataclass
class _Channel:
    """A channel, what is made of it, and time and value of its newest sample if there ever was one."""

    base: Field
    made: tuple[Derived, ...]
    newest: tuple[float, float] | None = None


class DerivedChannels:
    """What is derived of every channel that was ever there in this process's life, or that the site expects.

    What the inventory has no more is forgotten, and what it never had if that becomes too much. :meth:`look` is called by one thread;
    others may read meanwhile.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._began = clock()
        self._channels: dict[str, _Channel] = {}
        self.fields: list[Derived] = []

    def look(self, nodes: Iterable[Node], site: Site) -> None:
        """Take note of the channels that there are, and of their newest samples."""
        for expected in site.expected:
            known = self._channels.get(expected.path)
            self._take(known.base if known else expected, site)
        present = set()
        for node in sorted(nodes, key=precedence):
            for each in list(node.fields.values()):
                if each.type != "string" and each.path not in present:
                    self._take(each, site, node.last.get(each.name))
                    present.add(each.path)
        absent = [path for path in self._channels if path not in present and path not in site.fields]
        surplus = set(absent[: max(len(absent) - MOST_ABSENT, 0)])
        for path in absent:
            if path in surplus or site.has_dropped(path):
                del self._channels[path]
        self.fields = [made for channel in self._channels.values() for made in channel.made]

    def _take(self, base: Field, site: Site, last: tuple[float, object] | None = None) -> None:
        channel = self._channels.get(base.path)
        tags = site.tags(base.path)
        if base.about is not tags:
            base = replace(base, about=tags)
        if channel is None or channel.base is not base:
            newest = channel.newest if channel else None
            made = tuple(Derived.of(base, each) for each in DERIVATIONS if each.is_of(base))
            self._channels[base.path] = channel = _Channel(base, made, newest)
        if last is not None:
            channel.newest = float(last[0]), _number(last[1])

    def values(
        self,
        field: Derived,
        times: Array,
        before: tuple[Array, Array],
        within: tuple[Array, Array],
        stride: float,
    ) -> tuple[Array, Array]:
        """Return a channel at `times`, those at which nothing is known left out.

        Parameters
        ----------
        field
            The derived channel.
        times
            UNIX seconds, ascending.
        before, within
            Times and values of its base before and in the interval that `times` lie in, the latter down-sampled with `stride`
            (seconds) as nodes do it; with zero they are all samples.
        """
        before, within = field.counts(*before), field.counts(*within)
        sampled, values = np.concatenate((before[0], within[0])), np.concatenate((before[1], within[1]))
        late = np.concatenate((np.zeros(before[0].size), _lateness(within[0], stride)))
        newest = self._newest(field)
        if newest is not None and (not sampled.size or newest[0] > sampled[-1]):
            sampled, values, late = np.append(sampled, newest[0]), np.append(values, newest[1]), np.append(late, 0.0)
        place = np.searchsorted(sampled, times, side="right") - 1
        times, place = times[place >= 0], place[place >= 0]
        return times, field.derivation.code(times, sampled[place] + late[place], values[place])

    def _newest(self, field: Derived) -> tuple[float, float] | None:
        channel = self._channels.get(field.base.path)
        newest = channel.newest if channel else None
        return (self._began, np.nan) if newest is None and field.derivation.since_start else newest


def _lateness(sampled: Array, stride: float) -> Array:
    """Return by how many seconds each sample may be later than an answer says, which has them at the begins of pieces of time.

    An age is told as short as it may be: of a channel with samples all the time a plot of a week shows no age of minutes.
    """
    late = np.zeros(sampled.size)
    whole = buckets(sampled[0], sampled[0], sampled[-1], stride) if sampled.size > 1 else None
    if whole is not None and not np.any(sampled[:-1] % (whole.width / 2)):
        late[:-1] = whole.width / 2
    return late


def _number(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else np.nan
