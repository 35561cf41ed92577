"""The bridge's source in one thread: what otherwise passes between threads happens at once, and a test moves its clocks."""

from __future__ import annotations

import time
from concurrent.futures import Future

from deferreds import result
from twisted.internet.defer import maybeDeferred, succeed
from twisted.internet.task import Clock

from livemon.bridge import inventory
from livemon.bridge.node_watch import NodeWatch
from livemon.bridge.router_nodes import RouterNodes
from livemon.bridge.source import Source


class FixedInventory:
    """A site file that does not change."""

    def __init__(self, text):
        self.inventory = inventory.read(text, "site.yaml")

    def look(self):
        pass


class LonelySession:
    """A session with a router behind which there are no nodes."""

    def call(self, _uri, *_arguments, **_options):
        return succeed([])


class SynchronousBridge:
    """A source and its node watch; `clock` is the reactor, and the monotonic clock."""

    def __init__(self, socket=None, session=None, inventory_file=None, *, unix_clock=time.time):
        self.clock = Clock()
        self.nodes = NodeWatch(
            socket,
            RouterNodes(session, steady=self.clock.seconds),
            inventory_file,
            clock=unix_clock,
            steady=self.clock.seconds,
            reactor=self.clock,
            in_thread=maybeDeferred,
            patience=0.0,
        )
        self.source = Source(self.nodes, socket, clock=unix_clock, in_reactor=_at_once)

    def look(self):
        """Look at the nodes."""
        result(self.nodes.refresh())

    @property
    def catalogue(self):
        return self.source.catalogue

    def fetch(self, *arguments):
        return self.source.fetch(*arguments)


def _at_once(function, *arguments):
    future = Future()
    future.set_result(result(function(*arguments)))
    return future
