"""Damaged files: which frames are whole, which bytes are not, and a sound file of the rest. No I/O, no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from spt3g import core

from livemon.hkarchive.content import WINDOW, Content
from livemon.hkarchive.frames import (
    DATA,
    SESSION,
    STATUS,
    decode,
    encode,
    frame_end,
    next_header,
    session_frame,
    status_frame,
)


@dataclass(frozen=True)
class Hole:
    """Bytes of a file, from offset `start` up to but not including `end`, that are not a whole frame.

    Samples that were recorded between `after` and `before` (UNIX seconds) may have been in it. `None` if the file does not
    limit it: from its beginning, up to its end.
    """

    start: int
    end: int
    after: float | None
    before: float | None

    def __str__(self) -> str:
        """Return what is missing, in words."""
        after = "the file's beginning" if self.after is None else _utc(self.after)
        before = "its end" if self.before is None else _utc(self.before)
        return (
            f"{self.end - self.start} bytes from byte {self.start} on are damaged; "
            f"samples recorded between {after} and {before} may be missing"
        )


@dataclass(frozen=True)
class Whole:
    """A whole frame and its bytes: from offset `start` up to but not including `end`."""

    frame: core.G3Frame
    start: int
    end: int


class Frames:
    """The whole frames of a file, in order. After a damaged place reading continues at the next frame.

    Parameters
    ----------
    content
        The file, as far as it has been written.

    Attributes
    ----------
    holes
        What the iteration skipped. The last one may reach to the end of the file: a frame that was being written.
    """

    def __init__(self, content: Content) -> None:
        self.holes: list[Hole] = []
        self._content = content

    def __iter__(self) -> Iterator[Whole]:
        """Yield each whole frame."""
        self.holes = []
        turns: list[float] = []  # the newest two times at which data frames were made
        end = 0
        for whole in _whole_frames(self._content):
            moment = _made(whole.frame)
            if whole.start > end:
                self.holes.append(Hole(end, whole.start, _before_the_last(turns), moment))
            if moment is not None and whole.frame["hkagg_type"] == DATA and moment not in turns:
                turns = [*turns, moment][-2:]
            end = whole.end
            yield whole
        if end < len(self._content):
            self.holes.append(Hole(end, len(self._content), _before_the_last(turns), None))


class Salvage:
    """A sound file out of a damaged one: its whole frames, and rebuilt ones without which so3g could not read these.

    so3g looks up providers by the number that a status frame gave them, and raises if there is none.

    Parameters
    ----------
    content
        As for :class:`Frames`.

    Attributes
    ----------
    frames, rebuilt, holes
        After the iteration: how many frames were whole, how many were rebuilt, and what could not be read.
    """

    def __init__(self, content: Content) -> None:
        self.frames = self.rebuilt = 0
        self.holes: list[Hole] = []
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        """Yield the frames of the sound file, encoded."""
        self.frames = self.rebuilt = 0
        providers: dict[int, str] = {}
        found = Frames(self._content)
        for whole in found:
            frame = whole.frame
            if not self.frames and frame["hkagg_type"] != SESSION:
                yield self._make(session_frame(frame["session_id"], _made(frame) or 0.0, "HK data"))
            if frame["hkagg_type"] == STATUS:
                providers = providers_of(frame)
            elif frame["hkagg_type"] == DATA and frame["prov_id"] not in providers and "address" in frame:
                providers[frame["prov_id"]] = frame["address"]
                yield self._make(status_frame(frame["session_id"], frame["timestamp"], providers))
            self.frames += 1
            yield self._content[whole.start : whole.end]
        self.holes = found.holes

    @property
    def needed(self) -> bool:
        """Whether the file was damaged; known after the iteration."""
        return bool(self.holes or self.rebuilt)

    def _make(self, frame: core.G3Frame) -> bytes:
        self.rebuilt += 1
        return encode(frame)


def providers_of(status: core.G3Frame) -> dict[int, str]:
    """Return the feed addresses that a status frame lists, by number."""
    return {entry["prov_id"].value: entry["description"].value for entry in status["providers"]}


def _whole_frames(content: Content) -> Iterator[Whole]:
    start: int | None = 0
    base, window = 0, b""
    while start is not None:
        end = frame_end(window, start - base)
        if end is None:
            base, window = start, _window(content, start)
            end = frame_end(window, 0)
        frame = _decoded(window[start - base : end]) if end is not None else None
        if end is None or frame is None:
            start = next_header(content, start + 1)
        else:
            yield Whole(frame, start, base + end)
            start = base + end


def _window(content: Content, start: int) -> bytes:
    """Return a window of the content from `start` on, with all of the frame that may begin there."""
    window = content[start : start + WINDOW]
    if frame_end(window, 0) is None and (end := frame_end(content, start)) is not None:
        return content[start:end]
    return window


def _decoded(content: bytes) -> core.G3Frame | None:
    try:
        return decode(content)
    except ValueError:
        return None


def _made(frame: core.G3Frame) -> float | None:
    made: float | None = frame.get("timestamp", None)
    return made


def _before_the_last(turns: list[float]) -> float | None:
    """Return when the frames before the last ones were made.

    The frames of all feeds are made together, so that the last whole one may cover the same time as a damaged one.
    """
    return turns[0] if len(turns) == 2 else None


def _utc(moment: float) -> str:
    return f"{dt.datetime.fromtimestamp(moment, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"
