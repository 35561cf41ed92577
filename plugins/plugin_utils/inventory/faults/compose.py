"""Which services of a compose project may not run: every container of the appliance keeps to container_rules.py."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..container_rules import ENGINE, FIXED, REFUSED
from ..entries import Entry


def faults(project: str, definition: Entry) -> list[str]:
    """Return why services of a project may not run; empty if all may."""
    services = (definition.get("services") or {}).items()
    return [f"{project}, {name}: {fault}" for name, service in services for fault in _service_faults(service)]


def _service_faults(service: Entry) -> Iterator[str]:
    user = str(service.get("user", "")).partition(":")[0]
    if user in ("", "0", "root"):
        yield "runs as root; write user: with the uid of a user of its own"
    if not service.get("mem_limit"):
        yield "has no memory limit; write mem_limit: with about three times the memory that it was seen to use"
    if not (service.get("healthcheck") or {}).get("test"):
        yield "has no health check; write healthcheck: with a test"
    for key in sorted(FIXED.keys() & service.keys()):
        yield f"{key} is the same for all services; leave the line out"
    for key in sorted(REFUSED & service.keys()):
        yield f"{key} is not allowed in livemon's services; leave the line out"
    for source in _mounted(service.get("volumes") or []):
        if any(source in (path, *path.parents) or path in source.parents for path in ENGINE):
            yield f"{source} would give it control of the Docker engine, and so of the host; mount only the directory that it needs"


def _mounted(volumes: Iterable[Any]) -> Iterator[PurePosixPath]:
    """Yield what is mounted from the host; named volumes are not."""
    for volume in volumes:
        source = str(volume.get("source", "") if isinstance(volume, Mapping) else volume.partition(":")[0])
        if source.startswith("/"):
            yield PurePosixPath(source)
