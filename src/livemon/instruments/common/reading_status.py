"""The reading status of the scanned bridges 370 and 372, for what livemon changes in socs's drivers and agents of both.

Every reading is between two answers to ``RDGST?``, and its status has the bits of both; a reading that is not valid is NaN. For the
reasons see :mod:`livemon.instruments.lakeshore372.reading_status`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

CONTROL = 0
"""socs's number for the control input of a 372 in `get_temp`."""
OF_TEMPERATURE_ONLY = 64 | 128
"""T. OVER and T. UNDER: the resistance is valid, but not on the curve."""
ALL_BITS = 255
FRESH = 1.0
"""Seconds for which the status after a reading also counts as the one before the next reading."""
AWAY = 4.0
"""Seconds in which a scanner cannot have gone to another channel and come back: its shortest pause (3) and dwell (1)."""
_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""


class Visit:
    """Which channel a scanner was last seen to measure, and since when at the latest (monotonic clock, seconds)."""

    def __init__(self) -> None:
        self._channel: int | None = None
        self._since = self._seen = -math.inf

    def see(self, channel: int) -> None:
        """Note which channel is active now. The first one is assumed to have settled."""
        now = time.monotonic()
        if self._channel is not None and (channel != self._channel or now - self._seen > AWAY):
            self._since = now
        self._channel, self._seen = channel, now

    def settled(self, channel: int, pause: float) -> bool:
        """Whether a channel is the active one, and its pause after the change must be over."""
        return channel == self._channel and time.monotonic() - self._since >= pause


class AsksForStatus(_Upstream):
    """Mixed into socs's driver: a reading in kelvins and the following one in ohms have a status.

    `reading_status` is that of the newest such pair of each channel, by its number, 0 for the control input; `repeated` has the
    channels whose newest pair may be from an earlier visit of the scanner.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reading_status: dict[int, int] = {}
        self.repeated: set[int] = set()
        self._visit = Visit()
        self._answered: dict[int, tuple[float, int]] = {}
        """When ``RDGST?`` was last answered (monotonic clock, seconds), and with which status, by channel."""
        super().__init__(*args, **kwargs)

    def get_active_channel(self) -> Any:
        """Return the channel that is being measured, and note it."""
        channel = super().get_active_channel()
        self._visit.see(channel.channel_num)
        return channel

    def has_settled(self, chan: int, delay: float = 0.0) -> bool:
        """Whether a scanned channel, by its number, is the active one, and its pause and `delay` more seconds are over."""
        pause = next(channel.pause for channel in self.channels if channel.channel_num == chan)
        return self._visit.settled(chan, pause + delay)

    def get_temp(self, unit: str | None = None, chan: int = -1) -> float:
        """Return a reading as socs does; query its status before and after, if a channel and a unit are given.

        Raises
        ------
        ConnectionError
            If the instrument did not answer; then there is no reading.
        ValueError
            If the answer is not a status; that ends socs's acquisition, and the agent restarts with a clean connection.
        """
        has_status = chan >= 0 and unit in {"kelvin", "ohms"}
        if has_status and unit == "kelvin":
            self.repeated.discard(chan)
            if chan != CONTROL and not self.has_settled(chan):
                self.repeated.add(chan)
            self.reading_status[chan] = self._status_before(chan)
        reading: float = super().get_temp(unit, chan)
        if has_status and unit == "ohms":
            self.reading_status[chan] = self.reading_status.get(chan, 0) | self._ask(chan)
        return reading

    def _status_before(self, chan: int) -> int:
        answered, status = self._answered.get(chan, (-math.inf, 0))
        return status if time.monotonic() - answered < FRESH else self._ask(chan)

    def _ask(self, chan: int) -> int:
        self._answered.pop(chan, None)
        answer = self.msg(f"RDGST? {chan or 'A'}")
        if not answer.isdecimal() or int(answer) > ALL_BITS:
            raise ValueError(f"{answer!r} is not a reading status")
        self._answered[chan] = time.monotonic(), int(answer)
        return int(answer)


def with_status(message: Mapping[str, Any], status: int) -> Iterator[dict[str, Any]]:
    """Yield a message of socs's ``acq`` with its status and NaN for invalid readings; then the invalid readings, if any.

    `message` has one block: ``{"timestamp", "block_name", "data": {"<stem>_T": kelvins, "<stem>_R": ohms}}``.
    """
    readings = dict(message["data"])
    stem = next(iter(readings)).removesuffix("_T")
    invalid = {f"{stem}_T"} if status & OF_TEMPERATURE_ONLY else set()
    if status & ~OF_TEMPERATURE_ONLY:
        invalid = set(readings)
    data = {name: math.nan if name in invalid else value for name, value in readings.items()}
    yield {**message, "data": data | {f"{stem}_status": status}}
    if invalid:
        flagged = {f"{name}_flagged": value for name, value in readings.items()}
        yield {**message, "block_name": f"{message['block_name']}_flagged", "data": flagged}
