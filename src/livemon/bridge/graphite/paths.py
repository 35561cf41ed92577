"""Paths with globs, matched node by node as graphite-web does.

A backslash escapes the character after it, as in graphite-web's grammar of targets. A pattern also matches its own text literally:
Grafana writes the brackets of a name without backslashes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from livemon.errors import RequestError, shown

MAX_LENGTH, MAX_ALTERNATIVES = 8192, 1000
_GLOB = re.compile(r"[*?\[\\]")
_BRACES = re.compile(r"(?s)((?:\\.|[^\\])*?)\{((?:\\.|[^\\{}])*)\}")
_ESCAPE = re.compile(r"(?s)\\.")
_CHARACTER = re.compile(r"(?s)\\.|.")
_SPECIAL = re.compile(r"([*?\[\]{}\\(),'\"|=\s])")
"""Characters with a meaning in a pattern, or that end a path in a target."""


def expand_braces(pattern: str) -> list[str]:
    """Return the patterns without braces that one with ``{a,b}`` stands for, dots inside included.

    Raises
    ------
    RequestError
        If there are more than `MAX_ALTERNATIVES`, or the pattern is longer than `MAX_LENGTH`.
    """
    if len(pattern) > MAX_LENGTH:
        raise RequestError(f"query: longer than {MAX_LENGTH} characters")
    expanded = [pattern]
    while any(_BRACES.match(each) for each in expanded):
        step = []
        for each in expanded:
            match = _BRACES.match(each)
            if match is None:
                step.append(each)
            else:
                step += [match[1] + inner + each[match.end() :] for inner in _alternatives_in(match[2])]
            if len(step) > MAX_ALTERNATIVES:
                raise RequestError(f"query: more than {MAX_ALTERNATIVES} alternatives in braces")
        expanded = step
    return list(dict.fromkeys(expanded))


def _alternatives_in(inside: str) -> list[str]:
    """Return the alternatives between the commas of a pair of braces."""
    found = [""]
    for character in _CHARACTER.findall(inside):
        if character == ",":
            found.append("")
        else:
            found[-1] += character
    return found


def escaped(name: str) -> str:
    """Return the pattern that matches a name only, and can be written in a target."""
    return _SPECIAL.sub(r"\\\1", name)


def matching(pattern: str, paths: Collection[str]) -> list[str]:
    """Return the paths that a pattern matches as a whole."""
    patterns = expand_braces(pattern)
    if not any(_GLOB.search(each) for each in patterns):
        return [each for each in patterns if each in paths]
    expressions = [_compiled(each) for each in patterns]
    return [path for path in paths if any(expression.fullmatch(path) for expression in expressions)]


def nodes(query: str, paths: Iterable[str]) -> list[tuple[str, bool]]:
    """Return the path of each node that a query matches at its own depth, and whether it is a leaf; one that is both comes twice."""
    patterns = expand_braces(query)
    at_depth: dict[int, dict[str, set[bool]]] = {pattern.count(".") + 1: {} for pattern in patterns}
    for path in paths:
        parts = path.split(".")
        for depth, ends in at_depth.items():
            if len(parts) >= depth:
                ends.setdefault(".".join(parts[:depth]), set()).add(len(parts) == depth)
    found = set()
    for pattern in patterns:
        ends = at_depth[pattern.count(".") + 1]
        found |= {(node, is_leaf) for node in matching(pattern, ends) for is_leaf in ends[node]}
    return sorted(found)


@dataclass
class Child:
    """A node of the tree: its name, the pattern that matches it, and whether it is a leaf."""

    name: str
    pattern: str
    is_leaf: bool


def children(query: str, paths: Iterable[str]) -> list[Child]:
    """Return the nodes that a query matches at its own depth, one of each name: branches first, then leaves, sorted by name."""
    paths = list(paths)
    leaves: dict[str, bool] = {}
    bases: dict[str, dict[str, None]] = {}  # what precedes each name in the patterns that matched it
    for pattern in expand_braces(query):
        depth = pattern.count(".") + 1
        expression = _compiled(pattern)
        for path in paths:
            nodes = path.split(".")
            if len(nodes) >= depth and expression.fullmatch(".".join(nodes[:depth])):
                name = nodes[depth - 1]
                leaves[name] = leaves.get(name, True) and len(nodes) == depth
                bases.setdefault(name, {})[pattern[: pattern.rfind(".") + 1]] = None
    base = _base(query)
    found = [
        Child(
            name,
            _alternatives([each + escaped(name) for each in ([base] if base is not None else bases[name])]),
            is_leaf,
        )
        for name, is_leaf in leaves.items()
    ]
    return sorted(found, key=lambda child: (child.is_leaf, child.name))


def _base(query: str) -> str | None:
    """Return what precedes a query's last node, including globs; `None` if braces with dots in them extend into that node."""
    depth, end = 0, 0
    for position, character in enumerate(_ESCAPE.sub("__", query)):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if character == "." and depth == 0:
            end = position + 1
    return None if "." in query[end:] else query[:end]


def _alternatives(patterns: list[str]) -> str:
    return patterns[0] if len(patterns) == 1 else "{" + ",".join(patterns) + "}"


@lru_cache(512)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = [""]  # the parts between asterisks
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "*":
            parts.append("")
        elif character == "?":
            parts[-1] += r"[^.]"
        elif character == "\\" and position + 1 < len(pattern):
            position += 1
            parts[-1] += re.escape(pattern[position])
        elif character == "[" and (end := pattern.find("]", position + 2)) > 0:
            inside = re.escape(pattern[position + 1 : end]).replace(r"\-", "-").replace("--", r"-\-")
            parts[-1] += f"[^.{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
            position = end
        else:
            parts[-1] += re.escape(character)
        position += 1
    first, *others = parts
    if others:
        # The leftmost match of a part is as good as any later one, because the asterisk after it takes the rest. Atomic groups (as in
        # fnmatch) keep the time from doubling with every asterisk.
        first += "".join(f"(?>[^.]*?{part})" for part in others[:-1]) + f"[^.]*{others[-1]}"
    try:
        return re.compile(f"{first}|{re.escape(pattern)}")
    except re.error as error:
        raise RequestError(f"query {shown(pattern)}: {error}") from error
