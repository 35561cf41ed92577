"""The data nodes that sisock serves: those of instruments, agents, the site itself and the machine."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypedDict

from ...contract import contract
from ..agent_fields import fields_of as agent_fields_of
from ..data_nodes import EXTERNAL
from ..entries import Document, Entry, given
from ..instruments import fields_of, model_of, name_of, read_besides

CERTIFICATES = ("/run/pki/*.crt",)
"""Where they are in the container of the nodes."""
TEXT_DIRECTORY = "/texts"
"""Where the directories of text files are in the container of the nodes, each under the name of its node."""
ARCHIVE_NODE: Document = {
    "kind": "feed",
    "name": "archive",
    "target": contract.AGGREGATOR,
    "feeds": ["archive"],
    "description": "The archive",
    "labels": {"lag": "Archive behind by", "lost": "Samples lost", "gap": "Newest gap"},
    "units": {"lag": "s", "gap": "s"},
}
"""The node of our aggregator's own feed."""


class TextDirectory(TypedDict):
    """A directory of text files: where it is on the host (`source`), and where the nodes read it (`target`)."""

    source: str
    target: str


def nodes(
    instruments: Iterable[Entry], agents: Iterable[Entry], added: Iterable[Entry] = (), window: int = 86400
) -> Document:
    """Return the data nodes (``nodes.yaml``) of each instrument, of each agent with feeds, `added` by the site, and of every site.

    `window` is for how many seconds samples are kept in memory, unless an entry says so.
    """
    instruments, agents = list(instruments), list(agents)
    ids = [each["id"] for each in (*instruments, *agents)] + list(contract.OWN_AGENTS)
    return {
        "nodes": [
            *(_instrument(instrument, window) for instrument in instruments),
            *(_agent(agent, window) for agent in agents if agent.get("feeds")),
            *(_added(given(entry), window) for entry in added if entry["kind"] != EXTERNAL),
            ARCHIVE_NODE | {"window": int(window)},
            {"kind": "sensors", "name": "sensors", "description": "This machine", "certificates": list(CERTIFICATES)},
            {"kind": "agents", "name": "agents", "description": "Agents", "agents": ids},
        ]
    }


def _instrument(instrument: Entry, window: int) -> Document:
    model, shown = model_of(instrument), fields_of(instrument)
    published = [field for channel in model.channels for field in model.fields(channel)]
    published += [field for each in read_besides(instrument) for field in each.fields]
    return {
        "kind": "feed",
        "name": name_of(instrument),
        "target": instrument["id"],
        "feeds": [model.feed],
        "description": instrument.get("description") or f"{model.name} {instrument['serial']}",
        "window": int(instrument.get("memory_window") or window),
        "labels": {field.name: label for field, label, _ in shown},
        "units": {field.name: field.unit for field in published if field.unit is not None},
    }


def _agent(agent: Entry, window: int) -> Document:
    fields = agent_fields_of(agent)
    labels = {field.key: field.label for field in fields if field.label}
    units = {field.key: field.unit for field in fields if field.unit}
    return {
        "kind": "feed",
        "name": name_of(agent),
        "target": agent["id"],
        "feeds": list(agent["feeds"]),
        "description": agent.get("description") or agent["agent_class"],
        "window": int(agent.get("memory_window") or window),
        **({"labels": labels} if labels else {}),
        **({"units": units} if units else {}),
    }


def _added(entry: Entry, window: int) -> Document:
    """Return an entry of the setting ``data_nodes``, without what concerns others."""
    node = {key: value for key, value in entry.items() if key not in {"memory_window", "directory", "silent_after"}}
    node.setdefault("description", _DESCRIPTIONS[entry["kind"]](entry))
    if entry["kind"] == "feed":
        node["window"] = int(entry.get("memory_window") or window)
    elif entry["kind"] == "textfiles":
        node["directory"] = f"{TEXT_DIRECTORY}/{entry['name']}"
    return node


_DESCRIPTIONS: dict[str, Callable[[Entry], str]] = {
    "weather": lambda _entry: "Synthetic weather",
    "textfiles": lambda entry: f"Text files in {entry['directory']}",
    "feed": lambda entry: f"Feeds of {entry['target']}",
}


def text_directories(added: Iterable[Entry]) -> list[TextDirectory]:
    """Return the directories of the text files of nodes `added` by the site."""
    return [
        {"source": entry["directory"], "target": f"{TEXT_DIRECTORY}/{entry['name']}"}
        for entry in added
        if entry["kind"] == "textfiles"
    ]


def nodes_memory(nodes: Entry) -> str:
    """Return how much memory the process of the data nodes may use, as Docker writes it.

    A day of 500 channels at 1 Hz takes 0.5 GB (bench/RESULTS.md): more than three times that is a fault.
    """
    longest = max((node.get("window", 0) for node in nodes["nodes"]), default=0)
    return f"{2 * max(1, math.ceil(longest / 86400))}g"
