"""Twisted's endpoint ``renewing-tls``: TLS with the certificate that the files hold now.

Crossbar itself reads them once, when it begins to listen. Here a connection that comes after the files have changed has the new
certificate, and the connections that there are stay. Twisted looks for endpoints in ``twisted/plugins`` below PYTHONPATH.

    renewing-tls:8080:interface=127.0.0.1:certificate=/run/tls/server.crt:key=/run/tls/server.key
"""

from __future__ import annotations

import re
from pathlib import Path

from OpenSSL.SSL import Connection
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import (
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTCP,
    IStreamServerEndpoint,
    IStreamServerEndpointStringParser,
)
from twisted.internet.ssl import Certificate, CertificateOptions, KeyPair, TLSVersion
from twisted.logger import Logger
from twisted.plugin import IPlugin
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer

log = Logger()


@implementer(IOpenSSLServerConnectionCreator)
class FromFiles:
    """Begins each connection with what the files hold by then."""

    def __init__(self, certificate: str, key: str) -> None:
        self._files = Path(certificate), Path(key)
        self._read = self._written()
        self._options = self._load()

    def serverConnectionForTLS(self, _protocol: TLSMemoryBIOProtocol) -> Connection:  # noqa: N802 - Twisted's name
        """Return a connection of the newest certificate that works."""
        try:
            written = self._written()
            if written != self._read:
                self._options, self._read = self._load(), written
                log.info("serving the new certificate {file}", file=self._files[0])
        except Exception as error:  # one that is not there yet, or does not fit the key, must not cut anybody off
            log.error("still serving the former certificate: {error!r}", error=error)  # noqa: TRY400 - Twisted has none
        return Connection(self._options.getContext())

    def _written(self) -> list[int]:
        return [file.stat().st_mtime_ns for file in self._files]

    def _load(self) -> CertificateOptions:
        certificate, key = (file.read_bytes() for file in self._files)
        pems = re.findall(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", certificate, re.DOTALL)
        first, *chain = [Certificate.loadPEM(pem).original for pem in pems]
        options = CertificateOptions(
            KeyPair.load(key, 1).original, first, extraCertChain=chain, raiseMinimumTo=TLSVersion.TLSv1_3
        )
        options.getContext()  # complains of a key that does not fit
        return options


@implementer(IStreamServerEndpoint)
class Endpoint:
    """Listens on TCP and speaks TLS."""

    def __init__(self, tcp: IStreamServerEndpoint, creator: IOpenSSLServerConnectionCreator) -> None:
        self._tcp = tcp
        self._creator = creator

    def listen(self, factory: IProtocolFactory) -> Deferred:
        """Listen."""
        return self._tcp.listen(TLSMemoryBIOFactory(self._creator, False, factory))


@implementer(IPlugin, IStreamServerEndpointStringParser)
class Parser:
    """Makes the endpoint of its description."""

    prefix = "renewing-tls"

    def parseStreamServer(  # noqa: N802 - Twisted's name
        self, reactor: IReactorTCP, port: str, certificate: str, key: str, interface: str = ""
    ) -> Endpoint:
        """Return the endpoint."""
        return Endpoint(TCP4ServerEndpoint(reactor, int(port), interface=interface), FromFiles(certificate, key))


parser = Parser()
