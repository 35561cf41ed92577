"""The data nodes' end of the socket to the bridge: :mod:`livemon.sisock.socket_messages`."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from twisted.internet.defer import Deferred, DeferredList, gatherResults, inlineCallbacks, succeed
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IReactorTime, IReactorUNIX
from twisted.internet.protocol import Factory
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure

from livemon.errors import ConfigError, LivemonError, NodeError
from livemon.log import log
from livemon.sisock.answers import TooLarge
from livemon.sisock.datanode import DataNodeServer, DataRequest
from livemon.sisock.deferreds import InlineCallbacks, MaybeDeferred, deferred_call
from livemon.sisock.socket_messages import PREFIX, pack_samples

if TYPE_CHECKING:
    from livemon.sisock.nodehost import NodeHost

MAX_REQUEST = 4 << 20
"""Bytes."""
NODE_TIMEOUT = 4.5
"""Seconds within which a node must answer; a little less than the bridge waits."""

T = TypeVar("T")
Outcome = tuple[str, bytes, str | None]
"""Of a node its name, its packed samples, and why it has none, otherwise `None`."""


def listen(host: NodeHost, path: Path, reactor: IReactorTime) -> None:
    """Answer on a Unix socket for a host's nodes, once the reactor runs.

    Raises
    ------
    ConfigError
        If the socket cannot be created there.
    """
    factory: Factory = Factory.forProtocol(partial(NodesProtocol, host, reactor, secrets.token_hex(4)))
    factory.noisy = False
    try:
        _remove_stale(path)
        IReactorUNIX(reactor).listenUNIX(str(path), factory, mode=0o660)
    except CannotListenError as error:
        raise ConfigError(f"cannot listen on {path} (LIVEMON_NODES_SOCKET): {error.socketError}") from error
    except OSError as error:
        raise ConfigError(f"cannot listen on {path} (LIVEMON_NODES_SOCKET): {error.strerror}") from error


def _remove_stale(path: Path) -> None:
    """Remove the socket that a killed process left. Not by process ids: in a container every process has id 1."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(os.fspath(path))
        except ConnectionRefusedError:
            path.unlink()


class NodesProtocol(Int32StringReceiver):
    """One connection of the bridge.

    Parameters
    ----------
    host
        The nodes.
    clock
        Schedules timeouts.
    process
        Random characters: versions of fields that an earlier process gave must differ from those of this one.
    """

    MAX_LENGTH = MAX_REQUEST

    def __init__(self, host: NodeHost, clock: IReactorTime, process: str) -> None:
        super().__init__()
        self._host = host
        self._clock = clock
        self._process = process

    def stringReceived(self, string: bytes) -> None:  # noqa: N802 - Twisted's name
        """Answer a request."""
        answers: dict[str, Callable[..., MaybeDeferred[list[bytes]]]] = {"state": self._state, "samples": self._samples}
        try:
            request = orjson.loads(string)
            answer = answers[request.pop("call")](**request)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            log.warn("nodes' socket: malformed request, {error!r}", error=error)
            self._disconnect()
            return
        if isinstance(answer, Deferred):
            answer.addCallbacks(self._send, self._fail)
        else:
            self._send(answer)

    def lengthLimitExceeded(self, length: int) -> None:  # noqa: N802 - Twisted's name
        """Close a connection whose request is too long."""
        log.warn("nodes' socket: a request of {length} bytes", length=length)
        self._disconnect()

    def _send(self, pieces: list[bytes]) -> None:
        if self.transport is not None:
            self.transport.writeSequence([PREFIX.pack(sum(map(len, pieces))), *pieces])

    def _fail(self, failure: Failure) -> None:
        log.failure("nodes' socket", failure)
        self._disconnect()

    def _disconnect(self) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    @inlineCallbacks
    def _state(self, known: Mapping[str, str]) -> InlineCallbacks[list[bytes]]:
        nodes = [node for node in self._host.nodes.values() if node.name not in self._host.refused]
        answers = yield DeferredList([self._node_state(node, known.get(node.name)) for node in nodes])
        # A lab's own node may answer numpy's numbers.
        return [orjson.dumps([answer for _, answer in answers], option=orjson.OPT_SERIALIZE_NUMPY)]

    @inlineCallbacks
    def _node_state(self, node: DataNodeServer, known: str | None) -> InlineCallbacks[dict[str, Any]]:
        about: dict[str, Any] = {"name": node.name, "description": node.description, "silent_after": node.silent_after}
        version = node.fields_version and f"{self._process}.{node.fields_version}"
        try:
            self._check_ready(node)
            unchanged = version is not None and version == known
            fields = None if unchanged else (yield self._within_timeout(deferred_call(node.get_fields, 1, 0)))[0]
            last = yield self._within_timeout(deferred_call(node.get_last))
            return about | {"fields": fields, "last": last, "version": version, "status": node.status()}
        except Exception as error:
            return about | {"fault": _sentence(node, error)}

    def _samples(
        self, wanted: Mapping[str, list[str]], start: float, end: float, stride: float
    ) -> MaybeDeferred[list[bytes]]:
        requests = {
            self._host.nodes[name]: DataRequest(fields, start, end, stride)
            for name, fields in wanted.items()
            if name in self._host.nodes and name not in self._host.refused
        }
        outcomes = [self._packed(node, request) for node, request in requests.items()]
        done = [each for each in outcomes if not isinstance(each, Deferred)]
        if len(done) == len(outcomes):
            return pack_samples(done)  # the usual case, without the cost of waiting for what is there
        waiting = [each if isinstance(each, Deferred) else succeed(each) for each in outcomes]
        return gatherResults(waiting).addCallback(pack_samples)

    def _packed(self, node: DataNodeServer, request: DataRequest) -> MaybeDeferred[Outcome]:
        def outcome(content: bytes | TooLarge) -> Outcome:
            return (
                (node.name, b"", "has too many samples for one answer")
                if content is False
                else (node.name, content, None)
            )

        def fault(error: BaseException | None) -> Outcome:
            return node.name, b"", _sentence(node, error)

        try:
            self._check_ready(node)
            content = node.packed(request)
        except Exception as error:
            return fault(error)
        if not isinstance(content, Deferred):
            return outcome(content)
        return self._within_timeout(content).addCallbacks(outcome, lambda failure: fault(failure.value))

    def _within_timeout(self, answer: Deferred[T]) -> Deferred[T]:
        return answer.addTimeout(NODE_TIMEOUT, self._clock)

    def _check_ready(self, node: DataNodeServer) -> None:
        if node.name not in self._host.ready:
            raise NodeError("is getting ready")


def _sentence(node: DataNodeServer, error: BaseException | None) -> str:
    if isinstance(error, DeferredTimeoutError):
        return f"no answer within {NODE_TIMEOUT:g} s"
    if isinstance(error, LivemonError):
        return str(error)
    log.failure("data node {name}", Failure(error), name=node.name)
    return "failed: see its log for the reason"
