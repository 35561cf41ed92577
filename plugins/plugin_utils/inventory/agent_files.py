"""Files that the containers of agents get from the controller: a lab's own code, and what is listed under ``files``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypedDict

from .entries import Entry
from .own_agents import code_of, codes_beside

CODE, FILES = "agents", "files"
"""Where they are in the container, directories at its root."""


class AgentFile(TypedDict):
    """A file of one agent: its instance-id, its directory (``files/<instance-id>``), its name, its path here, and its checksum."""

    agent: str
    directory: str
    file: str
    path: str
    checksum: str


def agent_files(instruments: Iterable[Entry], agents: Iterable[Entry], inventory_directory: object) -> list[AgentFile]:
    """Return all files of a sound inventory; relative paths begin at the directory of the inventory file."""
    agents = list(agents)
    codes = codes_beside(inventory_directory)
    own = [(agent["id"], CODE, code.path) for agent in agents if (code := code_of(agent, codes))]
    listed = [
        (entry["id"], FILES, path) for entry in (*instruments, *agents) for path in paths_of(entry, inventory_directory)
    ]
    return [_file(*each) for each in (*own, *listed)]


def paths_of(entry: Entry, inventory_directory: object) -> Iterator[Path]:
    """Yield where the files of an instrument or an agent are."""
    for path in entry.get("files") or []:
        yield Path(str(inventory_directory or "")) / path


def _file(agent: str, mount: str, path: Path) -> AgentFile:
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return {"agent": agent, "directory": f"{mount}/{agent}", "file": path.name, "path": str(path), "checksum": checksum}
