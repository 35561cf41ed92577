"""Durations as people write them (``90s``, ``5m``, ``2h``, ``1d``) and as Grafana reads them."""

from __future__ import annotations

import re
from typing import Any

LONGEST = 366 * 86400
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([0-9]{1,8})([smhd])\Z")


def seconds(value: Any) -> int | None:
    """Return how many seconds a duration has; `None` for what is none. A bare number would leave its unit open, except 0."""
    if value == 0 and not isinstance(value, bool):
        return 0
    found = _DURATION.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    duration = int(found[1]) * _UNITS[found[2]]
    return duration if duration <= LONGEST else None


def written(duration: int) -> str:
    """Return it in the largest unit that needs no fraction: ``5m`` for 300."""
    for unit in ("d", "h", "m"):
        if duration and duration % _UNITS[unit] == 0:
            return f"{duration // _UNITS[unit]}{unit}"
    return f"{duration}s"


def spoken(duration: int) -> str:
    """Return it as people say it: ``5 min`` for 300."""
    text = written(duration)
    return f"{text[:-1]} {'min' if text[-1] == 'm' else text[-1]}"
