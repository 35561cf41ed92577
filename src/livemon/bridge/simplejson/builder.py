"""Choices for people: the newer plug-in's query builder, and template variables."""

from __future__ import annotations

from typing import Any

from livemon.bridge.catalogue import Catalogue, Field
from livemon.bridge.patterns import Pattern
from livemon.bridge.simplejson.filters import FILTER_KEYS, values_of
from livemon.bridge.simplejson.targets import EVENTS, channels
from livemon.errors import RequestError, shown

FORMS = {"timeserie": "Time series", "table": "Table"}
VARIABLES = "nodes, channels, fields of NODE, instruments, labels or units"

_FORM_OPTIONS = [{"label": label, "value": value} for value, label in FORMS.items()]
_TYPE = {
    "label": "Format as",
    "name": "type",
    "type": "select",
    "options": _FORM_OPTIONS,
}
_FIELDS = {"label": "Channels", "name": "field", "type": "multi-select", "placeholder": "all", "width": 40}
_QUERY = {"label": "Name contains", "name": "query", "type": "input", "placeholder": "all"}


def metrics(catalogue: Catalogue) -> list[dict[str, Any]]:
    """Return every node (whose channels are chosen in its payload), the joins and leaves, and every channel."""
    nodes = [
        {"label": f"{node.name}: {node.description}", "value": node.name, "payloads": [_FIELDS, _TYPE]}
        for node in catalogue.nodes.values()
    ]
    events = (
        [{"label": "Joins and leaves", "value": EVENTS, "payloads": [_QUERY]}] if EVENTS not in catalogue.nodes else []
    )
    single = [
        {"label": _described(each.short, each), "value": each.short, "payloads": [_TYPE]} for each in catalogue.fields
    ]
    return [*nodes, *events, *single]


def options(metric: str, name: str, catalogue: Catalogue) -> list[dict[str, str]]:
    """Return the choices for the part `name` of a metric's payload; empty if any text is allowed.

    Raises
    ------
    UnknownFieldError
        If there is no such metric.
    RequestError
        If its payload has no such part.
    """
    if metric == EVENTS and EVENTS not in catalogue.nodes:
        parts: dict[str, list[dict[str, str]]] = {"query": []}
    else:
        found, _ = channels(metric, {}, catalogue)
        parts = {"type": _FORM_OPTIONS}
        if metric in catalogue.nodes:
            parts["field"] = [{"label": _described(each.name, each), "value": each.name} for each in found]
    if name not in parts:
        raise RequestError(
            f"name: the payload of {shown(metric)} has no {shown(name, 40)}; write one of {', '.join(parts)}"
        )
    return parts[name]


def variable(wanted: str, catalogue: Catalogue) -> list[dict[str, str]]:
    """Return the values of a template variable and their texts, under the names that the plug-in's releases use.

    Raises
    ------
    RequestError
        If there is no such list, or no such node.
    """
    kind, _, node = wanted.strip().partition(" of ")
    if kind in ("", "channels", "fields") and not node:
        return _choices({each.short: _described(each.short, each) for each in catalogue.fields})
    if kind == "fields":
        return _choices({each.name: _described(each.name, each) for each in _fields_of(node.strip(), catalogue)})
    if kind == "nodes" and not node:
        return _choices({each.name: each.name for each in catalogue.nodes.values()})
    if kind.removesuffix("s") in FILTER_KEYS and not node:
        return _choices({value: value for value in values_of(kind.removesuffix("s"), catalogue.fields)})
    raise RequestError(f"target: {shown(wanted)} is not a list of values; write {VARIABLES}")


def _fields_of(node: str, catalogue: Catalogue) -> list[Field]:
    """Return the fields of a node, or of those that a pattern such as ``(A|B)`` matches."""
    if node in catalogue.nodes:
        return list(catalogue.nodes[node].fields.values())
    pattern = Pattern(node, "target")
    found = [each for each in catalogue.fields if pattern.matches(each.node)]
    return found or [catalogue.find(f"{node}::")]  # which raises an error with the existing nodes


def _choices(texts: dict[str, str]) -> list[dict[str, str]]:
    return [{"text": text, "value": value, "__text": text, "__value": value} for value, text in texts.items()]


def _described(name: str, field: Field) -> str:
    return f"{name} ({field.label})" if field.label and field.label != name else name
