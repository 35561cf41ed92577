"""The tags of channels, and Grafana's ad-hoc filters over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from livemon.bridge.catalogue import Field
from livemon.bridge.limits import MAX_FILTERS
from livemon.bridge.patterns import Pattern
from livemon.bridge.simplejson.bodies import objects_in, text_in
from livemon.errors import RequestError, shown

TAGS: dict[str, Callable[[Field], str]] = {
    "node": lambda field: field.node,
    "field": lambda field: field.name,
    "unit": lambda field: field.units or "",
    "label": lambda field: field.label or "",
    "instrument": lambda field: field.tags.get("instrument", ""),
}
"""By key; a channel that has no such tag has an empty one."""

OPERATORS = ("=", "!=", "=~", "!~")


def tag_values(key: str, fields: Iterable[Field]) -> list[str]:
    """Return what there is of a tag, sorted; empty ones left out.

    Raises
    ------
    RequestError
        If there is no such tag.
    """
    tag = _tag(key)
    return sorted({tag(each) for each in fields} - {""})


def filtered(fields: Iterable[Field], filters: Iterable[Callable[[Field], bool]]) -> list[Field]:
    """Return the fields that pass all filters."""
    filters = list(filters)
    return [each for each in fields if all(passes(each) for passes in filters)]


def filters_of(body: dict[str, Any]) -> list[Callable[[Field], bool]]:
    """Return the ad-hoc filters of a query: ``adhocFilters``, or ``filters`` as the newer plug-in calls them.

    Raises
    ------
    RequestError
        Naming the key or operator that there is not, or the pattern that cannot be read.
    """
    example = '{"key": "node", "operator": "=", "value": "LSA21OQ"}'
    written = [each for key in ("adhocFilters", "filters") for each in objects_in(body, key, example)]
    if len(written) > MAX_FILTERS:
        raise RequestError(f"adhocFilters: {len(written)} filters; write at most {MAX_FILTERS}")
    return [_filter(each) for each in written]


def _filter(written: dict[str, Any]) -> Callable[[Field], bool]:
    tag = _tag(text_in(written, "key", f"one of {', '.join(TAGS)}"))
    operator = written.get("operator", "=")
    value = text_in(written, "value", "what the tag is compared with")
    if operator not in OPERATORS:
        raise RequestError(f"operator: there is no {shown(operator, 20)}; write {', '.join(OPERATORS)}")
    if operator in ("=", "!="):
        return lambda field: (tag(field) == value) is (operator == "=")
    pattern = Pattern(value, "adhocFilters")
    return lambda field: pattern.matches(tag(field)) is (operator == "=~")


def _tag(key: str) -> Callable[[Field], str]:
    if key not in TAGS:
        raise RequestError(f"key: there is no tag {shown(key, 40)}; write one of {', '.join(TAGS)}")
    return TAGS[key]
