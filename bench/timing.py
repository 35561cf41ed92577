"""Clocks and order statistics."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

_BEGAN = time.monotonic()


def say(text: str) -> None:
    """Tell what the run does."""
    print(f"== {time.monotonic() - _BEGAN:6.1f} s  {text}", flush=True)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile."""
    return float(np.percentile(values, percent, method="inverted_cdf"))


def milliseconds(ask: Callable[[], object], count: int, warm_up: int = 20) -> list[float]:
    """Return how long each of `count` calls took, after some that are not counted."""
    for _ in range(warm_up):
        ask()
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - begin) * 1e3)
    return taken


def in_turn(count: int, *asks: Callable[[], object]) -> list[float]:
    """Return the medians of how long calls take, in milliseconds, made in turn: what else the machine does meets all of them."""
    taken = [milliseconds(ask, 1, warm_up=5 if number == 0 else 0) for number in range(count) for ask in asks]
    return [percentile([each[0] for each in taken[first :: len(asks)]], 50) for first in range(len(asks))]


def together(asks: Iterable[Callable[[], object]], count: int, seconds: float, warm_up: int) -> tuple[list[float], int]:
    """Return how long each call took, in milliseconds, of several callers who each wait for their answers, and how many failed.

    Raises
    ------
    TimeoutError
        If they are not done within `seconds`.
    """
    taken: list[float] = []
    failed = 0
    asks = list(asks)
    begin = threading.Barrier(len(asks))

    def work(ask: Callable[[], object]) -> None:
        nonlocal failed
        begin.wait(seconds)
        for number in range(warm_up + count):
            try:
                took = milliseconds(ask, 1, warm_up=0)
            except (RuntimeError, OSError):
                failed += 1
            else:
                taken.extend(took if number >= warm_up else [])

    threads = [threading.Thread(target=work, args=(ask,), daemon=True) for ask in asks]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    if waiting := sum(thread.is_alive() for thread in threads):
        raise TimeoutError(
            f"waited {seconds:g} s for {len(asks)} clients at once; {waiting} of them still wait for an answer"
        )
    return taken, failed


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used; the kernel's own clock of its threads, to the nanosecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def resident_bytes(pid: int | str = "self") -> int:
    """Return the memory that a process has resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024
