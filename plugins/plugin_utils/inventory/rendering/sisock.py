"""The data nodes that sisock serves: of instruments, agents, the site itself and the machine."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ...contract import contract
from .. import data_nodes
from ..instruments import extras_of, fields_of, model_of, name_of

CERTIFICATES = ("/run/pki/*.crt",)
"""Where they are in the container of the nodes."""
ARCHIVE_NODE = {
    "kind": "feed",
    "name": "archive",
    "target": contract.AGGREGATOR,
    "feeds": ["archive"],
    "description": "The archive",
    "labels": {"lag": "Archive behind by", "lost": "Samples lost", "gap": "Newest gap"},
    "units": {"lag": "s", "gap": "s"},
}
"""The node of what our aggregator tells of itself."""

Entry = Mapping[str, Any]


def nodes(
    instruments: Iterable[Entry], agents: Iterable[Entry], further: Iterable[Entry] = (), window: int = 86400
) -> dict:
    """Return the data nodes (``nodes.yaml``): of each instrument, of each agent with feeds, the site's own, and every site's."""
    instruments, agents, result = list(instruments), list(agents), []
    for instrument in instruments:
        fields = fields_of(instrument)
        result.append(
            {
                "kind": "feed",
                "name": name_of(instrument),
                "target": instrument["id"],
                "feeds": [model_of(instrument).feed],
                "description": instrument.get("description") or f"{model_of(instrument).name} {instrument['serial']}",
                "window": int(instrument.get("memory_window") or window),
                "labels": {field.name: label for field, label, _ in fields},
                "units": {
                    field.name: field.unit
                    for of_one in (
                        *map(model_of(instrument).fields, model_of(instrument).channels),
                        *(extra.fields for extra in extras_of(instrument)),
                    )
                    for field in of_one
                    if field.unit is not None
                },
            }
        )
    result += [
        {
            "kind": "feed",
            "name": name_of(agent),
            "target": agent["id"],
            "feeds": list(agent["feeds"]),
            "description": agent.get("description") or agent["agent_class"],
            "window": int(agent.get("memory_window") or window),
        }
        for agent in agents
        if agent.get("feeds")
    ]
    result += data_nodes.nodes(list(further), window)
    result.append(ARCHIVE_NODE | {"window": int(window)})
    result.append(
        {"kind": "sensors", "name": "sensors", "description": "This machine", "certificates": list(CERTIFICATES)}
    )
    ids = [each["id"] for each in (*instruments, *agents)] + list(contract.OWN_AGENTS)
    result.append({"kind": "agents", "name": "agents", "description": "Agents", "agents": ids})
    return {"nodes": result}


def nodes_memory(nodes: Mapping[str, Any]) -> str:
    """Return how much memory the process of the data nodes may take, as Docker writes it.

    A day of 500 channels at 1 Hz takes 0.5 GB (bench/RESULTS.md): what takes more than three times as much is a fault.
    """
    longest = max((node.get("window", 0) for node in nodes["nodes"]), default=0)
    return f"{2 * max(1, math.ceil(longest / 86400))}g"


def silent_nodes(status: Mapping[str, Any], expected: Iterable[str]) -> list[str]:
    """Return which of the `expected` nodes have no value yet, from the answer of the bridge's ``/api/status``."""
    heard = {
        node["name"]
        for node in status.get("nodes", [])
        if any(field.get("value") is not None for field in node.get("fields", []))
    }
    return [name for name in expected if name not in heard]
