"""The hub on a session of a stand-in router: what consumers hear from it, and how it answers invalid calls."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from autobahn.wamp.exception import ApplicationError
from twisted.internet import defer

from livemon.sisock.hub import Hub

TOKEN = "0123456789abcdef"


class Calls:
    """The hub's procedures as a session of the router's calls them; keeps what the hub publishes."""

    def __init__(self, *registrations):
        self.registrations = registrations
        """(uri, session) of what was offered before the hub came."""
        self.published, self.entries = [], []
        self.procedures = {}
        self.hub = Hub()
        joined = self.hub.on_join(self, None)
        assert joined.called
        joined.addErrback(lambda failure: failure.raiseException())

    def call(self, procedure, *arguments):
        answers = {
            "wamp.registration.list": lambda: {
                "exact": list(range(len(self.registrations))),
                "prefix": [],
                "wildcard": [],
            },
            "wamp.registration.get": lambda number: {"uri": self.registrations[number][0]},
            "wamp.registration.list_callees": lambda number: [self.registrations[number][1]],
        }
        return defer.maybeDeferred(answers[procedure], *arguments)

    def subscribe(self, handler, topic):
        assert topic == "wamp.session.on_leave"
        self.left = handler

    def register(self, procedure, uri, options):
        self.procedures[uri.removeprefix("org.simonsobservatory.")] = (procedure, options.details_arg)

    def publish(self, topic, entry):
        self.published.append((topic.rpartition(".")[2], entry["name"]))
        self.entries.append(entry)

    def __call__(self, session, name, *arguments, **keywords):
        procedure, details = self.procedures[name]
        if details:
            keywords[details] = SimpleNamespace(caller=session, caller_authid="node")
        return procedure(*arguments, **keywords)


def test_consumers_hear_once_of_each_node_that_is_added_or_removed():
    call = Calls()
    assert call(1, "data_node.add", "a", "first", 1)
    assert call(1, "data_node.add", "a", "first", 1)
    assert call(1, "data_node.claim", "b", TOKEN)
    assert not call(2, "data_node.add", "a", "other", 1), "the session in the arguments counts for nothing"
    call(2, "data_node.subtract", "a", 1)
    assert call(2, "consumer.get_data_node") == [{"name": "a", "description": "first"}]
    call(1, "data_node.subtract", "b", 1)
    call(1, "data_node.subtract", "a", 1)
    call(1, "data_node.subtract", "a", 1)
    call(2, "data_node.add", "c", None)
    call.left(2)
    assert call.published == [
        ("data_node_added", "a"),
        ("data_node_subtracted", "a"),
        ("data_node_added", "c"),
        ("data_node_subtracted", "c"),
    ]


def test_consumers_hear_whether_a_node_was_removed_on_request_or_lost():
    call = Calls()
    for name in ("a", "b"):
        call(1, "data_node.add", name, "text")
    call(1, "data_node.subtract", "a", 1)
    call.left(1)
    upstreams = {"description": "text"}
    assert call.entries[2:] == [{"name": "a", "on_request": True} | upstreams, {"name": "b"} | upstreams]


def test_the_hub_says_who_holds_a_name_but_never_the_token():
    call = Calls()
    assert call(1, "data_node.holder", "a") is None
    call(1, "data_node.claim", "a", TOKEN)
    call(1, "data_node.add", "a", "first", 1)
    answer = call(2, "data_node.holder", "a")
    assert answer.keys() == {"name", "description", "session", "authid", "since"}
    assert TOKEN not in repr(answer) + repr(call.hub.registry.holder("a"))


def test_a_restarted_hub_finds_the_nodes_that_announce_themselves_only_once():
    offered = [("consumer.a.get_data", 1), ("consumer.a.get_fields", 1), ("consumer.b.get_data", 2), ("consumer.x", 3)]
    call = Calls(*((f"org.simonsobservatory.{name}", session) for name, session in offered), ("observatory.a.ops", 4))
    assert call(9, "consumer.get_data_node") == [{"name": "a", "description": ""}, {"name": "b", "description": ""}]
    assert not call(2, "data_node.add", "a", "other", 2)
    assert call(1, "data_node.add", "a", "first", 1)
    assert call(9, "data_node.holder", "a")["authid"] == "node"
    call.left(2)
    assert call(9, "consumer.get_data_node") == [{"name": "a", "description": "first"}]


@pytest.mark.parametrize(
    ("procedure", "arguments", "word"),
    [
        ("data_node.add", (), "missing a required argument"),
        ("data_node.add", ("a",), "missing a required argument: 'description'"),
        ("data_node.add", ("a", "b", 1, 2), "too many positional arguments"),
        ("data_node.add", ("a.b", "b", 1), "name: 'a.b'"),
        ("data_node.add", ("a", 7, 1), "description: 7"),
        ("data_node.subtract", (), "missing a required argument"),
        ("data_node.subtract", (None, 1), "name: None"),
        ("data_node.claim", ("a",), "missing a required argument: 'token'"),
        ("data_node.claim", ("a", "short"), "token: write"),
        ("data_node.holder", (), "missing a required argument"),
        ("data_node.holder", ("x y",), "name: 'x y'"),
        ("consumer.get_data_node", (1,), "too many positional arguments"),
    ],
)
def test_a_faulty_call_is_answered_with_a_sentence(procedure, arguments, word):
    with pytest.raises(ApplicationError) as told:
        Calls()(1, procedure, *arguments)
    assert told.value.error == "org.simonsobservatory.error.invalid_argument"
    (sentence,) = told.value.args
    assert word in sentence
    assert "Hub" not in sentence
