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

import re
import time
from typing import Any

from socs.agents.lakeshore372 import agent

from livemon.instruments.common.reading_status import CONTROL, AsksForStatus, with_status
from livemon.instruments.lakeshore372.facts import MODEL

CONTROL_BLOCK = "control_chan"
"""The block of the control input."""
_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""
_BLOCK = re.compile(r"Channel_(\d\d)\Z")


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


def adapt() -> None:
    """Extend the driver and the agent that socs's 372 agent uses in this process, whatever these are by now."""
    agent.LS372 = type("StatusLS372", (AsksForStatus, agent.LS372), {})
    agent.LS372_Agent = type("StatusAgent", (PublishesStatus, agent.LS372_Agent), {})
