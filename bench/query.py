"""How long a panel takes: over HTTP, through the router as foreign consumers call, and for many at once."""

from __future__ import annotations

import random
import time
from functools import partial

from bench import sessions
from bench.data import CHANNELS, WINDOWS
from bench.figures import Figures
from bench.panels import JITTER, POINTS, panel, series
from bench.systems import Livemon, System
from bench.timing import milliseconds, percentile, say, together

HEADINGS = ("system", "way", "window", "channels", "n", "p50 ms", "p95 ms", "answer, kB")
TITLE = f"Panels of {POINTS} points"
NOTE = (
    "Whole window, one client that keeps its connection alive and does not think; windows moved by 0 to 6 s each time. The old stack"
    " returns every sample."
)
FEWEST_POINTS = 600
PATIENCE = 300.0


def over_http(figures: Figures, system: System, counts: dict[tuple[str, int], int]) -> None:
    """Ask for panels one after the other; `counts` says how often by window and channels."""
    table = figures.table(TITLE, HEADINGS, NOTE)
    for (window, channels), count in counts.items():
        ask = panel(system.client(), system.targets(window, channels), WINDOWS[window])
        size = _check(ask(), channels)
        taken = milliseconds(ask, count, warm_up=min(20, count // 4))
        found = figures.latency(system.name, f"query.{window}.{channels}", taken)
        table.add(system.name, "HTTP", window, channels, count, *found, size / 1e3)


def at_once(figures: Figures, system: System, window: str, clients: int, count: int, *, warm_up: int) -> None:
    """Let many clients ask for 16 channels each, all the time."""
    table = figures.table(TITLE, HEADINGS, NOTE)
    asks = [panel(system.client(), system.targets(window, 16), WINDOWS[window]) for _ in range(clients)]
    taken, failed = together(asks, count, PATIENCE, warm_up)
    what = f"HTTP, {clients} clients at once" + (f"; {failed} more answers were faults" if failed else "")
    found = figures.latency(system.name, f"clients.{window}", taken) if taken else ("", "")
    table.add(system.name, what, window, 16, len(taken), *found, "")


def through_router(figures: Figures, system: Livemon, count: int) -> None:
    """Call ``get_data`` with a stride, as somebody else's consumer does."""
    table = figures.table(TITLE, HEADINGS, NOTE)
    session = system.consumer()
    for window in system.windows:
        for channels in (1, 16):
            call = partial(_calls, session, system.node(window), CHANNELS[-channels:], WINDOWS[window])
            sessions.in_reactor(call, 10)
            taken = sessions.in_reactor(call, count)
            found = figures.latency(system.name, f"router.{window}.{channels}", taken)
            table.add(system.name, "router", window, channels, count, *found, "")
    say(f"livemon: {count} calls of the hub's list of nodes")
    taken = sessions.in_reactor(_trivial, session, count)
    table.add(system.name, "router, a trivial call", "", "", count, percentile(taken, 50), percentile(taken, 95), "")


async def _calls(session: object, node: str, channels: list[str], window: float, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        end = time.time() - random.uniform(0, JITTER)
        begin = time.perf_counter()
        answer = await session.call(
            f"org.simonsobservatory.consumer.{node}.get_data",
            channels,
            end - window,
            end,
            min_stride=window / (POINTS - 1),
        )
        taken.append((time.perf_counter() - begin) * 1e3)
        lengths = {len(column) for column in answer["data"].values()}
        if len(answer["data"]) != len(channels) or not FEWEST_POINTS <= min(lengths) <= max(lengths) <= POINTS:
            raise RuntimeError(f"get_data of {node} answered {len(answer['data'])} channels of {lengths} points")
    return taken


async def _trivial(session: object, count: int) -> list[float]:
    taken = []
    for _ in range(count):
        begin = time.perf_counter()
        await session.call("org.simonsobservatory.consumer.get_data_node")
        taken.append((time.perf_counter() - begin) * 1e3)
    return taken


def _check(content: bytes, channels: int) -> int:
    found = series(content)
    fewest = min(map(len, found.values()), default=0)
    if len(found) != channels or fewest < FEWEST_POINTS:
        raise RuntimeError(f"a panel of {channels} channels has {len(found)}, the shortest with {fewest} points")
    return len(content)
