"""Filters over Docker: its engine, its networks, and how containers run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..plugin_utils.host import docker_source as engine
from ..plugin_utils.inventory.faults import compose as compose_faults
from ..plugin_utils.inventory.rendering import compose, docker_daemon, networks
from ..plugin_utils.plain import mapping, plain


def docker_source(wanted: str, distribution: str, release: str, is_there: bool, own_engines: list[str]) -> str:
    """Return where Docker comes from: `distribution`, `docker`, or `existing`, which is another owner's engine."""
    return engine.source(
        str(wanted), str(distribution), str(release), is_installed=is_there, own_engines=plain(own_engines)
    )


def daemon_difference(current: str, wanted: dict[str, Any]) -> Mapping[str, Any]:
    """Return which options of daemon.json change, by what they take: a reload or a restart of the engine."""
    return docker_daemon.difference(str(current), mapping(wanted))


def daemon_missing(current: str, wanted: dict[str, Any]) -> dict[str, Any]:
    """Return which wanted options a daemon.json does not have."""
    return docker_daemon.missing(str(current), mapping(wanted))


def host_address(subnet: str, number: int) -> str:
    """Return the `number`-th address of a subnet."""
    return networks.host_address(str(subnet), int(number))


def dynamic_range(subnet: str) -> str:
    """Return the part of a subnet from which Docker assigns addresses."""
    return networks.dynamic_range(str(subnet))


def container_faults(definition: dict[str, Any], name: str) -> list[str]:
    """Return why the services of the compose project `name` may not run."""
    return compose_faults.faults(str(name), mapping(definition))


def compose_file(definition: dict[str, Any], name: str, start_interval: bool) -> dict[str, Any]:
    """Return the file of a compose project: its definition, with what every service has in common."""
    # YAML would write aliases for what services share.
    return mapping(compose.compose_file(str(name), mapping(definition), start_interval=bool(start_interval)))


def docker_run(memory: str) -> list[str]:
    """Return the beginning of a command that runs a container once, with at most so much memory."""
    return compose.docker_run(str(memory))


class FilterModule:
    """Ansible's way to find the filters."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {
            "docker_source": docker_source,
            "daemon_difference": daemon_difference,
            "daemon_missing": daemon_missing,
            "host_address": host_address,
            "dynamic_range": dynamic_range,
            "container_faults": container_faults,
            "compose_file": compose_file,
            "docker_run": docker_run,
        }
