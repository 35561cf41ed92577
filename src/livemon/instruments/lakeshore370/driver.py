"""socs's driver of the Lake Shore 370, over a serial line or TCP, on a connection that gives each query its own reply."""

from __future__ import annotations

from typing import Any

from livemon.instruments.common.stand_ins import module_with, serial_lines

MODULE = "socs.Lakeshore.Lakeshore370"
CONSTRUCTOR = ("socs.agents.lakeshore370.agent", "LS370")

PAUSE_SECONDS = 0.1
"""How long socs leaves the instrument alone after a message."""


def frame(driver: Any) -> None:
    """Replace what the driver opens, and how it exchanges messages."""
    driver.serial = module_with(driver.serial, Serial=serial_lines(PAUSE_SECONDS))
    driver.LS370.msg = lambda self, message: self.com.message(message)
