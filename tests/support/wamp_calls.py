"""Join the router and call what standard input says. Arguments: URL, CA file, user and secret file.

A line of standard input is a JSON list: procedure, arguments, keyword arguments. The procedure ``register@force`` is done here: it
takes over the procedure that its argument names, which from then on answers its own name. A line of standard output answers it:
``{"result": ...}`` or ``{"error": uri, "text": ...}``. Ends with its input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from autobahn.twisted.component import Component, run
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.interfaces import ISession
from autobahn.wamp.types import RegisterOptions, SessionDetails
from twisted.internet import defer, reactor, ssl, threads

url, ca, user, secret_file = sys.argv[1:]
parts = urlsplit(url)
authority = ssl.Certificate.loadPEM(Path(ca).read_bytes())
component = Component(
    transports=[
        {
            "type": "websocket",
            "url": url,
            "endpoint": {
                "type": "tcp",
                "host": parts.hostname,
                "port": parts.port,
                "timeout": 10,
                "tls": ssl.optionsForClientTLS(parts.hostname, trustRoot=authority),
            },
            "max_retries": 0,
        }
    ],
    realm="test_realm",
    authentication={"wampcra": {"authid": user, "secret": Path(secret_file).read_text().strip()}},
)


def tell(answer: dict) -> None:
    """Answer a line; ``run`` has taken standard output for its log."""
    print(json.dumps(answer, default=repr), file=sys.__stdout__, flush=True)


def does(session: ISession, procedure: str) -> Callable[..., defer.Deferred]:
    """Return what carries a line out."""
    if not procedure.endswith("register@force"):
        return partial(session.call, procedure)
    return lambda uri: session.register(lambda *_: uri, uri, RegisterOptions(force_reregister=True)).addCallback(
        lambda _: uri
    )


@component.on_join
@defer.inlineCallbacks
def joined(session: object, _details: SessionDetails) -> object:
    """Call one after the other."""
    tell({"result": "joined"})
    while line := (yield threads.deferToThread(sys.stdin.readline)):
        procedure, arguments, keywords = json.loads(line)
        try:
            result = yield does(session, procedure)(*arguments, **keywords).addTimeout(10, reactor)
        except ApplicationError as error:
            tell({"error": error.error, "text": " ".join(map(str, error.args))})
        except Exception as error:
            tell({"error": "none of the router", "text": repr(error)})
        else:
            tell({"result": result})
    session.leave()


run([component], log_level="critical")
