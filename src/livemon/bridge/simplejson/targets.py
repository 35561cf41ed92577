"""Targets of queries: which channels each stands for, and the form of its result."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from livemon.bridge.catalogue import Catalogue, Field
from livemon.bridge.json_bodies import object_in, objects_in, text_in
from livemon.bridge.limits import MAX_CANDIDATES, check_series, check_targets
from livemon.bridge.patterns import Pattern
from livemon.bridge.simplejson.filters import filtered
from livemon.errors import RequestError, UnknownFieldError, shown

PLACEHOLDERS = ("", "select metric")
"""What a panel's editor sends before a metric is chosen."""

EVENTS = "events"
"""The target that stands for joins and leaves: the newer plug-in gets its annotations from ``/query``."""

_SERIES = ("timeserie", "timeseries", "time_series")
_EXAMPLE = '{"target": "LSA21OQ::channel_1_t"}'
_PATTERN_SIGN = re.compile(r"[\\()|*+?\[\]{}^$]")
"""In what Grafana substitutes for template variables: ``(a|b)``, ``a\\.b``, ``.*``."""


@dataclass(frozen=True)
class Target:
    """One target: its name as written, its channels in the order of the response, its form, and Grafana's letter for it.

    `events` is the part of a name by which joins and leaves are filtered; `None` for a target that does not stand for them.
    """

    name: str
    fields: tuple[Field, ...]
    as_table: bool
    ref_id: str | None
    events: str | None = None


def targets_of(
    body: dict[str, Any], catalogue: Catalogue, filters: Iterable[Callable[[Field], bool]]
) -> tuple[list[Target], list[str]]:
    """Return the targets of a query, and the names of unknown targets, or of unknown channels in them.

    Unknown targets have no channels; hidden targets, and those without channels after the filters, are left out.

    Raises
    ------
    UnknownFieldError
        If all targets are unknown; the message is about the first.
    RequestError
        For an invalid target.
    """
    written = objects_in(body, "targets", _EXAMPLE)
    if "targets" not in body:
        raise RequestError(f"targets: write a list, for example [{_EXAMPLE}]")
    check_targets(len(written))
    targets: list[Target] = []
    faults: list[UnknownFieldError] = []
    missing: list[str] = []
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
    """Return the channels that a target stands for, and the names of the unknown ones in its payload.

    ``NODE::field`` or a path is one channel; ``NODE`` is all of that node, or those in its payload's ``field``; a name with the signs
    of a regular expression is all channels whose whole name or path matches it.

    Raises
    ------
    UnknownFieldError
        If there are none.
    """
    node = catalogue.nodes.get(name)
    if node is None:
        return _named(name, catalogue.find, catalogue.fields, lambda field: (field.short, field.path)), []
    wanted = payload.get("field")
    if wanted in (None, "", []):
        return list(node.fields.values()), []
    wanted = wanted if isinstance(wanted, list) else [wanted]
    if not all(isinstance(each, str) for each in wanted):
        raise RequestError(f"payload: write field as a list of fields of {name}")
    check_targets(len(wanted))
    found: list[Field] = []
    faults: dict[str, UnknownFieldError] = {}
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
        if not _PATTERN_SIGN.search(name):
            raise
        pattern = Pattern(name, "target")
        found = [field for field in fields if any(pattern.matches(each) for each in names(field))]
        if not found:
            raise
        return found


def _payload(written: dict[str, Any]) -> dict[str, Any]:
    """Return a target's ``payload``, which older releases of the plug-in called ``data``."""
    return {**object_in(written, "data", '{"type": "table"}'), **object_in(written, "payload", '{"type": "table"}')}


def _as_table(written: dict[str, Any], payload: dict[str, Any]) -> bool:
    kind = payload.get("type") or written.get("type") or _SERIES[0]
    if kind != "table" and kind not in _SERIES:
        raise RequestError(f"type: {shown(kind, 40)} is not supported; write timeserie or table")
    return kind == "table"


def _ref_id(written: dict[str, Any]) -> str | None:
    ref_id = written.get("refId")
    return ref_id[:80] if isinstance(ref_id, str) else None
