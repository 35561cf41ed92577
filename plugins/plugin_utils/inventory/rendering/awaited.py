"""The agents that a run waits for: all, but those whose entry says ``wait_for_data: false``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from ...contract import contract
from ..entries import Entry
from ..instruments import model_of


class AwaitedAgent(TypedDict):
    """An agent: its instance-id, what it is in words, and the feeds of which one must have a sample.

    Without feeds its heartbeat is enough.
    """

    id: str
    title: str
    feeds: list[str]


def awaited(instruments: Iterable[Entry], agents: Iterable[Entry]) -> list[AwaitedAgent]:
    """Return the instruments' agents, the other agents, and those that every monitor has."""
    return [
        *(_instrument(each) for each in instruments if each.get("wait_for_data", True)),
        *(_agent(each) for each in agents if each.get("wait_for_data", True)),
        *(AwaitedAgent(id=name, title="of every monitor", feeds=[]) for name in contract.OWN_AGENTS),
    ]


def _instrument(instrument: Entry) -> AwaitedAgent:
    model = model_of(instrument)
    return {"id": instrument["id"], "title": f"{model.name}, serial {instrument['serial']}", "feeds": [model.feed]}


def _agent(agent: Entry) -> AwaitedAgent:
    return {"id": agent["id"], "title": agent["agent_class"], "feeds": list(agent.get("feeds") or [])}
