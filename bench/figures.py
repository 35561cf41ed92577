"""What a run has measured: figures by system and key, and tables of details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.timing import percentile, say


@dataclass
class Table:
    """Details of one kind; `note` says how they were measured."""

    title: str
    headings: Sequence[str]
    note: str = ""
    rows: list[Sequence[Any]] = field(default_factory=list)

    def add(self, *row: Any) -> None:
        """Add a row, and show it."""
        self.rows.append(row)
        say("  " + "  ".join(f"{heading}: {shown(cell)}" for heading, cell in zip(self.headings, row, strict=True)))


class Figures:
    """Figures that have targets, by system and by the target's key, and tables that have none."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], float] = {}
        self.tables: dict[str, Table] = {}

    def add(self, system: str, key: str, value: float) -> None:
        """Take a figure."""
        self.found[system, key] = float(value)

    def table(self, title: str, headings: Sequence[str], note: str = "") -> Table:
        """Return the table of that title."""
        return self.tables.setdefault(title, Table(title, headings, note))

    def latency(self, system: str, key: str, taken: Sequence[float]) -> tuple[float, float]:
        """Take the median and the 95th percentile of times in milliseconds, and return them."""
        found = percentile(taken, 50), percentile(taken, 95)
        self.add(system, f"{key}.p50", found[0])
        self.add(system, f"{key}.p95", found[1])
        return found


def shown(value: Any) -> str:
    """Return a cell of a table: numbers with three digits that mean something."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, int) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
