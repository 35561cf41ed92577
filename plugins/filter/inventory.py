"""Filters over a whole inventory: its faults and what it describes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from ..plugin_utils.inventory.faults import files, inventory, unresolved
from ..plugin_utils.inventory.instruments import host_names
from ..plugin_utils.inventory.rendering import summary
from ..plugin_utils.plain import entries, mapping, plain

CONNECTION = ("ansible_host", "ansible_user", "ansible_port", "ansible_password", "ansible_become_password")
"""What Ansible itself reads of a host before any of our tasks runs there."""


def inventory_faults(hosts: list[str], hostvars: Mapping[str, Any], wiring: list[str]) -> list[str]:
    """Return all faults in the settings of `hosts`, each preceded by its host's name where there are several hosts.

    `wiring` has the names of the variables that are ours and not the user's.
    """
    found: list[str] = []
    for host in hosts:
        settings, unread = _settings(hostvars[host], wiring)
        prefix = f"{host}: " if len(hosts) > 1 else ""
        # Any further fault of a setting that cannot be read would be wrong.
        judged = [fault for fault in inventory.faults(settings) if not any(key in fault for key in unread)]
        found += [prefix + fault for fault in [*chain.from_iterable(unread.values()), *judged]]
    return found


def inventory_summary(hosts: list[str], hostvars: Mapping[str, Any]) -> str:
    """Return what a sound inventory describes, for people."""

    def machine(host: str) -> summary.Machine:
        variables = hostvars[host]
        is_local = variables.get("ansible_connection") == "local"
        return summary.Machine(host, variables.get("ansible_host"), is_local)

    return summary.understood((machine(host), _settings(hostvars[host], [])[0]) for host in hosts)


def run_summary(settings: dict[str, Any], machine: dict[str, Any], run: dict[str, Any]) -> str:
    """Return what a run has set up, for people."""
    known: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in mapping(run).items()
    }
    return summary.set_up(summary.Machine(**mapping(machine)), mapping(settings), summary.Run(**known))


def instrument_hosts(instruments: list[Any]) -> list[str]:
    """Return the names by which the instruments are reached."""
    return host_names(entries(instruments))


def _settings(variables: Mapping[str, Any], wiring: list[str]) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Return the user's settings, and why some cannot be read. Of a variable that is not ours only its name is looked at."""
    source = Path(str(variables.get("inventory_file") or ""))
    settings: dict[str, Any] = {str(key): None for key in variables if key not in wiring}
    # Files of the lab are beside the inventory.
    settings["inventory_dir"] = variables.get("inventory_dir")
    unread: dict[str, list[str]] = {}
    for key in (key for key in list(settings) if key in inventory.SETTINGS or key in CONNECTION):
        value, faults = _setting(variables, key, partial(files.places, source))
        if faults:
            unread[key] = faults
        elif key in inventory.SETTINGS:
            settings[key] = value
    return settings, unread


def _setting(variables: Mapping[str, Any], key: str, places: unresolved.Places) -> tuple[Any, list[str]]:
    try:
        value = variables[key]
        return plain(value), list(unresolved.left_over(key, value, variables, places))
    except Exception as error:  # whatever Ansible raises for a value that it cannot make
        return None, [unresolved.explained(key, error, places)]


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "inventory_faults": inventory_faults,
            "inventory_summary": inventory_summary,
            "run_summary": run_summary,
            "instrument_hosts": instrument_hosts,
        }
