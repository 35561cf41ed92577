"""The installation's secrets: each made once at random, with one copy for each process that reads it.

A master lies in ``master/<name>``, readable by its owner (root) alone; a reader's copy in ``<reader>/<name>``, in a
directory that nobody but the reader can enter. A copy that is missing or differs from its master is written again.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from livemon.errors import ConfigError
from livemon.files import write_private

SECRET_BYTES = 32
_NAME = re.compile(r"[a-z][a-z0-9_-]*\Z")


@dataclass(frozen=True)
class Copy:
    """Who reads a secret: the secret's name, the reader's directory and the reader's uid."""

    name: str
    reader: str
    uid: int

    @classmethod
    def parse(cls, text: str) -> Copy:
        """Read ``NAME:READER:UID``.

        Raises
        ------
        ConfigError
            If it is malformed.
        """
        name, _, rest = text.partition(":")
        reader, _, uid = rest.partition(":")
        if not (_NAME.match(name) and _NAME.match(reader) and uid.isdecimal()) or reader == "master":
            raise ConfigError(f"--copy {text}: write NAME:READER:UID, for example hub:crossbar:9001")
        return cls(name, reader, int(uid))


def ensure(directory: Path, copies: Iterable[Copy], rotate: Iterable[str] = ()) -> Iterator[str]:
    """Make the secrets that `copies` name and the copies themselves, where they are missing.

    Parameters
    ----------
    rotate
        Names of secrets that are replaced.

    Yields
    ------
    str
        One sentence for each thing made; never a secret.
    """
    is_root = os.geteuid() == 0
    masters = directory / "master"
    directory.mkdir(parents=True, exist_ok=True)
    masters.mkdir(mode=0o700, exist_ok=True)
    for name in rotate:
        (masters / name).unlink(missing_ok=True)
    for copy in copies:
        master = masters / copy.name
        if not master.exists():
            write_private(master, secrets.token_urlsafe(SECRET_BYTES).encode())
            yield f"made the secret {copy.name}"
        reader = directory / copy.reader
        if not reader.exists():
            reader.mkdir(mode=0o500 if is_root else 0o700)  # root alone can write where it may not
        if is_root:
            os.chown(reader, copy.uid, copy.uid)
        target = reader / copy.name
        content = master.read_bytes()
        if not target.exists() or target.read_bytes() != content:
            write_private(target, content, copy.uid)
            yield f"gave the secret {copy.name} to {copy.reader}"
