"""Faults in the setting ``ocs_agents``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..checks import kind, list_faults, placed, text_faults, unknown_keys
from ..entries import Entry, given, is_list
from . import alarms, control, default_alarms, secrets
from .common import feed_faults, id_faults, window_faults

KEYS = (
    "agent_class",
    "id",
    "arguments",
    "name",
    "description",
    "feeds",
    "memory_window",
    control.KEY,
    "alarms",
    *default_alarms.AGENT_KEYS,
)
REFUSED = {
    "HostManager": (
        "would start every agent of this machine a second time, without the rules of docs/control.md; "
        "list the agents themselves under ocs_agents: livemon starts and supervises them"
    ),
    "AggregatorAgent": (
        "is already running, and a second one would write every sample to the archive twice; leave the entry out: "
        "archive_seconds_per_file and data_directory say how it archives"
    ),
    "RegistryAgent": "is already running, under the id registry, and there can be only one; leave the entry out",
}
"""Classes that an inventory cannot list, and the reason."""


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of the agents."""
    agents = settings.get("ocs_agents")
    yield from list_faults("ocs_agents", agents, "{agent_class: FakeDataAgent, id: fake1}")
    for place, agent in placed("ocs_agents", agents):
        yield from unknown_keys(place, agent, KEYS)
        yield from _agent_faults(place, given(agent), settings.get(secrets.AGENT_SECRETS))


def _agent_faults(place: str, agent: Entry, agent_secrets: Any) -> Iterator[str]:
    yield from id_faults(place, agent)
    yield from _class_faults(place, agent.get("agent_class", ""))
    arguments = agent.get("arguments", [])
    if not is_list(arguments) or not all(is_list(words) for words in arguments):
        yield f"{place}.arguments: write a list of lists, for example [[--sample-rate, 4], [--mode, acq]]"
    else:
        yield from secrets.of_arguments(f"{place}.arguments", arguments, agent_secrets)
    yield from feed_faults(place, agent.get("feeds", []))
    yield from text_faults(place, agent, "description")
    yield from window_faults(place, agent)
    yield from control.of_agent(place, agent)
    yield from default_alarms.of_agent(place, agent)
    yield from alarms.of_agent(place, agent)


def _class_faults(place: str, agent_class: Any) -> Iterator[str]:
    if agent_class == "":
        yield f"{place}.agent_class is missing; write the class as upstream names it, for example FakeDataAgent"
    elif not isinstance(agent_class, str):
        yield f"{place}.agent_class: this is {kind(agent_class)}; write the class as upstream names it, for example FakeDataAgent"
    # The name of a plugin may come before that of the class, as in ocs:HostManager.
    elif (name := agent_class.rpartition(":")[2].strip()) in REFUSED:
        yield f"{place}.agent_class: {name} {REFUSED[name]}"
