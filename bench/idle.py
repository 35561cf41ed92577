#!/usr/bin/env python3
"""How long `playbooks/site.yml` takes on a machine that needs no change, and how many module runs that is.

    make demo                                        # a lab machine, or name the inventory of another one
    python3 bench/idle.py                            # this checkout, three times
    python3 bench/idle.py --tree ../before --tree .  # two versions, one after the other, on the same machine

Prints a table: for each version the median time in seconds and the single times, the median of the processor time that Ansible takes
on this computer, the tasks that ran, the modules that ran, and the load average of five minutes. The first run of each version is not
counted: it makes changes if there are any, and opens the connection. A counted run that changes something is an error. Modules are
counted in one more run, since what Ansible prints for it takes time. Give versions that differ in src/ the same images: behind --,
options of ansible-playbook follow.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

LIMIT = 1800.0
"""Seconds after which a run is given up."""


@dataclass
class Run:
    """One run of the playbook: wall clock and processor time in seconds, and what it printed."""

    seconds: float
    processor: float
    printed: str

    def changed(self) -> list[str]:
        """Return the names of the tasks that changed something."""
        tasks = re.split(r"^TASK \[", self.printed.partition("PLAY RECAP")[0], flags=re.MULTILINE)[1:]
        return [task.partition("]")[0] for task in tasks if re.search(r"^changed: ", task, re.MULTILINE)]

    def tasks(self) -> int:
        """Return how many tasks ran."""
        return sum(map(int, re.findall(r"\bok=(\d+)", self.printed)))

    def modules(self) -> int:
        """Return how often a module ran, each item of a loop for itself; of a run with -vvv."""
        return self.printed.count("Using module file")


def processor_time() -> float:
    """Return the processor time in seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def play(tree: Path, inventory: str, *options: str) -> Run:
    """Run the playbook of a checkout, which has to succeed."""
    controller = tree / ".venv/controller/bin"
    began, before = time.monotonic(), processor_time()
    run = subprocess.run(
        [controller / "ansible-playbook", "-i", inventory, "playbooks/site.yml", *options],
        cwd=tree,
        env=os.environ | {"PATH": f"{controller}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    if run.returncode != 0:
        sys.exit(f"{tree}: {run.stdout[-4000:]}{run.stderr[-2000:]}")
    return Run(time.monotonic() - began, processor_time() - before, run.stdout)


def idle(tree: Path, inventory: str, *options: str) -> Run:
    """Run the playbook where nothing is to be changed."""
    run = play(tree, inventory, *options)
    if changed := run.changed():
        sys.exit(f"{tree}: this run changed something: {', '.join(changed)}")
    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, action="append", help="a checkout; may be given several times")
    parser.add_argument("--inventory", default="inventory/demo", help="below each checkout, or absolute")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("options", nargs="*", help="options of ansible-playbook")
    given = parser.parse_args()
    trees = [tree.resolve() for tree in given.tree or [Path(__file__).parents[1]]]
    print(
        "| version | median, s | runs, s | processor time here, s | tasks | module runs | load |\n|---|---|---|---|---|---|---|"
    )
    for tree in trees:
        play(tree, given.inventory, *given.options)
        runs = [idle(tree, given.inventory, *given.options) for _ in range(given.runs)]
        modules = idle(tree, given.inventory, "-vvv", *given.options).modules()
        seconds, processor = [run.seconds for run in runs], [run.processor for run in runs]
        row = [tree.name, f"{statistics.median(seconds):.1f}", " ".join(f"{each:.0f}" for each in seconds)]
        row += [f"{statistics.median(processor):.1f}", str(runs[-1].tasks()), str(modules), f"{os.getloadavg()[1]:.1f}"]
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
