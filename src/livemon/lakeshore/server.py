"""Gives a simulated instrument a socket or a pseudo-terminal: the only module here that does I/O."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import tty
from collections.abc import Callable
from pathlib import Path

from livemon.errors import DeviceError
from livemon.lakeshore.instrument import Conversation, Instrument

# How long a peer without terminators has to be silent before its message counts as complete. The Model 240 asks for
# 10 ms between messages, so no faster client is turned away.
SILENCE = 0.01
# How often time passes for an instrument to which nobody talks.
HEARTBEAT = 1.0
_CHUNK = 4096

Clock = Callable[[], float]


class TcpServer:
    """Serves an instrument to any number of TCP clients at once.

    Parameters
    ----------
    instrument
        Shared by all clients.
    clock
        Seconds since switch-on.
    unterminated
        See :class:`~livemon.lakeshore.instrument.Conversation`.
    """

    def __init__(self, instrument: Instrument, clock: Clock, *, unterminated: bool = False) -> None:
        self._instrument = instrument
        self._clock = clock
        self._unterminated = unterminated
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task] = set()

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
        """Stop listening and hang up on all clients; one that connects meanwhile is hung up on as the loop ends."""
        if self._server is None:
            return
        self._server.close()
        for client in self._clients:
            client.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._clients.add(task)
        # Of a client whose machine has gone without a word, only the probes of the kernel can tell.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # A client may vanish at any moment, a cancelled one is hung up on; neither is a fault.
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._converse(reader, writer)
        self._clients.discard(task)
        writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(self._instrument, unterminated=self._unterminated)
        while True:
            try:
                async with asyncio.timeout(SILENCE if conversation.ends_by_silence else None):
                    data = await reader.read(_CHUNK)
            except TimeoutError:
                writer.write(conversation.silence(self._clock()))
            else:
                if not data:
                    return
                writer.write(conversation.receive(data, self._clock()))
            await writer.drain()


class PtyServer:
    """Serves an instrument on a pseudo-terminal, which stands in for its USB port.

    Parameters
    ----------
    instrument
        What answers.
    clock
        Seconds since switch-on.
    """

    def __init__(self, instrument: Instrument, clock: Clock) -> None:
        self._conversation = Conversation(instrument)
        self._clock = clock
        self._link: Path | None = None
        self._ends: tuple[int, int] | None = None

    def start(self, link: Path) -> str:
        """Open the pseudo-terminal and point the symbolic link `link` to it; return the link's path.

        Raises
        ------
        DeviceError
            If something that is no symbolic link has that name, or it cannot be made.
        """
        if link.exists() and not link.is_symlink():
            raise DeviceError(f"cannot make the symbolic link {link}: something else has that name")
        # The far end stays open here, so that the port survives each client that closes it.
        near, far = self._ends = os.openpty()
        tty.setraw(far)
        os.set_blocking(near, False)
        try:
            # Under another name first: a rename replaces a stale link in one step.
            fresh = link.with_name(f".{link.name}.{os.getpid()}")
            fresh.symlink_to(os.ttyname(far))
            fresh.replace(link)
        except OSError as error:
            raise DeviceError(f"cannot make the symbolic link {link}: {error.strerror}") from error
        self._link = link
        asyncio.get_running_loop().add_reader(near, self._readable)
        return str(link)

    def stop(self) -> None:
        """Close the pseudo-terminal and remove the link."""
        if self._ends is None:
            return
        near, far = self._ends
        asyncio.get_running_loop().remove_reader(near)
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == os.ttyname(far):
            self._link.unlink()
        os.close(near)
        os.close(far)
        self._ends = None

    def _readable(self) -> None:
        near, _ = self._ends
        # Answers that nobody reads are lost, as on a serial line.
        with contextlib.suppress(BlockingIOError):
            answer = self._conversation.receive(os.read(near, _CHUNK), self._clock())
            if answer:
                os.write(near, answer)


async def run_until_terminated(
    instrument: Instrument,
    *,
    address: tuple[str, int] | None,
    link: Path | None,
    unterminated: bool,
    announce: Callable[[str], None],
) -> None:
    """Serve an instrument until SIGTERM or SIGINT.

    Parameters
    ----------
    instrument
        Switched on now.
    address
        Host and port to listen on (0 takes a free one), or none.
    link
        Symbolic link to a pseudo-terminal, or none.
    unterminated
        Whether TCP clients may leave terminators out.
    announce
        Called with each address once it can be used.

    Raises
    ------
    DeviceError
        If an address or a link cannot be used.
    """
    loop = asyncio.get_running_loop()
    switched_on = loop.time()
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)

    def clock() -> float:
        return loop.time() - switched_on

    tcp = TcpServer(instrument, clock, unterminated=unterminated)
    pty = PtyServer(instrument, clock)
    try:
        if address:
            announce(await tcp.start(*address))
        if link:
            announce(pty.start(link))
        while not stop.is_set():
            instrument.advance(clock())
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), HEARTBEAT)
    finally:
        pty.stop()
        await tcp.stop()
