"""The reading status of a Lake Shore 372: asked for with every reading, published beside it, and obeyed.

The instrument answers ``KRDG?`` and ``SRDG?`` with a number also where it has none: 0 for a resistance that is not on the curve, or
what an overloaded input happens to read. Only ``RDGST?`` tells (Model 372 manual, chapter 6: a sum of bits, 0 for a valid reading; of
a channel that is not being measured, the last status before the scanner left it). socs never asks for it while it acquires.

Here every reading lies between two answers to ``RDGST?``, and its status has the bits of both: what was invalid just before or just
after it is not taken for valid. What the status calls invalid is published as NaN, so that neither a plot nor an alarm nor who reads
the archive can take it for a temperature. Nothing is lost: the status is a field of the same block, and the numbers as the instrument
sent them stand in a block of their own, ``<block>_flagged``.

socs's methods return what they always did: its servo and its test for stability compare numbers.

A scanned channel repeats its last reading, as a valid one, while another one is measured and in its own pause after the change.
socs waits only where it sees two channels in a row; who was kept from looking for as long as a round may take sees the same one
before and after. So a reading is published only if the channel has been looked at for the length of its pause.
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
"""The block of the control input, and what socs calls that input in `get_temp`."""
OF_TEMPERATURE_ONLY = 64 | 128
"""T. OVER and T. UNDER: the resistance is valid, and not on the curve."""
ALL_BITS = 255
FRESH = 1.0
"""Seconds for which the status after a reading is also that before the next one."""
AWAY = 4.0
"""Seconds in which a scanner cannot have gone to another channel and come back: the shortest pause (3) and dwell (1) there."""
_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""
_BLOCK = re.compile(r"Channel_(\d\d)\Z")


class Visit:
    """Which channel a 372 measures, as far as anybody has looked, and since when at the latest (steady clock)."""

    def __init__(self) -> None:
        self._channel: int | None = None
        self._since = self._seen = -math.inf

    def see(self, channel: int) -> None:
        """Note which channel is active now. The first one is taken for settled."""
        now = time.monotonic()
        if self._channel is not None and (channel != self._channel or now - self._seen > AWAY):
            self._since = now
        self._channel, self._seen = channel, now

    def settled(self, channel: int, pause: float) -> bool:
        """Whether a channel is the active one, and its pause after the change must be over."""
        return channel == self._channel and time.monotonic() - self._since >= pause


class AsksForStatus(_Upstream):
    """What socs's ``LS372`` is given beside its own: a reading in kelvins and the one in ohms that follows have a status.

    `reading_status` is that of the newest such pair of each channel, by its number, 0 for the control input; `repeated` has the
    channels whose newest pair may be of an earlier visit.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.reading_status: dict[int, int] = {}
        self.repeated: set[int] = set()
        self._visit = Visit()
        self._answered: dict[int, tuple[float, int]] = {}
        """When ``RDGST?`` was answered the last time (steady clock), and how."""
        super().__init__(*args, **kwargs)

    def get_active_channel(self) -> Any:
        """Return the channel that is measured, and note that it is."""
        channel = super().get_active_channel()
        self._visit.see(channel.channel_num)
        return channel

    def get_temp(self, unit: str | None = None, chan: int = -1) -> float:
        """Return a reading as socs does; ask for its status before and after, where a channel and a unit are given.

        Raises
        ------
        ConnectionError
            If the instrument did not answer: there is no reading then.
        ValueError
            If it answered with something else; socs ends its acquisition by that, and the agent begins anew with a clean connection.
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
    """What socs's agent is given beside its own: its readings are published with their status."""

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
        """Wait as socs does until the channel has settled, and look at it meanwhile; of its dwell one second is left."""
        pause, dwell = active_channel.get_pause(), active_channel.get_dwell()
        if self.dwell_time_delay >= dwell:
            self.log.warn(
                f"dwell_time_delay is {self.dwell_time_delay} s; it is cut to less than the dwell time, {dwell} s"
            )
        for _ in range(pause + max(0, min(self.dwell_time_delay, dwell - 1))):
            time.sleep(1)
            self.module.get_active_channel()


def channel_of(block_name: str) -> int | None:
    """Return the number of the channel whose readings a block has, 0 for the control input; `None` for what has no readings."""
    found = _BLOCK.match(block_name)
    if found is None:
        return CONTROL if block_name == CONTROL_BLOCK else None
    return int(found[1])


def with_status(message: Mapping[str, Any], status: int) -> Iterator[dict[str, Any]]:
    """Yield a message of socs's ``acq`` with its status, NaN for what that calls invalid; and what that was, if anything.

    `message` is of one block: ``{"timestamp", "block_name", "data": {"<stem>_T": kelvins, "<stem>_R": ohms}}``.
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
    """Have socs's 372 agent of this process ask for the status, over whatever driver and agent it has by now."""
    agent.LS372 = type("StatusLS372", (AsksForStatus, agent.LS372), {})
    agent.LS372_Agent = type("StatusAgent", (PublishesStatus, agent.LS372_Agent), {})
