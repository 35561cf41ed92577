"""The input scanner of the Models 370 and 372: one input at a time, each for its dwell time, after a pause to settle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class InputSetup:
    """What ``INSET`` sets, in its order: `dwell` and `pause` in seconds, `curve` 0 for none."""

    enabled: int = 0
    dwell: int = 5
    pause: int = 3
    curve: int = 0
    coefficient: int = 1


class Scanner:
    """Which input is connected, and whether its reading has settled.

    Parameters
    ----------
    setups
        Settings of the inputs; read each time, so that changes take effect at once.
    channels
        The inputs that are scanned, in this order.
    """

    def __init__(self, setups: Mapping[Any, InputSetup], channels: Sequence[int]) -> None:
        self._setups = setups
        self._channels = channels
        self.autoscan = True
        self.active = next((n for n in channels if setups[n].enabled), channels[0])
        self._since = 0.0

    def select(self, n: int, elapsed: float) -> None:
        """Connect an input; its pause begins now, unless it was connected already."""
        if n != self.active:
            self.active, self._since = n, elapsed

    def advance(self, elapsed: float) -> None:
        """Go on to the next enabled input when pause and dwell of the present one are over."""
        setup = self._setups[self.active]
        if self.autoscan and elapsed - self._since >= setup.pause + setup.dwell:
            self.select(self._next(), elapsed)

    def settled(self, elapsed: float) -> bool:
        """Whether the pause is over, so that readings are new ones of the active input."""
        return elapsed - self._since >= self._setups[self.active].pause

    def _next(self) -> int:
        """Return the next enabled input after the active one, cyclically; the active one if there is no other."""
        order = sorted(self._channels, key=lambda n: (n <= self.active, n))
        return next((n for n in order if self._setups[n].enabled), self.active)
