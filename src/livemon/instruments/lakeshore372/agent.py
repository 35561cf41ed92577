"""Names for ever: the fields of a Lake Shore 372 are numbered by channel, whatever its front panel calls them.

socs names them by the channel's INNAME: two channels with one name would merge, and a rename on the panel would split a
sensor's history. Pinned, channel 1 is ``Channel_01_T``, ``Channel_01_R`` in block ``Channel_01``.

Beside that, an address may carry a port, ``host:port``; the instrument itself always listens on 7777. And a servo command that
fails leaves scanner and heater as they were: socs stops the scan first, and of the other channels there would be no more readings.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from socs.agents.lakeshore372 import agent
from socs.Lakeshore import Lakeshore372

from livemon.instruments.lakeshore372 import reading_status
from livemon.instruments.lakeshore372.facts import MODEL

RESTORE_SECONDS = 30.0
"""How long a failed servo command tries to undo what it did while the instrument does not reply."""


class PinnedChannel(Lakeshore372.Channel):
    """A channel whose name is its number; the front panel's is kept as `front_panel_name`."""

    front_panel_name = ""

    @property
    def name(self) -> str:
        """``Channel_01`` to ``Channel_16``, and ``Channel_A`` for the control input."""
        number = self.channel_num
        return f"Channel_{number:02d}" if isinstance(number, int) else f"Channel_{number}"

    @name.setter
    def name(self, front_panel_name: str) -> None:
        self.front_panel_name = front_panel_name


class AddressedLS372(Lakeshore372.LS372):
    """A 372 whose address may carry a port."""

    def __init__(self, ip_address: str, port: int = MODEL.port, timeout: float = 10, num_channels: int = 16) -> None:
        host, colon, given = ip_address.rpartition(":")
        if colon and given.isdigit():
            ip_address, port = host, int(given)
        super().__init__(ip_address, port, timeout, num_channels)


class UndoingAgent(agent.LS372_Agent):
    """An agent whose failed servo commands are undone."""

    @functools.wraps(agent.LS372_Agent.servo_to_temperature)  # with it go the parameters that ocs checks
    def servo_to_temperature(self, session: Any, params: Any) -> tuple[bool, str]:
        """Servo to a temperature as upstream does; where that fails, put scan and output mode back."""
        with self._lock.acquire_timeout(job="servo_to_temperature") as acquired:
            if not acquired:
                return False, f"{self._lock.job} is running; nothing was changed"
            undo = _undoing(self.module)
        try:
            done, message = super().servo_to_temperature(session, params)
        except Exception as error:
            self._undo(undo, session, f"{type(error).__name__}: {error}")
            raise
        if not done:
            self._undo(undo, session, message)
        return done, message

    def _undo(self, undo: Callable[[], None], session: Any, why: str) -> None:
        deadline = time.monotonic() + RESTORE_SECONDS
        fault: str = "another operation holds the instrument"
        while True:
            with self._lock.acquire_timeout(job="servo_to_temperature") as acquired:
                if acquired:
                    try:
                        undo()
                    except ConnectionError as error:
                        fault = str(error)
                    else:
                        session.add_message(f"Put scan and output mode back: {why}")
                        return
            if time.monotonic() > deadline:
                session.add_message(f"Scan and output mode are not as they were before: {fault}")
                return
            time.sleep(1)


def _undoing(module: Lakeshore372.LS372) -> Callable[[], None]:
    """Ask for scan and mode of the sample heater; return what sets them so again, where they differ."""
    heater = module.sample_heater
    scan, mode = module.msg("SCAN?"), heater.get_output_mode()
    scanned = module.get_autoscan()

    def undo() -> None:
        if heater.get_output_mode() != mode:
            heater._set_output_mode(mode)
            heater.get_output_mode()
        # While it scans, the channel is the scanner's business.
        if not (scanned and module.get_autoscan()):
            module.msg(f"SCAN {scan}")
            module.get_autoscan()  # which the driver remembers

    return undo


def adapt() -> None:
    """Let socs's 372 agent of this process use the classes above."""
    Lakeshore372.Channel = PinnedChannel
    agent.LS372 = AddressedLS372
    agent.LS372_Agent = UndoingAgent
    reading_status.adapt()
