"""The bridge's web server: Flask under Twisted's."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask
from twisted.internet import reactor, threads
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.threadpool import ThreadPool
from twisted.web.http import Request
from twisted.web.server import Site
from twisted.web.wsgi import WSGIResource

from livemon.bridge.headers import HEADERS
from livemon.errors import ConfigError
from livemon.log import log
from livemon.webguard import Rules, guard

MOST_CONNECTIONS = 250
"""At the same time: the bodies that they may be sending take a quarter of the bridge's memory."""
OWN_NAMES = frozenset({"sisock-grafana-http", "sisock_grafana_http"})
"""The host names by which containers reach the bridge."""


class _Limited(WrappingFactory):
    """Refuses connections beyond `MOST_CONNECTIONS`."""

    noisy = False

    def buildProtocol(self, addr: IAddress | None) -> ProtocolWrapper | None:  # type: ignore[override]  # noqa: N802 - as Factory's
        return super().buildProtocol(addr) if len(self.protocols) < MOST_CONNECTIONS else None


class _QuietSite(Site):
    """Logs no requests: Grafana alone sends one every few seconds."""

    noisy = False

    def log(self, request: Request) -> None:
        """Log nothing."""


def serve(app: Flask, host: str, port: int, pool: ThreadPool, names: Iterable[str] = ()) -> None:
    """Listen on ``host:port`` now, and serve HTTP there in the threads of `pool` as soon as the reactor runs.

    Parameters
    ----------
    names
        Host names of the bridge besides `OWN_NAMES`, localhost and IP addresses (:mod:`livemon.webguard`).

    Raises
    ------
    ConfigError
        If the address cannot be listened on.
    """
    site = _QuietSite(WSGIResource(reactor, pool, app))
    guard(site, Rules(OWN_NAMES | {name.lower() for name in names}, headers=HEADERS))
    try:
        listener = reactor.listenTCP(port, _Limited(site), interface=host)  # type: ignore[arg-type]  # declared for clients only
    except CannotListenError as error:
        reason = error.socketError.strerror or error.socketError
        raise ConfigError(f"cannot listen on {host}:{port} (LIVEMON_BRIDGE_LISTEN): {reason}") from error

    bound = listener.getHost()
    assert isinstance(bound, (IPv4Address, IPv6Address))

    def begin() -> None:
        pool.start()
        # Threads may wait for the reactor: it must keep running until they are done, without waiting for them itself.
        reactor.addSystemEventTrigger("before", "shutdown", threads.deferToThread, pool.stop)
        log.info("listening on {host}:{port}", host=host, port=bound.port)

    reactor.callWhenRunning(begin)
