"""One query, one reply: the connection to a Lake Shore instrument, over TCP or a serial line.

socs's drivers take what one ``recv`` returns as the reply to their last query. A reply that arrives in two segments, late, or
twice is then taken as the reply to the next query, and all later replies are shifted too. Here

- a reply is read up to its terminator, within `REPLY_SECONDS`, and has the form that its query asks for
  (:mod:`livemon.instruments.common.replies`);
- nothing may follow a reply, or arrive without a query: that makes the reply before it doubtful;
- after any failure the connection is dropped. A new one begins with ``*IDN?``, and what arrives before the identity is
  discarded: a serial-to-network converter keeps a late reply for the next connection, and a serial line cannot be dropped.

Each failure is a `ConnectionError`, which socs's agents survive. The next message opens the connection again, no sooner than
`RETRY_SECONDS` after the failure.

Source of framing and terminators: Lake Shore Model 372 User's Manual, chapter 6 "Computer Interface Operation".
"""

from __future__ import annotations

import contextlib
import inspect
import select
import socket
import termios
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Protocol

import serial

from livemon.instruments.common import replies

REPLY_SECONDS = 3.0
"""Instruments reply within a tenth of a second; after this time the reply is lost."""
CONNECT_SECONDS = 3.0
RETRY_SECONDS = 1.0
LONGEST_REPLY = 1024
TERMINATOR = b"\r\n"

_CHUNK = 4096
_SOCKET_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * REPLY_SECONDS)),
    # Between queries only the kernel's probes detect that the instrument has gone.
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


class Contacts:
    """Which instruments of this process reply as they should, by address. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._lost: dict[
            str, tuple[str, float, float]
        ] = {}  # the reason, and the times of the first and the last failure
        self._known: set[str] = set()
        self._identities: dict[str, str] = {}

    @property
    def identities(self) -> dict[str, str]:
        """What the instruments that reply said to ``*IDN?`` when they were last connected, by address."""
        return {each: line for each, line in self._identities.copy().items() if each not in self._lost}

    @property
    def complete(self) -> bool | None:
        """Whether all instruments replied to their last query; `None` if none has been queried."""
        return not self._lost if self._known else None

    def found(self, instrument: str) -> None:
        """Note that an instrument has replied."""
        self._known.add(instrument)
        if lost := self._lost.pop(instrument, None):
            print(f"Instrument {instrument} replies again, after {time.monotonic() - lost[1]:.0f} s.")

    def identify(self, instrument: str, identity: str) -> None:
        """Note what an instrument replied to ``*IDN?``."""
        self._identities[instrument] = identity

    def lose(self, instrument: str, reason: str) -> None:
        """Note that an instrument does not reply as it should, and print the reason if it is new."""
        self._known.add(instrument)
        now = time.monotonic()
        before, since, _ = self._lost.get(instrument, ("", now, now))
        self._lost[instrument] = (reason, since, now)
        if reason != before:
            print(f"Instrument {instrument}: {reason}.")

    def seconds_to_retry(self, instrument: str) -> float:
        """Seconds until a connection may be tried again, 0 or more."""
        if instrument not in self._lost:
            return 0.0
        return max(0.0, self._lost[instrument][2] + RETRY_SECONDS - time.monotonic())


contacts = Contacts()
"""The instruments of this process, whose state is in its heartbeat (:mod:`livemon.agents.supervision`)."""


class Port(Protocol):
    """An open socket or serial line. Its methods raise `OSError` if it is broken."""

    def send(self, data: bytes) -> None:
        """Send all of it."""

    def receive(self, seconds: float) -> bytes:
        """Return what has arrived, after waiting for it at most `seconds`; empty if nothing has."""

    def close(self) -> None:
        """Close it."""


class TcpPort:
    """A TCP connection that notices when its peer is gone."""

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.create_connection((host, port), CONNECT_SECONDS)
        for option in _SOCKET_OPTIONS:
            self._socket.setsockopt(*option)

    def send(self, data: bytes) -> None:
        """Send all of it, within `REPLY_SECONDS`."""
        self._socket.settimeout(REPLY_SECONDS)
        self._socket.sendall(data)

    def receive(self, seconds: float) -> bytes:
        """Return what has arrived, after waiting for it at most `seconds`; empty if nothing has."""
        self._socket.settimeout(max(0.0, seconds))
        try:
            data = self._socket.recv(_CHUNK)
        except (TimeoutError, BlockingIOError):
            return b""
        if not data:
            raise ConnectionResetError("it has closed the connection")
        return data

    def close(self) -> None:
        """Close it."""
        self._socket.close()


class SerialPort:
    """A serial line; it takes the arguments of `serial.Serial`, except the time limits."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        given = inspect.signature(serial.Serial).bind(*args, **kwargs).arguments
        # Set once: to change them, pyserial configures the line again, which a pseudo-terminal refuses if there is parity.
        try:
            self._line = serial.Serial(**given | {"timeout": 0, "write_timeout": REPLY_SECONDS})
        except termios.error as error:  # which pyserial does not convert
            raise OSError(*error.args) from error

    def send(self, data: bytes) -> None:
        """Send all of it, within `REPLY_SECONDS`."""
        self._line.write(data)

    def receive(self, seconds: float) -> bytes:
        """Return what has arrived, after waiting for it at most `seconds`; empty if nothing has."""
        ready, _, _ = select.select([self._line], [], [], max(0.0, seconds))
        return self._line.read(_CHUNK) if ready else b""

    def close(self) -> None:
        """Close it."""
        self._line.close()


