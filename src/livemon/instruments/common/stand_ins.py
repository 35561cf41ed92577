"""What a driver sees in place of the modules and classes by which it would open a socket or a serial line."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from livemon.instruments.common.connection import Connection, SerialConnection, TcpConnection


def module_with(module: ModuleType, **replaced: object) -> SimpleNamespace:
    """Return what a module has, some names replaced; the module itself is not changed."""
    return SimpleNamespace(**vars(module) | replaced)


def tcp_sockets(pause: float) -> Callable[..., TcpConnection]:
    """Return what stands in for ``socket.socket``: connections with a pause in seconds after each message."""
    return lambda *_: TcpConnection(pause)


def serial_lines(pause: float) -> Callable[..., Connection]:
    """Return what stands in for ``serial.Serial``: connections with a pause in seconds after each message.

    Where a driver names a port, ``tcp://host:port`` is a line behind a serial-to-network converter, as socs has it for the 240.
    """

    def line(port: str, *args: Any, **kwargs: Any) -> Connection:
        if not port.startswith("tcp://"):
            return SerialConnection(port, *args, pause=pause, **kwargs)
        host, _, number = port.removeprefix("tcp://").rpartition(":")
        connection = TcpConnection(pause)
        connection.connect((host, int(number)))
        return connection

    return line
