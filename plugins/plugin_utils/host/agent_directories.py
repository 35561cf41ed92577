"""Directories of the machine that agents need: whether they exist, and what an agent may do there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..inventory.host_directories import host_fault
from .report import Report, Section
from .requirements import Requirements


def problems(report: Report, needed: Requirements) -> Iterator[str]:
    """Yield what is in the way of the agents."""
    for directory in needed.agent_directories:
        yield from _problems(directory, report["agent_directories"], needed.agent_uid)


def _problems(directory: Mapping[str, Any], found: Section, uid: int) -> Iterator[str]:
    path = str(directory["path"]).rstrip("/")
    what = f"The directory {path} of the agent {directory['agent']}"
    facts = {kind: rest for kind, of, rest in map(_fact, found.lines) if of.rstrip("/") == path}
    if "real" not in facts:
        yield f"{what} does not exist: create it, or mount the file system that holds it, or write another one."
        return
    real = PurePosixPath(facts["real"])
    if str(real) != path and (fault := host_fault(real)):
        yield f"{what} is a symbolic link to {real}, which {fault}."
    elif "unreadable" in facts:
        file = f"{path}/{facts['unreadable']}".rstrip("/")
        yield (
            f"{what} cannot be read by the user ocs (uid {uid}), with which agents run: see ls -ld {file}. Grant it, for example "
            f"with sudo setfacl -R -m u:{uid}:rX,d:u:{uid}:rX {path}, or chmod -R o+rX {path}."
        )
    elif directory.get("writable") and "unwritable" in facts:
        yield (
            f"{what} cannot be written by the user ocs (uid {uid}), with which agents run: grant it, for example with "
            f"sudo chown {uid} {path}, or leave writable out."
        )


def _fact(line: str) -> tuple[str, str, str]:
    kind, path, rest = [*line.split(" ", 2), "", ""][:3]
    return kind, path, rest
