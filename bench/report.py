"""The report of a run: targets first, then the details."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.figures import Figures, shown

PEERS = ("VictoriaMetrics", "InfluxDB")
BRACKETS = (
    "Figures in brackets were recorded in an earlier run, on two cores of an AMD EPYC; this run did not measure them. Ratio: old"
    " sisock to livemon."
)
HERE = Path(__file__).parent


def report(figures: Figures, machine: Mapping[str, str], command: str) -> str:
    """Return the whole report, in Markdown."""
    sections = tomllib.loads((HERE / "targets.toml").read_text())["section"]
    parts = [
        "# What livemon measures",
        f"Written by `{command}`; [README.md](README.md) says how to run it and how each figure is taken.",
        table(("", ""), machine.items()),
        "## Targets",
        BRACKETS,
    ]
    for section in sections:
        rows = [row for target in section["target"] if (row := judged(target, figures))]
        if rows:
            parts += [
                f"### {section['title']}",
                table(("", "target", "livemon", "met", "old sisock", "ratio", *PEERS), rows),
            ]
    parts += ["## Missed", "\n".join(f"- {line}" for line in missed(figures)) or "Nothing that this run measured."]
    parts.append((HERE / "notes.md").read_text().strip())
    parts.append("## Details")
    for each in figures.tables.values():
        parts += [f"### {each.title}", *([each.note] if each.note else []), table(each.headings, each.rows)]
    return "\n\n".join(parts) + "\n"


def judged(target: Mapping[str, Any], figures: Figures) -> list[str] | None:
    """Return the row of a target; `None` if this run did not measure it."""
    key, unit, recorded = target["key"], target["unit"], target.get("recorded", {})
    ours = figures.found.get(("livemon", key))
    if ours is None:
        return None
    limit, said = target.get("limit"), ""
    if times := target.get("times"):
        limit = figures.found["livemon", times["key"]] * times["limit"]
        said = "that of 1 h"
    elif limit is not None:
        said = f"< {shown(limit)} {unit}" if limit else "0"
    met = "" if limit is None else "yes" if ours < limit or ours == limit == 0 else "**no**"
    others = [figures.found.get((name, key), recorded.get(name)) for name in ("sisock", *PEERS)]
    cells = [
        _with_unit(value, unit, in_brackets=(name, key) not in figures.found)
        for name, value in zip(("sisock", *PEERS), others, strict=True)
    ]
    ratio = (
        _with_unit(others[0] / ours, "", in_brackets=("sisock", key) not in figures.found) if others[0] and ours else ""
    )
    return [target["what"], said, _with_unit(ours, unit), met, cells[0], ratio, *cells[1:]]


def missed(figures: Figures) -> list[str]:
    """Return the targets that were measured and not met."""
    sections = tomllib.loads((HERE / "targets.toml").read_text())["section"]
    rows = [(section["title"], judged(target, figures)) for section in sections for target in section["target"]]
    return [f"{title}: {row[0]}: {row[2]} (target {row[1]})" for title, row in rows if row and row[3] == "**no**"]


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table in Markdown."""

    def lines() -> Iterator[Sequence[str]]:
        yield headings
        yield ["---"] * len(headings)
        yield from ([shown(cell) for cell in row] for row in rows)

    return "\n".join(f"| {' | '.join(line)} |" for line in lines())


def _with_unit(value: float | None, unit: str, *, in_brackets: bool = False) -> str:
    if value is None:
        return ""
    text = f"{shown(float(value))} {unit}".strip()
    return f"[{text}]" if in_brackets else text
