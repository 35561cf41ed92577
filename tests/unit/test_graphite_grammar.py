"""Render targets as Grafana writes them."""

import math

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
        ("f(TRUE, none, inf, Infinity)", Call("f", (True, None, math.inf, math.inf))),
        (
            "f(inf.b, infinite, nonesuch.c, true.d)",
            Call("f", tuple(map(Path, ("inf.b", "infinite", "nonesuch.c", "true.d")))),
        ),
        ("f(1, -2, 1.5, 1e3, -1.5E-3)", Call("f", (1, -2, 1.5, 1000.0, -0.0015))),
        ("  f( a.b ,1 )  ", Call("f", (Path("a.b"), 1))),
        ("a.b | f() | g( 'x' )  ", Call("g", (Call("f", (Path("a.b"),)), "x"))),
        ("f(a.b|g(1), c=d.e|h())", Call("f", (Call("g", (Path("a.b"), 1)),), (("c", Call("h", (Path("d.e"),))),))),
        ("""f(a.b, "it's", 'say "x"', "ünï 名")""", Call("f", (Path("a.b"), "it's", 'say "x"', "ünï 名"))),
        (r"""f('it\'s')""", Call("f", (r"it\'s",))),
        ("lab.größe.{a,b}c.[xy]?", Path("lab.größe.{a,b}c.[xy]?")),
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
