"""What a renewed certificate costs those who are connected to the router, beside what a restart of it would cost.

Prints a table: medians of several, each after the other on one running system (router, agent, aggregator, hub, nodes, bridge).

    PYTHONPATH=src:tests/support .venv/app/bin/python -m bench.renewal [TIMES]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

from appliance import Appliance
from renewal import cost, running

EVENTS: dict[str, Callable[[Appliance], object]] = {
    "nothing": lambda _: None,
    "a new certificate": lambda appliance: appliance.router.renew(new_keys=True),
    "a new authority": lambda appliance: appliance.router.renew(new_authority=True),
    "a restart": lambda appliance: appliance.router.restart(),
}


def main(times: int) -> None:
    """Measure and print."""
    print(
        "| | closed, s | newest sample's age, s | archive's longest interval, s | sessions lost |\n|---|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as directory, running(Path(directory)) as appliance:
        for name, event in EVENTS.items():
            costs = [astuple(cost(appliance, lambda event=event: event(appliance))[0]) for _ in range(times)]
            row = [f"{statistics.median(column):.2f}" for column in zip(*costs, strict=True)]
            print(f"| {name} | {' | '.join(row[:3])} | {float(row[3]):g} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
