"""Faults in what the inventory says of an agent's class and its arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import agent_secrets
from ..checks import is_list, kind

REFUSED = {
    "HostManager": (
        "would start every agent of this machine a second time, without the rules of docs/control.md; "
        "list the agents themselves under ocs_agents, livemon starts and supervises them"
    ),
    "AggregatorAgent": (
        "runs already, and a second one would write every sample to the archive twice; leave the entry out: "
        "archive_seconds_per_file and data_directory say how it archives"
    ),
    "RegistryAgent": "runs already, under the id registry, and there can be only one; leave the entry out",
}
"""Classes that an inventory cannot list, and why."""


def of_agent(place: str, agent: Mapping[str, Any], secrets: Any) -> Iterator[str]:
    """Every fault in an agent's class and arguments; `secrets` is what the site says under ``agent_secrets``."""
    yield from _class_faults(place, agent.get("agent_class", ""))
    arguments = agent.get("arguments", [])
    if not is_list(arguments) or not all(is_list(words) for words in arguments):
        yield f"{place}.arguments: write a list of lists, for example [[--sample-rate, 4], [--mode, acq]]"
    else:
        yield from agent_secrets.of_arguments(f"{place}.arguments", arguments, secrets)


def _class_faults(place: str, agent_class: Any) -> Iterator[str]:
    if agent_class == "":
        yield f"{place}.agent_class is missing; write the class as upstream names it, for example FakeDataAgent"
    elif not isinstance(agent_class, str):
        yield f"{place}.agent_class: this is {kind(agent_class)}; write the class as upstream names it, for example FakeDataAgent"
    # A class may have its plugin's name before it, as in ocs:HostManager.
    elif (name := agent_class.rpartition(":")[2].strip()) in REFUSED:
        yield f"{place}.agent_class: {name} {REFUSED[name]}"
