"""socs's driver of the Lake Shore 240, over TCP or a serial line, on a connection that gives each query its own reply."""

from __future__ import annotations

import functools
from typing import Any

from livemon.instruments.common.connection import SerialConnection
from livemon.instruments.common.stand_ins import module_with, tcp_sockets

MODULE = "socs.Lakeshore.Lakeshore240"
CONSTRUCTOR = ("socs.agents.lakeshore240.agent", "Module")

PAUSE_SECONDS = 0.01
"""How long socs leaves the instrument alone after a message."""


def frame(driver: Any) -> None:
    """Replace what the driver opens, and how it exchanges messages."""
    driver.socket = module_with(driver.socket, socket=tcp_sockets(PAUSE_SECONDS))
    driver.Serial = functools.partial(SerialConnection, pause=PAUSE_SECONDS)
    driver.Module.msg = lambda self, msg: self.com.message(msg)
