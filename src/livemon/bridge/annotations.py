"""Joins and leaves of agents and data nodes, and gaps of the archive, as marks in plots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from livemon.bridge.catalogue import Field
from livemon.bridge.limits import shared_points
from livemon.bridge.times import MAX_POINTS
from livemon.contract import CONNECTED
from livemon.hkarchive.gaps import Gap

"""End of the paths of fields that are 1 while an agent's heartbeat comes, and 0 once it is silent."""
BEFORE = 60.0
"""Seconds before an interval that are looked at for what an agent was when it began."""


@dataclass(frozen=True)
class Mark:
    """Something that happened: when (UNIX seconds), to what, and whether it ``joined``, ``left`` or has a ``gap``."""

    time: float
    name: str
    kind: str
    about: str
    text: str

    @property
    def title(self) -> str:
        """For people, in a few words."""
        return f"{self.name} {self.kind}"

    @property
    def tags(self) -> list[str]:
        """What it happened to, and what."""
        return [self.about, self.kind]


def marks(source: Any, start: float, end: float, gaps: Iterable[Gap] = ()) -> tuple[list[Mark], list[str]]:
    """Return the marks in ``[start, end)``, oldest first, and the nodes that did not answer.

    A gap has its mark at its begin, or at `start` if it began before.
    """
    of_nodes = [
        Mark(each.time, each.node, each.kind, "data node", each.description) for each in source.events(start, end)
    ]
    of_agents, silent = _of_agents(source, start, end)
    of_archive = [_of_gap(gap, start) for gap in gaps if gap.samples != 0]
    return sorted(of_nodes + of_agents + of_archive, key=lambda mark: (mark.time, mark.name)), silent


def named(found: list[Mark], part_of_name: str) -> list[Mark]:
    """Return the marks of agents and nodes whose names contain a text, in upper or lower case."""
    return [mark for mark in found if part_of_name.lower() in mark.name.lower()]


def _of_gap(gap: Gap, start: float) -> Mark:
    missing = {None: "an unknown number of samples is", 1: "1 sample is"}.get(gap.samples, f"{gap.samples} samples are")
    begin, end = (dt.datetime.fromtimestamp(when, dt.UTC) for when in (gap.begin, gap.end))
    agent, _, feed = gap.feed.partition(".")[2].partition(".feeds.")
    text = (
        f"{feed}: {missing} not in the archive, {begin:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC: {gap.reason}"
    )
    return Mark(max(gap.begin, start), agent, "gap", "archive", text)


def _of_agents(source: Any, start: float, end: float) -> tuple[list[Mark], list[str]]:
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
    """Return ``(time, "joined" or "left")`` of every change of a truth value; what is no number changes nothing."""
    known = np.isfinite(values)
    times, on = times[known], values[known] > 0.5
    changes = np.flatnonzero(on[1:] != on[:-1]) + 1
    return [(float(times[each]), "joined" if on[each] else "left") for each in changes]


def _agent(field: Field) -> str:
    return field.path.removesuffix(CONNECTED).partition(".")[2]
