"""The only way in which livemon connects to the router.

TLS verified against the installation's own authority, WAMP-CRA, and reconnection after every loss. What autobahn does shapes it: a
`Component` reconnects with growing delays, and gives up for good on what it considers a permanent fault (a certificate that cannot be
verified). Then the process exits with one sentence, to be restarted by its supervisor.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import txaio

txaio.use_twisted()
# autobahn would try it for a serialization that livemon never uses, and its build for numpy 1 prints a long traceback.
sys.modules.setdefault("bjdata", None)  # type: ignore[arg-type]  # None makes an import fail, which typeshed does not know

from autobahn.twisted.component import Component
from autobahn.twisted.wamp import Session
from autobahn.wamp import message
from autobahn.wamp.interfaces import IMessage, ISession
from autobahn.wamp.types import CloseDetails, RegisterOptions, SessionDetails
from OpenSSL import crypto
from OpenSSL.SSL import Connection
from twisted.internet import defer, reactor, ssl
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IReactorFromThreads, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from livemon.config import RouterConfig
from livemon.errors import ConfigError, RouterError
from livemon.health.liveness import EVERY, touch_alive
from livemon.log import log, start_logging
from livemon.sisock import nesting

nesting.read_all()

T = TypeVar("T")

BASE_URI = "org.simonsobservatory"
MAX_RETRY_DELAY = 4.0
"""Maximum seconds between two attempts: a service is back within ten seconds of a router's restart."""

PING = {"autoPingInterval": 10.0, "autoPingTimeout": 15.0}

PEM = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

TAKE_OVER = RegisterOptions(force_reregister=True)
"""Takes over the registration of an earlier connection of ours whose end the router has not noticed yet."""


def uri(name: str) -> str:
    """Return sisock's URI for a procedure or topic."""
    return f"{BASE_URI}.{name}"


INVALID = uri("error.invalid_argument")
"""The error of a call whose arguments are invalid; its argument is one sentence."""


def answered_within(call: Deferred[T], seconds: float, clock: IReactorTime = reactor) -> Deferred[T]:
    """Return the answer of a call, or a `twisted.internet.defer.TimeoutError` after so many seconds.

    Unlike ``addTimeout`` it does not cancel the call: autobahn would tell the router, and fails if the connection is lost already.
    """
    answer: Deferred[T] = Deferred()
    timeout = clock.callLater(seconds, answer.errback, defer.TimeoutError(f"no answer within {seconds:g} s"))

    def pass_on(result: T | Failure) -> None:
        if timeout.active():
            timeout.cancel()
            answer.callback(result)

    call.addBoth(pass_on)
    return answer


@implementer(IOpenSSLClientConnectionCreator)
class Trust:
    """Verifies a router against the authorities that a file holds when the connection starts: a new one there needs no restart here.

    Parameters
    ----------
    host
        The name for which the router's certificate must be valid.
    authorities
        Certificates (PEM), one of which must have signed it.

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
            raise ConfigError(f"{self._authorities} (LIVEMON_ROUTER_CA) does not contain a certificate in PEM format")
        return ssl.optionsForClientTLS(self._host, trustRoot=ssl.trustRootFromCertificates(authorities))


class OutlivingSession(Session):
    """A session that survives a second answer to a call.

    The router may answer a call for a peer that hangs and leaves, and then once more that the peer "disconnected from in-flight
    request" (crossbar/router/dealer.py, detach). autobahn treats that as a protocol violation and closes the connection
    (autobahn/wamp/protocol.py, onMessage): the end of one node would cost the bridge all of them for a moment.
    """

    def onMessage(self, msg: IMessage) -> None:  # noqa: N802 - autobahn's name
        """Ignore an error for a call that is not pending."""
        if (
            isinstance(msg, message.Error)
            and msg.request_type == message.Call.MESSAGE_TYPE
            and msg.request not in self._call_reqs
        ):
            log.info("the router answered a call twice: {error}", error=msg.error)
            return
        super().onMessage(msg)


def join_router(
    config: RouterConfig,
    on_join: Callable[[ISession, SessionDetails], object],
    on_leave: Callable[[], None] = lambda: None,
) -> Component:
    """Return a component that joins the router once it is started, and again after each loss.

    Parameters
    ----------
    config
        Where the router is, and the user and secret to join with.
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

    # The session answers the router's pings as long as it lasts, so being joined shows that both ends are alive.
    liveness = LoopingCall(touch_alive)
    liveness.clock = reactor

    def joined(session: ISession, details: SessionDetails) -> object:
        log.info("joined the router {url} as {user}", url=config.url, user=config.user)
        if not liveness.running:
            liveness.start(EVERY)
        return on_join(session, details)

    def left(_session: ISession, details: CloseDetails) -> None:
        if liveness.running:
            liveness.stop()
        log.info("left the router: {reason}", reason=details.message or details.reason)
        on_leave()

    def refused(_component: Component, error: Exception) -> None:
        log.info("cannot reach the router {url}: {error}", url=config.url, error=_sentence(error))

    component.on("join", joined)
    component.on("leave", left)
    component.on("connectfailure", refused)
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

    def ended(_: object) -> None:
        raise RouterError("it has ended our session for good")

    def start() -> None:
        for component in components:
            # A component takes a normal goodbye of the router (wamp.close.normal) for the end of its work.
            component.start(reactor).addCallback(ended).addErrback(give_up)

    reactor.callWhenRunning(start)
    signal.signal(signal.SIGTERM, lambda *_: IReactorFromThreads(reactor).callFromThread(reactor.stop))
    reactor.run()
    if failures:
        sys.stdout.flush()
        os._exit(1)


def _sentence(error: BaseException | None) -> str:
    return str(error) or type(error).__name__
