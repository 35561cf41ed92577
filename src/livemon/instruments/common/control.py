"""How a running simulator is made to fail: a Unix socket that takes one request per connection.

A request is a line: a fault as in :data:`livemon.instruments.common.faults.GRAMMAR`, ``clear``, ``clear,KIND``, or nothing, which
asks what is in force. The answer is lines of text; the first word of a refusal is ``error:``.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from livemon.errors import DeviceError
from livemon.instruments.common.faults import Faults, parse, parse_kind

REFUSED = "error: "
_LONGEST = 4096
_PATIENCE = 5.0


class ControlServer:
    """Takes requests for a simulator.

    Parameters
    ----------
    faults
        The instrument's faults.
    channels
        The instrument's inputs.
    clock
        Seconds since switch-on.
    changed
        Called when faults were added or cleared, before the answer.
    """

    def __init__(
        self, faults: Faults, channels: Sequence[int | str], clock: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        self._faults = faults
        self._channels = channels
        self._clock = clock
        self._changed = changed
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def start(self, path: Path) -> None:
        """Listen at `path`, which only the same user can use; a socket without a listener is replaced.

        Raises
        ------
        DeviceError
            If the path is taken or cannot be used.
        """
        if path.is_socket() and _answers(path):
            raise DeviceError(f"cannot make the control socket {path}: another simulator listens there; choose another")
        try:
            self._server = await asyncio.start_unix_server(self._serve, path)
            path.chmod(0o600)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DeviceError(f"cannot make the control socket {path}: {reason}") from error
        self._path = path

    def stop(self) -> None:
        """Stop listening and remove the socket."""
        if self._server is not None and self._path is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                line = await reader.readline()
            writer.write(self.answer(line.decode(errors="replace").strip()).encode())
            await writer.drain()
        writer.close()

    def answer(self, request: str) -> str:
        """Carry out one request; return the faults in force after it, or why it is refused."""
        now = self._clock()
        try:
            if request.split(",", maxsplit=1)[0] == "clear":
                _, _, kind = request.partition(",")
                self._faults.clear(parse_kind(kind) if kind else None)
                self._changed()
            elif request:
                self._faults.add(parse(request, now, self._channels))
                self._changed()
        except DeviceError as error:
            return f"{REFUSED}{error}\n"
        return "".join(f"{fault.describe(now)}\n" for fault in self._faults.listed(now)) or "no faults\n"


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_PATIENCE)
        return probe.connect_ex(str(path)) == 0


def request(path: Path, line: str) -> str:
    """Send one request to a simulator's control socket; return its answer.

    Raises
    ------
    DeviceError
        If no simulator listens there, or it refuses.
    """
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(_PATIENCE)
            client.connect(str(path))
            client.sendall(f"{line}\n".encode())
            answer = client.makefile("rb").read().decode()
    except OSError as error:
        raise DeviceError(
            f"no simulator listens on {path} ({error.strerror or error}): start one with "
            f"`livemon simulate ... --control {path}`"
        ) from error
    if answer.startswith(REFUSED):
        raise DeviceError(answer.removeprefix(REFUSED).rstrip())
    return answer
