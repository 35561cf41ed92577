"""Wait until data flows through a livemon bridge, then print the last value of every channel.

Standard library only: it runs wherever the tunnel ends.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request

FRESH = 60.0  # seconds; a sample that is older does not count as flowing


def fetch(url: str) -> dict:
    """Return the bridge's status; an empty one when it does not answer or has none yet."""
    try:
        with urllib.request.urlopen(f"{url}/api/status", timeout=10) as answer:  # noqa: S310 - the caller's own URL
            return json.load(answer)
    except (OSError, urllib.error.URLError, json.JSONDecodeError):
        return {}


def flowing(status: dict) -> set[str]:
    """Return what has a fresh value: nodes, as NODE, and their channels, as NODE::LABEL."""
    fresh = [
        (node["name"], field["label"])
        for node in status.get("nodes", [])
        for field in node["fields"]
        if field["age"] is not None and field["age"] < FRESH
    ]
    return {name for name, _ in fresh} | {f"{name}::{label}" for name, label in fresh}


def table(status: dict) -> str:
    """Return the last values, one channel a line."""
    rows = [("NODE", "CHANNEL", "LABEL", "VALUE", "", "AGE")]
    for node in status["nodes"]:
        for field in node["fields"]:
            if field["value"] is None:
                value, age = "-", "-"
            else:
                value = field["value"] if isinstance(field["value"], str) else f"{field['value']:.6g}"
                age = f"{field['age']:.1f} s"
            rows.append((node["name"], field["name"], field["label"] or "", value, field["units"] or "", age))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    right = {3, 5}
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def main() -> None:
    """Wait, then print; end with an error naming what has no data when the time is over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="of the bridge, for example http://127.0.0.1:5000")
    parser.add_argument("--expect", action="append", default=[], metavar="NODE[::LABEL]", help="what must have data")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long to wait")
    arguments = parser.parse_args()
    deadline = time.monotonic() + arguments.seconds
    while missing := set(arguments.expect) - flowing(status := fetch(arguments.url)):
        if time.monotonic() > deadline:
            names = ", ".join(sorted(missing))
            sys.exit(f"no fresh values of {names} at {arguments.url} after {arguments.seconds:g} s")
        time.sleep(1)
    print(table(status))


if __name__ == "__main__":
    main()
