"""Globs, node by node."""

import pytest

from livemon.bridge.graphite.paths import children, expand_braces, matching
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
    assert children(query, PATHS) == found


def test_braces_have_a_limit():
    with pytest.raises(RequestError, match="alternatives"):
        expand_braces("{a,b,c,d,e,f,g,h,i,j}" * 4)
