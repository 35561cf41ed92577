"""Grafana's ad-hoc filters, over tags of channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from livemon.bridge.catalogue import Field
from livemon.bridge.json_bodies import objects_in, text_in
from livemon.bridge.limits import MAX_FILTERS
from livemon.bridge.patterns import Pattern
from livemon.errors import RequestError, shown

FILTER_KEYS: dict[str, Callable[[Field], str]] = {
    "node": lambda field: field.node,
    "field": lambda field: field.name,
    "unit": lambda field: field.units or "",
    "label": lambda field: field.label or "",
    "instrument": lambda field: field.tags.get("instrument", ""),
}
"""The tag of each key; empty for a channel without that tag."""

OPERATORS = ("=", "!=", "=~", "!~")


def values_of(key: str, fields: Iterable[Field]) -> list[str]:
    """Return the existing values of a tag, sorted, without empty ones.

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
        Naming an unknown key or operator, or an invalid pattern.
    """
    example = '{"key": "node", "operator": "=", "value": "LSA21OQ"}'
    written = [each for key in ("adhocFilters", "filters") for each in objects_in(body, key, example)]
    if len(written) > MAX_FILTERS:
        raise RequestError(f"adhocFilters: {len(written)} filters; write at most {MAX_FILTERS}")
    return [_filter(each) for each in written]


def _filter(written: dict[str, Any]) -> Callable[[Field], bool]:
    tag = _tag(text_in(written, "key", f"one of {', '.join(FILTER_KEYS)}"))
    operator = written.get("operator", "=")
    value = text_in(written, "value", "with which the tag is compared")
    if operator not in OPERATORS:
        raise RequestError(f"operator: {shown(operator, 20)} is not valid; write one of {', '.join(OPERATORS)}")
    if operator in ("=", "!="):
        return lambda field: (tag(field) == value) is (operator == "=")
    pattern = Pattern(value, "adhocFilters")
    return lambda field: pattern.matches(tag(field)) is (operator == "=~")


def _tag(key: str) -> Callable[[Field], str]:
    if key not in FILTER_KEYS:
        raise RequestError(f"key: {shown(key, 40)} is not a known tag; write one of {', '.join(FILTER_KEYS)}")
    return FILTER_KEYS[key]
