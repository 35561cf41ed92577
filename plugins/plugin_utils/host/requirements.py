"""What a run needs of a machine: the arguments of roles/preflight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Requirements:
    """The role's arguments without the role's name; docs/roles.md describes them."""

    ansible_core: str
    dry_run: bool = False
    problems: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    directories: list[str] = field(default_factory=list)
    agent_directories: list[dict[str, Any]] = field(default_factory=list)
    agent_uid: int = 9000
    time_servers: list[str] = field(default_factory=list)
    ports: list[dict[str, Any]] = field(default_factory=list)
    containers: list[str] = field(default_factory=list)
    networks: list[dict[str, Any]] = field(default_factory=list)
    packages: list[str] = field(default_factory=list)
    firewall: bool = True
    ssh_from: list[str] = field(default_factory=list)
    ssh_way: str = ""
    images: list[dict[str, Any]] = field(default_factory=list)
    images_from_apt: list[str] = field(default_factory=list)
    downloads: list[dict[str, Any]] = field(default_factory=list)
    docker_from: str = "auto"
    docker_repository: str = ""
    proxy: str = ""
    proxy_exceptions: list[str] = field(default_factory=list)
    min_memory_mb: int = 0
    min_disk_gb: int = 0
    min_archive_gb: int = 0

    @classmethod
    def read(cls, arguments: Mapping[str, Any]) -> Requirements:
        """Return them from what Ansible passes, which turns a number in a template into text."""
        numbers = {option.name for option in fields(cls) if option.type == "int"}
        options: dict[str, Any] = {key: int(value) if key in numbers else value for key, value in arguments.items()}
        return cls(**options)
