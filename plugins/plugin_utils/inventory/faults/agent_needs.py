"""Faults in what an agent needs of the host: the keys of ``ocs_agents`` that its container depends on."""

from __future__ import annotations

from collections.abc import Iterator

from ..checks import placed
from ..entries import Entry
from . import agent_devices, agent_directories, agent_environment, agent_packages, agent_ports, secrets

KEYS = (agent_directories.KEY, agent_environment.KEY, agent_devices.KEY, agent_ports.KEY, *agent_packages.KEYS)


def of_agent(place: str, agent: Entry, settings: Entry) -> Iterator[str]:
    """Every fault of one agent's keys."""
    yield from agent_directories.of_agent(place, agent, str(settings.get("data_directory") or "/data"))
    yield from agent_environment.of_agent(place, agent, settings.get(secrets.AGENT_SECRETS))
    yield from agent_devices.of_agent(place, agent)
    yield from agent_ports.of_agent(place, agent, settings.get("grafana_port") or 3000)
    yield from agent_packages.of_agent(place, agent)


def shared(settings: Entry) -> Iterator[str]:
    """Every device and port that two agents have."""
    agents = placed("ocs_agents", settings.get("ocs_agents"))
    yield from agent_devices.shared([each for agent in agents for each in agent_devices.placed_devices(*agent)])
    yield from agent_ports.shared([each for agent in agents for each in agent_ports.placed_ports(*agent)])
