"""The one way in which livemon reaches the router.

TLS verified against the installation's own authority, WAMP-CRA, and coming back by itself after every loss. Facts of autobahn that
shape it: a `Component` reconnects with growing pauses, and gives up for good on what it takes for a permanent fault (a certificate
that does not verify). Then the process ends with one sentence, to be started again by whoever supervises it.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import txaio

txaio.use_twisted()
# autobahn would try it for a serialization that we never use, and its build for numpy 1 prints a long traceback.
sys.modules.setdefault("bjdata", None)

from autobahn.twisted.component import Component  # noqa: E402 - txaio must know its framework first
from autobahn.twisted.wamp import Session  # noqa: E402
from autobahn.wamp import message  # noqa: E402
from autobahn.wamp.interfaces import ISession  # noqa: E402
from autobahn.wamp.types import CloseDetails, RegisterOptions, SessionDetails  # noqa: E402
from OpenSSL import crypto  # noqa: E402
from OpenSSL.SSL import Connection  # noqa: E402
from twisted.internet import (  # noqa: E402
    defer,
    reactor,
    ssl,
)
from twisted.internet.defer import Deferred  # noqa: E402
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator  # noqa: E402
from twisted.internet.task import LoopingCall  # noqa: E402
from twisted.protocols.tls import TLSMemoryBIOProtocol  # noqa: E402
from twisted.python.failure import Failure  # noqa: E402
from zope.interface import implementer  # noqa: E402

from livemon.config import RouterConfig  # noqa: E402
from livemon.errors import ConfigError, RouterError  # noqa: E402
from livemon.health.liveness import EVERY, touch_alive  # noqa: E402
from livemon.log import log, start_logging  # noqa: E402
from livemon.sisock import nesting  # noqa: E402

nesting.read_all()

BASE_URI = "org.simonsobservatory"
MAX_RETRY_DELAY = 4.0
"""Seconds between two attempts, at most: a service is back within ten seconds of a router's restart."""

PING = {"autoPingInterval": 10.0, "autoPingTimeout": 15.0}

PEM = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

TAKE_OVER = RegisterOptions(force_reregister=True)
"""Takes a registration over from an earlier connection of ours whose death the router has not noticed yet."""


def uri(name: str) -> str:
    """Return sisock's URI for a procedure or topic."""
    return f"{BASE_URI}.{name}"


INVALID = uri("error.invalid_argument")
"""The error of a call whose arguments are wrong; its argument is one sentence."""


def answered_within(call: Deferred, seconds: float) -> Deferred:
    """Return what a call answers, or a `twisted.internet.defer.TimeoutError` after so many seconds.

    Unlike ``addTimeout`` it does not end the call: autobahn tells the router so, and fails where the connection is lost already.
    """
    answer: Deferred = Deferred()
    late = reactor.callLater(seconds, answer.errback, defer.TimeoutError(f"nothing within {seconds:g} s"))

    def pass_on(result: object) -> None:
        if late.active():
            late.cancel()
            answer.callback(result)  # a failure, too

    call.addBoth(pass_on)
    return answer


@implementer(IOpenSSLClientConnectionCreator)
class Trust:
    """Verifies a router by the authorities that a file holds when the connection begins: a new one there needs no restart here.

    Parameters
    ----------
    host
        The name that the router's certificate has to have.
    authorities
        Certificates (PEM) of those that may have signed it.

    Raises
    ------
    ConfigError
        If there is no certificate in the file.
    """

    def __init__(self, host: str, authorities: Path) -> None:
        self._host = host
        self._authorities = authorities
        self._options()

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> Connection:  # noqa: N802 - Twisted's name
        """Return a connection that verifies."""
        return self._options().clientConnectionForTLS(protocol)

    def _options(self) -> IOpenSSLClientConnectionCreator:
        pems = PEM.findall(self._authorities.read_bytes())
        try:
            authorities = [ssl.Certificate.loadPEM(pem) for pem in pems]
        except crypto.Error:
            authorities = []
        if not authorities:
            raise ConfigError(f"{self._authorities} (LIVEMON_ROUTER_CA) holds no certificate in PEM")
        return ssl.optionsForClientTLS(self._host, trustRoot=ssl.trustRootFromCertificates(authorities))


