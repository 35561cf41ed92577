"""Start a part of upstream sisock, unmodified. Arguments: ``kept`` or ``lifted``, the part's script, for the hub the router's URL.

``lifted`` lifts autobahn's limit of the size of messages, without which the old stack cannot answer 24 h of one channel: its request
hangs for ever. Runs in an environment with upstream's requirements; sisock itself is on PYTHONPATH.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import txaio

txaio.use_twisted()
sys.modules.setdefault("bjdata", None)  # its build for numpy 1 prints a long traceback

from autobahn.twisted.wamp import ApplicationRunner  # noqa: E402 - txaio must know its framework first
from autobahn.websocket.protocol import WebSocketClientFactory  # noqa: E402
from OpenSSL import crypto  # noqa: E402
from twisted.internet import ssl  # noqa: E402
from twisted.internet._sslverify import OpenSSLCertificateAuthorities  # noqa: E402

caps, script, *url = sys.argv[1:]
if caps == "lifted":
    original = WebSocketClientFactory.setProtocolOptions

    def without_limits(self: object, **options: object) -> object:
        """Set options, but no limits of size."""
        return original(self, **options | {"maxFramePayloadSize": 0, "maxMessagePayloadSize": 0})

    WebSocketClientFactory.setProtocolOptions = without_limits

sys.path.insert(0, str(Path(script).parent))
if not url:
    runpy.run_path(script, run_name="__main__")
else:  # upstream has its hub run by crossbar
    authority = crypto.load_certificate(crypto.FILETYPE_PEM, Path(".crossbar/server_cert.pem").read_bytes())
    trust = ssl.CertificateOptions(trustRoot=OpenSSLCertificateAuthorities([authority]))
    ApplicationRunner(url[0], "test_realm", ssl=trust).run(runpy.run_path(script)["hub"])
