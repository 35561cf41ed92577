"""The reading status of a Lake Shore 372: queried with every reading, published with it, and respected.

The instrument answers ``KRDG?`` and ``SRDG?`` with a number even if it has no reading: 0 for a resistance that is not on the curve,
or whatever an overloaded input reads. Only ``RDGST?`` says so (Model 372 manual, chapter 6: a sum of bits, 0 for a valid reading; for
a channel that is not being measured, the last status before the scanner left it). socs never queries it during acquisition.

Here every reading is between two answers to ``RDGST?``, and its status has the bits of both: a reading that was invalid just before
or just after is not taken to be valid. What the status calls invalid is published as NaN, so that no plot, no alarm and no reader
of the archive can mistake it for a temperature. Nothing is lost: the status is a field of the same block, and the numbers that the
instrument sent are in a block of their own, ``<block>_flagged``.

socs's methods return what they always did: its servo and its test for stability compare numbers.

A scanned channel repeats its last reading, as a valid one, while another one is measured and in its own pause after the change.
socs waits only if it sees two different channels in a row; after an interruption as long as a scan cycle it sees the same one
before and after. So a reading is published only if the channel has been seen active for the length of its pause.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

from socs.agents.lakeshore372 import agent

from livemon.instruments.lakeshore372.facts import MODEL

CONTROL_BLOCK, CONTROL = "control_chan", 0
"""The block of the control input, and socs's number for that input in `get_temp`."""
OF_TEMPERATURE_ONLY = 64 | 128
"""T. OVER and T. UNDER: the resistance is valid, but not on the curve."""
ALL_BITS = 255
FRESH = 1.0
"""Seconds for which the status after a reading also counts as the one before the next reading."""
AWAY = 4.0
"""Seconds in which a scanner cannot have gone to another channel and come back: its shortest pause (3) and dwell (1)."""
_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""
_BLOCK = re.compile(r"Channel_(\d\d)\Z")


class Visit:
    """Which channel a 372 was last seen to measure, and since when at the latest (monotonic clock, seconds)."""

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
    """Mixed into socs's ``LS372``: a reading in kelvins and the following one in ohms have a status.

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
            if chan != CONTROL and not self._visit.settled(chan, self.channels[chan].pause):
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


class PublishesStatus(_Upstream):
    """Mixed into socs's agent: its readings are published with their status."""

    def __init__(self, ocs_agent: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(ocs_agent, *args, **kwargs)
        publish = ocs_agent.publish_to_feed

        def publish_with_status(feed_name: str, message: Any, from_reactor: bool | None = None) -> None:
            channel = channel_of(message["block_name"]) if feed_name == MODEL.feed else None
            if channel is None:
                publish(feed_name, message, from_reactor)
                return
            if channel in self.module.repeated:
                return
            for each in with_status(message, self.module.reading_status[channel]):
                publish(feed_name, each, from_reactor)

        ocs_agent.publish_to_feed = publish_with_status

    def _wait_for_channel_change(self, active_channel: Any, _previous: Any) -> None:
        """Wait as socs does until the channel has settled, noting the active channel each second; one second of its dwell remains."""
        pause, dwell = active_channel.get_pause(), active_channel.get_dwell()
        if self.dwell_time_delay >= dwell:
            self.log.warn(
                f"dwell_time_delay is {self.dwell_time_delay} s; it is cut to less than the dwell time, {dwell} s"
            )
        for _ in range(pause + max(0, min(self.dwell_time_delay, dwell - 1))):
            time.sleep(1)
            self.module.get_active_channel()


def channel_of(block_name: str) -> int | None:
    """Return the number of the channel whose readings a block has, 0 for the control input; `None` if it has no readings."""
    found = _BLOCK.match(block_name)
    if found is None:
        return CONTROL if block_name == CONTROL_BLOCK else None
    return int(found[1])


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


def adapt() -> None:
    """Extend the driver and the agent that socs's 372 agent uses in this process, whatever these are by now."""
    agent.LS372 = type("StatusLS372", (AsksForStatus, agent.LS372), {})
    agent.LS372_Agent = type("StatusAgent", (PublishesStatus, agent.LS372_Agent), {})
