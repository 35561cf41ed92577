"""Numbers and durations as a person reads them: the same words in the terminal, in sentences and on the quick-look page.

The page's are in ``bridge/quicklook/static/text.js``; tests/unit/test_quantities.py holds both to the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Prefixes = Sequence[tuple[float, str]]

_MEASURED: Prefixes = ((1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"))
_PREFIXES: dict[str, Prefixes] = {
    "K": _MEASURED[2:4],
    "ohm": _MEASURED[:4],
    "V": _MEASURED[1:],
    "A": _MEASURED[1:],
    "W": _MEASURED[1:],
}
_SYMBOLS = {"ohm": "Ω"}
_HUGE, _TINY = 1e7, 1e-4
"""Sizes from which on, and below which, a number is written with an exponent."""


def quantity(value: Any, unit: str | None, digits: int = 5) -> str:
    """Return a value with its unit: ``4.0213 K``, ``123.4 mK``, ``12.3 kΩ``; a dash for none, and texts as they are."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    factor, prefix = _prefix(abs(value), unit)
    number = value / factor
    is_far = number != 0 and (abs(number) >= _HUGE or abs(number) < _TINY)
    shown = re.sub(r"e([+-])0+", r"e\1", f"{number:.3e}") if is_far else f"{float(f'{number:.{digits}g}'):.15g}"
    return f"{shown} {prefix}{_SYMBOLS.get(unit, unit)}" if unit else shown


def _prefix(size: float, unit: str | None) -> tuple[float, str]:
    prefixes = _PREFIXES.get(unit or "", ())
    if not prefixes or size == 0:
        return 1.0, ""
    return next((each for each in prefixes if size >= each[0]), prefixes[-1])


def some(names: Sequence[str], most: int) -> str:
    """Return names as a sentence lists them: so many of them at most, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def duration(seconds: float) -> str:
    """Return a duration in one number: ``45 s``, ``7 min``, ``3 h``, ``5 d``."""
    for limit, size, unit in ((100, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86400:.0f} d"
