"""The host of data nodes, on a session that is none."""

from types import SimpleNamespace

import pytest
from autobahn.wamp.exception import ApplicationError
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from livemon.datanode import ANNOUNCE_EVERY, DataNodeServer, NodeHost


class Session:
    """A router with a hub that can be away, or go away between two calls."""

    def __init__(self):
        self.listed = set()
        self.hub_accepts = True
        self.registered = []
        self.held = None

    def register(self, _function, uri, _options):
        registration = SimpleNamespace(uri=uri)
        registration.unregister = lambda: succeed(self.registered.remove(uri))
        self.registered.append(uri)
        if self.held is not None:
            self.held.addCallback(lambda _: registration)
            return self.held
        return succeed(registration)

    def call(self, uri, *arguments):
        if uri.endswith("get_data_node"):
            return succeed([{"name": name} for name in self.listed])
        if not self.hub_accepts:
            return fail(ApplicationError(ApplicationError.NO_SUCH_PROCEDURE))
        (self.listed.add if uri.endswith("add") else self.listed.discard)(arguments[0])
        return succeed(True)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def host(clock):
    host = NodeHost()
    host._announcing.clock = clock
    yield host
    host.on_leave()


def test_a_hub_that_is_restarted_between_two_calls_is_told_later(host, clock):
    session = Session()
    session.hub_accepts = False
    host.add(DataNodeServer("a", ""))
    host.on_join(session, SimpleNamespace(session=1))
    clock.advance(ANNOUNCE_EVERY)
    assert session.listed == set()
    session.hub_accepts = True
    clock.advance(ANNOUNCE_EVERY)
    assert session.listed == {"a"}


def test_a_node_removed_while_it_is_registered_leaves_nothing_behind(host):
    session = Session()
    host.on_join(session, SimpleNamespace(session=1))
    session.held = Deferred()
    host.add(DataNodeServer("a", ""))
    host.remove("a")
    held, session.held = session.held, None
    held.callback(None)
    assert session.registered == []
