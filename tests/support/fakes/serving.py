"""Connects a fake device as the real one is connected; each connection can be lost and restored.

Every connection is a context manager with an `address`, `leave` (the device is switched off or unplugged) and `come_back`.
"""

from __future__ import annotations

import os
import select
import socket
import threading
import tty
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol, Self

from scripted_instrument import ScriptedInstrument

Answer = Callable[[bytes], bytes]
"""What a device sends in answer to what it received; nothing where that is empty."""
HttpAnswer = Callable[[str, str, dict[str, str], bytes], tuple[int, bytes]]
"""Status and content of the answer to a method, a path, headers with names in lower case, and a body."""


class Connection(Protocol):
    """How a device can be reached."""

    address: str

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def leave(self) -> None: ...
    def come_back(self) -> None: ...


class OverTcp(ScriptedInstrument):
    """A device on a TCP port, whose protocol need not consist of lines. Away, it resets and refuses connections."""

    answer: Answer

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def come_back(self) -> None:
        self.listen()

    def serve(self, receive: Callable[[], bytes], send: Callable[[bytes], object]) -> None:
        with suppress(OSError):
            while data := receive():
                if reply := self.answer(data):
                    send(reply)


class OverUdp:
    """A device on a UDP port. Away, it is silent."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._silent = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.address = "{}:{}".format(*self._socket.getsockname())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(10)
        self._socket.close()

    def leave(self) -> None:
        self._silent = True

    def come_back(self) -> None:
        self._silent = False

    def _serve(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                request, peer = self._socket.recvfrom(65535)
                if not self._silent:
                    self._socket.sendto(self._answer(request), peer)


class OverHttp:
    """A device with an HTTP interface. Away, it refuses connections; `hang` leaves a request without an answer for ever."""

    def __init__(self, answer: HttpAnswer) -> None:
        self._answer = answer
        self._server: ThreadingHTTPServer | None = None
        self._hanging = threading.Event()
        self._over = threading.Event()
        self.address = "127.0.0.1:0"
        self.asked = 0

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.leave()

    def come_back(self) -> None:
        host, port = self.address.split(":")
        self._server = ThreadingHTTPServer((host, int(port)), self._handler())
        self._server.daemon_threads = True
        self.address = "{}:{}".format(*self._server.server_address)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def leave(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.socket.close()
            self._server = None

    def hang(self, *, hanging: bool) -> None:
        """From now on, take requests without an answer, or answer those that come."""
        (self._hanging.set if hanging else self._hanging.clear)()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        device = self

        class Handler(BaseHTTPRequestHandler):
            def _respond(self) -> None:
                device.asked += 1
                if device._hanging.is_set():
                    device._over.wait(600)
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, content = device._answer(self.command, self.path, headers, body)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _respond  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        return Handler


class OverSerialLine:
    """A device on a pseudo-terminal to which the symbolic link `address` points. Away, it is unplugged: the port is gone."""

    def __init__(self, answer: Answer, link: Path) -> None:
        self._answer = answer
        self._ends: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        self.address = str(link)

    def __enter__(self) -> Self:
        self.come_back()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def come_back(self) -> None:
        near, far = self._ends = os.openpty()
        tty.setraw(far)
        Path(self.address).symlink_to(os.ttyname(far))
        self._thread = threading.Thread(target=self._serve, args=(near,), daemon=True)
        self._thread.start()

    def leave(self) -> None:
        if self._ends is None:
            return
        near, far = self._ends
        self._ends = None
        Path(self.address).unlink()
        self._thread.join(10)
        os.close(far)
        os.close(near)

    def _serve(self, near: int) -> None:
        while self._ends is not None:
            if select.select([near], [], [], 0.05)[0] and (reply := self._answer(os.read(near, 4096))):
                os.write(near, reply)
