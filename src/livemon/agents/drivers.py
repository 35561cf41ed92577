"""socs's Lake Shore drivers, unmodified on disk, over connections that give each query its own reply.

What a driver calls to open a socket or a serial line is replaced in memory by :mod:`livemon.agents.connection`, and so is the
method by which it exchanges messages. It serves whichever agent has imported the driver, socs's own or another one.

socs's agents give up when their instrument does not reply at start-up; for those the constructor waits until it does.
"""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

from livemon.agents import supervision
from livemon.agents.connection import RETRY_SECONDS, SerialConnection, TcpConnection, contacts

PAUSE_SECONDS = 0.1
PAUSE_SECONDS_240 = 0.01
"""How long socs leaves an instrument alone after a message; a 372 it does not."""

_NOT_YET = (OSError, LookupError, ValueError)
"""What constructors raise of an instrument that is away, or replies with what they cannot read."""


def frame_all() -> None:
    """Frame those drivers that this process has imported; each once."""
    for name, frame in _FRAMES.items():
        driver = sys.modules.get(f"socs.Lakeshore.{name}")
        if driver is not None and not hasattr(driver, "livemon_framed"):
            frame(driver)
            driver.livemon_framed = True


def wait_at_start() -> None:
    """Let socs's agents of this process wait for their instruments."""
    for name, constructor, probe in _PATIENT:
        module = sys.modules.get(name)
        if module is not None:
            setattr(module, constructor, patient(getattr(module, constructor), probe))


def patient(constructor: Callable[..., Any], probe: Callable[[Any], object] | None = None) -> Callable[..., Any]:
    """Return a constructor that, until it has succeeded once, tries again while the instrument does not reply.

    Later failures are left to the agent, which is running then and can be stopped.

    Parameters
    ----------
    constructor
        Of a driver.
    probe
        Asks the instrument something, for a constructor that does not.
    """
    name = constructor.__module__.rpartition(".")[2]
    succeeded = False

    @functools.wraps(constructor, updated=())
    def construct(*args: Any, **kwargs: Any) -> Any:
        nonlocal succeeded
        while True:
            try:
                driver = constructor(*args, **kwargs)
                if probe is not None and not succeeded:
                    probe(driver)
            except _NOT_YET as error:
                if succeeded or supervision.verdict.ending:
                    raise
                if not isinstance(error, ConnectionError):  # of those the connection has told
                    contacts.lose(name, f"its set-up cannot be read: {type(error).__name__}: {error}")
                time.sleep(RETRY_SECONDS)
            else:
                succeeded = True
                contacts.found(name)
                return driver

    return construct


def _frame_240(driver: ModuleType) -> None:
    driver.socket = _sockets(driver.socket, PAUSE_SECONDS_240)
    driver.Serial = functools.partial(SerialConnection, pause=PAUSE_SECONDS_240)
    driver.Module.msg = lambda self, msg: self.com.message(msg)


def _frame_336(driver: ModuleType) -> None:
    driver.socket = _sockets(driver.socket, PAUSE_SECONDS)
    driver.LS336.msg = lambda self, message: self.com.message(message)


def _frame_370(driver: ModuleType) -> None:
    driver.serial = _serial(driver.serial, PAUSE_SECONDS)
    driver.LS370.msg = lambda self, message: self.com.message(message)


def _frame_372(driver: ModuleType) -> None:
    def connect(_self: Any, peer: tuple[str, int]) -> TcpConnection:
        connection = TcpConnection()
        connection.connect(peer)
        return connection

    driver.LS372._connect = connect
    driver.LS372.msg = lambda self, message: self.comm.message(message)


def _frame_425(driver: ModuleType) -> None:
    driver.serial = _serial(driver.serial, PAUSE_SECONDS)
    driver.LakeShore425.command = lambda self, command: self.port.message(command)
    driver.LakeShore425.query = lambda self, command: self.port.message(command)


def _sockets(module: ModuleType, pause: float) -> SimpleNamespace:
    """Return the module `socket` as a driver is to see it."""
    return SimpleNamespace(**vars(module) | {"socket": lambda *_: TcpConnection(pause)})


def _serial(module: ModuleType, pause: float) -> SimpleNamespace:
    """Return the module `serial` as a driver is to see it."""
    return SimpleNamespace(**vars(module) | {"Serial": functools.partial(SerialConnection, pause=pause)})


_FRAMES = {
    "Lakeshore240": _frame_240,
    "Lakeshore336": _frame_336,
    "Lakeshore370": _frame_370,
    "Lakeshore372": _frame_372,
    "Lakeshore425": _frame_425,
}

_PATIENT = (
    ("socs.agents.lakeshore240.agent", "Module", None),
    ("socs.agents.lakeshore336.agent", "LS336", None),
    ("socs.agents.lakeshore370.agent", "LS370", None),
    ("socs.agents.lakeshore372.agent", "LS372", None),
    ("socs.Lakeshore.Lakeshore425", "LakeShore425", lambda driver: driver.get_id()),
)
"""Where the name stands that an agent calls, the name, and what to ask where the constructor asks nothing."""
