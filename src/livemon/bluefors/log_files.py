"""The files in which the Bluefors control software logs, one of each kind for each day.

``YY-MM-DD/<kind> YY-MM-DD.log`` below a directory; each line begins with the local time as ``DD-MM-YY,HH:MM:SS`` and ends with CR LF.
Bluefors, BF-LD400 user manual, section on logging; as read by ``socs.agents.bluefors`` 0.6.4. Numbers are written as LabVIEW
does, ``1.020050E+2``: of a small ``e`` that agent reads the mantissa only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

FLOW, PRESSURES, VALVES = "Flowmeter {day}.log", "maxigauge {day}.log", "Channels {day}.log"
STATUS, HEATERS = "Status_{day}.log", "heaters_{day}.log"


def thermometer(channel: int, quantity: str) -> str:
    """Return the file of a channel of the Lake Shore 372; its quantity is ``T`` (K), ``R`` (Ω) or ``P`` (W)."""
    return f"CH{channel} {quantity} {{day}}.log"


def number(value: float) -> str:
    """Return a number as the files have it."""
    mantissa, exponent = f"{value:.6E}".split("E")
    return f"{mantissa}E{int(exponent):+d}"


def gauges(pressures: Iterable[float]) -> str:
    """Return the readings of a MaxiGauge's channels, mbar, all of which are on and valid."""
    return "".join(
        f"CH{channel},P{channel}      ,1,{value: .2E},0,1," for channel, value in enumerate(pressures, start=1)
    )


def pairs(values: Mapping[str, str]) -> str:
    """Return names and values, one after the other."""
    return ",".join(f"{name},{value}" for name, value in values.items())


def append(directory: Path, file: str, when: datetime, content: str) -> None:
    """Append a line to the file of its day, which is made where it is missing.

    The line is written as a whole: who follows the file reads it whole or not yet.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    day = f"{when:%y-%m-%d}"
    path = directory / day / file.format(day=day)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(descriptor, f"{when:%d-%m-%y,%H:%M:%S},{content}\r\n".encode())
    finally:
        os.close(descriptor)
