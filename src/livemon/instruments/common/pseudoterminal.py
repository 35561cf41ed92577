"""A pseudo-terminal in place of an instrument's USB port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from pathlib import Path

from livemon.errors import DeviceError
from livemon.instruments.common.instrument import Conversation, Instrument
from livemon.instruments.common.line import Clock, send

_CHUNK = 4096


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
        self._instrument = instrument
        self._clock = clock
        self._link: Path | None = None
        self._ends: tuple[int, int] | None = None
        self._talk: asyncio.Task[None] | None = None
        self._deaf = False

    def start(self, link: Path) -> str:
        """Open the pseudo-terminal and point the symbolic link `link` to it; return the link's path.

        Raises
        ------
        DeviceError
            If the path exists and is not a symbolic link, or the link cannot be made.
        """
        if link.exists() and not link.is_symlink():
            raise DeviceError(f"cannot make the symbolic link {link}: the path exists and is not a symbolic link")
        # The far end stays open here, so that the port survives clients that close it.
        near, far = self._ends = os.openpty()
        tty.setraw(far)
        os.set_blocking(near, False)
        try:
            # Under another name first: a rename replaces a stale link atomically.
            fresh = link.with_name(f".{link.name}.{os.getpid()}")
            fresh.symlink_to(os.ttyname(far))
            fresh.replace(link)
        except OSError as error:
            raise DeviceError(f"cannot make the symbolic link {link}: {error.strerror}") from error
        self._link = link
        self._talk = asyncio.get_running_loop().create_task(self._converse(near))
        return str(link)

    def stop(self) -> None:
        """Close the pseudo-terminal and remove the link, as an unplugged USB port does."""
        if self._ends is None:
            return
        near, far = self._ends
        if self._talk is not None:
            self._talk.cancel()
            asyncio.get_running_loop().remove_reader(near)
        if self._link is not None and self._link.is_symlink() and str(self._link.readlink()) == os.ttyname(far):
            self._link.unlink()
        os.close(near)
        os.close(far)
        self._ends = None

    def cut_off(self, *, unplugged: bool) -> None:
        """Go dead: unplugged, or silently."""
        self._deaf = True
        if unplugged:
            self.stop()

    def come_back(self) -> None:
        """Answer again, on a new port if the old one was unplugged."""
        self._deaf = False
        if self._link is not None and self._ends is None:
            self.start(self._link)

    async def _converse(self, near: int) -> None:
        conversation = Conversation(self._instrument)
        while True:
            data = await _readable(near)
            if self._deaf:
                continue
            answers = conversation.receive(data, self._clock())
            if not await send(answers, self._instrument.faults, self._clock, lambda piece: _write(near, piece)):
                asyncio.get_running_loop().call_soon(self._replug)
                return

    def _replug(self) -> None:
        self.stop()
        self.come_back()


async def _readable(near: int) -> bytes:
    """Wait until something has arrived, and return it."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def is_readable() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(near, is_readable)
    await ready
    loop.remove_reader(near)
    try:
        return os.read(near, _CHUNK)
    except BlockingIOError:
        return b""


def _write(near: int, piece: bytes) -> None:
    # Answers that are not read are lost, as on a serial line.
    with contextlib.suppress(BlockingIOError):
        os.write(near, piece)
