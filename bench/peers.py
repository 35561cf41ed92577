"""VictoriaMetrics and InfluxDB on the same data and panels: Debian's packages, run as plain programs with their defaults."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from random import uniform
from urllib.parse import urlencode

import numpy as np
from processes import free_port, listens, process
from waiting import wait_for

from bench.data import CHANNELS, WINDOWS, history, value
from bench.figures import Figures
from bench.panels import JITTER, POINTS, Client
from bench.query import HEADINGS, NOTE, TITLE
from bench.timing import milliseconds, say

WINDOW = "24 h"
Ask = Callable[[list[str], float, float], bytes]


def measure(figures: Figures, directory: Path, count: int) -> None:
    """Load 24 h of 16 channels into each, and ask for panels of means over buckets."""
    directory.mkdir()
    table = figures.table(TITLE, HEADINGS, NOTE)
    for name, start in (("VictoriaMetrics", _victoria_metrics), ("InfluxDB", _influxdb)):
        with ExitStack() as stack:
            say(f"{name}: starting, and loading {WINDOW} of 16 channels at 1 Hz")
            end = time.time()
            ask = start(stack, directory, end)
            for channels in (1, 16):
                panel = _panel(ask, CHANNELS[-channels:], end)
                size = _checked(panel(), channels)
                taken = milliseconds(panel, count)
                found = figures.latency(name, f"query.{WINDOW}.{channels}", taken)
                table.add(name, "HTTP", WINDOW, channels, count, *found, size / 1e3)


def _panel(ask: Ask, channels: list[str], end: float) -> Callable[[], bytes]:
    def moved() -> bytes:
        until = end - uniform(0, JITTER)
        return ask(channels, until - WINDOWS[WINDOW], until)

    return moved


def _checked(content: bytes, channels: int) -> int:
    answer = json.loads(content)
    if "data" in answer:
        lengths = [len(each["values"]) for each in answer["data"]["result"]]
    else:
        lengths = [len(each["values"]) for each in answer["results"][0]["series"]]
    if len(lengths) != channels or min(lengths) < POINTS * 0.9:
        raise RuntimeError(f"a panel of {channels} channels has {len(lengths)} series of {lengths} points")
    return len(content)


def _victoria_metrics(stack: ExitStack, directory: Path, end: float) -> Ask:
    program, port = _program("victoria-metrics", "victoria-metrics", directory), free_port()
    data = directory / "victoria-metrics-data"
    command = (program, f"-storageDataPath={data}", f"-httpListenAddr=127.0.0.1:{port}")
    stack.enter_context(process(*command, log=directory / "victoria-metrics.log"))
    client = _client(stack, port, "VictoriaMetrics")
    times = np.concatenate(list(history(WINDOWS[WINDOW], end)))
    stamps = (times * 1000).astype(int).tolist()
    for number, name in enumerate(CHANNELS):
        series = {
            "metric": {"__name__": "bench", "channel": name},
            "values": value(number, times).tolist(),
            "timestamps": stamps,
        }
        client.content("POST", "/api/v1/import", json.dumps(series).encode())
    client.content("GET", "/internal/force_flush")

    def ask(channels: list[str], start: float, until: float) -> bytes:
        step = (until - start) / POINTS
        select = f'avg_over_time(bench{{channel=~"{"|".join(channels)}"}}[{step:.3f}s])'
        query = {
            "query": select,
            "start": f"{start:.3f}",
            "end": f"{until:.3f}",
            "step": f"{step:.3f}s",
            "nocache": "1",
        }
        return client.content("GET", f"/api/v1/query_range?{urlencode(query)}")

    return ask


def _influxdb(stack: ExitStack, directory: Path, end: float) -> Ask:
    program, port = _program("influxdb", "influxd", directory), free_port()
    places = {"META_DIR": "meta", "DATA_DIR": "data", "DATA_WAL_DIR": "wal"}
    environment = os.environ | {f"INFLUXDB_{key}": str(directory / f"influxdb-{name}") for key, name in places.items()}
    environment |= {
        "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
        "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{free_port()}",
        "INFLUXDB_REPORTING_DISABLED": "true",
        "INFLUXDB_HTTP_LOG_ENABLED": "false",
    }
    empty = directory / "influxdb.conf"
    empty.touch()
    stack.enter_context(process(program, "-config", empty, log=directory / "influxdb.log", env=environment))
    client = _client(stack, port, "InfluxDB")
    client.content("POST", f"/query?{urlencode({'q': 'CREATE DATABASE bench'})}")
    for times in history(WINDOWS[WINDOW], end):
        for number, name in enumerate(CHANNELS):
            client.content("POST", "/write?db=bench&precision=ms", "\n".join(_lines(name, number, times)).encode())

    def ask(channels: list[str], start: float, until: float) -> bytes:
        step = (until - start) / POINTS
        query = (
            f"SELECT mean(value) FROM bench WHERE channel =~ /^({'|'.join(channels)})$/ AND time >= {start * 1e3:.0f}ms"
            f" AND time < {until * 1e3:.0f}ms GROUP BY time({step * 1e3:.0f}ms), channel"
        )
        return client.content("GET", f"/query?{urlencode({'db': 'bench', 'epoch': 'ms', 'q': query})}")

    return ask


def _lines(name: str, number: int, times: np.ndarray) -> Iterator[str]:
    for when, what in zip(times.tolist(), value(number, times).tolist(), strict=True):
        yield f"bench,channel={name} value={what} {when * 1000:.0f}"


def _client(stack: ExitStack, port: int, name: str) -> Client:
    wait_for(lambda: listens(port), f"{name} to listen", 30)
    client = Client(("127.0.0.1", port))
    stack.callback(client.close)
    return client


def _program(package: str, program: str, directory: Path) -> Path | str:
    """Return the program, out of the distribution's package if it is not installed; nothing is installed for it."""
    if found := shutil.which(program):
        return found
    say(f"fetching the package {package}")
    try:
        subprocess.run(["apt-get", "download", "-qq", package], cwd=directory, check=True, timeout=300)
        [file] = directory.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", file, directory / package], check=True, timeout=60)
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        raise RuntimeError(f"--peers: cannot have the package {package} of Debian or Ubuntu: {error}") from error
    return next((directory / package).rglob(f"bin/{program}"))
