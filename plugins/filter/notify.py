"""Filters from the inventory to livemon's own notifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.inventory.rendering import notifier as notifier_file
from ..plugin_utils.plain import mapping


def notifier(settings: dict[str, Any], smtp: dict[str, Any], monitor: str) -> dict[str, Any]:
    """Return how livemon itself notifies where Grafana does not; empty where no contact point can be served."""
    return notifier_file.configuration(mapping(settings), mapping(smtp), str(monitor))


def notifier_secrets(configuration: dict[str, Any], secrets: dict[str, Any]) -> dict[str, str]:
    """Return the secrets that the notifier needs, by the names of their files."""
    return notifier_file.secrets_of(mapping(configuration), mapping(secrets))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"notifier": notifier, "notifier_secrets": notifier_secrets}
