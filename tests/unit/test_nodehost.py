"""The host of data nodes, on a fake session."""

from types import SimpleNamespace

import pytest
from autobahn.wamp.exception import ApplicationError
from twisted.internet.defer import Deferred, fail, maybeDeferred, succeed
from twisted.internet.task import Clock

from livemon.errors import RequestError
from livemon.sisock.datanode import DataNodeServer
from livemon.sisock.nodehost import ANNOUNCE_EVERY, INVALID, PROCEDURES, NodeHost


class Session:
    """A router with a hub that can be away, go away between two calls, or be one of upstream's."""

    def __init__(self):
        self.listed = {}
        self.hub_accepts = True
        self.knows_claims = True
        self.taken = set()
        self.refused = set()
        self.registered = {}
        self.held = None
        self.calls = []

    def register(self, function, uri, _options):
        if uri.rpartition(".")[2] in self.refused:
            return fail(ApplicationError(ApplicationError.NOT_AUTHORIZED))
        registration = SimpleNamespace(uri=uri)
        registration.unregister = lambda: succeed(self.registered.pop(uri))
        self.registered[uri] = function
        if self.held is not None:
            self.held.addCallback(lambda _: registration)
            return self.held
        return succeed(registration)

    def call(self, uri, *arguments):
        name = uri.rpartition(".")[2]
        self.calls.append(name)
        if name == "get_data_node":
            return succeed([{"name": name, "description": text} for name, text in self.listed.items()])
        if not self.hub_accepts or (name in {"claim", "holder"} and not self.knows_claims):
            return fail(ApplicationError(ApplicationError.NO_SUCH_PROCEDURE))
        if name == "holder":
            return succeed({"session": 7})
        if name == "claim" and "." in arguments[0]:
            return fail(ApplicationError(INVALID, "name: write it without dots"))
        if name in {"add", "claim"} and arguments[0] in self.taken:
            return succeed(False)
        if name == "add":
            self.listed[arguments[0]] = arguments[1]
        if name == "subtract":
            self.listed.pop(arguments[0], None)
        return succeed(True)


class Node(DataNodeServer):
    """Answers by the names of the fields, and counts how often it was prepared."""

    prepared = 0

    def prepare(self, _archive=None):
        self.prepared += 1

    def get_fields(self, start, end):
        return {"a": {"timeline": "t", "type": "number"}}, {}

    def get_data(self, field, _start, _end, _min_stride=None):
        if field == ["bad"]:
            raise RequestError("field: bad")
        if field == ["broken"]:
            raise ZeroDivisionError
        return {"data": {"a": [1.0, 2.0]}, "timeline": {"t": {"t": [10.0, 20.0]}}}


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def host(clock):
    host = NodeHost(clock=clock)
    yield host
    host.on_leave()


def join(host, session, number=1):
    host.on_join(session, SimpleNamespace(session=number))


def test_a_name_is_claimed_before_its_procedures_are_registered_and_announced_last(host, session):
    host.add(Node("a", "text"))
    join(host, session)
    assert session.calls == ["get_data_node", "claim", "add"]
    assert len(session.registered) == len(PROCEDURES)
    assert session.listed == {"a": "text"}
    assert host.nodes["a"].prepared == 1
    assert host.ready == {"a"}


def test_a_name_that_is_taken_is_not_registered_until_it_is_free(host, session, clock):
    session.taken, session.listed = {"a"}, {"a": ""}
    host.add(Node("a", ""))
    join(host, session)
    assert session.registered == {}
    assert host.refused == {"a"}
    session.taken, session.listed = set(), {}
    clock.advance(ANNOUNCE_EVERY)
    assert session.listed == {"a": ""}
    assert host.refused == set()


def test_a_name_that_another_process_took_after_the_hubs_restart_is_given_up(host, session, clock):
    host.add(Node("a", ""))
    join(host, session)
    session.listed, session.taken = {}, {"a"}
    clock.advance(ANNOUNCE_EVERY)
    assert session.registered == {}
    assert host.refused == {"a"}


