"""Somebody outside who takes requests: pings of the dead-man's switch, webhooks of Grafana."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    body: bytes
    time: float
    headers: Mapping[str, str]


@dataclass
class Receiver:
    """A server on loopback that keeps what it receives; `status`, `headers` and `body` are its answer to everything."""

    url: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    received: list[Received] = field(default_factory=list)

    def since(self, moment: float) -> list[Received]:
        """What came after a moment, UNIX seconds."""
        return [each for each in self.received if each.time > moment]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate is what some tests are about."""


@contextmanager
def receiver(
    status: int = 200, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0, **headers: str
) -> Iterator[Receiver]:
    """Receive as long as the block lasts."""
    kept = Receiver(status=status, headers=headers)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept.received.append(Received(self.command, self.path, body, time.time(), dict(self.headers)))
            self.send_response(kept.status)
            for name, value in kept.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(kept.body)))
            self.end_headers()
            self.wfile.write(kept.body)

        def log_message(self, *_: object) -> None:
            pass

    Handler.do_GET = Handler.do_POST = Handler.do_PUT = Handler.answer
    with _Server((host, port), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        kept.url = f"http{'s' if tls else ''}://{host}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join(10)
