"""Serves a simulated instrument on a socket or a pseudo-terminal, and makes all of it go dead and come back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

from livemon.errors import DeviceError
from livemon.instruments.common.control import ControlServer
from livemon.instruments.common.faults import Kind
from livemon.instruments.common.instrument import Conversation, Instrument
from livemon.instruments.common.line import Clock, deafen, send, undeafen
from livemon.instruments.common.pseudoterminal import PtyServer

# How long a peer without terminators has to be silent before its message counts as complete. The Model 240 requires
# 10 ms between messages, so that no client that keeps to it is misunderstood.
SILENCE = 0.01
# How often time advances for an instrument without clients, seconds.
HEARTBEAT = 1.0
_CHUNK = 4096


class TcpServer:
    """Serves an instrument to any number of TCP clients at once.

    Parameters
    ----------
    instrument
        Shared by all clients.
    clock
        Seconds since switch-on.
    unterminated
        See :class:`~livemon.instruments.common.instrument.Conversation`.
    """

    def __init__(self, instrument: Instrument, clock: Clock, *, unterminated: bool = False) -> None:
        self._instrument = instrument
        self._clock = clock
        self._unterminated = unterminated
        self._server: asyncio.Server | None = None
        self._clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._dead = False

    async def start(self, host: str, port: int) -> str:
        """Listen; return the address in use as ``host:port``.

        Raises
        ------
        DeviceError
            If the address cannot be used.
        """
        try:
            self._server = await asyncio.start_server(self._serve, host, port)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
            raise DeviceError(f"cannot listen on {host}:{port}: {reason}") from error
        bound_host, bound_port = self._server.sockets[0].getsockname()[:2]
        return f"{bound_host}:{bound_port}"

    async def stop(self) -> None:
        """Stop listening and close all connections; one that is made now is closed when the event loop ends."""
        if self._server is None:
            return
        self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    def cut_off(self) -> None:
        """Go dead silently: open connections receive nothing more, new ones are not answered."""
        self._dead = True
        for connection in self._sockets():
            deafen(connection)

    def come_back(self, *, restarted: bool) -> None:
        """Answer new connections.

        The old ones stay dead, as behind a router that has forgotten them; an instrument that was `restarted` does not know
        them and resets them.
        """
        self._dead = False
        for listener in self._server.sockets if self._server else ():
            undeafen(listener)
        for writer in list(self._clients.values()) if restarted else ():
            # Closed with a reset, as by a host that does not know the connection.
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def _sockets(self) -> list[socket.socket]:
        clients = (writer.get_extra_info("socket") for writer in self._clients.values())
        return [*(self._server.sockets if self._server else ()), *clients]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients[task] = writer
        if self._dead:  # it had connected just before that
            deafen(writer.get_extra_info("socket"))
        # Only the kernel's probes detect a client whose machine has gone silently.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # A client may vanish at any moment, and a cancelled one is disconnected; neither is a fault.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._converse(reader, writer)
        del self._clients[task]
        writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(self._instrument, unterminated=self._unterminated)
        while True:
            try:
                async with asyncio.timeout(SILENCE if conversation.ends_by_silence else None):
                    data = await reader.read(_CHUNK)
            except TimeoutError:
                answers = conversation.silence(self._clock())
            else:
                if not data:
                    return
                answers = conversation.receive(data, self._clock())
            if not await send(answers, self._instrument.faults, self._clock, writer.write):
                return
            await writer.drain()


class Outages:
    """Carries out the faults of the whole line: half-open connections and power cycles.

    Parameters
    ----------
    instrument, tcp, pty
        What goes dead and comes back.
    """

    def __init__(self, instrument: Instrument, tcp: TcpServer, pty: PtyServer) -> None:
        self._instrument = instrument
        self._tcp = tcp
        self._pty = pty
        self._now: Kind | None = None

    def advance(self, now: float) -> None:
        """Begin and end the outages that are due."""
        faults = self._instrument.faults
        due = next((kind for kind in (Kind.POWER_CYCLE, Kind.HALF_OPEN) if faults.active(kind, now)), None)
        if due == self._now:
            return
        before, self._now = self._now, due
        if before is not None:
            self._end(before)
        if due is not None:
            self._tcp.cut_off()
            self._pty.cut_off(unplugged=due == Kind.POWER_CYCLE)

    def _end(self, kind: Kind) -> None:
        restarted = kind == Kind.POWER_CYCLE
        if restarted:
            self._instrument.power_on()
        self._tcp.come_back(restarted=restarted)
        self._pty.come_back()


async def run_until_terminated(
    instrument: Instrument,
    *,
    address: tuple[str, int] | None,
    link: Path | None,
    control: Path | None = None,
    announce: Callable[[str], None],
) -> None:
    """Serve an instrument until SIGTERM or SIGINT.

    Parameters
    ----------
    instrument
        It is switched on now, with the faults that it has already.
    address
        Host and port to listen on (0 takes a free one), or `None`.
    link
        Path of a symbolic link to a pseudo-terminal, or `None`.
    control
        Path of a socket by which it can be made to fail, or `None`.
    announce
        Called with each address, once it can be used.

    Raises
    ------
    DeviceError
        If an address, a link or a socket cannot be used.
    """
    loop = asyncio.get_running_loop()
    switched_on = loop.time()
    stop, changed = asyncio.Event(), asyncio.Event()

    def terminate() -> None:
        stop.set()
        changed.set()

    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, terminate)

    def clock() -> float:
        return loop.time() - switched_on

    tcp = TcpServer(instrument, clock, unterminated=instrument.UNTERMINATED)
    pty = PtyServer(instrument, clock)
    outages = Outages(instrument, tcp, pty)

    def bring_up_to_date() -> None:
        outages.advance(clock())
        instrument.advance(clock())
        changed.set()

    controls = ControlServer(instrument.faults, instrument.INPUTS, clock, bring_up_to_date)
    try:
        if control:
            await controls.start(control)
        if address:
            announce(await tcp.start(*address))
        if link:
            announce(pty.start(link))
        while not stop.is_set():
            bring_up_to_date()
            changed.clear()
            now = clock()
            await _at_most(min(HEARTBEAT, instrument.faults.next_change(now) - now), changed.wait())
    finally:
        controls.stop()
        pty.stop()
        await tcp.stop()


async def _at_most(seconds: float, awaitable: Awaitable[object]) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(awaitable, seconds)
