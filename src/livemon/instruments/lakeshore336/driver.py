"""socs's driver of the Lake Shore 336 on a connection that gives each query its own reply."""

from __future__ import annotations

from typing import Any

from livemon.instruments.common.stand_ins import module_with, tcp_sockets

MODULE = "socs.Lakeshore.Lakeshore336"
CONSTRUCTOR = ("socs.agents.lakeshore336.agent", "LS336")

PAUSE_SECONDS = 0.1
"""How long socs leaves the instrument alone after a message."""


def frame(driver: Any) -> None:
    """Replace what the driver opens, and how it exchanges messages."""
    driver.socket = module_with(driver.socket, socket=tcp_sockets(PAUSE_SECONDS))
    driver.LS336.msg = lambda self, message: self.com.message(message)
