"""A file's content, piece by piece: files may be larger than a container's memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

WINDOW = 1 << 20


class Content(Protocol):
    """What frames are read from: ``bytes``, or something that is sliced like them."""

    def __len__(self) -> int:
        """Return the number of bytes."""

    def __getitem__(self, piece: slice) -> bytes:
        """Return ``content[start:stop]``, shorter at the end of the content."""


class FileContent:
    """The present bytes of a file, one window of them in memory. Slices need a start and a stop."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._start, self._window = 0, b""

    def __len__(self) -> int:
        """Return the size that the file had when it was opened."""
        return self._size

    def __getitem__(self, piece: slice) -> bytes:
        """Return these bytes, fewer if the file has been truncated since."""
        start, stop = piece.start, min(piece.stop, self._size)
        if start < self._start or stop > self._start + len(self._window):
            self._start, self._window = start, os.pread(self._descriptor, max(WINDOW, stop - start), start)
        return self._window[start - self._start : stop - self._start]


@contextmanager
def content_of(path: Path) -> Iterator[FileContent]:
    """Open a file for reading as long as the context lasts."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield FileContent(descriptor)
    finally:
        os.close(descriptor)
