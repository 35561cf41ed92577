"""The registry: names belong to the session that took them, and the hub tells what it is asked for wrongly."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from autobahn.wamp.exception import ApplicationError
from twisted.internet import defer

from livemon.errors import RequestError
from livemon.sisock import hub
from livemon.sisock.hub import Hub, Registry, checked_description, checked_name, checked_token

TOKEN, OTHER = b"0123456789abcdef", b"fedcba9876543210"


def names(registry):
    return [held.name for held in registry]


def test_a_name_belongs_to_the_session_that_took_it():
    registry = Registry()
    assert registry.add("a", "first", 1) == (True, True)
    assert registry.add("a", "first", 1) == (True, False)
    assert registry.add("a", "again", 1) == (True, True)
    assert registry.add("a", "other", 2) == (False, False)
    assert registry.subtract("a", 2) is None
    assert names(registry) == ["a"]
    assert registry.subtract("a", 1).description == "again"
    assert registry.add("a", "other", 2) == (True, True)


def test_a_session_that_leaves_takes_all_its_nodes_along():
    registry = Registry()
    for name, session in (("a", 1), ("b", 2), ("c", 1)):
        registry.add(name, "", session)
    assert [held.name for held in registry.leave(1)] == ["a", "c"]
    assert names(registry) == ["b"]
    assert registry.leave(1) == []


def test_a_claimed_name_is_no_data_node_yet_and_nobody_elses():
    registry = Registry()
    assert registry.claim("a", TOKEN, 1, "node", 7.0)
    assert names(registry) == []
    assert registry.holder("a").as_answer() == {
        "name": "a",
        "description": None,
        "session": 1,
        "authid": "node",
        "since": 7.0,
    }
    assert registry.add("a", "", 2) == (False, False)
    assert not registry.claim("a", OTHER, 2)
    assert registry.add("a", "mine", 1) == (True, True)
    assert names(registry) == ["a"]


def test_a_claim_ends_with_its_session():
    registry = Registry()
    registry.claim("a", TOKEN, 1)
    assert registry.leave(1) == []
    assert registry.holder("a") is None
    assert registry.claim("a", OTHER, 2)


def test_a_node_that_comes_back_takes_its_name_along_and_its_old_session_cannot_remove_it():
    registry = Registry()
    registry.claim("a", TOKEN, 1, "node", 1.0)
    registry.add("a", "mine", 1)
    assert registry.claim("a", TOKEN, 2, "node", 2.0)
    assert names(registry) == ["a"]
    assert registry.leave(1) == []
    assert registry.subtract("a", 1) is None
    assert registry.add("a", "mine", 1) == (False, False)
    assert registry.add("a", "mine", 2) == (True, False)
    assert (registry.holder("a").session, registry.holder("a").since) == (2, 2.0)
    assert [held.name for held in registry.leave(2)] == ["a"]


def test_a_name_that_was_only_added_cannot_be_claimed_away():
    registry = Registry()
    registry.add("a", "upstream's", 1)
    assert not registry.claim("a", TOKEN, 2)
    assert registry.claim("a", TOKEN, 1)
    assert registry.claim("a", TOKEN, 2)


def test_a_session_has_a_bounded_number_of_names(monkeypatch):
    monkeypatch.setattr(hub, "MOST_NAMES", 2)
    registry = Registry()
    assert registry.claim("a", TOKEN, 1)
    assert registry.add("b", "", 1) == (True, True)
    for take in (lambda: registry.claim("c", TOKEN, 1), lambda: registry.add("c", "", 1)):
        with pytest.raises(RequestError, match="2 data nodes already"):
            take()
    assert registry.holder("c") is None
    registry.claim("c", OTHER, 2)
    with pytest.raises(RequestError, match="2 data nodes already"):
        registry.claim("c", OTHER, 1)
    assert registry.holder("c").session == 2
    registry.subtract("a", 1)
    assert registry.add("d", "", 1) == (True, True)


def test_the_list_of_data_nodes_stays_small_enough_for_a_message(monkeypatch):
    monkeypatch.setattr(hub, "MOST_LISTED", 2 * hub.PER_ENTRY + 20)
    registry = Registry()
    registry.add("a", "x" * 10, 1)
    registry.claim("b", TOKEN, 1)
    for name, session in (("b", 1), ("c", 2)):
        with pytest.raises(RequestError, match="list of data nodes is full"):
            registry.add(name, "x" * 10, session)
    assert registry.holder("b").description is None
    assert registry.holder("c") is None
    registry.add("b", "", 1)
    with pytest.raises(RequestError, match="list of data nodes is full"):
        registry.add("b", "x" * 10, 1)
    registry.subtract("a", 1)
    assert registry.add("b", "x" * 10, 1) == (True, True)


@pytest.mark.parametrize(
    "name", ["a", "apex_archive", "LSA22YG", "bridge-2", "a::b", "Kühlschrank", "x" * 128, "get_data"]
)
def test_names_that_an_address_can_carry(name):
    assert checked_name(name) == name


@pytest.mark.parametrize(
    ("name", "word"),
    [
        (None, "None"),
        ("", "is no name"),
        (7, "7"),
        (["a"], "is no name"),
        (b"a", "is no name"),
        ("a.b", "dots"),
        ("a b", "spaces"),
        ("a#", "spaces, dots and #"),
        ("a\n", "spaces"),
        ("a\x1b[2J", "cannot be part"),
        ("\ud800", "cannot be part"),
        ("x" * 129, "at most 128"),
        ("x" * 1_000_000, "at most 128"),
    ],
)
def test_names_that_no_address_can_carry(name, word):
    with pytest.raises(RequestError, match=word) as told:
        checked_name(name)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize(
    ("description", "text"), [(None, ""), ("", ""), ("4K plate, über alles", "4K plate, über alles")]
)
def test_descriptions(description, text):
    assert checked_description(description) == text


@pytest.mark.parametrize("description", [7, ["a"], {}, True, "x" * 1001, "\ud800"])
def test_what_is_no_description(description):
    with pytest.raises(RequestError, match="description: "):
        checked_description(description)


@pytest.mark.parametrize("token", [None, "", "short-secret", 7, "geheim-geheim-ge\xfc", "hush" * 1000])
def test_a_token_that_is_none_is_not_repeated(token):
    with pytest.raises(RequestError, match="token: write") as told:
        checked_token(token)
    assert str(token) not in str(told.value) or not token


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


def test_consumers_are_told_once_of_every_coming_and_going():
    call = Calls()
    assert call(1, "data_node.add", "a", "first", 1)
    assert call(1, "data_node.add", "a", "first", 1)
    assert call(1, "data_node.claim", "b", TOKEN.decode())
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


def test_consumers_are_told_whether_a_node_was_taken_away_or_lost():
    call = Calls()
    for name in ("a", "b"):
        call(1, "data_node.add", name, "text")
    call(1, "data_node.subtract", "a", 1)
    call.left(1)
    upstreams = {"description": "text"}
    assert call.entries[2:] == [{"name": "a", "on_request": True} | upstreams, {"name": "b"} | upstreams]


def test_the_hub_tells_who_holds_a_name_but_never_the_token():
    call = Calls()
    assert call(1, "data_node.holder", "a") is None
    call(1, "data_node.claim", "a", TOKEN.decode())
    call(1, "data_node.add", "a", "first", 1)
    answer = call(2, "data_node.holder", "a")
    assert answer.keys() == {"name", "description", "session", "authid", "since"}
    assert TOKEN.decode() not in repr(answer) + repr(call.hub.registry.holder("a"))


def test_a_restarted_hub_finds_the_nodes_that_tell_about_themselves_only_once():
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