class Connection(ABC):
    """A connection to one instrument, opened by the first message.

    Parameters
    ----------
    pause
        Seconds that the instrument needs after a message.
    """

    def __init__(self, pause: float = 0.0) -> None:
        self._pause = pause
        self._port: Port | None = None
        self._received = b""
        self._free_at = 0.0
        self._lock = threading.Lock()

    @property
    @abstractmethod
    def address(self) -> str:
        """The instrument's address: ``host:port``, or the path of the serial line."""

    @abstractmethod
    def _open_port(self) -> Port: ...

    def message(self, text: str) -> str:
        """Send a command or a query; return the reply to a query without blanks and terminator, empty for a command.

        Raises
        ------
        ConnectionError
            If it cannot be sent, or no reply arrives within `REPLY_SECONDS`, or one that does not fit the query. The
            connection has been dropped.
        ValueError
            If it is more than one line.
        """
        if not text.isprintable():
            raise ValueError(f"{text!r} is not one line of text")
        with self._lock, self._dropped_on_failure():
            port = self._prepared()
            self._send(port, text)
            if not replies.is_query(text):
                return ""
            reply = self._reply(port, text)
            contacts.found(self.address)
            return reply

    def close(self) -> None:
        """Close it; a later message opens it again."""
        port, self._port, self._received = self._port, None, b""
        if port is not None:
            with contextlib.suppress(OSError):
                port.close()

    @contextlib.contextmanager
    def _dropped_on_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.close()
            reason = error.strerror or str(error) or type(error).__name__
            contacts.lose(self.address, reason)
            raise ConnectionError(f"instrument {self.address}: {reason}") from error

    def _prepared(self) -> Port:
        """Return a connection on which no reply is under way."""
        if self._port is not None:
            try:
                uncalled = self._port.receive(0.0)
            except OSError:  # it was closed between queries: nothing is lost
                self.close()
            else:
                self._refuse(uncalled, "came without a query")
        return self._open() if self._port is None else self._port

    def _open(self) -> Port:
        time.sleep(contacts.seconds_to_retry(self.address))
        self._port = port = self._open_port()
        self._send(port, replies.IDENTIFY)
        deadline = time.monotonic() + REPLY_SECONDS
        while not replies.fits(replies.IDENTIFY, identity := self._line(port, replies.IDENTIFY, deadline)):
            pass
        contacts.identify(self.address, identity)
        return port

    def _send(self, port: Port, text: str) -> None:
        time.sleep(max(0.0, self._free_at - time.monotonic()))
        self._received = b""
        port.send(text.encode() + TERMINATOR)
        self._free_at = time.monotonic() + self._pause

    def _reply(self, port: Port, query: str) -> str:
        reply = self._line(port, query, time.monotonic() + REPLY_SECONDS)
        self._free_at = time.monotonic() + self._pause
        if not replies.fits(query, reply):
            raise ConnectionError(f"{reply!r} is not a reply to {query}")
        self._refuse(self._received, f"came after the reply to {query}")
        return reply

    def _line(self, port: Port, query: str, deadline: float) -> str:
        """Return the next line; what has arrived after it stays in `_received`."""
        while b"\n" not in self._received:
            if len(self._received) > LONGEST_REPLY:
                raise ConnectionError(f"more than {LONGEST_REPLY} bytes came without a terminator")
            if (left := deadline - time.monotonic()) <= 0:
                part = f", only {_text(self._received)!r} without a terminator" if self._received else ""
                raise ConnectionError(f"no reply to {query} came within {REPLY_SECONDS:g} s{part}")
            self._received += port.receive(left)
        line, _, self._received = self._received.partition(b"\n")
        return _text(line)

    @staticmethod
    def _refuse(data: bytes, how: str) -> None:
        if data.strip():
            raise ConnectionError(f"{_text(data[:80])!r} {how}")


class TcpConnection(Connection):
    """A connection over TCP, with those methods of a socket that socs's drivers call before the first message."""

    def __init__(self, pause: float = 0.0) -> None:
        super().__init__(pause)
        self._peer = ("", 0)

    @property
    def address(self) -> str:
        """``host:port``."""
        host, port = self._peer
        return f"{host}:{port}"

    def connect(self, peer: tuple[str, int]) -> None:
        """Set host and port of the instrument."""
        self._peer = peer

    def settimeout(self, seconds: float) -> None:
        """Do nothing: the time limits are those of this module."""

    def _open_port(self) -> Port:
        return TcpPort(*self._peer)


class SerialConnection(Connection):
    """A connection over a serial line; it takes the arguments of `serial.Serial`."""

    def __init__(self, *args: Any, pause: float = 0.0, **kwargs: Any) -> None:
        super().__init__(pause)
        self._args, self._kwargs = args, kwargs

    @property
    def address(self) -> str:
        """Path of the serial line."""
        return str(self._args[0] if self._args else self._kwargs["port"])

    def _open_port(self) -> Port:
        return SerialPort(*self._args, **self._kwargs)


def _text(data: bytes) -> str:
    return data.decode("ascii", errors="replace").strip()
