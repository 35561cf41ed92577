"""The registry: a name belongs to the session that took it, and invalid names, descriptions and tokens are refused."""

from __future__ import annotations

import pytest

from livemon.errors import RequestError
from livemon.sisock import registry as module
from livemon.sisock.registry import Registry, checked_description, checked_name, checked_token

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


def test_a_claimed_name_is_not_a_data_node_yet_and_no_other_session_gets_it():
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
    monkeypatch.setattr(module, "MAX_NAMES", 2)
    registry = Registry()
    assert registry.claim("a", TOKEN, 1)
    assert registry.add("b", "", 1) == (True, True)
    for take in (lambda: registry.claim("c", TOKEN, 1), lambda: registry.add("c", "", 1)):
        with pytest.raises(RequestError, match="already has 2 data nodes"):
            take()
    assert registry.holder("c") is None
    registry.claim("c", OTHER, 2)
    with pytest.raises(RequestError, match="already has 2 data nodes"):
        registry.claim("c", OTHER, 1)
    assert registry.holder("c").session == 2
    registry.subtract("a", 1)
    assert registry.add("d", "", 1) == (True, True)


def test_the_list_of_data_nodes_stays_small_enough_for_a_message(monkeypatch):
    monkeypatch.setattr(module, "MAX_LISTING_BYTES", 2 * module.ENTRY_OVERHEAD + 20)
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
        ("", "is not a valid name"),
        (7, "7"),
        (["a"], "is not a valid name"),
        (b"a", "is not a valid name"),
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
def test_what_is_not_a_description(description):
    with pytest.raises(RequestError, match="description: "):
        checked_description(description)


@pytest.mark.parametrize("token", [None, "", "short-secret", 7, "geheim-geheim-ge\xfc", "hush" * 1000])
def test_an_invalid_token_is_not_repeated(token):
    with pytest.raises(RequestError, match="token: write") as told:
        checked_token(token)
    assert str(token) not in str(told.value) or not token
