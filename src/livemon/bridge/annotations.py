"""Joins and leaves of agents and data nodes, and gaps in the archive, as marks in plots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.catalogue import Field
from livemon.bridge.limits import shared_points
from livemon.bridge.source import Source
from livemon.bridge.times import MAX_POINTS
from livemon.contract import CONNECTED
from livemon.hkarchive.gaps import Gap

BEFORE = 60.0
"""Seconds before an interval that are read for each agent's state at its start."""


@dataclass(frozen=True)
class Mark:
    """An event: when (UNIX seconds), the name of what it happened to, and whether that ``joined``, ``left`` or has a ``gap``."""

    time: float
    name: str
    kind: str
    subject: str
    """``agent``, ``data node`` or ``archive``."""
    text: str

    @property
    def title(self) -> str:
        """A few words for people."""
        return f"{self.name} {self.kind}"

    @property
    def tags(self) -> list[str]:
        """The kinds of what it happened to, and of the event."""
        return [self.subject, self.kind]


def marks(source: Source, start: float, end: float, gaps: Iterable[Gap] = ()) -> tuple[list[Mark], list[str]]:
    """Return the marks in ``[start, end)``, oldest first, and the nodes that did not answer.

    A gap is marked where it begins, or at `start` if it began earlier.
    """
    of_nodes = [
        Mark(each.time, each.node, each.kind, "data node", each.description) for each in source.events(start, end)
    ]
    of_agents, silent = _of_agents(source, start, end)
    of_archive = [_of_gap(gap, start) for gap in gaps if gap.samples != 0]
    return sorted(of_nodes + of_agents + of_archive, key=lambda mark: (mark.time, mark.name)), silent


def named(found: list[Mark], part_of_name: str) -> list[Mark]:
    """Return the marks of agents and nodes whose names contain a text, ignoring case."""
    return [mark for mark in found if part_of_name.lower() in mark.name.lower()]


def _of_gap(gap: Gap, start: float) -> Mark:
    missing = {None: "an unknown number of samples is", 1: "1 sample is"}.get(gap.samples, f"{gap.samples} samples are")
    begin, end = (dt.datetime.fromtimestamp(when, dt.UTC) for when in (gap.begin, gap.end))
    agent, _, feed = gap.feed.partition(".")[2].partition(".feeds.")
    text = (
        f"{feed}: {missing} not in the archive, {begin:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC: {gap.reason}"
    )
    return Mark(max(gap.begin, start), agent, "gap", "archive", text)


def _of_agents(source: Source, start: float, end: float) -> tuple[list[Mark], list[str]]:
    agents = {field: _agent(field) for field in source.catalogue.plottable if field.path.endswith(CONNECTED)}
    if not agents:
        return [], []
    points = shared_points(MAX_POINTS, len(agents))
    answer = source.fetch(agents, start - BEFORE, end, points)
    found = [
        Mark(when, agent, kind, "agent", f"OCS agent {agent}")
        for field, agent in agents.items()
        for when, kind in transitions(*answer.series[field])
        if start <= when < end
    ]
    return found, answer.silent


def transitions(times: NDArray[np.float64], values: NDArray[np.float64]) -> list[tuple[float, str]]:
    """Return ``(time, "joined" or "left")`` of every change of a truth value; NaN is not a change."""
    known = np.isfinite(values)
    times, on = times[known], values[known] > 0.5
    changes = np.flatnonzero(on[1:] != on[:-1]) + 1
    return [(float(times[each]), "joined" if on[each] else "left") for each in changes]


def _agent(field: Field) -> str:
    return field.path.removesuffix(CONNECTED).partition(".")[2]
