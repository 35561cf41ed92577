"""The rules under which every container of the appliance runs: what is the same for all, and what none may have."""

from __future__ import annotations

from pathlib import PurePosixPath

from .entries import Document

FIXED: Document = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "restart": "unless-stopped",
    "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
}
"""The same for every service."""
REFUSED = {
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
"""Keys that would undo what is fixed, or grant more than any of our services needs."""
ENGINE = PurePosixPath("/var/run/docker.sock"), PurePosixPath("/run/docker.sock"), PurePosixPath("/var/lib/docker")
"""Access to one of them is root on the host."""
