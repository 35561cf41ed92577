"""The registry: names belong to the session that registered them."""

from livemon.hub import Registry


def names(registry):
    return [entry.name for entry in registry]


def test_a_name_belongs_to_the_session_that_took_it():
    registry = Registry()
    assert registry.add("a", "first", 1)
    assert registry.add("a", "again", 1)
    assert registry.add("a", "other", 2) is None
    assert registry.subtract("a", 2) is None
    assert names(registry) == ["a"]
    assert registry.subtract("a", 1).description == "again"
    assert registry.add("a", "other", 2)


def test_a_session_that_leaves_takes_all_its_nodes_along():
    registry = Registry()
    for name, session in (("a", 1), ("b", 2), ("c", 1)):
        registry.add(name, "", session)
    assert [entry.name for entry in registry.leave(1)] == ["a", "c"]
    assert names(registry) == ["b"]
    assert registry.leave(1) == []
