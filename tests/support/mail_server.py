"""A mail server on loopback that keeps what it receives: as much of SMTP (RFC 5321, 3207, 4954) as a client needs."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailServer:
    """`refused` are the addresses that it does not take; `is_broken` has it refuse every message for the time being."""

    port: int = 0
    tls: ssl.SSLContext | None = None
    from_the_beginning: bool = False
    login: tuple[str, str] | None = None
    refused: set[str] = field(default_factory=set)
    is_broken: bool = False
    received: list[tuple[str, EmailMessage]] = field(default_factory=list)
    """The address of each and the message."""
    logged_in: list[bool] = field(default_factory=list)
    """Of each message, whether somebody had logged in over TLS."""

    @property
    def subjects(self) -> list[str]:
        return [message["Subject"] for _, message in self.received]


class _Handler(socketserver.StreamRequestHandler):
    timeout = 10

    def setup(self) -> None:
        self.kept: MailServer = self.server.kept
        self.secure = self.authenticated = False
        if self.kept.from_the_beginning:
            self._secure()
        super().setup()

    def _secure(self) -> None:
        self.request = self.kept.tls.wrap_socket(self.request, server_side=True)
        self.secure = True

    def finish(self) -> None:
        super().finish()
        self.request.close()  # TLS has taken the connection out of the server's hands

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def handle(self) -> None:
        self.say("220 mail.lab.example ESMTP")
        while line := self.rfile.readline().decode().strip():
            word, _, rest = line.partition(" ")
            if not getattr(self, f"on_{word.lower()}", self.on_other)(rest):
                return

    def on_other(self, _rest: str) -> bool:
        self.say("250 well")
        return True

    def on_ehlo(self, _rest: str) -> bool:
        self.say("250-mail.lab.example")
        if self.kept.tls and not self.secure:
            self.say("250-STARTTLS")
        if self.kept.login:
            self.say("250-AUTH PLAIN")
        self.say("250 8BITMIME")
        return True

    def on_starttls(self, _rest: str) -> bool:
        self.say("220 go on")
        self.wfile.flush()
        self._secure()
        super().setup()
        return True

    def on_auth(self, rest: str) -> bool:
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self.authenticated = (user, password) == self.kept.login
        self.say("235 welcome" if self.authenticated else "535 who are you?")
        return True

    def on_rcpt(self, rest: str) -> bool:
        self.address = rest[rest.index("<") + 1 : rest.index(">")]
        self.say("550 nobody of that name" if self.address in self.kept.refused else "250 well")
        return True

    def on_data(self, _rest: str) -> bool:
        if self.kept.is_broken:
            self.say("451 come back later")
            return True
        self.say("354 go on")
        lines = []
        while (line := self.rfile.readline()).rstrip(b"\r\n") != b".":
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.kept.received.append((self.address, message_from_bytes(b"".join(lines), policy=policy.default)))
        self.kept.logged_in.append(self.authenticated and self.secure)
        self.say("250 kept")
        return True

    def on_quit(self, _rest: str) -> bool:
        self.say("221 bye")
        return False


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True
    kept: MailServer

    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate is what some tests are about."""


@contextmanager
def mail_server(**options: object) -> Iterator[MailServer]:
    """Receive as long as the block lasts."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.kept = kept = MailServer(port=server.server_address[1], **options)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield kept
        finally:
            server.shutdown()
            thread.join(10)
