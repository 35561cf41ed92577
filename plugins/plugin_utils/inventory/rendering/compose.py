"""How every container of the appliance runs: what the house adds to a service of a compose file, and which services it refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

Service = Mapping[str, Any]

FIXED = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "restart": "unless-stopped",
    "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
}
"""The same for every service."""
MOST_PROCESSES = 100
"""Threads count as well. Most have had 14 at the same time (docs/containers.md)."""
HEALTH = {"interval": "10s", "timeout": "10s", "retries": 3, "start_period": "120s"}
SELDOM = {"interval": "20s", "start_interval": "2s"}
"""Where the engine can look more often at a container that starts."""

RIGHTS = {
    "cap_add",
    "privileged",
    "pid",
    "ipc",
    "userns_mode",
    "uts",
    "cgroup",
    "cgroup_parent",
    "network_mode",
    "oom_kill_disable",
    "memswap_limit",
}
"""Keys that would take back what is fixed, or give more than any service of ours needs."""
ENGINE = PurePosixPath("/var/run/docker.sock"), PurePosixPath("/run/docker.sock"), PurePosixPath("/var/lib/docker")
"""Whoever reaches one of them is root on the host."""


def compose_file(name: str, definition: Mapping[str, Any], *, start_interval: bool = False) -> dict:
    """Return the compose file of the project `name`: its definition, with what every service has in common.

    `start_interval` says whether engine and compose know the key of that name.
    """
    health = HEALTH | (SELDOM if start_interval else {})
    services = {service: _completed(stated, health) for service, stated in (definition.get("services") or {}).items()}
    return {"name": name, **definition, "services": services}


def _completed(stated: Service, health: Mapping[str, Any]) -> dict:
    """Return a service as it runs. Swap would only make slow what is to be ended."""
    defaults = {"tmpfs": ["/tmp"], "pids_limit": MOST_PROCESSES, "memswap_limit": stated["mem_limit"]}  # noqa: S108 - the container's
    return FIXED | defaults | dict(stated) | {"healthcheck": {**health, **stated["healthcheck"]}}


def faults(name: str, definition: Mapping[str, Any]) -> list[str]:
    """Return why services of the project `name` may not run; empty if all may."""
    services = (definition.get("services") or {}).items()
    return [f"{name}, {service}: {fault}" for service, stated in services for fault in _service_faults(stated)]


def _service_faults(service: Service) -> Iterator[str]:
    user = str(service.get("user", "")).partition(":")[0]
    if user in ("", "0", "root"):
        yield "runs as root; write user: with the number of a user of its own"
    if not service.get("mem_limit"):
        yield "has no limit of memory; write mem_limit: with about three times what it was seen to take"
    if not (service.get("healthcheck") or {}).get("test"):
        yield "tells nobody how it is; write healthcheck: with a test"
    for key in sorted(FIXED.keys() & service.keys()):
        yield f"{key} is the same for all services; leave the line out"
    for key in sorted(RIGHTS & service.keys()):
        yield f"{key} is not for services of livemon; leave the line out"
    for source in _mounted(service.get("volumes") or []):
        if any(source in (path, *path.parents) or path in source.parents for path in ENGINE):
            yield f"{source} would give it the Docker engine, and with it the host; mount the directory that it needs"


def _mounted(volumes: Iterable[Any]) -> Iterator[PurePosixPath]:
    """What of the host is mounted; named volumes are not the host's."""
    for volume in volumes:
        source = str(volume.get("source", "") if isinstance(volume, Mapping) else volume.partition(":")[0])
        if source.startswith("/"):
            yield PurePosixPath(source)


def docker_run(memory: str) -> list[str]:
    """Return the beginning of a command that runs a container once, under the same rules; options and the image follow."""
    words = ["docker", "run", "--rm", "--pull", "never", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]  # noqa: S108
    words += ["--security-opt", "no-new-privileges", "--pids-limit", str(MOST_PROCESSES)]
    # What it prints goes to its caller. Docker would keep it besides, without a limit.
    return [*words, "--memory", memory, "--memory-swap", memory, "--log-driver", "none"]
