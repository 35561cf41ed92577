"""Expressions over tags, as graphite-web 1.1 reads them in ``seriesByTag`` and ``expr`` (docs/tags.rst there): all must be met.

``tag=value``, ``tag!=value``, ``tag=~pattern``, ``tag!=~pattern``; a pattern must match from the value's begin on, not up to its end.
A channel without a tag has an empty one.
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
"""A tag, and whether a value of it will do."""
_EXPRESSION = re.compile(r"(?P<tag>[^;!=]+)(?P<operator>!?=~?)(?P<value>[^;]*)")
_EXAMPLE = "write tag=value, tag!=value, tag=~pattern or tag!=~pattern"


def tags_in(expressions: Iterable[str]) -> set[str]:
    """Return the tags that expressions speak of; a RequestError names one that is none."""
    return {_parts(each)[0] for each in expressions}


def selected(expressions: Sequence[str], fields: Iterable[Field]) -> list[Field]:
    """Return the fields that meet all expressions.

    Raises
    ------
    RequestError
        If one cannot be read, if there are too many, or if they are such that every channel without tags would meet them.
    """
    if not expressions:
        raise RequestError(f"no tag expression; {_EXAMPLE}")
    if len(expressions) > MAX_FILTERS:
        raise RequestError(f"{len(expressions)} tag expressions; write at most {MAX_FILTERS}")
    conditions = [_condition(each) for each in expressions]
    if all(is_met("") for _, is_met in conditions):
        raise RequestError(
            f"tag expressions {shown(', '.join(expressions))}: at least one must say what a tag is, not only what it is not"
        )
    return [field for field in fields if _meets(field.tags, conditions)]


def _meets(tags: Mapping[str, str], conditions: Iterable[Condition]) -> bool:
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
        raise RequestError(f"tag expression {shown(expression)} cannot be read; {_EXAMPLE}")
    return match["tag"], match["operator"], match["value"]
