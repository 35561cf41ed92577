"""Tag expressions, as graphite-web 1.1 reads them in ``seriesByTag`` and ``expr`` (its docs/tags.rst): all must match.

``tag=value``, ``tag!=value``, ``tag=~pattern``, ``tag!=~pattern``; a pattern is anchored at the start of the value only. A missing
tag counts as empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from livemon.bridge.catalogue import Field
from livemon.bridge.limits import MAX_FILTERS
from livemon.bridge.patterns import Pattern
from livemon.errors import RequestError, shown

Condition = tuple[str, Callable[[str], bool]]
"""A tag, and whether a value of it matches."""
_EXPRESSION = re.compile(r"(?P<tag>[^;!=]+)(?P<operator>!?=~?)(?P<value>[^;]*)")
_EXAMPLE = "write tag=value, tag!=value, tag=~pattern or tag!=~pattern"


def tags_in(expressions: Iterable[str]) -> set[str]:
    """Return the tags in expressions; raise a RequestError for an invalid expression."""
    return {_parts(each)[0] for each in expressions}


def selected(expressions: Sequence[str], fields: Iterable[Field]) -> list[Field]:
    """Return the fields that match all expressions.

    Raises
    ------
    RequestError
        If one is invalid, if there are too many, or if a channel without tags would match them all.
    """
    if not expressions:
        raise RequestError(f"no tag expression; {_EXAMPLE}")
    if len(expressions) > MAX_FILTERS:
        raise RequestError(f"{len(expressions)} tag expressions; write at most {MAX_FILTERS}")
    conditions = [_condition(each) for each in expressions]
    if all(is_met("") for _, is_met in conditions):
        raise RequestError(
            f"tag expressions {shown(', '.join(expressions))}: at least one must require a value, not only exclude values"
        )
    return [field for field in fields if _matches(field.tags, conditions)]


def _matches(tags: Mapping[str, str], conditions: Iterable[Condition]) -> bool:
    return all(is_met(tags.get(tag, "")) for tag, is_met in conditions)


def _condition(expression: str) -> Condition:
    tag, operator, value = _parts(expression)
    wanted = not operator.startswith("!")
    if not operator.endswith("~"):
        return tag, lambda found: (found == value) is wanted
    pattern = Pattern(f"(?:{value})(?s:.*)", f"tag expression {shown(expression)}")
    return tag, cache(lambda found: pattern.matches(found) is wanted)


def _parts(expression: str) -> tuple[str, str, str]:
    match = _EXPRESSION.fullmatch(expression)
    if match is None:
        raise RequestError(f"tag expression {shown(expression)} is not valid; {_EXAMPLE}")
    return match["tag"], match["operator"], match["value"]
