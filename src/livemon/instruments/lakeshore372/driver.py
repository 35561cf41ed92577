"""socs's driver of the Lake Shore 372 on a connection that gives each query its own reply; it needs no pauses."""

from __future__ import annotations

from typing import Any

from livemon.instruments.common.connection import TcpConnection

MODULE = "socs.Lakeshore.Lakeshore372"
CONSTRUCTOR = ("socs.agents.lakeshore372.agent", "LS372")


def frame(driver: Any) -> None:
    """Replace what the driver opens, and how it exchanges messages."""

    def connect(_self: object, peer: tuple[str, int]) -> TcpConnection:
        connection = TcpConnection()
        connection.connect(peer)
        return connection

    driver.LS372._connect = connect
    driver.LS372.msg = lambda self, message: self.comm.message(message)
