"""Asks hosts of a network ``*IDN?``, bounded in rate and number: one connection to a host at a time, and no other word is sent."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from livemon.discovery.identity import QUERY, Identity, Listener

HOSTS_AT_ONCE = 256
CONNECTIONS_PER_SECOND = 200.0
CONNECT_SECONDS = 1.5
"""Long enough for TCP to repeat a lost packet, which it does after one second."""
REPLY_SECONDS = 3.0
"""As long as an agent waits (:mod:`livemon.instruments.common.connection`)."""
_ABSENT = (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN)
_CHUNK = 1024


@dataclass(frozen=True)
class Answer:
    """What came of asking a host on a port where something listens.

    `identity` is `None` if it is not an instrument; `instead` then says, in a few words, what it did.
    """

    host: str
    port: int
    identity: Identity | None
    instead: str = ""


class Pace:
    """Lets callers pass one after the other, so many per second."""

    def __init__(self, per_second: float) -> None:
        self._interval = 1 / per_second
        self._next = 0.0

    async def turn(self) -> None:
        """Wait for the caller's turn."""
        now = asyncio.get_running_loop().time()
        at = self._next = max(now, self._next + self._interval)
        await asyncio.sleep(at - now)


def ask(
    targets: Mapping[str, Iterable[int]], progress: Callable[[int, int], None] = lambda _asked, _found: None
) -> list[Answer]:
    """Ask each host on its ports; return those answers where something listens, in the order of `targets`.

    Parameters
    ----------
    targets
        The ports of each host, an IPv4 address.
    progress
        Called after each host with the number of hosts asked and of instruments found so far.
    """
    return asyncio.run(_ask_all(targets, progress))


async def _ask_all(targets: Mapping[str, Iterable[int]], progress: Callable[[int, int], None]) -> list[Answer]:
    pace, at_once = Pace(CONNECTIONS_PER_SECOND), asyncio.Semaphore(HOSTS_AT_ONCE)
    asked = found = 0

    async def ask_one(host: str, ports: Iterable[int]) -> list[Answer]:
        nonlocal asked, found
        async with at_once:
            answers = await _ask_host(host, ports, pace)
        asked += 1
        found += sum(answer.identity is not None for answer in answers)
        progress(asked, found)
        return answers

    answers = await asyncio.gather(*(ask_one(host, ports) for host, ports in targets.items()))
    return [answer for of_host in answers for answer in of_host]


async def _ask_host(host: str, ports: Iterable[int], pace: Pace) -> list[Answer]:
    answers = []
    for port in ports:
        await pace.turn()
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(host, port)
        except OSError as error:  # TimeoutError is one
            if error.errno in _ABSENT:
                break  # nor does it listen on the other ports
            continue
        listener = Listener()
        try:
            identity, closed = await _listen(reader, writer, listener)
        finally:
            await _close(writer, gracefully=not listener.is_full)
        answers.append(Answer(host, port, identity, "" if identity else _description(listener, closed=closed)))
    return answers


async def _listen(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener: Listener
) -> tuple[Identity | None, bool]:
    """Return the identity that a peer sends, if any, and whether it has closed the connection."""
    closed = True
    try:
        writer.write(QUERY)
        async with asyncio.timeout(REPLY_SECONDS):
            while not listener.is_full and (data := await reader.read(_CHUNK)):
                if identity := listener.feed(data):
                    return identity, False
    except TimeoutError:
        closed = False
    except OSError:
        pass  # it has reset the connection
    return None if listener.is_full else listener.rest(), closed


async def _close(writer: asyncio.StreamWriter, *, gracefully: bool) -> None:
    """End a connection; an instrument is to see its end, so that it has room for the next one."""
    if not gracefully:
        writer.transport.abort()
        return
    writer.close()
    with contextlib.suppress(OSError):
        async with asyncio.timeout(CONNECT_SECONDS):
            await writer.wait_closed()


def _description(listener: Listener, *, closed: bool) -> str:
    if listener.is_full:
        return "sends without end"
    if listener.first_line.startswith(("HTTP/", "<")):
        return "is a web server"
    if listener.heard:
        return "replies with something else"
    return "closes the connection" if closed else "does not reply"
