"""Publish 625 feeds of 16 fields, evenly over time. Arguments: URL, seconds, messages a second. Run by ``load`` and ``capacity``.

Prints a line of JSON when it begins, and one at the end.
"""

from __future__ import annotations

import json
import math
import sys
import time

import numpy as np
from autobahn.wamp.interfaces import ISession
from twisted.internet import reactor
from twisted.internet.task import LoopingCall

from bench.data import CHANNELS, message, topic
from bench.load import AGENTS, FEEDS, feed_of
from bench.sessions import component

TICK = 0.005
url, seconds, rate = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
publishing = component(url)


@publishing.on_join
def joined(session: ISession, _details: object) -> None:
    """Publish what is due, again and again."""
    feeds = [feed_of(number) for number in range(AGENTS * FEEDS)]
    fields = {feed: [f"{feed}_{name}" for name in CHANNELS] for _, feed in feeds}
    began = math.ceil(time.time()) + 1.0
    late: list[float] = []
    sent = 0

    def publish_due() -> None:
        nonlocal sent
        due = min(int((time.time() - began) * rate) + 1, int(seconds * rate))
        while sent < due:
            agent, feed = feeds[sent % len(feeds)]
            stamp = round(time.time(), 3)
            session.publish(topic(agent, feed), message(np.array([stamp]), agent, fields[feed]))
            late.append((stamp - began - sent / rate) * 1e3)
            sent += 1
        if sent >= int(seconds * rate):
            ticking.stop()
            session.leave()  # behind all that has not been sent yet

    def finish(*_: object) -> None:
        print(json.dumps({"messages": sent, "late": late}), flush=True)
        reactor.stop()

    session.on("leave", finish)
    print(json.dumps({"began": began}), flush=True)
    ticking = LoopingCall(publish_due)
    reactor.callLater(max(0, began - time.time()), ticking.start, TICK)


publishing.start(reactor)
reactor.run()
