"""Filters over what ufw says: what stands in its way, and the commands that change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..plugin_utils.host import firewall
from ..plugin_utils.inventory.rendering import ufw
from ..plugin_utils.plain import mapping, plain


def firewall_obstacles(connection: str, ssh_from: list[str], docker_rules: str) -> list[str]:
    """Return why ufw cannot be set up on a machine that Ansible reaches by `connection`, sshd's SSH_CONNECTION."""
    return list(
        firewall.problems(firewall.client_address(str(connection)), plain(ssh_from), str(docker_rules).splitlines())
    )


def ufw_settings(text: str) -> Mapping[str, Any]:
    """Return what ufw's files of settings say of its state and policy."""
    return ufw.settings(str(text))


def ufw_changes(added: str, settings: str, wanted: dict[str, Any]) -> list[str]:
    """Return the arguments of the `ufw` commands that lead from what is there to what is wanted."""
    return ufw.changes(str(added), str(settings), mapping(wanted))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "firewall_obstacles": firewall_obstacles,
            "ufw_settings": ufw_settings,
            "ufw_changes": ufw_changes,
        }
