"""The bridge's process: Flask under Twisted's web server, and the session with the router."""

from __future__ import annotations

from flask import Flask
from twisted.internet import reactor, threads
from twisted.internet.error import CannotListenError
from twisted.python.threadpool import ThreadPool
from twisted.web.server import Site
from twisted.web.wsgi import WSGIResource

from livemon.errors import ConfigError
from livemon.wamp import log


def serve(app: Flask, host: str, port: int, pool: ThreadPool) -> None:
    """Take ``host:port`` now, and answer HTTP there in the threads of `pool` as soon as the reactor runs.

    Raises
    ------
    ConfigError
        If the address cannot be had.
    """
    site = Site(WSGIResource(reactor, pool, app))
    site.noisy = False
    site.log = lambda _request: None  # Grafana alone asks every few seconds
    try:
        listener = reactor.listenTCP(port, site, interface=host)
    except CannotListenError as error:
        reason = error.socketError.strerror or error.socketError
        raise ConfigError(f"cannot listen on {host}:{port} (LIVEMON_BRIDGE_LISTEN): {reason}") from error

    def begin() -> None:
        pool.start()
        # Threads may wait for the reactor: it must run on until they are done, and not wait for them itself.
        reactor.addSystemEventTrigger("before", "shutdown", threads.deferToThread, pool.stop)
        log.info("listening on {host}:{port}", host=host, port=listener.getHost().port)

    reactor.callWhenRunning(begin)
