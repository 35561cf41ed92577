"""socs's driver of the Lake Shore 336 on a connection that gives each query its own reply.

In addition, an address may have a port, ``host:port``; the instrument itself always listens on 7777.
"""

from __future__ import annotations

from typing import Any

from livemon.instruments.common.connection import TcpConnection
from livemon.instruments.common.stand_ins import module_with

MODULE = "socs.Lakeshore.Lakeshore336"
CONSTRUCTOR = ("socs.agents.lakeshore336.agent", "LS336")

PAUSE_SECONDS = 0.1
"""How long socs leaves the instrument alone after a message."""


class AddressedConnection(TcpConnection):
    """A connection to an address that may have a port."""

    def connect(self, peer: tuple[str, int]) -> None:
        """Set host and port of the instrument; a port in the host's name is the one that counts."""
        host, colon, port = peer[0].rpartition(":")
        super().connect((host, int(port)) if colon and port.isdecimal() else peer)


def frame(driver: Any) -> None:
    """Replace what the driver opens, and how it exchanges messages."""
    driver.socket = module_with(driver.socket, socket=lambda *_: AddressedConnection(PAUSE_SECONDS))
    driver.LS336.msg = lambda self, message: self.com.message(message)
