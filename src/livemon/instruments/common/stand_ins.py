"""What a driver sees in place of the modules and classes by which it would open a socket or a serial line."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType, SimpleNamespace

from livemon.instruments.common.connection import TcpConnection


def module_with(module: ModuleType, **replaced: object) -> SimpleNamespace:
    """Return what a module has, some names replaced; the module itself is not changed."""
    return SimpleNamespace(**vars(module) | replaced)


def tcp_sockets(pause: float) -> Callable[..., TcpConnection]:
    """Return what stands in for ``socket.socket``: connections with a pause in seconds after each message."""
    return lambda *_: TcpConnection(pause)
