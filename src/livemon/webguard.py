"""What our web servers refuse before they read a request's body, and how long they wait for a slow peer.

Used by the bridge, and by each of the router's ports: in the router's image this module needs nothing but Twisted.

A page in somebody's browser can send requests to any address that the browser reaches. Two headers, which no page can choose, tell
them from others: `Origin` is the page's own, and `Host` is the name in the address; a page whose server's name leads to this machine
for a while (DNS rebinding) has a name there that is not ours. Sources: RFC 6454 (Origin), RFC 6455, section 4.1 (WebSocket), and
RFC 9110, sections 7.2 (Host), 15.5.14 (413) and 15.5.20 (421).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import NamedTuple

from twisted.logger import Logger
from twisted.web.http import RESPONSES, HTTPChannel
from twisted.web.http_headers import Headers
from twisted.web.server import Request, Site

log = Logger("livemon.web")

LARGEST_BODY = 1 << 20
"""Bytes."""
PATIENCE = 60
"""Seconds that a request may take to arrive once it has begun, and that a connection may be idle."""
TAKING = 600
"""Seconds that a peer may take to read an answer."""
LINGER = 2
"""Seconds for which the rest of a refused body is thrown away, so that whoever sends it reads why."""

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[^\[\]:/@\s]+)(:[0-9]{0,5})?")


class Refusal(NamedTuple):
    """Why a request is not answered."""

    status: int
    sentence: str


@dataclass(frozen=True)
class Rules:
    """What a server lets in.

    Parameters
    ----------
    names
        Its host names, in lower case. `localhost` and every address are its own besides: no page of somebody else's has these.
    origins
        Whose pages may send requests, as a browser writes it (``https://lab.example``), in lower case; None: this is not looked at.
    headers
        What every refusal carries besides.
    """

    names: frozenset[str]
    origins: frozenset[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, headers: Headers, length: int | None) -> Refusal | None:
        """Return why a request is refused by its headers; None if it is not.

        Parameters
        ----------
        headers
            Of the request.
        length
            Bytes of its body; None where they are told piece by piece.
        """
        hosts = _values(headers, "host")
        if len(hosts) > 1 or any(not self._is_ours(host) for host in hosts):
            said = ", ".join(map(_shown, hosts))
            return Refusal(
                421, f"Host: {said} is not a name of this server; use localhost, or add the name to monitor_names"
            )
        # The second one is what browsers sent before RFC 6455.
        for origin in (*_values(headers, "origin"), *_values(headers, "sec-websocket-origin")):
            if self.origins is not None and origin.lower() not in self.origins:
                return Refusal(
                    403, f"Origin: pages of {_shown(origin)} may not use this server; add it to ocs_web_origins"
                )
        return too_large() if length is not None and length > LARGEST_BODY else None

    def _is_ours(self, host: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found["name"].lower().removesuffix(".")
        return name == "localhost" or name in self.names or _is_address(name)


def too_large() -> Refusal:
    """Return what is said of a body that is too large."""
    return Refusal(413, f"the body of a request may have {LARGEST_BODY} bytes at most")


def guard(site: Site, rules: Rules) -> None:
    """Have a site keep to the rules, from the next connection on."""
    site.protocol = _Channel
    site.requestFactory = type("GuardedRequest", (_Request,), {"rules": rules})
    site.timeOut = PATIENCE


class _Request(Request):
    """Is refused as soon as its headers, or the bytes of its body that have come, are reason enough."""

    rules: Rules
    _refused = False
    _size = 0
    _end = None

    def gotLength(self, length: int | None) -> None:  # noqa: N802 - Twisted's name
        refusal = self.rules.refusal(self.requestHeaders, length)
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
        """Answer at once, and close the connection when the body has come, or soon."""
        self._refused = True
        self.requestHeaders.removeHeader("expect")  # the channel would go on: "100 Continue"
        transport = self.channel.transport
        log.info("refused a request of {peer}: {sentence}", peer=transport.getPeer(), sentence=refusal.sentence)
        transport.write(_answer(refusal, self.rules.headers))
        self._end = self.channel.factory.reactor.callLater(LINGER, transport.abortConnection)


class _Channel(HTTPChannel):
    """Closes a connection on which a request does not arrive, or an answer is not taken, in time."""

    _begun = False
    _behind_since: float | None = None

    def resetTimeout(self) -> None:  # noqa: N802 - Twisted's name
        """Give a request its time when it begins; each further byte earns it no more."""
        if not self._begun:
            self._begun = True
            super().resetTimeout()

    def requestDone(self, request: Request) -> None:  # noqa: N802 - Twisted's name
        self._begun = False
        super().requestDone(request)
        if not self.persistent:  # it closes when the peer has taken the answer
            self.setTimeout(self.factory.timeOut)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Note that the peer has fallen behind; its transport calls this."""
        if self._behind_since is None:
            self._behind_since = self.factory.reactor.seconds()
        super().pauseProducing()

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        """Note that the peer has taken all that there was; its transport calls this."""
        self._behind_since = None
        super().resumeProducing()

    def timeoutConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close the connection, unless the peer still has time to take its answer."""
        if self._behind_since is None:
            super().timeoutConnection()
        elif self.factory.reactor.seconds() - self._behind_since < TAKING:
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


def _answer(refusal: Refusal, headers: Mapping[str, str]) -> bytes:
    body = json.dumps({"error": refusal.sentence}).encode()
    lines = [
        f"HTTP/1.1 {refusal.status} {RESPONSES.get(refusal.status, b'Misdirected Request').decode()}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
