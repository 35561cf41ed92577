"""socs's driver of the Lake Shore 370 on a connection that gives each query its own reply."""

from __future__ import annotations

import functools
from typing import Any

from livemon.instruments.common.connection import SerialConnection
from livemon.instruments.common.stand_ins import module_with

MODULE = "socs.Lakeshore.Lakeshore370"
CONSTRUCTOR = ("socs.agents.lakeshore370.agent", "LS370")

PAUSE_SECONDS = 0.1
"""How long socs leaves the instrument alone after a message."""


def frame(driver: Any) -> None:
    """Replace what the driver opens, and how it exchanges messages."""
    driver.serial = module_with(driver.serial, Serial=functools.partial(SerialConnection, pause=PAUSE_SECONDS))
    driver.LS370.msg = lambda self, message: self.com.message(message)
