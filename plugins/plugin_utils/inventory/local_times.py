"""How times stand in text files: formats of times and time zones, and what can be wrong with them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from .checks import kind

SAMPLE = datetime(2031, 12, 29, 23, 58, 47, tzinfo=timezone.utc)  # noqa: UP017 - Python 3.10 has no UTC
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}\Z")


def faults(place: str, node: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with ``time_format`` and ``time_zone`` of a node of text files."""
    time_format = node.get("time_format", "unix")
    fault = _format_fault(time_format)
    if fault:
        yield f"{place}.time_format: {time_format!r} {fault}; write unix, iso, or for example '%d-%m-%Y %H:%M:%S'"
    if "time_zone" not in node:
        return
    zone = node["time_zone"]
    if time_format == "unix":
        yield f"{place}.time_zone: UNIX seconds are the same everywhere; leave it out, or write the time_format of local times"
    elif isinstance(time_format, str) and "%z" in time_format:
        yield f"{place}.time_zone: with %z in time_format each line says its offset from UTC; leave it out"
    elif not_a_zone := zone_fault(zone):
        yield f"{place}.time_zone: {zone!r} {not_a_zone}"


def zone_fault(zone: Any) -> str | None:
    """Return what is wrong with a time zone and what to write instead; `None` if it is a name of the IANA database."""
    if not isinstance(zone, str):
        return f"is {kind(zone)}; write a name of the IANA database, for example Europe/Amsterdam"
    return None if _is_zone(zone) else f"is not in the IANA database; {_hint(zone)}"


def _format_fault(time_format: Any) -> str | None:
    """Return what a format of times is or lacks; `None` if lines can be read by it, each at one moment."""
    if not isinstance(time_format, str) or ("%" not in time_format and time_format not in {"unix", "iso"}):
        return "is not a format of times"
    if "%" not in time_format:
        return None
    try:
        read = datetime.strptime(SAMPLE.strftime(time_format), time_format)
    except ValueError as error:
        return f"cannot be used to read times: {error}"
    if read.date() != SAMPLE.date():
        return "does not tell year, month and day"
    return None if read.hour in {0, SAMPLE.hour} else "has %I without %p, which does not tell morning from evening"


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_zone(zone: str) -> bool:
    """Whether there is such a zone; on a controller without the database, whether it could be one."""
    return zone in _zones() if _zones() else bool(_ZONE.match(zone))


def _hint(zone: str) -> str:
    by_city = {name.rpartition("/")[2].lower(): name for name in sorted(_zones(), reverse=True)}
    by_name = {name.lower(): name for name in _zones()}
    wanted = zone.strip().lower().replace(" ", "_")
    for known in (by_name, by_city):
        near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.75)
        if near:
            return f"did you mean {known[near[0]]}?"
    return "write a name such as Europe/Amsterdam (timedatectl list-timezones shows all)"
