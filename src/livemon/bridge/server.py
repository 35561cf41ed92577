"""The bridge's process: Flask under Twisted's web server, and the session with the router."""

from __future__ import annotations

from flask import Flask
from twisted.internet import endpoints, reactor
from twisted.python.threadpool import ThreadPool
from twisted.web.server import Site
from twisted.web.wsgi import WSGIResource

from livemon.errors import ConfigError
from livemon.wamp import log

THREADS = 24
"""Requests answered at once. A pool of their own: the reactor's has ten threads, and a slow data node would fill it."""


def serve(app: Flask, host: str, port: int) -> None:
    """Answer HTTP on ``host:port`` as soon as the reactor runs.

    Raises
    ------
    ConfigError
        If the address cannot be had; logged as one sentence by the caller.
    """
    pool = ThreadPool(minthreads=2, maxthreads=THREADS, name="http")
    site = Site(WSGIResource(reactor, pool, app))
    site.noisy = False
    site.log = lambda _request: None  # Grafana alone asks every few seconds

    def begin() -> None:
        pool.start()
        reactor.addSystemEventTrigger("during", "shutdown", pool.stop)
        listening = endpoints.TCP4ServerEndpoint(reactor, port, interface=host).listen(site)
        listening.addCallbacks(
            lambda listener: log.info("listening on {host}:{port}", host=host, port=listener.getHost().port),
            _cannot_listen,
        )

    def _cannot_listen(failure: object) -> None:
        log.error(
            "{error}", error=ConfigError(f"cannot listen on {host}:{port} (LIVEMON_BRIDGE_LISTEN): {failure.value}")
        )
        reactor.stop()

    reactor.callWhenRunning(begin)
