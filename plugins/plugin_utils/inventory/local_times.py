"""Time formats and time zones: what is wrong with one, and what to write instead."""

from __future__ import annotations

import difflib
import re
from datetime import datetime, timezone
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from .checks import kind

SAMPLE = datetime(2031, 12, 29, 23, 58, 47, tzinfo=timezone.utc)  # noqa: UP017 - Python 3.10 has no UTC
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}\Z")


def format_fault(time_format: Any) -> str | None:
    """Return what is wrong with a time format; `None` if it can read lines, each as one moment."""
    if not isinstance(time_format, str) or ("%" not in time_format and time_format not in {"unix", "iso"}):
        return "is not a valid time format"
    if "%" not in time_format:
        return None
    try:
        read = datetime.strptime(SAMPLE.strftime(time_format), time_format)
    except ValueError as error:
        return f"cannot be used to read times: {error}"
    if read.date() != SAMPLE.date():
        return "lacks the year, the month or the day"
    return None if read.hour in {0, SAMPLE.hour} else "has %I without %p, so morning and evening cannot be told apart"


def zone_fault(zone: Any) -> str | None:
    """Return what is wrong with a time zone and what to write instead; `None` if it is a name from the IANA database."""
    if not isinstance(zone, str):
        return f"is {kind(zone)}; write a name from the IANA database, for example Europe/Amsterdam"
    return None if _is_zone(zone) else f"is not in the IANA database; {_hint(zone)}"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_zone(zone: str) -> bool:
    """Whether there is such a zone; on a controller without the database, whether it could be one."""
    return zone in _zones() if _zones() else bool(_ZONE.match(zone))


def _hint(zone: str) -> str:
    by_city = {name.rpartition("/")[2].lower(): name for name in sorted(_zones(), reverse=True)}
    by_name = {name.lower(): name for name in _zones()}
    name = zone.strip().lower().replace(" ", "_")
    for known in (by_name, by_city):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        if near:
            return f"did you mean {known[near[0]]}?"
    return "write a name such as Europe/Amsterdam (timedatectl list-timezones lists them all)"
