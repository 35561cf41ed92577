"""Frames that wait to be written, oldest first, in bounded memory."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from itertools import count

from livemon.hkarchive.ledger import Span


@dataclass(frozen=True)
class EncodedFrame:
    """A data frame ready to be written: its content, how many samples it has, and of which feed."""

    content: bytes
    samples: int
    number: int
    address: str
    spans: tuple[Span, ...] = ()
    """The numbers that the agent gave the samples; a frame without content stands for samples that are missing."""


class Backlog:
    """Frames in the order in which they were made.

    Parameters
    ----------
    limit
        Bytes that :meth:`trim` leaves, at most.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._frames: OrderedDict[int, EncodedFrame] = OrderedDict()
        self._keys_of: dict[str, deque[int]] = {}
        self._bytes_of: Counter[str] = Counter()
        self._numbers = count()

    def __len__(self) -> int:
        """Return how many frames wait."""
        return len(self._frames)

    @property
    def bytes(self) -> int:
        """How many bytes wait."""
        return self._bytes_of.total()

    @property
    def providers(self) -> dict[int, str]:
        """The addresses of the feeds by their numbers in the frames."""
        return {frame.number: frame.address for frame in self._frames.values() if frame.content}

    def append(self, frame: EncodedFrame) -> None:
        """Add the newest frame."""
        key = next(self._numbers)
        self._frames[key] = frame
        self._keys_of.setdefault(frame.address, deque()).append(key)
        self._bytes_of[frame.address] += len(frame.content)

    def oldest(self, most: int) -> list[EncodedFrame]:
        """Return the oldest frames that together have at most `most` bytes, but at least one."""
        chosen: list[EncodedFrame] = []
        for frame in self._frames.values():
            most -= len(frame.content)
            if chosen and most < 0:
                break
            chosen.append(frame)
        return chosen

    def remove_oldest(self, number: int) -> None:
        """Remove the `number` oldest frames."""
        for _ in range(number):
            self._remove_oldest_of(next(iter(self._frames.values())).address)

    def trim(self) -> list[EncodedFrame]:
        """Remove frames until the limit is kept; return the removed ones.

        Each time the feed with the most bytes loses its oldest frame, so that a feed that sends too much does not cost others theirs.
        """
        removed = []
        while self._frames and self.bytes > self.limit:
            ((address, _),) = self._bytes_of.most_common(1)
            removed.append(self._remove_oldest_of(address))
        return removed

    def _remove_oldest_of(self, address: str) -> EncodedFrame:
        frame = self._frames.pop(self._keys_of[address].popleft())
        self._bytes_of[frame.address] -= len(frame.content)
        if not self._keys_of[frame.address]:
            del self._keys_of[frame.address], self._bytes_of[frame.address]
        return frame
