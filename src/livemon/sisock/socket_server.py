"""The short way from the bridge to the data nodes of the same machine: a Unix socket instead of TLS and the router.

Both ways, a big-endian uint32 n and n bytes. A request is JSON:

``{"call": "state", "known": {node: version}}``
    Answered by JSON: a list with ``name``, ``description``, ``silent_after`` (seconds or `null`), ``version``, ``last``
    ({field: [time, value]}) of each node, and its ``fields`` as ``get_fields`` has them, or `null` if `version` is the one that the
    caller knows; ``told`` as the node does; of a node that has none of this now, why not: ``fault``.
``{"call": "samples", "wanted": {node: [field]}, "start", "end", "stride"}``
    Times in UNIX seconds. Answered by a little-endian uint32 m, m bytes of JSON (a list of ``node``, ``size`` and ``fault``), and the
    bytes of :mod:`livemon.sisock.packed` of each node in turn, `size` many.

Who may connect is a matter of the socket's directory: only the bridge's group may enter it.
"""

from __future__ import annotations

import os
import queue
import secrets
import select
import socket
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, gatherResults, inlineCallbacks, maybeDeferred
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure

from livemon.errors import ConfigError, LivemonError, NodeError
from livemon.log import log
from livemon.sisock.datanode import DataNodeServer, DataRequest
from livemon.sisock.nodehost import NodeHost
from livemon.sisock.packed import Timeline, unpack

MAX_REQUEST = 4 << 20
NODE_TIMEOUT = 4.5
"""Seconds within which a node must answer; a little less than the bridge waits."""
PATIENCE = 0.05
"""Seconds in which most answers have come."""
_LENGTH = struct.Struct("!I")
_HEAD = struct.Struct("<I")


def listen(host: NodeHost, path: Path) -> None:
    """Answer on a Unix socket for a host's nodes, once the reactor runs.

    Raises
    ------
    ConfigError
        If the socket cannot be made there.
    """
    factory = Factory.forProtocol(_Server)
    factory.noisy = False
    factory.host, factory.life = host, secrets.token_hex(4)
    try:
        _clear(path)
        reactor.listenUNIX(str(path), factory, mode=0o660)
    except CannotListenError as error:
        raise ConfigError(f"cannot listen on {path} (LIVEMON_NODES_SOCKET): {error.socketError}") from error
    except OSError as error:
        raise ConfigError(f"cannot listen on {path} (LIVEMON_NODES_SOCKET): {error.strerror}") from error


