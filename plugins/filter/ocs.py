"""Filters from the inventory to OCS: its site config, its agents and simulated instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..plugin_utils.inventory import agent_files, serial_lines
from ..plugin_utils.inventory.rendering import agent_images, agent_needs, agent_secrets, awaited, ocs
from ..plugin_utils.plain import entries, mapping


def ocs_site_config(
    instruments: list[Any],
    agents: list[Any],
    host: str,
    seconds_per_file: int,
    open_operations: list[Any],
    *,
    files: list[Any],
) -> dict[str, Any]:
    """Return the OCS site config of `host`."""
    return ocs.site_config(
        entries(instruments),
        entries(agents),
        str(host),
        int(seconds_per_file),
        entries(open_operations),
        files=entries(files),
    )


def ocs_agent_files(instruments: list[Any], agents: list[Any], inventory_directory: str) -> Sequence[Mapping[str, Any]]:
    """Return the files that the containers of agents get from the controller."""
    return agent_files.agent_files(entries(instruments), entries(agents), str(inventory_directory))


def ocs_agent_services(site: dict[str, Any], host: str) -> Sequence[Mapping[str, Any]]:
    """Return the agents that run on `host`."""
    return ocs.agent_services(mapping(site), str(host))


def ocs_agent_secrets(agents: list[Any], secrets: dict[str, Any]) -> list[Any]:
    """Return the files of secrets that agents need."""
    return agent_secrets.files(entries(agents), mapping(secrets))


def ocs_agent_needs(agents: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return what the containers of agents get of the host."""
    return agent_needs.needs(entries(agents))


def ocs_agent_directories(agents: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the directories of the host that agents need."""
    return agent_needs.directories(entries(agents))


def ocs_agent_serial_lines(agents: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the serial lines that agents find by serial number."""
    return serial_lines.of_agents(entries(agents))


def ocs_agent_ports(agents: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the ports of the host at which agents listen."""
    return agent_needs.ports(entries(agents))


def ocs_agent_open_ports(agents: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return those of the ports that networks may use."""
    return agent_needs.open_ports(entries(agents))


def ocs_agent_images(agents: list[Any], app: str, directory: str) -> Sequence[Mapping[str, Any]]:
    """Return the images of the agents that need packages; `directory` is that of the inventory."""
    return agent_images.images(entries(agents), str(app), Path(directory))


def ocs_agent_wheel_faults(agents: list[Any], directory: str) -> list[str]:
    """Return which directories of wheels have none."""
    return list(agent_images.wheel_faults(entries(agents), Path(directory)))


def simulators(instruments: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the simulators of the simulated instruments."""
    return ocs.simulators(entries(instruments))


def instrument_serial_lines(instruments: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the serial lines of instruments with an RS-232 port."""
    return serial_lines.of_instruments(entries(instruments))


def usb_devices(instruments: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return how the instruments on USB are recognised, by model."""
    return ocs.usb_devices(entries(instruments))


def awaited_agents(instruments: list[Any], agents: list[Any]) -> Sequence[Mapping[str, Any]]:
    """Return the agents for which a run waits."""
    return awaited.awaited(entries(instruments), entries(agents))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "ocs_site_config": ocs_site_config,
            "ocs_agent_files": ocs_agent_files,
            "ocs_agent_services": ocs_agent_services,
            "ocs_agent_secrets": ocs_agent_secrets,
            "ocs_agent_needs": ocs_agent_needs,
            "ocs_agent_directories": ocs_agent_directories,
            "ocs_agent_serial_lines": ocs_agent_serial_lines,
            "ocs_agent_ports": ocs_agent_ports,
            "ocs_agent_open_ports": ocs_agent_open_ports,
            "ocs_agent_images": ocs_agent_images,
            "ocs_agent_wheel_faults": ocs_agent_wheel_faults,
            "awaited_agents": awaited_agents,
            "simulators": simulators,
            "instrument_serial_lines": instrument_serial_lines,
            "usb_devices": usb_devices,
        }
