"""How every container of the appliance runs: what each service of a compose file gets by the rules of container_rules.py."""

from __future__ import annotations

from ..container_rules import FIXED
from ..entries import Document, Entry

MOST_PROCESSES = 100
"""Threads count as well. The largest number seen at one time was 14 (docs/containers.md)."""
HEALTH = {"interval": "10s", "timeout": "10s", "retries": 3, "start_period": "120s"}
SELDOM = {"interval": "20s", "start_interval": "2s"}
"""For an engine that can check a container more often while it starts."""


def compose_file(name: str, definition: Entry, *, start_interval: bool = False) -> Document:
    """Return the compose file of the project `name`: its definition, with what all services have in common.

    `start_interval` says whether engine and compose know the key of that name.
    """
    health = HEALTH | (SELDOM if start_interval else {})
    services = {name: _completed(service, health) for name, service in (definition.get("services") or {}).items()}
    return {"name": name, **definition, "services": services}


def _completed(service: Entry, health: Entry) -> Document:
    """Return a service as it runs. It has no swap, which would only slow down what is to be killed."""
    defaults = {"tmpfs": ["/tmp"], "pids_limit": MOST_PROCESSES, "memswap_limit": service["mem_limit"]}  # noqa: S108 - the container's
    return FIXED | defaults | dict(service) | {"healthcheck": {**health, **service["healthcheck"]}}


def docker_run(memory: str) -> list[str]:
    """Return the first words of a command that runs a container once, under the same rules; options and the image follow."""
    words = ["docker", "run", "--rm", "--pull", "never", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL"]  # noqa: S108
    words += ["--security-opt", "no-new-privileges", "--pids-limit", str(MOST_PROCESSES)]
    # Its output goes to its caller; Docker would also store it, without a limit.
    return [*words, "--memory", memory, "--memory-swap", memory, "--log-driver", "none"]
