"""The last message of something that reports to the bridge."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class LastMessage:
    """What was last said, and when: by the wall clock for people, and by the monotonic clock for how long ago.

    Parameters
    ----------
    clock, steady
        UNIX seconds, and seconds of the monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._steady = clock, steady
        self._last: tuple[float, float, dict[str, Any]] | None = None

    def hear(self, **said: Any) -> None:
        """Record a message."""
        self._last = self._clock(), self._steady(), said

    def forget(self) -> None:
        """Return to the initial state: nothing was heard."""
        self._last = None

    @property
    def age(self) -> float | None:
        """Seconds since the last message; `None` if there was none."""
        return None if self._last is None else self._steady() - self._last[1]

    def as_dict(self) -> dict[str, Any]:
        """Return ``heard`` (UNIX seconds, UTC) and ``age`` (seconds), both `None` if nothing was heard, and the message's parts."""
        if self._last is None:
            return {"heard": None, "age": None}
        heard, _, said = self._last
        return {"heard": heard, "age": self.age} | said
