"""Faults in the setting ``data_nodes``: the nodes that a site adds to those of its instruments and agents."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .. import durations, local_times
from ..checks import NAME, kind, list_faults, placed, read_as, text_faults, unknown_keys
from ..data_nodes import COLUMN_KEYS, COMMON_KEYS, EXTERNAL, KIND_KEYS
from ..entries import Entry, given, is_list
from .common import name_faults, window_faults

_DIRECTORY = re.compile(r"(/[A-Za-z0-9._-]+)+/?\Z")
_COLUMN = re.compile(r"(?=.*[A-Za-z0-9])[^,;\x00-\x1f\x7f]{1,64}\Z")


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of the nodes."""
    nodes = settings.get("data_nodes")
    yield from list_faults("data_nodes", nodes, "{kind: weather, name: weather}")
    for place, node in placed("data_nodes", nodes):
        yield from _node_faults(place, node)


def _node_faults(place: str, node: Entry) -> Iterator[str]:
    node_kind = node.get("kind")
    if not isinstance(node_kind, str) or node_kind not in KIND_KEYS:
        yield f"{place}.kind: {node_kind!r} is not a kind of data node; write {', '.join(KIND_KEYS)}"
        return
    yield from unknown_keys(place, node, (*COMMON_KEYS, *KIND_KEYS[node_kind]))
    node = given(node)
    if "name" in node:
        yield from name_faults(place, "name", node["name"], node_kind)
    else:
        yield f"{place}.name is missing; write what Grafana shows before the field, for example name: {node_kind}"
    yield from text_faults(place, node, "description")
    yield from _silence_faults(place, node)
    if node_kind == "textfiles":
        yield from _text_file_faults(place, node)
    elif node_kind == "feed":
        yield from _feed_node_faults(place, node)


def _silence_faults(place: str, node: Entry) -> Iterator[str]:
    after, example = node.get("silent_after"), "write, for example, 10m, or false if it may be silent"
    if after is None and node.get("kind") == EXTERNAL:
        yield f"{place}.silent_after is missing; {example}"
    elif after is not None and after is not False and not durations.seconds(after):
        yield f"{place}.silent_after: {after!r} is not a valid duration; {example}"


def _text_file_faults(place: str, node: Entry) -> Iterator[str]:
    directory = node.get("directory")
    if not isinstance(directory, str) or not _DIRECTORY.match(directory):
        yield (
            f"{place}.directory: {directory!r} is not a valid directory; "
            "write its full path without spaces, for example /data/weather"
        )
    columns = node.get("columns")
    if not is_list(columns) or not any(columns):
        yield f"{place}.columns: list what follows the time in a line, for example [temperature, {{name: wind, units: m/s}}]"
    else:
        yield from _column_faults(place, columns)
    pattern = node.get("pattern", "*")
    if not isinstance(pattern, str) or not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
        yield f"{place}.pattern: {pattern!r} is not a valid pattern of file names; write, for example, '*.dat'"
    for key, example in (("separator", "','"), ("comment", "'#'")):
        if not isinstance(node.get(key, "x"), str) or not node.get(key, "x"):
            yield f"{place}.{key}: {read_as(node[key])}; put what is written in the file in quotes, as in {key}: {example}"
    yield from _time_faults(place, node)


def _time_faults(place: str, node: Entry) -> Iterator[str]:
    """Every fault of ``time_format`` and ``time_zone``."""
    time_format = node.get("time_format", "unix")
    fault = local_times.format_fault(time_format)
    if fault:
        yield f"{place}.time_format: {time_format!r} {fault}; write unix, iso or, for example, '%d-%m-%Y %H:%M:%S'"
    if "time_zone" not in node:
        return
    zone = node["time_zone"]
    if time_format == "unix":
        yield f"{place}.time_zone: UNIX seconds are the same in all zones; leave it out, or write the time_format of local times"
    elif isinstance(time_format, str) and "%z" in time_format:
        yield f"{place}.time_zone: with %z in time_format each line has its own offset from UTC; leave it out"
    elif fault := local_times.zone_fault(zone):
        yield f"{place}.time_zone: {zone!r} {fault}"


def _column_faults(place: str, columns: Iterable[Any]) -> Iterator[str]:
    seen: dict[str, str] = {}
    for number, column in enumerate(columns):
        where = f"{place}.columns[{number}]"
        if column is None:
            continue
        if not isinstance(column, (str, Mapping)):
            yield f"{where}: this is {kind(column)}; write a name, {{name: wind, units: m/s}}, or null to leave a column out"
            continue
        described = {"name": column} if isinstance(column, str) else given(column)
        yield from unknown_keys(where, described, COLUMN_KEYS)
        name = described.get("name")
        if not isinstance(name, str) or not _COLUMN.match(name):
            yield f"{where}.name: {name!r} is not a valid name of a column; write, for example, temperature"
            continue
        field = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
        if field in seen:
            yield f"{where}.name: {name!r} would be the same channel as {seen[field]}; give each a name of its own"
        seen[field] = where
        for key in ("label", "units"):
            yield from text_faults(where, described, key)


def _feed_node_faults(place: str, node: Entry) -> Iterator[str]:
    target = node.get("target")
    if not isinstance(target, str) or not NAME.match(target):
        yield f"{place}.target: {target!r} is not a valid instance-id of an agent; write, for example, target: fake1"
    feeds = node.get("feeds")
    if not is_list(feeds) or not feeds or not all(isinstance(feed, str) for feed in feeds):
        yield f"{place}.feeds: write a list of feed names, for example [false_temperatures]"
    for key in ("labels", "units"):
        texts = node.get(key, {})
        if not isinstance(texts, Mapping) or not all(isinstance(text, str) for text in texts.values()):
            yield f"{place}.{key}: write a text for each field, for example {{channel_00: {'4K plate' if key == 'labels' else 'K'}}}"
        else:
            for field in texts:
                yield from text_faults(f"{place}.{key}", texts, field)
    yield from window_faults(place, node)
