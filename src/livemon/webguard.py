"""What our web servers refuse before they read a request's body, and how long they wait for a slow peer.

Used by the bridge, and by each of the router's ports: in the router's image this module needs nothing but Twisted.

A page in a browser can send requests to any address that the browser reaches. Two headers, which no page can choose, distinguish
them: `Origin` is the page's own, and `Host` is the name in the address; a page whose server's name temporarily resolves to this
machine (DNS rebinding) sends a name that is not ours. Sources: RFC 6454 (Origin), RFC 6455, section 4.1 (WebSocket), and RFC 9110,
sections 7.2 (Host), 15.5.14 (413) and 15.5.20 (421).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from typing import Any, NamedTuple, Protocol

from twisted.internet.base import DelayedCall
from twisted.logger import Logger
from twisted.web.http import RESPONSES, HTTPChannel
from twisted.web.http_headers import Headers
from twisted.web.server import Request, Site

log = Logger("livemon.web")

LARGEST_BODY = 1 << 20
"""Bytes."""
PATIENCE = 60
"""Seconds for a request to arrive once it has begun, and for a connection to be idle."""
READING = 600
"""Seconds for a peer to read a response."""
LINGER = 2
"""Seconds for which the rest of a refused body is discarded, so that its sender reads the reason."""

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:/@\s]+)(:[0-9]{0,5})?")


class Refusal(NamedTuple):
    """Why a request is refused: the HTTP status, and one sentence."""

    status: int
    sentence: str


@dataclass(frozen=True)
class Rules:
    """Which requests a server accepts.

    Parameters
    ----------
    names
        Its host names, in lower case, besides `localhost` and all IP addresses, which no other site's page can have.
    origins
        The origins whose pages may send requests, as browsers write them (``https://lab.example``), in lower case; `None`: all.
    headers
        Added to every refusal.
    """

    names: frozenset[str]
    origins: frozenset[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, headers: Headers, length: int | None) -> Refusal | None:
        """Return why a request is refused because of its headers; `None` if it is accepted.

        Parameters
        ----------
        headers
            Of the request.
        length
            Bytes of its body; `None` if it comes in chunks.
        """
        hosts = _values(headers, "host")
        if len(hosts) > 1 or any(not self._is_ours(host) for host in hosts):
            given = ", ".join(map(_shown, hosts))
            return Refusal(
                421, f"Host: {given} is not a name of this server; use localhost, or add the name to monitor_names"
            )
        # The second header is the one that browsers sent before RFC 6455.
        for origin in (*_values(headers, "origin"), *_values(headers, "sec-websocket-origin")):
            if self.origins is not None and origin.lower() not in self.origins:
                return Refusal(
                    403,
                    f"Origin: pages from {_shown(origin)} may not use this server; add it to ocs_web_origins",
                )
        return too_large() if length is not None and length > LARGEST_BODY else None

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found["name"].lower().removesuffix(".")
        return name == "localhost" or name in self.names or _is_address(name)


def too_large() -> Refusal:
    """Return the refusal of a body that is too large."""
    return Refusal(413, f"the request's body is too large; the limit is {LARGEST_BODY} bytes")


def guard(site: Site, rules: Rules) -> None:
    """Apply the rules to a site, from the next connection on."""
    site.protocol = _Channel  # type: ignore[method-assign, assignment]  # declared as a method
    site.requestFactory = partial(_Request, rules=rules)  # type: ignore[assignment]  # HTTPChannel only calls it
    site.timeOut = PATIENCE


class _Transport(Protocol):
    """What is used of a TCP connection."""

    def getPeer(self) -> object: ...  # noqa: N802 - Twisted's name
    def write(self, data: bytes) -> None: ...
    def abortConnection(self) -> None: ...  # noqa: N802 - Twisted's name


class _Request(Request):
    """Refused as soon as its headers, or the bytes of its body so far, are a reason."""

    _refused = False
    _size = 0
    _end: DelayedCall | None = None

    def __init__(self, *arguments: Any, rules: Rules, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._rules = rules

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        refusal = self._rules.refusal(self.requestHeaders, length)
        if refusal is None:
            super().gotLength(length)
        else:
            self._refuse(refusal)

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        self._size += len(data)
        if not self._refused and self._size > LARGEST_BODY:
            self._refuse(too_large())
        if not self._refused:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802 - Twisted's name
        if self._refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def connectionLost(self, reason: object) -> None:  # noqa: N802 - Twisted's name
        if self._end is not None and self._end.active():
            self._end.cancel()
        super().connectionLost(reason)

    def _refuse(self, refusal: Refusal) -> None:
        """Respond at once, and close the connection when the body has arrived, or soon."""
        self._refused = True
        self.requestHeaders.removeHeader("expect")  # or the channel would send "100 Continue"
        transport: _Transport = self.channel.transport  # type: ignore[assignment]  # declared as a zope interface
        log.info("refused a request from {peer}: {sentence}", peer=transport.getPeer(), sentence=refusal.sentence)
        transport.write(_response(refusal, self._rules.headers))
        self._end = self.channel.factory.reactor.callLater(LINGER, transport.abortConnection)


class _Channel(HTTPChannel):
    """Closes a connection on which a request does not arrive, or a response is not read, in time."""

    _begun = False
    _behind_since: float | None = None

    def resetTimeout(self) -> None:  # noqa: N802 - Twisted's name
        """Start a request's time when it begins; further bytes do not extend it."""
        if not self._begun:
            self._begun = True
            super().resetTimeout()

    def requestDone(self, request: Request) -> None:  # noqa: N802 - Twisted's name
        self._begun = False
        super().requestDone(request)
        if not self.persistent:  # it closes when the peer has read the response
            self.setTimeout(self.factory.timeOut)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Note that the peer has fallen behind; called by its transport."""
        if self._behind_since is None:
            self._behind_since = self.factory.reactor.seconds()
        super().pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Note that the peer has read everything; called by its transport."""
        self._behind_since = None
        super().resumeProducing()

    def timeoutConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close the connection, unless the peer still has time to read its response."""
        if self._behind_since is None:
            super().timeoutConnection()
        elif self.factory.reactor.seconds() - self._behind_since < READING:
            self.setTimeout(self.factory.timeOut)
        else:
            self.forceAbortClient()


def _values(headers: Headers, name: str) -> list[str]:
    return [value.decode("latin-1").strip() for value in headers.getRawHeaders(name.encode(), [])]


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:80] + "...")


def _is_address(name: str) -> bool:
    try:
        return bool(ip_address(name.removeprefix("[").removesuffix("]")))
    except ValueError:
        return False


def _response(refusal: Refusal, headers: Mapping[str, str]) -> bytes:
    body = json.dumps({"error": refusal.sentence}).encode()
    lines = [
        f"HTTP/1.1 {refusal.status} {RESPONSES.get(refusal.status, b'Misdirected Request').decode()}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
