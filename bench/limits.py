"""Whether every request is answered, or refused in a sentence, however large: nothing may hang."""

from __future__ import annotations

import json
import time

from autobahn.wamp.exception import ApplicationError

from bench import sessions
from bench.data import CHANNELS, WINDOWS
from bench.figures import Figures
from bench.panels import request
from bench.systems import Livemon

PATIENCE = 30.0


def measure(figures: Figures, system: Livemon, window: str) -> None:
    """Ask for every sample of a whole window, over HTTP and through the router, and for what just fits."""
    table = figures.table(
        "Requests that are too large",
        ("way", "asked for", "answer", "MB", "seconds"),
        f"Each must be answered or refused; a run in which one takes {PATIENCE:g} s fails.",
    )
    end = time.time()
    slowest = 0.0
    span = WINDOWS[window]
    for points in (span, 20_000):
        client = system.client()
        begin = time.perf_counter()
        status, content = client.ask("POST", "/query", request(system.targets(window, 16), end - span, end, points))
        taken = time.perf_counter() - begin
        slowest = max(slowest, taken)
        found = json.loads(content)
        answer = f"{len(found)} series of {len(found[0]['datapoints']):,} points" if status == 200 else found["error"]
        table.add("HTTP /query", f"16 channels, {window}, {points:,} points", answer, len(content) / 1e6, taken)
    session = system.consumer()
    for procedure in ("get_data", "get_packed"):
        for seconds in (span, 2500):
            begin = time.perf_counter()
            answer = sessions.in_reactor(
                _call, session, f"{system.node(window)}.{procedure}", end - seconds, end, seconds=PATIENCE
            )
            taken = time.perf_counter() - begin
            slowest = max(slowest, taken)
            table.add(f"router, {procedure}", f"16 channels, {seconds:,} s, every sample", answer, "", taken)
    figures.add(system.name, "limits.slowest", slowest)


async def _call(session: object, procedure: str, start: float, end: float) -> str:
    try:
        answer = await session.call(f"org.simonsobservatory.consumer.{procedure}", CHANNELS, start, end)
    except ApplicationError as error:
        return f"{error.error}: {' '.join(map(str, error.args))}"
    if answer is False:
        return "False: too much, as upstream's contract has it"
    if isinstance(answer, bytes):
        return f"{len(answer):,} bytes"
    return f"{len(answer['data'])} lists of {max(map(len, answer['data'].values())):,} values"
