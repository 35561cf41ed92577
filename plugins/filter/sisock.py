"""Filters from the inventory to sisock: its data nodes and the bridge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.inventory.grafana.alarms.build import alarms_of
from ..plugin_utils.inventory.grafana.alarms.requested import requested
from ..plugin_utils.inventory.rendering import sisock
from ..plugin_utils.inventory.rendering.bridge_site import site_file
from ..plugin_utils.plain import entries, mapping


def data_nodes(instruments: list[Any], agents: list[Any], further: list[Any], window: int) -> dict[str, Any]:
    """Return the configuration of the data nodes."""
    return sisock.nodes(entries(instruments), entries(agents), entries(further), int(window))


def data_nodes_memory(nodes: dict[str, Any]) -> str:
    """Return how much memory the data nodes may take."""
    return sisock.nodes_memory(mapping(nodes))


def bridge_site(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what the bridge cannot know of its nodes' channels, and the alarms that it judges."""
    settings = mapping(settings)
    instruments, agents = settings.get("instruments") or [], settings.get("ocs_agents") or []
    about = {"name": settings.get("site_name"), "time_zone": settings.get("site_time_zone")}
    further = settings.get("data_nodes") or []
    return site_file(instruments, agents, alarms_of(requested(settings)), further, **about)


def text_directories(further: list[Any]) -> list[Any]:
    """Return the directories of text files, on the host and in the nodes' container."""
    return sisock.text_directories(entries(further))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "data_nodes": data_nodes,
            "data_nodes_memory": data_nodes_memory,
            "bridge_site": bridge_site,
            "text_directories": text_directories,
        }
