"""Crash-safe files: a file with its final name is whole, and of one that was being written all whole frames survive.

A file grows as ``<data-dir>/<first 5 digits>/<ctime>.g3.part`` and gets its final name when it is closed. Every write
ends with an fsync. A writer holds a lock (flock) on its ``.part`` file as long as it lives, so that :func:`rescue` can
tell the files of dead writers from those of living ones.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from livemon.hkarchive.content import WINDOW, FileContent, content_of
from livemon.hkarchive.damage import Hole, Salvage

PART = ".part"
DAMAGED = ".damaged"
NEW = ".new"
FILE_MODE = 0o640
DIRECTORY_MODE = 0o750


class ArchiveWriter:
    """Writes encoded frames to one file after another.

    Parameters
    ----------
    data_dir
        Must exist and be writable.
    seconds_per_file
        Age at which the file is closed; the next write opens another.
    preamble
        Returns what every file begins with; called when one is opened.
    clock
        The time, UNIX seconds; files are named after it.
    """

    def __init__(
        self,
        data_dir: Path,
        seconds_per_file: float,
        preamble: Callable[[], bytes],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.data_dir = data_dir
        self.seconds_per_file = seconds_per_file
        self.path: Path | None = None
        self.bytes_written = 0
        self.files_closed = 0
        self._preamble = preamble
        self._clock = clock
        self._descriptor = -1
        self._whole = 0
        self._opened = 0.0

    def write(self, content: bytes) -> None:
        """Append whole frames so that they survive a power cut; open a file first if none is open.

        Raises
        ------
        OSError
            If they could not be stored (disk full, no permission). None of `content` is then in the file, which stays
            whole; the same content may be written again.
        """
        if self.path is None:
            self._open()
        try:
            self._append(content)
        except OSError:
            os.ftruncate(self._descriptor, self._whole)
            raise

    def rotate_if_due(self) -> None:
        """Close the file if it has reached its age, also if no more frames come, or if the clock was set back."""
        if self.path is not None and not 0 <= self._clock() - self._opened < self.seconds_per_file:
            self.close()

    def close(self) -> None:
        """Give the file its final name; does nothing if none is open.

        Raises
        ------
        OSError
            If that cannot be done: the file stays open, to be closed later. If it was removed or renamed, it is
            given up instead, so that the next write opens another.
        """
        if self.path is None:
            return
        try:
            publish(self.path)
        finally:
            if not self.path.exists():
                self._let_go()
        self.files_closed += 1

    def _let_go(self) -> None:
        os.close(self._descriptor)
        self.path, self._descriptor = None, -1

    def _open(self) -> None:
        now = self._clock()
        ctime = int(now)
        while (opened := _create(self.data_dir, ctime)) is None:
            ctime += 1
        self.path, self._descriptor = opened
        self._whole, self._opened = 0, now
        try:
            self._append(self._preamble())
        except OSError:
            self.path.unlink(missing_ok=True)
            self._let_go()
            raise

    def _append(self, content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[os.write(self._descriptor, view) :]
        os.fsync(self._descriptor)
        self._whole += len(content)
        self.bytes_written += len(content)


@dataclass(frozen=True)
class Rescued:
    """The outcome for one file that a dead writer left.

    `path` is its final name, `None` if no frame was whole; `frames` were kept, `torn_bytes` at its end dropped.
    `holes` are damaged places before whole frames; the file with them is then kept as `damaged`. If it was an older copy
    of the finished file `copy_of`, it was removed. A file that could not be changed has a `fault` instead.
    """

    part: Path
    path: Path | None = None
    frames: int = 0
    torn_bytes: int = 0
    holes: tuple[Hole, ...] = ()
    damaged: Path | None = None
    copy_of: Path | None = None
    fault: str | None = None


def rescue(data_dir: Path) -> Iterator[Rescued]:
    """Finish the files that dead writers left below `data_dir`, and yield one record for each.

    Whole frames are kept, also those after a damaged one, a torn tail is dropped, and the file gets its final name; a file
    without a whole frame is removed. A file that was damaged before its end is kept beside the sound one as
    ``<ctime>.g3.damaged``, which nothing reads.
    A finished file is never overwritten: an older copy of it, as from a backup that was restored, is removed, and a file with
    other content gets a name of its own.
    Files of living writers are left alone, and so is one that cannot be changed: it must not prevent others from being
    written.
    """
    for part in sorted(data_dir.glob(f"[0-9]*/*.g3{PART}")):
        try:
            rescued = _rescue(part)
        except FileNotFoundError:
            continue  # a living writer has just published it
        except OSError as error:
            rescued = Rescued(part, fault=error.strerror)
        if rescued is not None:
            yield rescued


def _rescue(part: Path) -> Rescued | None:
    descriptor = os.open(part, os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return None
        return _finish(part, descriptor)
    finally:
        os.close(descriptor)


def _finish(part: Path, descriptor: int) -> Rescued:
    content = FileContent(descriptor)
    final = part.with_suffix("")
    if final.exists():
        if _begins_with(final, content):
            part.unlink()
            return Rescued(part, copy_of=final)
        part = _with_a_free_name(part)
    salvage = Salvage(content)
    for _ in salvage:
        pass  # read it through, to see what is whole
    if not salvage.frames:
        part.unlink()
        return Rescued(part, torn_bytes=len(content))
    holes = salvage.holes
    torn = holes.pop() if holes and holes[-1].end == len(content) else None
    torn_bytes = torn.end - torn.start if torn else 0
    if holes or salvage.rebuilt:
        final, damaged = _put_aside(part, salvage)
        return Rescued(part, final, salvage.frames, torn_bytes, tuple(holes), damaged)
    os.ftruncate(descriptor, len(content) - torn_bytes)
    os.fsync(descriptor)
    return Rescued(part, publish(part), salvage.frames, torn_bytes)


def _begins_with(final: Path, content: FileContent) -> bool:
    """Whether a finished file begins with all of `content`: an older copy of it, as in a backup of a running recorder's file."""
    with content_of(final) as finished:
        return all(
            content[at : at + WINDOW] == finished[at : min(at + WINDOW, len(content))]
            for at in range(0, len(content), WINDOW)
        )


