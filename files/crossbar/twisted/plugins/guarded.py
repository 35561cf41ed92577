r"""Twisted's endpoint ``guarded``: another endpoint, whose web server keeps to the rules of `livemon.webguard`.

Crossbar looks at the origin of WebSockets only if it is told so, lets pages of every origin use ``/call``, never looks at the name by
which it is asked, and reads a whole body before it counts it. One of its libraries (py_ecc) has Python recurse 100,000 deep, for
which the stack is too small: one message of lists in lists ended the router. Twisted looks for endpoints in ``twisted/plugins``
below PYTHONPATH.

    guarded:endpoint=tcp\:8001\:interface=127.0.0.1:names=monitor.lab.example:origins=http\://localhost\:8000
"""

from __future__ import annotations

import sys

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import (
    IProtocolFactory,
    IReactorCore,
    IStreamServerEndpoint,
    IStreamServerEndpointStringParser,
)
from twisted.plugin import IPlugin
from twisted.protocols.policies import WrappingFactory
from zope.interface import implementer

from livemon.webguard import Rules, guard

DEPTH = 1000
"""Python's own limit to recursion."""


@implementer(IStreamServerEndpoint)
class Endpoint:
    """Listens where another endpoint does."""

    def __init__(self, inner: IStreamServerEndpoint, rules: Rules) -> None:
        self._inner = inner
        self._rules = rules

    def listen(self, factory: IProtocolFactory) -> Deferred:
        """Listen with a web server, in whatever wraps it."""
        site = factory
        while isinstance(site, WrappingFactory):
            site = site.wrappedFactory
        guard(site, self._rules)
        sys.setrecursionlimit(DEPTH)  # all that crossbar imports is imported by now
        return self._inner.listen(factory)


@implementer(IPlugin, IStreamServerEndpointStringParser)
class Parser:
    """Makes the endpoint of its description."""

    prefix = "guarded"

    def parseStreamServer(  # noqa: N802 - Twisted's name
        self, reactor: IReactorCore, endpoint: str, names: str = "", origins: str = ""
    ) -> Endpoint:
        """Return the endpoint; names and origins are lists with spaces between."""
        rules = Rules(frozenset(names.lower().split()), frozenset(origins.lower().split()))
        return Endpoint(serverFromString(reactor, endpoint), rules)


parser = Parser()
