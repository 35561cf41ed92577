"""All dashboards of an inventory."""

from __future__ import annotations

from ...entries import Document, Entries
from . import agent, appliance, instrument, others, overview
from .dashboard import DashboardSettings


def dashboards(
    instruments: Entries,
    agents: Entries = (),
    data_nodes: Entries = (),
    settings: DashboardSettings | None = None,
) -> dict[str, Document]:
    """Return all dashboards by the names of their files; `data_nodes` are those that the site adds."""
    settings = settings or DashboardSettings()
    found = {
        "overview": overview.overview(instruments, agents, settings),
        "appliance": appliance.appliance(instruments, agents, data_nodes, settings),
        "others": others.others([each for each in agents if not agent.has_dashboard(each)], data_nodes, settings),
        **{f"instrument-{each['id']}": instrument.instrument(each, settings) for each in instruments},
        **{f"agent-{each['id']}": agent.agent(each, settings) for each in agents if agent.has_dashboard(each)},
    }
    return {name: each for name, each in found.items() if each}
