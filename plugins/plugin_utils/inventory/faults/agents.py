"""Faults in the setting ``ocs_agents``."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from ..checks import list_faults, placed, text_faults, unknown_keys
from ..entries import Entry, given, is_list
from . import (
    agent_arguments,
    agent_classes,
    agent_fields,
    agent_files,
    agent_needs,
    alarms,
    control,
    default_alarms,
    own_agents,
    secrets,
)
from .common import feed_faults, id_faults, wait_faults, window_faults

KEYS = (
    "agent_class",
    "id",
    "arguments",
    "name",
    "description",
    "feeds",
    "fields",
    agent_files.KEY,
    "memory_window",
    "wait_for_data",
    control.KEY,
    "alarms",
    *agent_needs.KEYS,
    *default_alarms.AGENT_KEYS,
)


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of the agents."""
    agents = settings.get("ocs_agents")
    yield from list_faults("ocs_agents", agents, "{agent_class: FakeDataAgent, id: fake1}")
    codes = own_agents.codes_of(settings)
    yield from own_agents.of_files(codes)
    for place, agent in placed("ocs_agents", agents):
        yield from own_agents.of_agent(place, given(agent), codes)
        yield from agent_files.of_entry(place, given(agent), settings.get("inventory_dir"))
        yield from unknown_keys(place, agent, KEYS)
        yield from _agent_faults(
            place, given(agent), settings.get(secrets.AGENT_SECRETS), own_agents.classes(codes, given(agent))
        )
        yield from agent_needs.of_agent(place, given(agent), settings)
    yield from agent_needs.shared(settings)


def _agent_faults(place: str, agent: Entry, agent_secrets: Any, own_classes: Collection[str]) -> Iterator[str]:
    yield from id_faults(place, agent)
    yield from agent_classes.class_faults(place, agent, own_classes)
    agent_class = agent_classes.known(agent, own_classes)
    arguments = agent.get("arguments", [])
    if not is_list(arguments) or not all(is_list(words) for words in arguments):
        yield f"{place}.arguments: write a list of lists, for example [[--sample-rate, 4], [--mode, acq]]"
    else:
        yield from secrets.of_arguments(f"{place}.arguments", arguments, agent_secrets)
        yield from agent_arguments.argument_faults(place, arguments, agent_class)
    yield from feed_faults(place, agent.get("feeds", []))
    yield from agent_classes.feed_faults(place, agent.get("feeds", []), agent_class)
    yield from text_faults(place, agent, "description")
    yield from window_faults(place, agent)
    yield from wait_faults(place, agent)
    yield from control.of_agent(place, agent)
    yield from default_alarms.of_agent(place, agent)
    yield from agent_fields.of_agent(place, agent)
    yield from alarms.of_agent(place, agent)