def _clear(path: Path) -> None:
    """Remove the socket that a killed process left. Not by process numbers: in a container every process is number 1."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()


class _Server(Int32StringReceiver):
    MAX_LENGTH = MAX_REQUEST

    def stringReceived(self, content: bytes) -> None:  # noqa: N802 - Twisted's name
        """Answer a request."""
        answers = {"state": self._state, "samples": self._samples}
        try:
            request = orjson.loads(content)
            answer = answers[request.pop("call")](**request)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            log.warn("nodes' socket: malformed request, {error!r}", error=error)
            self.transport.loseConnection()
            return
        if isinstance(answer, Deferred):
            answer.addCallbacks(self._send, self._fail)
        else:
            self._send(answer)

    def lengthLimitExceeded(self, length: int) -> None:  # noqa: N802 - Twisted's name
        """End a connection that asks for more than a request can be."""
        log.warn("nodes' socket: a request of {length} bytes", length=length)
        self.transport.loseConnection()

    def _send(self, parts: list[bytes]) -> None:
        self.transport.writeSequence([_LENGTH.pack(sum(map(len, parts))), *parts])

    def _fail(self, failure: Any) -> None:
        log.failure("nodes' socket", failure)
        self.transport.loseConnection()

    @inlineCallbacks
    def _state(self, known: Mapping[str, str]) -> Iterator:
        host = self.factory.host
        nodes = [node for node in host.nodes.values() if node.name not in host.refused]
        answers = yield DeferredList([self._about(node, known.get(node.name)) for node in nodes])
        # A node that a lab wrote may tell numbers of numpy's.
        return [orjson.dumps([answer for _, answer in answers], option=orjson.OPT_SERIALIZE_NUMPY)]

    @inlineCallbacks
    def _about(self, node: DataNodeServer, known: str | None) -> Iterator:
        about: dict[str, Any] = {"name": node.name, "description": node.description, "silent_after": node.silent_after}
        version = node.fields_version and f"{self.factory.life}.{node.fields_version}"
        try:
            self._check_ready(node)
            unchanged = version is not None and version == known
            about["fields"] = None if unchanged else (yield _within(node.get_fields, 1, 0))[0]
            about["last"] = yield _within(node.get_last)
            return about | {"version": version, "told": node.told()}
        except Exception as error:
            return about | {"fault": _sentence(node, error)}

    def _samples(self, wanted: Mapping[str, list[str]], start: float, end: float, stride: float) -> Any:
        host = self.factory.host
        asked = {
            name: DataRequest(fields, start, end, stride)
            for name, fields in wanted.items()
            if name in host.nodes and name not in host.refused
        }
        answers = [self._packed(host.nodes[name], request) for name, request in asked.items()]
        if not any(isinstance(answer, Deferred) for answer in answers):
            return _joined(asked, answers)  # as most are: without the cost of waiting for what is there
        waiting = gatherResults([maybeDeferred(lambda answer=answer: answer) for answer in answers])
        return waiting.addCallback(partial(_joined, asked))

    def _packed(self, node: DataNodeServer, request: DataRequest) -> Any:
        """Return what a node answers and why it does not, or a Deferred of both."""
        try:
            self._check_ready(node)
            content = node.packed(request)
        except Exception as error:
            return b"", _sentence(node, error)
        if not isinstance(content, Deferred):
            return _or_fault(content)
        content.addTimeout(NODE_TIMEOUT, reactor)
        return content.addCallbacks(_or_fault, lambda failure: (b"", _sentence(node, failure.value)))

    def _check_ready(self, node: DataNodeServer) -> None:
        if node.name not in self.factory.host.ready:
            raise NodeError("is getting ready")


def _or_fault(content: bytes | bool) -> tuple[bytes, str | None]:
    return (b"", "has too many samples for one answer") if content is False else (content, None)


def _joined(names: Iterable[str], answers: Iterable[tuple[bytes, str | None]]) -> list[bytes]:
    """Return the parts of an answer to ``samples``."""
    about, parts = [], []
    for name, (content, fault) in zip(names, answers, strict=True):
        about.append({"node": name, "size": len(content), "fault": fault})
        parts.append(content)
    head = orjson.dumps(about)
    head += b" " * (-(_HEAD.size + len(head)) % 8)
    return [_HEAD.pack(len(head)), head, *parts]


def _within(method: Any, *arguments: Any) -> Any:
    return maybeDeferred(method, *arguments).addTimeout(NODE_TIMEOUT, reactor)


def _sentence(node: DataNodeServer, error: Exception) -> str:
    if isinstance(error, DeferredTimeoutError):
        return f"no answer within {NODE_TIMEOUT:g} s"
    if isinstance(error, LivemonError):
        return str(error)
    log.failure("data node {name}", Failure(error), name=node.name)
    return "failed: its log tells why"


class NodesSocket:
    """The other end, for any thread; a thread waits for its answer.

    Parameters
    ----------
    path
        The socket; it may come and go.
    waiting
        What a thread enters while it waits for an answer that does not come at once.
    timeout
        Seconds within which an answer must come.
    """

    def __init__(
        self, path: Path, waiting: Callable[[], AbstractContextManager] = nullcontext, timeout: float = 5.0
    ) -> None:
        self.path = path
        self.timeout = timeout
        self._waiting = waiting
        self._idle: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()

    def state(self, known: Mapping[str, str | None]) -> list[dict[str, Any]]:
        """Return what the nodes are, and the newest samples of their fields; see above.

        Raises
        ------
        NodeError
            If nobody answers.
        """
        return orjson.loads(self._ask({"call": "state", "known": known}))

    def samples(
        self, wanted: Mapping[str, list[str]], start: float, end: float, stride: float
    ) -> dict[str, list[Timeline] | str]:
        """Return the samples of each node that is there, or the sentence that says why it has none.

        Raises
        ------
        NodeError
            If nobody answers.
        """
        request = {"call": "samples", "wanted": wanted, "start": start, "end": end, "stride": stride}
        content = memoryview(self._ask(request))
        position = _HEAD.size + _HEAD.unpack_from(content)[0]
        found: dict[str, list[Timeline] | str] = {}
        for about in orjson.loads(content[_HEAD.size : position]):
            packed = content[position : position + about["size"]]
            position += about["size"]
            found[about["node"]] = about["fault"] or unpack(packed)
        return found

    def close(self) -> None:
        """Close the connections that wait for another question."""
        while not self._idle.empty():
            self._idle.get().close()

    def _ask(self, request: dict[str, Any]) -> bytearray:
        content = orjson.dumps(request)
        message = _LENGTH.pack(len(content)) + content
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = None
        try:
            if connection is not None:
                try:
                    return self._exchange(connection, message)
                except ConnectionError:  # of a process that has ended meanwhile
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
            with nullcontext() if _readable(connection, PATIENCE) else self._waiting():
                head = _received(connection, _LENGTH.size)
            answer = _received(connection, _LENGTH.unpack(head)[0])
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
