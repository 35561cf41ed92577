"""Targets of queries: which channels each stands for, and in what form it is answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from livemon.bridge.catalogue import Catalogue, Field
from livemon.bridge.limits import MAX_CANDIDATES, check_series, check_targets
from livemon.bridge.patterns import Pattern
from livemon.bridge.simplejson.bodies import object_in, objects_in, text_in
from livemon.bridge.simplejson.tags import filtered
from livemon.errors import RequestError, UnknownFieldError, shown

PLACEHOLDERS = ("", "select metric")
"""What a panel's editor sends before anything is chosen."""

EVENTS = "events"
"""The target that stands for joins and leaves: the newer plug-in asks for its annotations by ``/query``."""

_SERIES = ("timeserie", "timeseries", "time_series")
_EXAMPLE = '{"target": "LSA21OQ::channel_1_t"}'
_OF_PATTERNS = re.compile(r"[\\()|*+?\[\]{}^$]")
"""What Grafana makes of template variables: ``(a|b)``, ``a\\.b``, ``.*``."""


@dataclass(frozen=True)
class Target:
    """One target: its name as it was written, its channels in the answer's order, its form and Grafana's letter for it.

    `events` is the part of a name that narrows joins and leaves; `None` for a target that does not stand for them.
    """

    name: str
    fields: tuple[Field, ...]
    as_table: bool
    ref_id: str | None
    events: str | None = None


def targets_of(
    body: dict[str, Any], catalogue: Catalogue, filters: Iterable[Callable[[Field], bool]]
) -> tuple[list[Target], list[str]]:
    """Return the targets of a query, and the names of those (or of channels in them) that there are not.

    Those have no channels; hidden targets, and those that nothing is left of by the filters, are left out.

    Raises
    ------
    UnknownFieldError
        If there is none of all targets; the sentence is about the first.
    RequestError
        For what is no target.
    """
    written = objects_in(body, "targets", _EXAMPLE)
    if "targets" not in body:
        raise RequestError(f"targets: write a list, for example [{_EXAMPLE}]")
    check_targets(len(written))
    targets, faults, missing = [], [], []
    candidates = series = 0
    for each in written:
        name = text_in(each, "target", "NODE::field")
        if each.get("hide") is True or name in PLACEHOLDERS:
            continue
        payload = _payload(each)
        form = _as_table(each, payload), _ref_id(each)
        if name == EVENTS and EVENTS not in catalogue.nodes:
            targets.append(Target(name, (), *form, text_in(payload, "query", "part of a name")))
            continue
        try:
            fields, without = channels(name, payload, catalogue)
        except UnknownFieldError as error:
            faults.append(error)
            missing.append(name)
            targets.append(Target(name, (), *form))
            continue
        missing += without
        candidates += len(fields)
        if candidates > MAX_CANDIDATES:
            raise RequestError(
                f"the targets stand for more than {MAX_CANDIDATES} channels; write fewer or narrower ones"
            )
        left = filtered(fields, filters)
        series += len(left)
        check_series(series)
        if left or not fields:
            targets.append(Target(name, tuple(left), *form))
    if faults and len(faults) == len(targets) and not candidates:
        raise faults[0]
    return targets, list(dict.fromkeys(missing))


def channels(name: str, payload: dict[str, Any], catalogue: Catalogue) -> tuple[list[Field], list[str]]:
    """Return the channels that a target stands for, and the names of those of its payload that there are not.

    ``NODE::field`` or a path is one; ``NODE`` is all of that node, or those of its payload's ``field``; anything with the signs of
    a regular expression is those whose whole name (or whose path) matches.

    Raises
    ------
    UnknownFieldError
        If there is none.
    """
    node = catalogue.nodes.get(name)
    if node is None:
        return _named(name, catalogue.find, catalogue.fields, lambda field: (field.short, field.path)), []
    wanted = payload.get("field")
    if wanted in (None, "", []):
        return list(node.fields.values()), []
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if not all(isinstance(each, str) for each in wanted):
        raise RequestError(f"payload: write field as a list of {name}'s fields")
    check_targets(len(wanted))
    found, faults = [], {}
    for each in wanted:
        try:
            found += _named(each, partial(_find_in, catalogue, name), node.fields.values(), lambda field: (field.name,))
        except UnknownFieldError as error:
            faults[f"{name}::{each}"] = error
    if faults and not found:
        raise next(iter(faults.values()))
    return list(dict.fromkeys(found)), list(faults)


def _find_in(catalogue: Catalogue, node: str, field: str) -> Field:
    return catalogue.find(f"{node}::{field}")


def _named(
    name: str, find: Callable[[str], Field], fields: Iterable[Field], names: Callable[[Field], tuple[str, ...]]
) -> list[Field]:
    try:
        return [find(name)]
    except UnknownFieldError:
        if not _OF_PATTERNS.search(name):
            raise
        pattern = Pattern(name, "target")
        found = [field for field in fields if any(pattern.matches(each) for each in names(field))]
        if not found:
            raise
        return found


def _payload(written: dict[str, Any]) -> dict[str, Any]:
    """Return what a target carries besides: ``payload``, which the older releases of the plug-in called ``data``."""
    return {**object_in(written, "data", '{"type": "table"}'), **object_in(written, "payload", '{"type": "table"}')}


def _as_table(written: dict[str, Any], payload: dict[str, Any]) -> bool:
    kind = payload.get("type") or written.get("type") or _SERIES[0]
    if kind != "table" and kind not in _SERIES:
        raise RequestError(f"type: there is no {shown(kind, 40)}; write timeserie or table")
    return kind == "table"


def _ref_id(written: dict[str, Any]) -> str | None:
    ref_id = written.get("refId")
    return ref_id[:80] if isinstance(ref_id, str) else None
