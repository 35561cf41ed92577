#!/usr/bin/env python3
"""How long `playbooks/site.yml` takes on a machine that needs no change, and how many module runs that is.

    make demo                                        # a lab machine, or name the inventory of another one
    python3 bench/idle.py                            # this checkout, three times
    python3 bench/idle.py --tree ../before --tree .  # two versions in turn, against the same machine

Prints a table: for each version the median time in seconds, the single times, tasks that ran and modules that ran on the machine.
The first run of each version is not counted: it makes changes if there are any, and opens the connection. A counted run that changes
something is an error. Module runs are counted in one more run, since what Ansible prints for it takes time. Versions should agree in
src/ and requirements/, from which the tags of images follow.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

LIMIT = 1800.0
"""Seconds after which a run is given up."""


def play(tree: Path, inventory: str, *options: str) -> tuple[float, str]:
    """Run the playbook of a checkout; return the seconds that it took and what it printed."""
    controller = tree / ".venv/controller/bin"
    environment = os.environ | {"PATH": f"{controller}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"}
    command = [controller / "ansible-playbook", "-i", inventory, "playbooks/site.yml", *options]
    began = time.monotonic()
    run = subprocess.run(
        command,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if run.returncode != 0:
        sys.exit(f"{tree}: {run.stdout[-4000:]}{run.stderr[-2000:]}")
    return time.monotonic() - began, run.stdout


def idle(tree: Path, inventory: str) -> tuple[float, int]:
    """Return the seconds of a run that changes nothing, and how many tasks ran."""
    seconds, text = play(tree, inventory)
    if re.search(r"changed=[1-9]", text):
        changed = re.findall(r"TASK \[([^\n]*)\] \*+\n(?:changed|.*\nchanged)", text)
        sys.exit(f"{tree}: this run changed something: {', '.join(changed)}")
    return seconds, sum(map(int, re.findall(r"\bok=(\d+)", text)))


def module_runs(tree: Path, inventory: str) -> int:
    """Return how often Ansible runs a module, for each item of a loop, by what it prints of each."""
    return play(tree, inventory, "-vvv")[1].count("Using module file")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, action="append", help="a checkout; may be given several times")
    parser.add_argument("--inventory", default="inventory/demo", help="the inventory, below each checkout or absolute")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    trees = [tree.resolve() for tree in options.tree or [Path(__file__).parents[1]]]
    times: dict[Path, list[float]] = {tree: [] for tree in trees}
    tasks: dict[Path, int] = {}
    for tree in trees:
        play(tree, options.inventory)
    for _ in range(options.runs):
        for tree in trees:
            seconds, tasks[tree] = idle(tree, options.inventory)
            times[tree].append(seconds)
    print("| version | median, s | runs, s | tasks | module runs |\n|---|---|---|---|---|")
    for tree in trees:
        single = " ".join(f"{seconds:.0f}" for seconds in times[tree])
        row = [
            tree.name,
            f"{statistics.median(times[tree]):.1f}",
            single,
            tasks[tree],
            module_runs(tree, options.inventory),
        ]
        print(f"| {' | '.join(map(str, row))} |")
    print(f"\nLoad average at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.")


if __name__ == "__main__":
    main()
