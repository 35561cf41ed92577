"""Filters from the inventory to Grafana: dashboards, alerting, mail, and the lab's own dashboards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..plugin_utils.inventory.faults import dashboards as lab_dashboards
from ..plugin_utils.inventory.grafana import alerting as alerting_file
from ..plugin_utils.inventory.grafana import notifications
from ..plugin_utils.inventory.grafana.dashboards import render
from ..plugin_utils.inventory.grafana.dashboards.dashboard import DashboardSettings
from ..plugin_utils.inventory.grafana.releases import release_of
from ..plugin_utils.plain import entries, mapping, plain


def dashboards(instruments: list[Any], agents: list[Any], further: list[Any], site: dict[str, Any]) -> dict[str, Any]:
    """Return Grafana's dashboards by the names of their files; `site` has what holds for all of them."""
    return render.dashboards(
        entries(instruments), entries(agents), entries(further), DashboardSettings(**mapping(site))
    )


def alerting(settings: dict[str, Any], image: str) -> dict[str, Any]:
    """Return Grafana's alerting file for the release of its image: rules, contact points and routes."""
    return alerting_file.document(mapping(settings), release_of(str(image)))


def alerting_after(content: dict[str, Any], former: str) -> str:
    """Return the alerting file as text, with the deletion of what the `former` one, as text, had and it no longer has."""
    return alerting_file.text_after(mapping(content), str(former))


def smtp_environment(smtp: dict[str, Any], image: str) -> dict[str, Any]:
    """Return Grafana's environment for sending e-mail, for the release of its image."""
    return notifications.smtp_environment(mapping(smtp), release_of(str(image)))


def notification_secrets(secrets: dict[str, Any]) -> dict[str, Any]:
    """Return the secrets of contact points and e-mail by the names of their files."""
    return notifications.secret_files(mapping(secrets))


def lab_dashboard_faults(files: list[str]) -> list[str]:
    """Return what keeps Grafana from taking the lab's own dashboards, files on the controller."""
    return list(lab_dashboards.faults(_texts(files)))


def dashboard_places(adopted: list[Any], present: list[str]) -> list[Any]:
    """Return adopted dashboards with the names of their files among the `present` ones, files on the controller."""
    return lab_dashboards.places(plain(adopted), _texts(present))


def _texts(files: list[str]) -> dict[str, str]:
    return {str(path): Path(path).read_text(encoding="utf-8") for path in files}


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "dashboards": dashboards,
            "alerting": alerting,
            "alerting_after": alerting_after,
            "smtp_environment": smtp_environment,
            "notification_secrets": notification_secrets,
            "lab_dashboard_faults": lab_dashboard_faults,
            "dashboard_places": dashboard_places,
        }
