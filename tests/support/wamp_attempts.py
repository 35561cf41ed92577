"""Join the router and attempt operations. Arguments: URL, CA file, user and secret file (`-` each for an anonymous session), then
``action:uri`` each, with a match policy ``action@prefix:uri``, to take a registration over ``register@force:uri``. Prints a JSON
list: `true` for what the router allowed, `false` for what it did not authorize.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from autobahn.twisted.component import Component, run
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions, RegisterOptions, SessionDetails, SubscribeOptions
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
REFUSED = (ApplicationError.NOT_AUTHORIZED, ApplicationError.INVALID_URI)  # the latter: what only the router may do
# Nobody offers it, or its arguments were wrong: the router would have let the call through.
ALLOWED = (ApplicationError.NO_SUCH_PROCEDURE, ApplicationError.INVALID_ARGUMENT, "wamp.error.runtime_error")


def registration(how: str) -> RegisterOptions:
    """Options of a registration with a match policy, or by force."""
    return RegisterOptions(force_reregister=True) if how == "force" else RegisterOptions(match=how or "exact")


@component.on_join
@inlineCallbacks
def joined(session: object, _details: SessionDetails) -> Iterator:
    """Attempt one after the other."""
    actions = {
        "call": lambda uri, _: session.call(uri),
        "register": lambda uri, how: session.register(lambda *_: None, uri, registration(how)),
        "subscribe": lambda uri, how: session.subscribe(lambda *_: None, uri, SubscribeOptions(match=how or "exact")),
        "publish": lambda uri, _: session.publish(uri, options=PublishOptions(acknowledge=True)),
    }
    for attempt in attempts:
        act, _, uri = attempt.partition(":")
        action, _, how = act.partition("@")
        try:
            yield actions[action](uri, how)
            answers.append(True)
        except ApplicationError as error:
            if error.error not in (*REFUSED, *ALLOWED):
                raise
            answers.append(error.error in ALLOWED)
    session.leave()


try:
    run([component], log_level="critical")
finally:  # it ends by SystemExit, and takes standard output for its log
    print(json.dumps(answers), file=sys.__stdout__)
