"""Which directories of the host an agent's container may have, and where in the container they may be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

_PROGRAMS = ("/bin", "/boot", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/sbin", "/usr")
_KERNEL = ("/dev", "/proc", "/run", "/sys", "/var/run")
SYSTEM = tuple(
    PurePosixPath(path)
    for path in (
        *_PROGRAMS,
        *_KERNEL,
        *("/root", "/var/lib/containerd", "/var/lib/docker", "/var/lib/livemon", "/var/log/livemon"),
    )
)
"""Directories of the host that hold the system itself, its sockets and secrets, Docker's state or livemon's."""
_MOUNTED = ("/agents", "/config", "/files", "/tmp", "/var/log/livemon")  # noqa: S108 # the container's
OWN = tuple(PurePosixPath(path) for path in (*_PROGRAMS, *_KERNEL, *_MOUNTED, "/opt"))
"""Directories of an agent's container that hold its programs, or at which roles/ocs/templates/compose.yml.j2 mounts something."""


def overlapping(path: PurePosixPath, directories: Iterable[PurePosixPath]) -> PurePosixPath | None:
    """Return the first of the directories that is the same as `path`, within it or around it; None if none is."""
    return next((each for each in directories if each == path or each in path.parents or path in each.parents), None)


def host_fault(path: PurePosixPath) -> str | None:
    """Return why a directory of the host cannot be given to an agent, as the end of a sentence; None if it can."""
    if path == PurePosixPath("/"):
        return "is the whole machine; write only the directory that the agent needs"
    if other := overlapping(path, SYSTEM):
        relation = "contains" if path in other.parents else "is within" if other in path.parents else "is"
        what = "a system directory" if relation == "is" else f"the system directory {other}"
        return f"{relation} {what}; give the agent a directory of its own, for example below /srv"
    return None


def container_fault(at: PurePosixPath) -> str | None:
    """Return why nothing can be mounted at a path of an agent's container, as the end of a sentence; None if it can be."""
    if at == PurePosixPath("/"):
        return "is the root of the container"
    if other := overlapping(at, OWN):
        return f"overlaps with {other}, which the container needs for itself"
    return None
