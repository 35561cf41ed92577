"""Processes that end with the test that started them, and ports of the loopback address for them."""

from __future__ import annotations

import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from waiting import patience


def free_port(host: str = "127.0.0.1") -> int:
    """Return a TCP port of `host` that is free, and still is when a process that has only just been started takes it.

    It is below those that the kernel assigns by itself to outgoing connections and to port 0 (ip(7), ip_local_port_range).
    """
    first_of_kernel = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        port = secrets.choice(range(10_000, max(first_of_kernel, 20_000)))
        with socket.socket() as probe, suppress(OSError):
            probe.bind((host, port))
            return port


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether connections to that port are accepted."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((host, port)) == 0


def terminate(child: subprocess.Popen, seconds: float) -> None:
    """End a process by SIGTERM, or by SIGKILL after `seconds` times the patience."""
    child.terminate()
    try:
        child.wait(seconds * patience())
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait(5)


@contextmanager
def process(*command: object, log: Path, name: str | None = None, **popen) -> Iterator[subprocess.Popen]:
    """Run a command as long as the block lasts, its output appended to `log` and shown when the block fails."""
    name = name or Path(str(command[0])).name
    with log.open("ab") as output:
        child = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT, **popen)
    try:
        yield child
    except BaseException:
        print(f"--- {name}, end of its log:\n{log.read_text(errors='replace')[-4000:]}")
        raise
    finally:
        terminate(child, 15)