def test_upstreams_hub_knows_no_claims(host, session):
    session.knows_claims = False
    host.add(Node("a", ""))
    join(host, session)
    assert session.listed == {"a": ""}


def test_procedures_of_an_earlier_session_are_asked_for_until_the_router_lets_them_go(host, session, clock):
    session.knows_claims = False  # so the router is not told that the earlier session was this node's
    session.refused = {"get_data"}
    host.add(Node("a", "first"))
    join(host, session)
    assert session.registered == session.listed == {}, "neither half of a node, nor one that consumers hear of"
    session.refused = set()
    clock.advance(ANNOUNCE_EVERY)
    assert len(session.registered) == len(PROCEDURES)
    assert session.listed == {"a": "first"}


def test_a_hub_that_is_restarted_between_two_calls_gets_the_nodes_later(host, session, clock):
    session.hub_accepts = False
    host.add(Node("a", ""))
    join(host, session)
    clock.advance(ANNOUNCE_EVERY)
    assert session.listed == {}
    session.hub_accepts = True
    clock.advance(ANNOUNCE_EVERY)
    assert session.listed == {"a": ""}


def test_a_new_description_is_announced(host, session, clock):
    host.add(Node("a", "old"))
    join(host, session)
    host.nodes["a"].description = "new"
    clock.advance(ANNOUNCE_EVERY)
    assert session.listed == {"a": "new"}


def test_a_new_session_registers_and_announces_everything_again(host, session):
    host.add(Node("a", ""))
    join(host, session)
    host.on_leave()
    later = Session()
    join(host, later, 2)
    assert later.listed == {"a": ""}
    assert len(later.registered) == len(PROCEDURES)


def test_a_node_removed_while_it_is_registered_leaves_nothing_behind(host, session):
    join(host, session)
    session.held = Deferred()
    host.add(Node("a", ""))
    host.remove("a")
    held, session.held = session.held, None
    held.callback(None)
    assert session.registered == {}
    assert session.listed == {}


@pytest.mark.parametrize(
    ("arguments", "error", "word"),
    [
        ((["bad"], 1, 2), "org.simonsobservatory.error.invalid_argument", "field: bad"),
        ((), "org.simonsobservatory.error.invalid_argument", "get_data: missing"),
        ((1, 2, 3, 4, 5), "org.simonsobservatory.error.invalid_argument", "get_data: too many"),
        ((["broken"], 1, 2), "org.simonsobservatory.error.node_failed", "see its log for the reason"),
    ],
)
def test_a_caller_gets_an_error_in_one_sentence(host, session, arguments, error, word):
    host.add(Node("a", ""))
    join(host, session)
    procedure = session.registered["org.simonsobservatory.consumer.a.get_data"]
    outcome = []
    maybeDeferred(procedure, *arguments).addErrback(outcome.append)
    assert outcome[0].value.error == error
    assert word in outcome[0].value.args[0]


def test_all_nodes_get_ready_at_once_and_without_a_hub(host, session):
    session.hub_accepts = False
    for name in "abc":
        host.add(Node(name, ""))
    join(host, session)
    assert host.ready == {"a", "b", "c"}
    assert [node.prepared for node in host.nodes.values()] == [1, 1, 1]


def test_a_name_that_the_hub_does_not_accept_is_logged_once(host, session, clock, monkeypatch):
    told = []
    monkeypatch.setattr("livemon.sisock.nodehost.log.error", lambda *_, **about: told.append(str(about["error"])))
    host.add(Node("a.b", ""))
    join(host, session)
    clock.advance(ANNOUNCE_EVERY)
    assert told == ["name: write it without dots"]
    assert session.listed == {}


def test_a_process_that_ends_takes_its_nodes_away(host, session, clock):
    host.add(Node("a", ""))
    host.add(Node("b", ""))
    join(host, session)
    host.leave()
    assert session.listed == {}
    clock.advance(ANNOUNCE_EVERY)
    assert session.listed == {}, "they are not announced again"


def test_without_a_router_the_process_ends_at_once(host):
    host.add(Node("a", ""))
    assert host.leave().called
