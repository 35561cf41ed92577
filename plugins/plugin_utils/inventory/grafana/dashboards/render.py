"""All dashboards of an inventory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import appliance, instrument, others, overview
from .dashboard import Site

Entries = Sequence[Mapping[str, Any]]


def dashboards(instruments: Entries, agents: Entries = (), further: Entries = (), site: Site | None = None) -> dict:
    """Return all dashboards by the names of their files."""
    site = site or Site()
    found = {
        "overview": overview.overview(instruments, agents, site),
        "appliance": appliance.appliance(instruments, agents, further, site),
        "others": others.others(agents, further, site),
        **{f"instrument-{each['id']}": instrument.instrument(each, site) for each in instruments},
    }
    return {name: each for name, each in found.items() if each}
