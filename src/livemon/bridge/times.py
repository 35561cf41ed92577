"""Times and counts in requests, with a sentence for everything that may be wrong with them."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Any

from livemon.errors import RequestError, TimeRangeError, shown

MAX_POINTS = 20_000
DEFAULT_POINTS = 1000
_RELATIVE = re.compile(r"(?:now)?(?P<sign>[+-])(?P<count>\d{1,9})(?P<unit>[a-z]+)\Z")
_SECONDS = (
    ("min", 60),
    ("mon", 30 * 86400),
    ("s", 1),
    ("h", 3600),
    ("d", 86400),
    ("w", 7 * 86400),
    ("y", 365 * 86400),
    ("m", 60),
)
_LATEST = 4e10
"""Later than any time that a lab means, UNIX seconds; milliseconds written as seconds are later."""


def unix_seconds(value: Any, what: str, default: float, now: float) -> float:
    """Return a request's time in UNIX seconds: given as a number (zero or negative: relative to `now`), ISO 8601, or ``-10min``.

    Raises
    ------
    TimeRangeError
        If it is none of these; the message begins with `what`.
    """
    if value is None or value in ("", "undefined"):
        return default
    if isinstance(value, str):
        text = value.strip()
        if text == "now":
            return now
        if match := _RELATIVE.match(text):
            seconds = next((seconds for unit, seconds in _SECONDS if match["unit"].startswith(unit)), None)
            if seconds is not None:
                return now + int(match["sign"] + match["count"]) * seconds
        found = number(text)
        if found is None:
            try:
                moment = dt.datetime.fromisoformat(text)
            except ValueError as error:
                raise TimeRangeError(
                    f"{what}: {shown(text, 40)} is not a valid time; write UNIX seconds, ISO 8601 or -10min"
                ) from error
            return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()
    else:
        found = number(value)
    if found is None or abs(found) > _LATEST:
        raise TimeRangeError(f"{what}: {shown(value, 40)} is not a valid time in UNIX seconds")
    return found if found > 0 else now + found


def check_range(start: float, end: float) -> None:
    """Raise a TimeRangeError if the interval is reversed."""
    if start > end:
        raise TimeRangeError(
            f"the time range is reversed: it starts {start - end:.0f} s after its end; swap from and until"
        )


def count(value: Any, what: str, default: int = DEFAULT_POINTS) -> int:
    """Return a number of points, limited to the range from 1 to `MAX_POINTS`; raise a RequestError if it is not a number."""
    if value is None or value in ("", "undefined"):
        return default
    found = number(value)
    if found is None:
        raise RequestError(f"{what}: {shown(value, 40)} is not a valid number of points")
    return int(min(max(found, 1), MAX_POINTS))


def number(value: Any) -> float | None:
    """Return a finite number, given as a number or as text; `None` for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
