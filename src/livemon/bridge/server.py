"""The bridge's process: Flask under Twisted's web server, and the session with the router."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask
from twisted.internet import reactor, threads
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.protocols.policies import WrappingFactory
from twisted.python.threadpool import ThreadPool
from twisted.web.server import Site
from twisted.web.wsgi import WSGIResource

from livemon.bridge.headers import HEADERS
from livemon.errors import ConfigError
from livemon.log import log
from livemon.webguard import Rules, guard

MOST_CONNECTIONS = 250
"""At the same time: the bodies that they may be sending are a quarter of the memory that the bridge has."""
OWN_NAMES = frozenset({"sisock-grafana-http", "sisock_grafana_http"})
"""What containers call the bridge."""


class _Limited(WrappingFactory):
    """Refuses connections while there are `MOST_CONNECTIONS`."""

    noisy = False

    def buildProtocol(self, address: IAddress) -> Protocol | None:  # noqa: N802 - Twisted's name
        return super().buildProtocol(address) if len(self.protocols) < MOST_CONNECTIONS else None


def serve(app: Flask, host: str, port: int, pool: ThreadPool, names: Iterable[str] = ()) -> None:
    """Take ``host:port`` now, and answer HTTP there in the threads of `pool` as soon as the reactor runs.

    Parameters
    ----------
    names
        Host names under which the bridge is reached, besides `OWN_NAMES`, localhost and every address (:mod:`livemon.webguard`).

    Raises
    ------
    ConfigError
        If the address cannot be had.
    """
    site = Site(WSGIResource(reactor, pool, app))
    site.noisy = False
    site.log = lambda _request: None  # Grafana alone asks every few seconds
    guard(site, Rules(OWN_NAMES | {name.lower() for name in names}, headers=HEADERS))
    try:
        listener = reactor.listenTCP(port, _Limited(site), interface=host)
    except CannotListenError as error:
        reason = error.socketError.strerror or error.socketError
        raise ConfigError(f"cannot listen on {host}:{port} (LIVEMON_BRIDGE_LISTEN): {reason}") from error

    def begin() -> None:
        pool.start()
        # Threads may wait for the reactor: it must run on until they are done, and not wait for them itself.
        reactor.addSystemEventTrigger("before", "shutdown", threads.deferToThread, pool.stop)
        log.info("listening on {host}:{port}", host=host, port=listener.getHost().port)

    reactor.callWhenRunning(begin)
