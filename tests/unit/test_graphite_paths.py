"""Globs, node by node."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livemon.bridge.graphite.grammar import Call, Path, parse
from livemon.bridge.graphite.paths import children, escaped, expand_braces, matching
from livemon.errors import RequestError

PATHS = ["a.b.c1", "a.b.c2", "a.bb.c1", "x.y", "a.b.d.e"]


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("a.b.c1", ["a.b.c1"]),
        ("a.*.c1", ["a.b.c1", "a.bb.c1"]),
        ("a.b.c?", ["a.b.c1", "a.b.c2"]),
        ("a.b.c[12]", ["a.b.c1", "a.b.c2"]),
        ("a.b.c[!1]", ["a.b.c2"]),
        ("{a.b,a.bb}.c1", ["a.b.c1", "a.bb.c1"]),
        ("a.b{,b}.c1", ["a.b.c1", "a.bb.c1"]),
        ("*", []),
        ("a.b", []),
        (r"a.b.c\1", ["a.b.c1"]),
        ("a.b.c[", []),
    ],
)
def test_patterns_match_whole_paths(pattern, found):
    assert matching(pattern, PATHS) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("*", [("a", False), ("x", False)]),
        ("a.*", [("b", False), ("bb", False)]),
        ("a.b.*", [("d", False), ("c1", True), ("c2", True)]),
        ("x.*", [("y", True)]),
        ("a.b*", [("b", False), ("bb", False)]),
        ("nowhere.*", []),
    ],
)
def test_children_are_those_of_the_query_s_depth_branches_first(query, found):
    assert [(child.name, child.is_leaf) for child in children(query, PATHS)] == found


@pytest.mark.parametrize(
    ("query", "patterns"),
    [
        ("*", ["a", "x"]),
        ("a.*", ["a.b", "a.bb"]),
        ("*.*", ["*.b", "*.bb", "*.y"]),
        ("a.{b,bb}.c1", ["a.{b,bb}.c1"]),
        ("{a.b,x}.*", ["{a.b,x}.d", "{a.b,x}.c1", "{a.b,x}.c2", "{a.b,x}.y"]),
        ("{a.b,x.y}", ["a.b", "x.y"]),
        ("a.{b.c1,bb.c1}", ["{a.b.c1,a.bb.c1}"]),
        ("{a.b,x", []),
    ],
)
def test_a_child_s_pattern_finds_it_again_also_with_dots_in_braces(query, patterns):
    found = children(query, PATHS)
    assert [child.pattern for child in found] == patterns
    for child in found:
        assert child.name in [again.name for again in children(child.pattern, PATHS)]


ODD_NAMES = [
    "T[mK]",
    "Ch_1_(K)",
    "a b",
    "{x,y}",
    "x",
    "a\\b",
    "50%",
    "it's",
    'say "x"',
    "q?",
    "*",
    "[!a]",
    "a=b",
    "a|b",
    "1",
    "[",
    "]",
    "Tm",
    "a,b",
]


@pytest.mark.parametrize("query", ["f.*", "*.*", "{f,g}.*", "{f.*,g.x}", "f.{*,zz}"])
def test_a_child_s_pattern_finds_it_and_nothing_else_whatever_its_name(query):
    """Fields of other people's nodes, and of old archives."""
    paths = [f"f.{name}" for name in ODD_NAMES]
    found = {child.name: child.pattern for child in children(query, paths)}
    assert sorted(found) == sorted(ODD_NAMES)
    for name, pattern in found.items():
        assert [child.name for child in children(pattern, paths)] == [name]
        assert matching(pattern, paths) == [f"f.{name}"]
        assert parse(f"alias({pattern},'x')") == Call("alias", (Path(pattern), "x"))


@pytest.mark.parametrize("name", ["T[mK]", "[", "q?", "*", "c:\\d"])
def test_a_name_written_as_it_stands_is_found(name):
    """As Grafana writes it, who has chosen it from a list."""
    paths = [f"f.{each}" for each in ODD_NAMES] + ["f.c:\\d", "f.TK"]
    assert f"f.{name}" in matching(f"f.{name}", paths)
    assert name in [child.name for child in children(f"f.{name}", paths)]


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="."), min_size=1))
def test_an_escaped_name_means_itself(name):
    assert matching(escaped(name), {name}) == [name]
    assert expand_braces(escaped(name)) == [escaped(name)]
    assert parse(f"f.{escaped(name)}") == Path(f"f.{escaped(name)}")


@pytest.mark.parametrize(
    ("pattern", "expanded"),
    [
        (r"\{a,b\}", [r"\{a,b\}"]),
        (r"{a\,b,c}", [r"a\,b", "c"]),
        (r"\\{a,b}", [r"\\a", r"\\b"]),
        (r"{a\}b,c}d", [r"a\}bd", "cd"]),
        ("{a,{b,c}}", ["a", "b", "c"]),
        ("a\\", ["a\\"]),
        ("{}", [""]),
    ],
)
def test_braces_and_commas_may_be_escaped(pattern, expanded):
    assert expand_braces(pattern) == expanded


def test_braces_have_a_limit():
    with pytest.raises(RequestError, match="alternatives"):
        expand_braces("{a,b,c,d,e,f,g,h,i,j}" * 4)


def test_a_pattern_of_any_length_is_refused_not_expanded():
    with pytest.raises(RequestError, match="longer than"):
        expand_braces("{" * 500_000)


@given(pattern=st.text("ab.*?", max_size=12), path=st.text("ab.", max_size=12))
def test_asterisks_match_as_the_plain_expression_does(pattern, path):
    plain = re.escape(pattern).replace(r"\*", "[^.]*").replace(r"\?", "[^.]")
    assert bool(matching(pattern, [path])) == bool(re.fullmatch(plain, path))


def test_many_asterisks_do_not_hold_the_bridge_up():
    path = "livemon.sensors.temperature_coretemp_package_id_0"
    begin = time.perf_counter()
    assert children("livemon.sensors." + "*?" * 20 + "!", [path]) == []
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("inside", ["a&&b", "a~~b", "a||b", "[a", "a^", "\\w"])
def test_what_a_regular_expression_s_set_means_is_no_part_of_a_glob(inside):
    assert matching(f"[{inside}]", [*inside, "x", "5"]) == list(inside)
