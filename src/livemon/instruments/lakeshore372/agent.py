"""Permanent names: the fields of a Lake Shore 372 are numbered by channel, whatever its front panel calls them.

socs names them by the channel's INNAME: two channels with the same name would merge, and a rename on the panel would split a
sensor's history. Here channel 1 is always ``Channel_01_T``, ``Channel_01_R`` in block ``Channel_01``.

In addition, an address may have a port, ``host:port``; the instrument itself always listens on 7777. And a servo command that
fails leaves scanner and heater as they were: socs stops the scan first, and the other channels would not be read any more.
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
"""How long a failed servo command goes on trying to undo its changes if the instrument does not reply."""


class PinnedChannel(Lakeshore372.Channel):
    """A channel whose name is its number; the front panel's name is `front_panel_name`."""

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
    """A 372 whose address may have a port."""

    def __init__(self, ip_address: str, port: int = MODEL.port, timeout: float = 10, num_channels: int = 16) -> None:
        host, colon, given = ip_address.rpartition(":")
        if colon and given.isdigit():
            ip_address, port = host, int(given)
        super().__init__(ip_address, port, timeout, num_channels)


class UndoingAgent(agent.LS372_Agent):
    """An agent whose failed servo commands are undone."""

    @functools.wraps(agent.LS372_Agent.servo_to_temperature)  # which keeps the parameters that ocs checks
    def servo_to_temperature(self, session: Any, params: Any) -> tuple[bool, str]:
        """Servo to a temperature as upstream does; if that fails, restore scan and output mode."""
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
                        session.add_message(f"Restored scan and output mode: {why}")
                        return
            if time.monotonic() > deadline:
                session.add_message(f"Scan and output mode are not as they were before: {fault}")
                return
            time.sleep(1)


def _undoing(module: Lakeshore372.LS372) -> Callable[[], None]:
    """Query the scan and the mode of the sample heater; return a function that restores them if they differ."""
    heater = module.sample_heater
    scan, mode = module.msg("SCAN?"), heater.get_output_mode()
    scanned = module.get_autoscan()

    def undo() -> None:
        if heater.get_output_mode() != mode:
            heater._set_output_mode(mode)
            heater.get_output_mode()
        # As long as autoscan is on, the scanner chooses the channel.
        if not (scanned and module.get_autoscan()):
            module.msg(f"SCAN {scan}")
            module.get_autoscan()  # its result is remembered by the driver

    return undo


def adapt() -> None:
    """Make socs's agent of the 372 in this process use the classes above."""
    Lakeshore372.Channel = PinnedChannel
    agent.LS372 = AddressedLS372
    agent.LS372_Agent = UndoingAgent
    reading_status.adapt()
