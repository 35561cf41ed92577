"""Filters over what ssh says of a monitor: how to reach it from another computer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.inventory.rendering import ssh
from ..plugin_utils.plain import plain


def ssh_entry(effective: str, default: str, alias: str, forwards: list[list[int]]) -> str:
    """Return the entry of ssh's configuration for a monitor."""
    return ssh.entry(str(alias), str(effective), str(default), plain(forwards))


def tunnel_command(effective: str, default: str, forwards: list[list[int]]) -> str:
    """Return the one command that opens the tunnel to a monitor."""
    return ssh.command(str(effective), str(default), plain(forwards))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"ssh_entry": ssh_entry, "tunnel_command": tunnel_command}
