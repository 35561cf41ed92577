"""Sound copies of damaged files. The originals are never changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from livemon.errors import ArchiveError
from livemon.hkarchive.content import FileContent, content_of
from livemon.hkarchive.damage import Hole, Salvage
from livemon.hkarchive.frames import quiet
from livemon.hkarchive.writer import DAMAGED, PART, write_whole

SUFFIX = ".g3"
REPAIRED = "repaired"


@dataclass(frozen=True)
class Examined:
    """The state of a file: number of whole `frames`, `missing` frames that so3g needs and that can be rebuilt, damaged places."""

    path: Path
    frames: int
    missing: int
    holes: tuple[Hole, ...]

    @property
    def whole(self) -> bool:
        """Whether there is nothing to repair."""
        return not self.holes and not self.missing

    def __str__(self) -> str:
        """Return what is wrong with the file, a line for each damaged place."""
        if self.whole:
            return f"{self.path}: whole, {self.frames} frames"
        # If a damaged place was the frame that names the feeds, rebuilding it needs no line of its own.
        faults = list(map(str, self.holes)) or [
            "no sample is missing, but a frame that names the feeds, without which so3g fails"
        ]
        return "\n".join(f"{self.path}: {fault}" for fault in faults)


def files_of(path: Path) -> list[Path]:
    """Return the ``.g3`` files below a directory, or a file itself.

    Raises
    ------
    ArchiveError
        If there is none, or the file has another name.
    """
    if path.is_dir():
        found = sorted(path.rglob(f"*{SUFFIX}"))
        if not found:
            raise ArchiveError(f"{path} has no {SUFFIX} file in it")
        return found
    if not path.name.endswith((SUFFIX, SUFFIX + PART, SUFFIX + DAMAGED)):
        raise ArchiveError(f"{path} is not a {SUFFIX} file: give one like 17000/1700000006.g3, or a directory of them")
    return [path]


def examine(path: Path) -> Examined:
    """Read a whole file.

    Raises
    ------
    ArchiveError
        If it cannot be read, or nothing in it is a frame of a house-keeping archive.
    """
    with _opened(path) as content:
        salvage = Salvage(content)
        for _ in salvage:
            pass
    if not salvage.frames:
        raise ArchiveError(f"{path} has no whole frame of a house-keeping archive: nothing of it can be kept")
    return Examined(path, salvage.frames, salvage.rebuilt, tuple(salvage.holes))


def copy_of(path: Path, directory: Path | None) -> Path:
    """Return the path for the sound copy of a file: below `directory`, laid out like the archive, so that so3g can read it there.

    By default that is the directory ``repaired`` in the archive to which the file belongs.
    """
    name = path.name[: path.name.index(SUFFIX)] + SUFFIX
    five_digits = path.resolve().parent
    if five_digits.name.isdigit():
        return (directory or five_digits.parent / REPAIRED) / five_digits.name / name
    return (directory or path.parent / REPAIRED) / name


def write_copy(path: Path, copy: Path) -> None:
    """Write the sound copy of a file.

    Raises
    ------
    ArchiveError
        If the copy exists already, or cannot be written; no part of it is left then.
    """
    if copy.exists():
        raise ArchiveError(f"{copy} exists already: remove it, or choose another directory with --output")
    with _opened(path) as content:
        try:
            copy.parent.mkdir(parents=True, exist_ok=True)
            write_whole(copy, Salvage(content))
        except OSError as error:
            raise ArchiveError(
                f"{copy} cannot be written: {error.strerror}; choose another directory with --output"
            ) from error


@contextmanager
def _opened(path: Path) -> Iterator[FileContent]:
    try:
        with content_of(path) as content, quiet():
            yield content
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror}") from error
