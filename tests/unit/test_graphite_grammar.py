"""Render targets as Grafana writes them."""

import pytest

from livemon.bridge.graphite.grammar import Call, Path, parse
from livemon.errors import RequestError

PATH = "observatory.ls240.feeds.temperatures.Channel_1_T"


@pytest.mark.parametrize(
    ("target", "tree"),
    [
        (PATH, Path(PATH)),
        ("a.{b,c}.*", Path("a.{b,c}.*")),
        ("1min.load", Path("1min.load")),
        ("constantLine(100)", Call("constantLine", (100,))),
        ("constantLine(-1.5e3)", Call("constantLine", (-1500.0,))),
        ("constantLine(value=2)", Call("constantLine", (), (("value", 2),))),
        (f"alias({PATH}, '4K plate')", Call("alias", (Path(PATH), "4K plate"))),
        (f'alias( {PATH} ,"4K (top), plate" )', Call("alias", (Path(PATH), "4K (top), plate"))),
        (
            rf'aliasSub({PATH},"(^.*$)","\1 A")',
            Call("aliasSub", (Path(PATH), "(^.*$)", r"\1 A")),
        ),
        (r'aliasSub(a.b, "\"$", "\\")', Call("aliasSub", (Path("a.b"), r"\"$", r"\\"))),
        ("group(a.b, scale(c.d, 2))", Call("group", (Path("a.b"), Call("scale", (Path("c.d"), 2))))),
        ("a.b|scale(2)|alias('x')", Call("alias", (Call("scale", (Path("a.b"), 2)), "x"))),
        ("aliasByNode(a.*.c, -1, 0)", Call("aliasByNode", (Path("a.*.c"), -1, 0))),
        ("f(a.b, true, None)", Call("f", (Path("a.b"), True, None))),
        ("absolute(5xx.count)", Call("absolute", (Path("5xx.count"),))),
    ],
)
def test_targets_are_read(target, tree):
    assert parse(target) == tree


@pytest.mark.parametrize(
    "target", ["", "alias(", "alias(a.b, 'x'", "a b", "f(a.b))", "'text'", "f(,)", "|", "{", "(" * 5000, "x" * 9000]
)
def test_what_is_no_target_is_refused(target):
    with pytest.raises(RequestError, match="target"):
        parse(target)
