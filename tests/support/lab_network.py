"""A lab's network on this computer: two network namespaces, each an end of one cable, with simulated instruments and other devices.

Run as a program in the lab's namespace, it serves what :func:`lab_network` is given, and prints ``ready``.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

from livemon.instruments import folders
from livemon.instruments.common.cryostat import Cryostat
from livemon.instruments.common.line import deafen
from livemon.instruments.common.server import TcpServer

MONITOR = "10.77.0.250"
SUBNET = "10.77.0.0/24"


@dataclass(frozen=True)
class Network:
    """`monitor` is the name of the namespace from which the lab is seen."""

    monitor: str

    def run(self, *command: object, **popen) -> subprocess.CompletedProcess:
        """Run a command as on the monitor."""
        words = ["ip", "netns", "exec", self.monitor, *map(str, command)]
        return subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, **popen)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True, timeout=30)


@contextmanager
def lab_network(instruments: Mapping[str, tuple[str, str]], others: Mapping[str, tuple[str, int]]) -> Iterator[Network]:
    """Make the network; all addresses of `SUBNET` that are not given have nobody who answers.

    Parameters
    ----------
    instruments
        Model and serial number by address.
    others
        The kind of a device, a key of `KINDS`, and its port, by address.

    Raises
    ------
    OSError, subprocess.CalledProcessError
        If namespaces cannot be made here.
    """
    tag = secrets.token_hex(3)
    monitor, lab = f"lm-mon-{tag}", f"lm-lab-{tag}"
    with ExitStack() as stack:
        for name in (monitor, lab):
            _ip("netns", "add", name)
            stack.callback(_ip, "netns", "del", name)
        _ip("link", "add", f"m{tag}", "netns", monitor, "type", "veth", "peer", "name", f"l{tag}", "netns", lab)
        _ip("-n", monitor, "addr", "add", f"{MONITOR}/24", "dev", f"m{tag}")
        for address in (*instruments, *others):
            _ip("-n", lab, "addr", "add", f"{address}/24", "dev", f"l{tag}")
        for name, link in ((monitor, f"m{tag}"), (lab, f"l{tag}")):
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", link, "up")
        command = ["ip", "netns", "exec", lab, sys.executable, __file__, json.dumps([instruments, others])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ) as served:
            stack.callback(served.wait, 30)
            stack.callback(served.terminate)
            assert served.stdout is not None
            assert served.stdout.readline() == "ready\n"
            yield Network(monitor)
            stack.close()


async def _web(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\nDate: Mon, 01 Dec 2025 00:00:00 GMT\r\n\r\n<html></html>\r\n")
    await writer.drain()
    writer.close()


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(100):
        pass
    writer.close()


async def _garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(bytes(range(256)) + b"\r\n,,,\r\n")
    await _silent(_reader, writer)


async def _endless(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while True:
            writer.write(b"+273.15," * 100)
            await writer.drain()


async def _closing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _resetting(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()


async def _slow(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.5)


KINDS = {
    "web": _web,
    "silent": _silent,
    "garbage": _garbage,
    "endless": _endless,
    "closing": _closing,
    "resetting": _resetting,
    "slow": _slow,
    "dropping": _silent,
}
"""Devices that are not instruments. One that is `dropping` does not even answer a connection, as behind a firewall."""


async def _serve(instruments: dict[str, tuple[str, str]], others: dict[str, tuple[str, int]]) -> None:
    time, switched_on = asyncio.get_running_loop().time, asyncio.get_running_loop().time()
    servers = []
    for address, (number, serial) in instruments.items():
        simulator = folders.part(folders.folder_of(number), "simulator").SIMULATOR
        instrument = simulator(serial, Cryostat(600, 1), 1, {})
        servers.append(TcpServer(instrument, lambda: time() - switched_on, unterminated=instrument.UNTERMINATED))
        await servers[-1].start(address, folders.models()[number].port)
    for address, (kind, port) in others.items():
        server = await asyncio.start_server(KINDS[kind], address, port)
        if kind == "dropping":
            deafen(server.sockets[0])
        servers.append(server)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(*json.loads(sys.argv[1])))
