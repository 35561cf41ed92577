"""Count all feeds' messages and how old they are. Argument: URL. Run by ``bench.load``; prints a line of JSON when its input ends."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from autobahn.wamp.interfaces import ISession
from autobahn.wamp.types import SubscribeOptions
from twisted.internet import reactor, threads

from bench.sessions import component

lags: list[float] = []
subscribing = component(sys.argv[1])


def heard(content: Any) -> None:
    """Take a message."""
    blocks, _about = content
    lags.extend((time.time() - block["timestamps"][-1]) * 1e3 for block in blocks.values())


@subscribing.on_join
def joined(session: ISession, _details: object) -> None:
    """Subscribe to every feed."""
    session.subscribe(heard, "observatory.", SubscribeOptions(match="prefix"))


def end(_: object) -> None:
    """Tell what was heard."""
    print(json.dumps({"messages": len(lags), "lags": lags}), flush=True)
    reactor.stop()


subscribing.start(reactor)
reactor.callWhenRunning(lambda: threads.deferToThread(sys.stdin.read).addBoth(end))
reactor.run()
