"""WAMP sessions of this process, as OCS agents and foreign consumers have them. Twisted's reactor runs in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from autobahn.twisted.component import Component
from autobahn.wamp.interfaces import ISession
from autobahn.wamp.types import PublishOptions
from twisted.internet import reactor, ssl
from twisted.internet.defer import Deferred, ensureDeferred

from bench.data import message, topic

ACKNOWLEDGED = PublishOptions(acknowledge=True)


def start_reactor() -> None:
    """Run the reactor until this process ends."""
    if not reactor.running:
        threading.Thread(target=reactor.run, args=(False,), daemon=True).start()


def in_reactor(function: Callable[..., Coroutine], *arguments: Any, seconds: float = 60.0) -> Any:
    """Return what an async function returns that runs in the reactor's thread.

    Raises
    ------
    TimeoutError
        If it takes longer.
    """
    future: Future = Future()

    def call() -> None:
        deferred = ensureDeferred(function(*arguments)).addTimeout(seconds, reactor)
        deferred.addCallbacks(future.set_result, lambda failure: future.set_exception(failure.value))

    reactor.callFromThread(call)
    try:
        return future.result(seconds + 5)
    except Exception as error:
        if "Timeout" in type(error).__name__:
            raise TimeoutError(f"waited {seconds:g} s for {function.__name__}") from error
        raise


def component(url: str, ca: Path | None = None, user: str | None = None, secret: str | None = None) -> Component:
    """Return a component that joins the router at `url`: by TLS and WAMP-CRA, or anonymously without a user."""
    parts = urlsplit(url)
    endpoint: dict[str, Any] = {"type": "tcp", "host": parts.hostname, "port": parts.port, "timeout": 10}
    if ca:
        endpoint["tls"] = ssl.optionsForClientTLS(
            parts.hostname, trustRoot=ssl.Certificate.loadPEM(Path(ca).read_bytes())
        )
    return Component(
        transports=[{"type": "websocket", "url": url, "endpoint": endpoint, "max_retries": 3}],
        realm="test_realm",
        authentication={"wampcra": {"authid": user, "secret": secret}} if user else {"anonymous": {}},
    )


def join(*arguments: Any, **options: Any) -> ISession:
    """Join the router; arguments as of :func:`component`."""

    async def joined() -> ISession:
        made, session = component(*arguments, **options), Deferred()
        made.on("join", lambda joined, _details: session.callback(joined))
        made.start(reactor).addErrback(lambda failure: session.called or session.errback(failure))
        return await session

    return in_reactor(joined)


def leave(session: ISession) -> None:
    """End a session."""
    reactor.callFromThread(session.leave)


def publish(session: ISession, agent: str, times: Any) -> None:
    """Publish an agent's samples; returns when the router has them."""

    async def published() -> None:
        await session.publish(topic(agent), message(times, agent), options=ACKNOWLEDGED)

    in_reactor(published)
