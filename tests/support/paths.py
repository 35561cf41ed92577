"""Where things are in this repository."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTROLLER = ROOT / ".venv" / os.environ.get("LIVEMON_CONTROLLER", "controller") / "bin"
"""The programs of Ansible: of the newest, or of the lane that is named."""


def written_files(directory: Path) -> Iterator[Path]:
    """Every file below a directory that somebody wrote: not what Python compiled beside it."""
    return (path for path in directory.rglob("*") if path.is_file() and path.suffix != ".pyc")
