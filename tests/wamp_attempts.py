"""Join the router and attempt operations. Arguments: URL, CA file, user and secret file (`-` each for an anonymous session), then
``action:uri`` each. Prints a JSON list: `true` for what the router allowed, `false` for what it did not authorize.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from autobahn.twisted.component import Component, run
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions, SessionDetails
from twisted.internet import ssl
from twisted.internet.defer import inlineCallbacks

url, ca, user, secret_file, *attempts = sys.argv[1:]
parts = urlsplit(url)
endpoint = {"type": "tcp", "host": parts.hostname, "port": parts.port, "timeout": 10}
if ca != "-":
    authority = ssl.Certificate.loadPEM(Path(ca).read_bytes())
    endpoint["tls"] = ssl.optionsForClientTLS(parts.hostname, trustRoot=authority)
component = Component(
    transports=[{"type": "websocket", "url": url, "endpoint": endpoint, "max_retries": 0}],
    realm="test_realm",
    authentication={"anonymous": {}}
    if user == "-"
    else {"wampcra": {"authid": user, "secret": Path(secret_file).read_text().strip()}},
)
answers = []


@component.on_join
@inlineCallbacks
def joined(session: object, _details: SessionDetails) -> Iterator:
    """Attempt one after the other."""
    actions = {
        "call": session.call,
        "register": lambda uri: session.register(lambda *_: None, uri),
        "subscribe": lambda uri: session.subscribe(lambda *_: None, uri),
        "publish": lambda uri: session.publish(uri, options=PublishOptions(acknowledge=True)),
    }
    for attempt in attempts:
        action, _, uri = attempt.partition(":")
        try:
            yield actions[action](uri)
            answers.append(True)
        except ApplicationError as error:
            if error.error not in (ApplicationError.NOT_AUTHORIZED, ApplicationError.NO_SUCH_PROCEDURE):
                raise
            # Nobody offers it: the router would have let the call through.
            answers.append(error.error == ApplicationError.NO_SUCH_PROCEDURE)
    session.leave()


try:
    run([component], log_level="critical")
finally:  # it ends by SystemExit, and takes standard output for its log
    print(json.dumps(answers), file=sys.__stdout__)
