"""Durations as users write them (``90s``, ``5m``, ``2h``, ``1d``) and as Grafana reads them."""

from __future__ import annotations

import re
from typing import Any

LONGEST = 366 * 86400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,8})([smhd])\Z")


def seconds(value: Any) -> int | None:
    """Return the seconds of a duration; `None` if it is not valid. A bare number has no unit and is not valid, except 0."""
    if value == 0 and not isinstance(value, bool):
        return 0
    found = _DURATION.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    duration = int(found[1]) * _UNITS[found[2]]
    return duration if duration <= LONGEST else None


def parsed(value: Any) -> int:
    """Return the seconds of a duration of a sound inventory; a ValueError if it is not valid."""
    duration = seconds(value)
    if duration is None:
        raise ValueError(f"{value!r} is not a valid duration")
    return duration


def formatted(duration: int) -> str:
    """Return seconds as a duration in the largest unit that needs no fraction: ``5m`` for 300."""
    for unit in ("d", "h", "m"):
        if duration and duration % _UNITS[unit] == 0:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{duration}s"


def spelled_out(duration: int) -> str:
    """Return seconds for people to read: ``5 min`` for 300."""
    text = formatted(duration)
    return f"{text[:-1]} {'min' if text[-1] == 'm' else text[-1]}"
