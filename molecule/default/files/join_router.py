"""Try to join the router as the bridge, with its secret (argument `right`) or another; say how it went."""

import sys
from pathlib import Path

from autobahn.twisted.component import Component, run
from autobahn.twisted.wamp import ApplicationSession
from autobahn.wamp.types import SessionDetails

secret = Path("/run/secrets/bridge").read_text().strip()
if sys.argv[1] != "right":
    secret = secret[::-1]
component = Component(
    transports=[
        {
            "type": "websocket",
            "url": "wss://sisock-crossbar:8080/ws",
            "endpoint": {
                "type": "tcp",
                "host": "sisock-crossbar",
                "port": 8080,
                "timeout": 10,
                "tls": {"hostname": "sisock-crossbar", "trust_root": "/ca.crt"},
            },
            "max_retries": 0,
        }
    ],
    realm="test_realm",
    authentication={"wampcra": {"authid": "bridge", "secret": secret}},
)
answers = []


@component.on_join
def joined(session: ApplicationSession, details: SessionDetails) -> None:
    """Remember the role that the router gave."""
    answers.append(f"joined as {details.authrole}")
    session.leave()


try:
    run([component], log_level="critical")
finally:  # it ends by SystemExit, and takes standard output for its log
    print(*answers or ["refused"], file=sys.__stdout__)