class OutlivingSession(Session):
    """A session that a second answer to a call does not end.

    The router may answer a call for a peer that hangs and leaves, and then once more that the peer "disconnected from in-flight
    request" (crossbar/router/dealer.py, detach). Autobahn takes that for a breach of the protocol and closes the connection
    (autobahn/wamp/protocol.py, onMessage): one node's end would cost the bridge all of them for a moment.
    """

    def onMessage(self, msg: message.Message) -> None:  # noqa: N802 - autobahn's name
        """Leave out an error of a call that nobody waits for."""
        is_error_of_call = isinstance(msg, message.Error) and msg.request_type == message.Call.MESSAGE_TYPE
        if is_error_of_call and msg.request not in self._call_reqs:
            log.info("the router answered a call twice: {error}", error=msg.error)
            return
        super().onMessage(msg)


def join_router(
    config: RouterConfig,
    on_join: Callable[[ISession, SessionDetails], object],
    on_leave: Callable[[], None] = lambda: None,
) -> Component:
    """Return a component that joins the router, again after each loss, once it is started.

    Parameters
    ----------
    config
        Where the router is and who we are.
    on_join
        Called after every join with the session and its details; may return a Deferred.
    on_leave
        Called after every loss of a session that had joined.

    Raises
    ------
    ConfigError
        If there is no certificate in the authority's file.
    """
    component = Component(
        transports=[
            {
                "type": "websocket",
                "url": config.url,
                "endpoint": {
                    "type": "tcp",
                    "host": config.host,
                    "port": config.port,
                    "tls": Trust(config.host, config.ca),
                },
                "max_retries": -1,
                "initial_retry_delay": 0.5,
                "max_retry_delay": MAX_RETRY_DELAY,
                "options": PING,
            }
        ],
        authentication={"wampcra": {"authid": config.user, "secret": config.secret}},
        realm=config.realm,
        session_factory=OutlivingSession,
    )

    # The router's session answers pings as long as it lasts, so it tells of both ends.
    living = LoopingCall(touch_alive)
    living.clock = reactor

    @component.on_join
    def joined(session: ISession, details: SessionDetails) -> object:
        log.info("joined the router {url} as {user}", url=config.url, user=config.user)
        if not living.running:
            living.start(EVERY)
        return on_join(session, details)

    @component.on_leave
    def left(_session: ISession, details: CloseDetails) -> None:
        if living.running:
            living.stop()
        log.info("left the router: {reason}", reason=details.message or details.reason)
        on_leave()

    @component.on_connectfailure
    def refused(_component: Component, error: Exception) -> None:
        log.info("cannot reach the router {url}: {error}", url=config.url, error=_sentence(error))

    return component


def run(*components: Component) -> None:
    """Start logging and the reactor; return when SIGTERM or SIGINT ends the process, exit with 1 when a component gives up."""
    start_logging()
    failures: list[Failure] = []

    def give_up(failure: Failure) -> None:
        failures.append(failure)
        log.error("giving up on the router: {error}", error=_sentence(failure.value))
        if reactor.running:
            reactor.stop()

    def end(_: object) -> None:
        raise RouterError("it has ended our session for good")

    def start() -> None:
        for component in components:
            # A component takes a farewell of the router (wamp.close.normal) for the end of its work.
            component.start(reactor).addCallback(end).addErrback(give_up)

    reactor.callWhenRunning(start)
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(reactor.stop))
    reactor.run()
    if failures:
        sys.stdout.flush()
        os._exit(1)


def _sentence(error: BaseException) -> str:
    return str(error) or type(error).__name__
