"""A Lake Shore instrument whose replies, and faults, a test chooses: over TCP, or on a pseudo-terminal."""

from __future__ import annotations

import os
import re
import select
import socket
import struct
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from livemon.instruments.common.messages import LineFramer

Answer = Callable[[str], str | None]
Fault = Callable[[str, bytes], list[bytes | float]]


def script(replies: dict[str, str]) -> Answer:
    """Answer by mnemonic; ``{n}`` in a reply stands for the query's first number, 1 where it has none."""

    def answer(message: str) -> str | None:
        mnemonic, _, parameters = message.partition(" ")
        number = re.search(r"\d+", parameters)
        reply = replies.get(message, replies.get(mnemonic))
        return reply.format(n=int(number[0]) if number else 1) if reply is not None else None

    return answer


def whole(_message: str, reply: bytes) -> list[bytes | float]:
    """No fault."""
    return [reply]


def once(fault: Fault, beginning: str = "") -> Fault:
    """A fault of one reply only, the first to a message that begins so."""
    done = False

    def act(message: str, reply: bytes) -> list[bytes | float]:
        nonlocal done
        if done or not message.startswith(beginning):
            return [reply]
        done = True
        return fault(message, reply)

    return act


class ScriptedInstrument:
    """Answers on any number of connections, one after the other; what it sends may be cut, and paused by seconds.

    Attributes
    ----------
    fault
        Says what is sent in place of a reply: bytes, and seconds of silence between.
    asked
        All messages that came, in order.
    connections
        How many there have been.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.fault: Fault = whole
        self.asked: list[str] = []
        self.connections = 0
        self.address = ""
        self._peers: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self._turn = threading.Lock()

    @property
    def host_and_port(self) -> tuple[str, int]:
        host, port = self.address.split(":")
        return host, int(port)

    @property
    def idle(self) -> bool:
        """Whether it has sent all that it had to say."""
        return not self._turn.locked()

    def listen(self) -> None:
        """Take connections, on the address of before if there was one."""
        self._listener = socket.create_server(self.host_and_port if self.address else ("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._listener.getsockname())
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def leave(self) -> None:
        """Refuse connections from now on, and reset those that there are."""
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.reset()

    def reset(self) -> None:
        """Reset all connections, as an instrument does that was switched off and on."""
        for peer in self._peers:
            with suppress(OSError):
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                peer.shutdown(socket.SHUT_RDWR)  # which wakes the thread that reads it
            peer.close()
        self._peers.clear()

    def tell(self, data: bytes) -> None:
        """Send something without a query."""
        self._peers[-1].sendall(data)

    def serve(self, receive: Callable[[], bytes], send: Callable[[bytes], object]) -> None:
        """Answer on one connection until it is over."""
        framer = LineFramer()
        with suppress(OSError):
            while data := receive():
                # Unframed, socs's driver of the 240 sends no terminators over TCP.
                for message in framer.feed(data) or [framer.flush()]:
                    self._reply(message, send)

    def _reply(self, message: str, send: Callable[[bytes], object]) -> None:
        with self._turn:
            self.asked.append(message)
            reply = self.answer(message)
            for part in self.fault(message, reply.encode() + b"\r\n") if reply is not None else []:
                if isinstance(part, bytes):
                    send(part)
                else:
                    time.sleep(part)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                self._peers.append(peer)
                threading.Thread(
                    target=self.serve, args=(lambda peer=peer: peer.recv(4096), peer.sendall), daemon=True
                ).start()


@contextmanager
def on_tcp(answer: Answer) -> Iterator[ScriptedInstrument]:
    """An instrument that listens on a free port of the loopback."""
    instrument = ScriptedInstrument(answer)
    instrument.listen()
    try:
        yield instrument
    finally:
        instrument.leave()


@contextmanager
def on_serial_line(answer: Answer) -> Iterator[ScriptedInstrument]:
    """An instrument on a pseudo-terminal; its `address` is the path."""
    instrument = ScriptedInstrument(answer)
    near, far = os.openpty()
    tty.setraw(far)  # the far end stays open, so that the line survives a client that closes it
    instrument.address = os.ttyname(far)
    over = threading.Event()

    def receive() -> bytes:
        while not over.is_set():
            if select.select([near], [], [], 0.05)[0]:
                return os.read(near, 4096)
        return b""

    server = threading.Thread(target=instrument.serve, args=(receive, lambda data: os.write(near, data)), daemon=True)
    server.start()
    try:
        yield instrument
    finally:
        over.set()
        server.join(10)
        os.close(far)
        os.close(near)
