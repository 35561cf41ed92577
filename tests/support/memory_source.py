"""A source of samples in memory, for the bridge's HTTP side: what needs no router."""

import math
from dataclasses import dataclass, field

import numpy as np
import orjson

from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.inventory import Inventory
from livemon.bridge.source import Answer
from livemon.series.envelope import fitted, stride_for


@dataclass(frozen=True)
class Samples:
    """A regular series: values at `start`, `start + step`, ..., UNIX seconds; `None` is null. Tags: node, label, unit."""

    name: str
    start: int
    step: int
    values: list
    tags: dict = field(default_factory=dict)

    @property
    def arrays(self):
        times = self.start + self.step * np.arange(len(self.values), dtype=float)
        return times, np.array([math.nan if value is None else value for value in self.values], dtype=float)


@dataclass(frozen=True)
class Irregular:
    """A series whose samples came when they came."""

    name: str
    times: np.ndarray
    values: np.ndarray
    tags: dict = field(default_factory=dict)

    @property
    def arrays(self):
        return np.asarray(self.times, dtype=float), np.asarray(self.values, dtype=float)


class MemorySource:
    """Answers like livemon.bridge.source.Source: from arrays, down-sampled as nodes do it."""

    connected = True
    alarm_watch = None
    hubless, left_out = 0.0, 0
    inventory = Inventory()

    def __init__(self, series, events=(), *, nulls=True):
        """With `nulls`, a series' nulls are samples of NaN; otherwise there are none in their places, unless it has nothing else."""
        self._samples = {_field(each): each.arrays if nulls else without_nulls(*each.arrays) for each in series}
        self._events = list(events)
        nodes = {field.node: Node(field.node, "Of a lab", silent_after=120.0) for field in self._samples}
        for each in self._samples:
            nodes[each.node].fields[each.name] = each
            times, values = self._samples[each]
            if times.size:
                nodes[each.node].last[each.name] = float(times[-1]), float(values[-1])
        self.catalogue = Catalogue(nodes.values())

    def events(self, start, end):
        return [each for each in self._events if start <= each.time < end]

    def fetch(self, fields, start, end, points):
        orjson.dumps([start, end, points])  # what goes to the nodes is JSON
        stride = stride_for(start, end, points)
        answer = Answer()
        for each in fields:
            times, values = self._samples[each]
            times, values, _, thinned = fitted(times, values[np.newaxis], start, end, stride)
            answer.series[each] = times, values[0]
            if thinned:
                answer.thinned[each] = True
        return answer


def without_nulls(times, values):
    known = ~np.isnan(values) if not np.isnan(values).all() else slice(None)
    return times[known], values[known]


def _field(series):
    tags = series.tags
    return Field(
        tags.get("node", "lab"), series.name, series.name, "t", label=tags.get("label"), units=tags.get("unit")
    )
