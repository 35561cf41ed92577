"""Render targets: the grammar of graphite-web 1.1 (webapp/graphite/render/grammar.py), parsed by lark.

A number counts as one only if the argument ends after it, so that `1min.load` is a path.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import LarkError

from livemon.errors import RequestError, shown

MAX_LENGTH = 8192
MAX_CALLS = 100
"""Calls in one target, nested or piped: evaluation recurses as deep."""

GRAMMAR = r"""
    ?start: expression
    ?expression: atom ("|" call)*          -> pipe
    ?atom: call | PATH                     -> atom
    call: NAME "(" [argument ("," argument)*] ")"
    ?argument: NAME "=" value              -> keyword
             | value
    ?value: NUMBER                         -> number
          | BOOLEAN                        -> boolean
          | NONE                           -> none
          | INFINITY                       -> infinity
          | STRING                         -> string
          | expression

    NUMBER.4: /-?\d+(\.\d+)?([eE][-+]?\d+)?(?=\s*[,)])/
    BOOLEAN.4: /(true|false)(?=\s*[,)])/i
    NONE.4: /none(?=\s*[,)])/i
    INFINITY.4: /inf(inity)?(?=\s*[,)])/i
    STRING: /"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/
    NAME.3: /[A-Za-z_]\w*(?=\s*[(=])/
    PATH: /(?:[^\s(){},'"\\|]|\{(?:[^{}\\]|\\[^\n])*\}|\\[^\n])+/
    %ignore /\s+/
"""


@dataclass(frozen=True)
class Path:
    """A path, possibly with globs."""

    text: str


@dataclass(frozen=True)
class Call:
    """A function call."""

    name: str
    arguments: tuple[Any, ...]
    keywords: tuple[tuple[str, Any], ...] = ()


class _Tree(Transformer[Token, Path | Call]):
    def atom(self, items: list[Any]) -> Path:
        return Path(str(items[0]))

    def call(self, items: list[Any]) -> Call:
        name, *arguments = items
        keywords = tuple(each for each in arguments if isinstance(each, _Keyword))
        plain = tuple(each for each in arguments if not isinstance(each, _Keyword))
        return Call(str(name), plain, tuple((each.name, each.value) for each in keywords))

    def pipe(self, items: list[Any]) -> Any:
        first, *calls = items
        for call in calls:
            first = Call(call.name, (first, *call.arguments), call.keywords)
        return first

    def keyword(self, items: list[Any]) -> _Keyword:
        return _Keyword(str(items[0]), items[1])

    def number(self, items: list[Any]) -> float | int:
        text = str(items[0])
        # Python's integers are unlimited, and no target means a number of a thousand digits.
        is_integer = text.lstrip("-").isdigit() and len(text) < 18
        return int(text) if is_integer else float(text)

    def boolean(self, items: list[Any]) -> bool:
        return str(items[0]).lower() == "true"

    def none(self, _items: list[Any]) -> None:
        return None

    def infinity(self, _items: list[Any]) -> float:
        return math.inf

    def string(self, items: list[Any]) -> str:
        return str(items[0])[1:-1]


@dataclass(frozen=True)
class _Keyword:
    name: str
    value: Any


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, parser="lalr", lexer="contextual", maybe_placeholders=False, transformer=_Tree())


@lru_cache(1024)  # panels send the same targets every few seconds
def parse(target: str) -> Path | Call:
    """Parse a render target.

    Raises
    ------
    RequestError
        If it cannot be parsed; the message says where.
    """
    if len(target) > MAX_LENGTH:
        raise RequestError(f"target: longer than {MAX_LENGTH} characters")
    if target.count("(") > MAX_CALLS:
        raise RequestError(f"target {shown(target)}: more than {MAX_CALLS} calls")
    try:
        tree = _parser().parse(target)
    except LarkError as error:
        column = getattr(error, "column", None)
        where = f" at character {column}" if isinstance(column, int) and column > 0 else ""
        raise RequestError(f"target {shown(target)} cannot be parsed{where}") from error
    if not isinstance(tree, (Path, Call)):
        raise RequestError(f"target {shown(target)} is neither a path nor a function call")
    return tree
