"""Filters over the certificates that a lab supplies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..plugin_utils.inventory.faults import certificates
from ..plugin_utils.plain import entries


def certificate_faults(supplied: list[Any], lookup: Callable[..., Any]) -> list[str]:
    """Return why certificates of the lab cannot be used: files on the controller, perhaps encrypted by Ansible Vault."""

    def content(path: str) -> str | None:
        text = lookup("ansible.builtin.file", path, errors="ignore")
        return str(text) if text else None

    return [
        fault
        for each in entries(supplied)
        for fault in certificates.faults(each, content(each["certificate"]), content(each["key"]))
    ]


def certificate_name(certificate: str) -> str:
    """Return a name by which a server with that certificate may be asked."""
    return certificates.name(str(certificate))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"certificate_faults": certificate_faults, "certificate_name": certificate_name}
