"""Lengths of time as targets write them: ``5min``, ``1h30min``, ``-1d``."""

from __future__ import annotations

import re
from typing import Any

from livemon.errors import RequestError, shown

_UNITS = (
    ("s", 1),
    ("min", 60),
    ("h", 3600),
    ("d", 86400),
    ("w", 7 * 86400),
    ("mon", 30 * 86400),
    ("y", 365 * 86400),
)
_PART = re.compile(r"(\d{1,9})([a-z]+)")
_WHOLE = re.compile(rf"[+-]?(?:{_PART.pattern})+")
LONGEST = 100 * 365 * 86400


def interval(value: Any, what: str) -> int:
    """Return the seconds of an interval, negative after a minus sign; units are recognised by how they begin.

    Raises
    ------
    RequestError
        If it is not valid, or longer than a hundred years.
    """
    text = value.strip() if isinstance(value, str) else ""
    if not _WHOLE.fullmatch(text):
        raise RequestError(
            f"{what}: {shown(value, 40)} is not a valid interval; write for example '5min', '1h' or '7d'"
        )
    seconds = sum(int(number) * _unit(unit, what) for number, unit in _PART.findall(text))
    if seconds > LONGEST:
        raise RequestError(f"{what}: {shown(value, 40)} is longer than a hundred years")
    return -seconds if text.startswith("-") else seconds


def _unit(unit: str, what: str) -> int:
    for name, seconds in _UNITS:
        if unit.startswith(name):
            return seconds
    raise RequestError(f"{what}: {shown(unit, 20)} is not a valid unit of time; write s, min, h, d, w, mon or y")
