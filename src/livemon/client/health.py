"""What an operator should know of the appliance's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from livemon.client.agents import Agent

SILENT_AFTER = 120.0
"""Seconds without a sample of any field after which a node is silent."""
STALE_AFTER = 300.0
"""Seconds. A 372 that scans sixteen channels, each with 3 s of pause and 10 s of dwell, comes back to one after 208 s."""


def problems(agents: Sequence[Agent], status: Mapping[str, Any]) -> Iterator[str]:
    """Yield one short clause for each thing that is wrong.

    Parameters
    ----------
    agents
        Empty where they could not be asked.
    status
        The bridge's ``/api/status``; empty where it could not be asked.
    """
    for agent in agents:
        if agent.fault:
            yield f"agent {agent.fault}" if agent.fault.startswith(agent.instance_id) else agent.fault
        for operation in agent.operations:
            if operation.kind == "process" and operation.failed:
                yield f"{operation.name} of {agent.instance_id} ended with an error"
    if status and not status["router"]["connected"]:
        yield "the bridge has no connection to the router"
    for node in status.get("nodes", []):
        if node["error"]:
            yield f"node {node['name']}: {node['error']}"
            continue
        ages = [field["age"] for field in node["fields"] if field["age"] is not None]
        if not ages:
            yield f"node {node['name']} has no values"
        elif min(ages) > SILENT_AFTER:
            yield f"node {node['name']} has been silent for {age(min(ages))}"
        else:
            silent = [field["name"] for field in node["fields"] if (field["age"] or 0) > STALE_AFTER]
            if silent:
                yield f"silent in node {node['name']}: {', '.join(silent)}"


def age(seconds: float | None) -> str:
    """Return a duration as people say it: ``2.1 s``, ``7 min``, ``3.2 h``, ``5 d``; a dash for none."""
    if seconds is None:
        return "-"
    for limit, size, unit, digits in ((90, 1, "s", 1), (5400, 60, "min", 0), (172800, 3600, "h", 1)):
        if seconds < limit:
            return f"{seconds / size:.{digits}f} {unit}"
    return f"{seconds / 86400:.0f} d"