def _with_a_free_name(part: Path) -> Path:
    """Rename a ``.part`` file whose final name belongs to another file, which must not be overwritten."""
    ctime = int(part.name.split(".")[0]) + 1
    while (reserved := _create(part.parent.parent, ctime)) is None:
        ctime += 1
    free, descriptor = reserved
    try:
        part.rename(free)
    finally:
        os.close(descriptor)
    return free


def _put_aside(part: Path, salvage: Salvage) -> tuple[Path, Path]:
    """Publish a sound file in place of a damaged one, and keep the latter under another name; return both."""
    final = part.with_suffix("")
    damaged = final.with_name(final.name + DAMAGED)
    write_whole(final, salvage)
    part.rename(damaged)
    _sync_directory(final.parent)
    return final, damaged


def write_whole(path: Path, pieces: Iterable[bytes]) -> None:
    """Write a file that gets its name only when all of it is on the disk.

    Raises
    ------
    OSError
        If it could not be stored; nothing of it is left then.
    """
    new = path.with_name(path.name + NEW)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, FILE_MODE), "wb") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def publish(part: Path) -> Path:
    """Give a finished ``.part`` file its final name, which :func:`_create` or :func:`rescue` made sure is free."""
    final = part.with_suffix("")
    part.rename(final)
    _sync_directory(final.parent)
    return final


def _create(data_dir: Path, ctime: int) -> tuple[Path, int] | None:
    """Create and lock a ``.part`` file; return `None` if its name is taken."""
    directory = data_dir / str(ctime)[:5]
    if not directory.is_dir():
        directory.mkdir(DIRECTORY_MODE, exist_ok=True)
        _sync_directory(data_dir)
    part = directory / f"{ctime}.g3{PART}"
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, FILE_MODE)
    except FileExistsError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Only the holder of the .part may publish the name, so a published file is looked for after the creation. And
        # before the lock was held, another process may have taken the empty file for a dead writer's and removed it.
        removed = os.fstat(descriptor).st_nlink == 0
        if not removed and not part.with_suffix("").exists():
            _sync_directory(directory)
            return part, descriptor
    except OSError:
        part.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    if not removed:
        part.unlink()
    os.close(descriptor)
    return None


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
