"""Paths with globs, matched node by node as graphite-web matches them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from livemon.errors import RequestError

MAX_LENGTH, MAX_ALTERNATIVES = 8192, 1000
_BRACES = re.compile(r"\{([^{}]*)\}")


def expand_braces(pattern: str) -> list[str]:
    """Return the patterns without braces that one with ``{a,b}`` stands for, dots inside included.

    Raises
    ------
    RequestError
        If there are more than a thousand, or if the pattern is longer than that could need.
    """
    if len(pattern) > MAX_LENGTH:
        raise RequestError(f"query: longer than {MAX_LENGTH} characters")
    expanded = [pattern]
    while any(_BRACES.search(each) for each in expanded):
        step = []
        for each in expanded:
            match = _BRACES.search(each)
            if match is None:
                step.append(each)
            else:
                step += [each[: match.start()] + inner + each[match.end() :] for inner in match[1].split(",")]
            if len(step) > MAX_ALTERNATIVES:
                raise RequestError(f"query: more than {MAX_ALTERNATIVES} alternatives in braces")
        expanded = step
    return list(dict.fromkeys(expanded))


def matching(pattern: str, paths: Iterable[str]) -> list[str]:
    """Return those of `paths` that a pattern matches whole."""
    expressions = [_compiled(each) for each in expand_braces(pattern)]
    return [path for path in paths if any(expression.fullmatch(path) for expression in expressions)]


def children(query: str, paths: Iterable[str]) -> list[tuple[str, bool]]:
    """Return ``(name, is_leaf)`` of the nodes that a query finds at its own depth: branches first, each sorted by name."""
    paths = list(paths)
    found: dict[str, bool] = {}
    for pattern in expand_braces(query):
        depth = pattern.count(".") + 1
        expression = _compiled(pattern)
        for path in paths:
            nodes = path.split(".")
            if len(nodes) >= depth and expression.fullmatch(".".join(nodes[:depth])):
                is_leaf = len(nodes) == depth
                found[nodes[depth - 1]] = found.get(nodes[depth - 1], True) and is_leaf
    return sorted(found.items(), key=lambda item: (item[1], item[0]))


@lru_cache(512)
def _compiled(pattern: str) -> re.Pattern:
    parts = [""]  # what stands between the asterisks
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
        # The leftmost place of a part is as good as any later one, since the asterisk behind it takes the rest. Groups that are not
        # tried again (fnmatch does the same) keep the time from doubling with every asterisk.
        first += "".join(f"(?>[^.]*?{part})" for part in others[:-1]) + f"[^.]*{others[-1]}"
    try:
        return re.compile(first)
    except re.error as error:
        raise RequestError(f"query {pattern[:80]!r}: {error}") from error
