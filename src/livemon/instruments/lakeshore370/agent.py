"""A Lake Shore 370 is read as a 372 is: with the status of each reading, never twice, and on after the connection was lost.

socs's acquisition of the 370 never queries ``RDGST?``, so that it publishes 0 K for a resistance that is not on the curve, and
whatever an overloaded input reads; it reads a channel that the scanner has left, or that is switched off; it ends with the first
query that is not answered. Here `ReadsOn.acq` takes its place. For status and repeated readings see
:mod:`livemon.instruments.lakeshore372.reading_status`.

In addition, what socs's heater sends is what the instrument reads: socs puts words (``CMODE Off``, ``CSET 4,0,kelvin,...``) in place
of numbers when it changes one of several settings.

Source: Lake Shore Model 370 User's Manual, section 6.3.1: ``INSET``, ``RDGST?`` (a sum of bits, 0 for a valid reading; for a channel
that is not being measured, the last status before the scanner left it), ``CMODE``, ``CSET``.
"""

from __future__ import annotations

import time
from typing import Any

from ocs import ocs_agent
from socs.agents.lakeshore370 import agent
from socs.Lakeshore import Lakeshore370

from livemon.instruments.common.reading_status import AsksForStatus, with_status
from livemon.instruments.lakeshore370.facts import MODEL

BETWEEN_READINGS = 0.1
"""Seconds: the instrument measures ten times a second."""
LOCK_SECONDS = 10.0
"""How long a command may keep the instrument before the acquisition says so."""
_Upstream: Any = object
"""The base of what is mixed into upstream's classes, which have no types."""


class ReadsOn(_Upstream):
    """Mixed into socs's agent: an acquisition that survives a lost connection, and publishes only readings that are new."""

    @ocs_agent.param("_")
    def acq(self, session: Any, params: Any = None) -> tuple[bool, str]:
        """Acquire until it is stopped; the newest readings, by block, are in the session's data.

        ``{"fields": {"Channel_1": {"Channel_1_T": 3.91, "Channel_1_R": 1022.4, "Channel_1_status": 0}}, "timestamp": 1601924466.6}``
        """
        if self.fake_data:
            done: tuple[bool, str] = super().acq(session, params)
            return done
        with self._acq_proc_lock.acquire_timeout(timeout=0, job="acq") as acquired:
            if not acquired:
                return False, f"{self._acq_proc_lock.job} is running"
            session.data = {"fields": {}}
            self._measured = None
            self.take_data = True
            while self.take_data:
                self._take_turn(session)
                time.sleep(BETWEEN_READINGS)
        return True, "Acquisition exited cleanly."

    def _take_turn(self, session: Any) -> None:
        with self._lock.acquire_timeout(LOCK_SECONDS, job="acq") as acquired:
            if not acquired:
                self.log.warn(f"Nothing is read while {self._lock.job} keeps the instrument.")
                return
            try:
                self._read(session)
            except ConnectionError:  # whose reason the connection has printed
                session.degraded = True
            else:
                session.degraded = False

    def _read(self, session: Any) -> None:
        """Publish a reading of the active channel, if it is a new one."""
        channel = self.module.get_active_channel()
        number = channel.channel_num
        if number != self._measured:
            channel._get_input_channel_parameter()  # which remembers whether it is on, its pause and its dwell
            self._measured = number
        delay = max(0, min(self.dwell_time_delay, channel.dwell - 1))
        if not channel.enabled or not self.module.has_settled(number, delay):
            return
        stem, now = channel.name.replace(" ", "_"), time.time()
        data = {f"{stem}_T": self.module.get_temp("kelvin", number), f"{stem}_R": self.module.get_temp("ohms", number)}
        message = {"timestamp": now, "block_name": stem, "data": data}
        for each in with_status(message, self.module.reading_status[number]):
            self.agent.publish_to_feed(MODEL.feed, each)
            session.data["fields"][each["block_name"]] = each["data"]
        session.data["timestamp"] = now


class ReadsStatus(AsksForStatus):
    """Mixed into socs's driver: readings have a status; without a unit they are in kelvins, as socs has it."""

    def get_temp(self, unit: str | None = "kelvin", chan: int = -1) -> float:
        """Return a reading as socs does, see :meth:`AsksForStatus.get_temp`."""
        return super().get_temp(unit, chan)


class SendsNumbers(_Upstream):
    """Mixed into socs's heater: its settings are sent as the numbers that stand for them."""

    def set_input_channel(self, _input: Any) -> None:
        """Set the control channel; an agent's operation has it as a number with a fraction, which socs cannot read back."""
        super().set_input_channel(f"{float(_input):.0f}")

    def _set_output_mode(self, params: list[str]) -> Any:
        mode, polarity, channel, filtered, units, delay = params
        numbers = [
            Lakeshore370.output_modes_lock.get(mode.lower(), mode),
            polarity,
            channel,
            filtered,
            Lakeshore370.units_lock.get(units, units),
            delay,
        ]
        return super()._set_output_mode(numbers)

    def _set_heater_setup(self, params: list[Any]) -> Any:
        display, limit, resistance = params
        numbers = [
            Lakeshore370.heater_display_lock.get(display, display),
            Lakeshore370.heater_range_lock.get(limit, limit),
            f"{float(resistance):g}",
        ]
        return super()._set_heater_setup(numbers)


def adapt() -> None:
    """Change socs's driver and agent of the 370 in this process."""
    Lakeshore370.Heater = type("Heater", (SendsNumbers, Lakeshore370.Heater), {})
    agent.LS370 = type("LS370", (ReadsStatus, agent.LS370), {})
    agent.LS370_Agent = type("LS370_Agent", (ReadsOn, agent.LS370_Agent), {})
