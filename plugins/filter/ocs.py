"""Filters from the inventory to OCS: its site config, its agents and simulated instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..plugin_utils.inventory.rendering import agent_secrets, ocs
from ..plugin_utils.plain import entries, mapping


def ocs_site_config(
    instruments: list[Any], agents: list[Any], host: str, seconds_per_file: int, open_operations: list[Any]
) -> dict[str, Any]:
    """Return the OCS site config of `host`."""
    return ocs.site_config(
        entries(instruments), entries(agents), str(host), int(seconds_per_file), entries(open_operations)
    )


def ocs_agent_services(site: dict[str, Any], host: str) -> Sequence[Mapping[str, Any]]:
    """Return the agents that run on `host`."""
    return ocs.agent_services(mapping(site), str(host))


def ocs_agent_secrets(agents: list[Any], secrets: dict[str, Any]) -> list[Any]:
    """Return the files of secrets that agents need among their arguments."""
    return agent_secrets.files(entries(agents), mapping(secrets))


def simulators(instruments: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the simulators of the simulated instruments."""
    return ocs.simulators(entries(instruments))


def usb_devices(instruments: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return how the instruments on USB are recognised, by model."""
    return ocs.usb_devices(entries(instruments))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "ocs_site_config": ocs_site_config,
            "ocs_agent_services": ocs_agent_services,
            "ocs_agent_secrets": ocs_agent_secrets,
            "simulators": simulators,
            "usb_devices": usb_devices,
        }
