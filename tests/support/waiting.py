"""Bounded waits, in seconds of an idle computer: docs/decisions/0051."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

LONGEST_QUEUE = 6.0
"""Processes for each processor; more of them do not make a wait longer."""


def patience() -> float:
    """Return by how much to multiply the seconds that something takes on an idle computer.

    It is ``LIVEMON_PATIENCE`` (1 by default; more on a slow computer) times the processes that ran or waited for each processor
    during the last minute (getloadavg(3)), which count as 1 to `LONGEST_QUEUE`.
    """
    load, *_ = os.getloadavg()
    queue = min(max(1.0, load / len(os.sched_getaffinity(0))), LONGEST_QUEUE)
    return queue * float(os.environ.get("LIVEMON_PATIENCE", "1"))


def wait_for(
    condition: Callable[[], object],
    what: str,
    seconds: float = 40.0,
    every: float = 0.1,
    state: Callable[[], str] | None = None,
) -> object:
    """Return the first true answer of `condition`.

    Fail after `seconds` times the patience, naming what was waited for and, if `state` tells it, how things are instead.
    """
    begun = time.monotonic()
    while not (answer := condition()):
        waited = time.monotonic() - begun
        if waited > seconds * patience():
            pytest.fail(f"waited {waited:.0f} s for {what}" + (f"; {state()}" if state else ""))
        time.sleep(every)
    return answer
