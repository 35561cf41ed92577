"""Files that are whole under their name or not there at all, and never readable by more than they are meant for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_private(path: Path, content: bytes, owner: int | None = None) -> None:
    """Write `content` to `path` with mode 0400, owned by the uid `owner` (the caller's own by default)."""
    _replace(path, content, 0o400, owner)


def write_public(path: Path, content: bytes) -> None:
    """Write `content` to `path` with mode 0644."""
    _replace(path, content, 0o644, None)


def write_for_group(path: Path, content: bytes) -> None:
    """Write `content` to `path` with mode 0640."""
    _replace(path, content, 0o640, None)


def _replace(path: Path, content: bytes, mode: int, owner: int | None) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if owner is not None:
                os.fchown(file.fileno(), owner, owner)
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
