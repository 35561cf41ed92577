"""Checks that instruments, agents and data nodes share: ids, names, feeds, for how long samples are kept, and whether a run waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...contract import contract
from ..checks import NAME, read_as, suggested_name
from ..entries import Entry, is_list

LONGEST_WINDOW = 366 * 86400
OWN_IDS = {contract.AGGREGATOR: "the archive's agent", contract.REGISTRY: "the registry of agents"}
OWN_NAMES = {
    "sensors": "this machine's sensors",
    "agents": "the node of all agents",
    "archive": "the node of the archive",
}

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*\.[A-Za-z][A-Za-z0-9_]*\Z")


def id_faults(place: str, entry: Entry) -> Iterator[str]:
    """Every fault of ``id`` and ``name`` of an instrument or an agent."""
    if "id" not in entry:
        yield f"{place}.id is missing; write a short permanent name for its data, for example id: ls240"
    elif entry["id"] in list(OWN_IDS):
        yield f"{place}.id: {entry['id']!r} is reserved for {OWN_IDS[entry['id']]}; choose another"
    for key in ("id", "name"):
        if key in entry:
            yield from name_faults(place, key, entry[key], "ls240")


def name_faults(place: str, key: str, name: Any, example: str) -> Iterator[str]:
    """Every fault of a name that is part of channels' names."""
    if not isinstance(name, str):
        yield f"{place}.{key}: {read_as(name)}; write a name that starts with a letter, for example {key}: {example}"
    elif not NAME.match(name):
        yield (
            f"{place}.{key}: {name!r} cannot be part of a channel's name; "
            f"use letters, digits, '-' and '_', for example {suggested_name(name)}"
        )


def feed_faults(place: str, feeds: Any) -> Iterator[str]:
    """Every fault of a list of feeds."""
    if not is_list(feeds) or not all(isinstance(feed, str) for feed in feeds):
        yield f"{place}.feeds: write a list of feed names, for example [false_temperatures]"


def field_faults(place: str, field: Any, feeds: Any) -> Iterator[str]:
    """Every fault of a field of an agent, ``feed.field``; `feeds` are those that the agent's entry lists."""
    if not isinstance(field, str) or not _FIELD.match(field):
        yield f"{place}: {field!r} is not a valid field of a feed; write feed and field, for example pressures.pressure_ch1"
    elif not is_list(feeds) or field.partition(".")[0] not in feeds:
        feed = field.partition(".")[0]
        yield f"{place}: {feed} is not among the feeds that are shown; write feeds: [{feed}] at the agent"


def window_faults(place: str, entry: Entry) -> Iterator[str]:
    """Every fault of ``memory_window``."""
    window = entry.get("memory_window")
    if window is not None and not is_window(window):
        yield f"{place}.memory_window: {window!r} is not a valid number of seconds; write a whole number, for example 86400"


def wait_faults(place: str, entry: Entry) -> Iterator[str]:
    """Every fault of ``wait_for_data`` of an instrument or an agent."""
    wait = entry.get("wait_for_data", True)
    if not isinstance(wait, bool):
        yield f"{place}.wait_for_data: {wait!r} is neither true nor false; write wait_for_data: false, or leave it out"


def is_window(value: Any) -> bool:
    """Whether it is a number of seconds, also as text as ``ansible-playbook -e`` gives it."""
    return (
        not isinstance(value, bool)
        and bool(re.fullmatch(r"[0-9]{1,9}", str(value)))
        and 0 < int(value) <= LONGEST_WINDOW
    )
