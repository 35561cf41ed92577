"""The bridge's end of the socket to the data nodes of its machine: :mod:`livemon.sisock.socket_messages`."""

from __future__ import annotations

import os
import queue
import select
import socket
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import orjson

from livemon.errors import NodeError
from livemon.sisock.packed import Timeline
from livemon.sisock.socket_messages import PREFIX, unpack_samples

USUAL_DELAY = 0.05
"""Seconds within which most answers arrive."""


class NodesSocket:
    """Asks the data nodes. Any thread may call it, and waits for its answer.

    Parameters
    ----------
    path
        The socket; it may come and go.
    waiting
        A context that a thread enters while it waits for an answer that does not arrive at once.
    timeout
        Seconds within which an answer must arrive.
    """

    def __init__(
        self, path: Path, waiting: Callable[[], AbstractContextManager[Any]] = nullcontext, timeout: float = 5.0
    ) -> None:
        self.path = path
        self.timeout = timeout
        self._waiting = waiting
        self._idle: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()

    def state(self, known: Mapping[str, str | None]) -> list[dict[str, Any]]:
        """Return the state of each node, as :mod:`livemon.sisock.socket_messages` describes it.

        Raises
        ------
        NodeError
            If there is no answer.
        """
        nodes: list[dict[str, Any]] = orjson.loads(self._ask({"call": "state", "known": known}))
        return nodes

    def samples(
        self, wanted: Mapping[str, list[str]], start: float, end: float, stride: float
    ) -> dict[str, list[Timeline] | str]:
        """Return the samples of some fields by node, or the sentence that says why a node has none.

        Parameters
        ----------
        wanted
            Names of fields by node; nodes that are not served here are left out of the answer.
        start, end, stride
            As of :class:`livemon.sisock.datanode.DataRequest`.

        Raises
        ------
        NodeError
            If there is no answer.
        """
        request = {"call": "samples", "wanted": wanted, "start": start, "end": end, "stride": stride}
        return unpack_samples(self._ask(request))

    def close(self) -> None:
        """Close the connections that wait for another request."""
        while not self._idle.empty():
            self._idle.get().close()

    def _ask(self, request: dict[str, Any]) -> bytearray:
        content = orjson.dumps(request)
        message = PREFIX.pack(len(content)) + content
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = None
        try:
            if connection is not None:
                try:
                    return self._exchange(connection, message)
                except ConnectionError:  # the process at the other end has ended meanwhile
                    pass
            return self._exchange(self._connect(), message)
        except OSError as error:
            raise NodeError(f"the data nodes do not answer: {error.strerror or error}") from error

    def _connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self.timeout)
        try:
            connection.connect(os.fspath(self.path))
        except OSError:
            connection.close()
            raise
        return connection

    def _exchange(self, connection: socket.socket, message: bytes) -> bytearray:
        try:
            connection.sendall(message)
            with nullcontext() if _readable(connection, USUAL_DELAY) else self._waiting():
                head = _received(connection, PREFIX.size)
            answer = _received(connection, PREFIX.unpack(head)[0])
        except OSError:
            connection.close()
            raise
        self._idle.put(connection)
        return answer


def _readable(connection: socket.socket, seconds: float) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(seconds * 1000))


def _received(connection: socket.socket, size: int) -> bytearray:
    content = bytearray(size)
    view = memoryview(content)
    while view:
        count = connection.recv_into(view)
        if not count:
            raise ConnectionResetError("the connection has ended")
        view = view[count:]
    return content
