"""The data nodes that a site adds to those of its instruments and agents, and what can be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ..contract import contract
from . import durations, local_times
from .checks import NAME, is_list, kind, made_plain, read_as, text_faults, unknown_keys, written

COMMON_KEYS = ("kind", "name", "description", "silent_after")
EXTERNAL = "external"
"""The kind of a node that another program serves: the inventory only says what is expected of it."""
KIND_KEYS: dict[str, tuple[str, ...]] = {
    "weather": (),
    "textfiles": ("directory", "columns", "pattern", "separator", "time_format", "time_zone", "comment"),
    "feed": ("target", "feeds", "labels", "units", "memory_window"),
    EXTERNAL: (),
}
COLUMN_KEYS = contract.COLUMN_KEYS
TEXT_DIRECTORY = "/texts"
"""Where the directories of text files are in the container of the nodes, each below its node's name."""
LONGEST_WINDOW = 366 * 86400

_DIRECTORY = re.compile(r"(/[A-Za-z0-9._-]+)+/?\Z")
_COLUMN = re.compile(r"(?=.*[A-Za-z0-9])[^,;\x00-\x1f\x7f]{1,64}\Z")


def faults(place: str, node: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of one entry of ``data_nodes``."""
    node_kind = node.get("kind")
    if not isinstance(node_kind, str) or node_kind not in KIND_KEYS:
        yield f"{place}.kind: {node_kind!r} is no kind of data node; write {', '.join(KIND_KEYS)}"
        return
    yield from unknown_keys(place, node, (*COMMON_KEYS, *KIND_KEYS[node_kind]))
    node = written(node)
    name = node.get("name")
    if name is None:
        yield f"{place}.name is missing; write what Grafana shows before the field, for example name: {node_kind}"
    elif not isinstance(name, str):
        yield f"{place}.name: {read_as(name)}; write a name that begins with a letter, for example name: {node_kind}"
    elif not NAME.match(name):
        yield (
            f"{place}.name: {name!r} cannot be part of a channel's name; "
            f"use letters, digits, '-' and '_', for example {made_plain(name)}"
        )
    yield from text_faults(place, node, "description")
    yield from _silence_faults(place, node)
    if node_kind == "textfiles":
        yield from _text_file_faults(place, node)
    elif node_kind == "feed":
        yield from _feed_faults(place, node)


def window_faults(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with how long samples are kept in memory."""
    window = entry.get("memory_window")
    if window is not None and not is_window(window):
        yield f"{place}.memory_window: {window!r} is no number of seconds; write a whole number, for example 86400"


def is_window(value: Any) -> bool:
    """Whether it is a number of seconds, also one given as text as ``ansible-playbook -e`` gives it."""
    return (
        not isinstance(value, bool)
        and bool(re.fullmatch(r"[0-9]{1,9}", str(value)))
        and 0 < int(value) <= LONGEST_WINDOW
    )


def nodes(entries: list[Mapping[str, Any]], window: int) -> list[dict]:
    """Return the entries as ``nodes.yaml`` has them, without those that another program serves."""
    found = []
    for entry in map(written, entries):
        if entry["kind"] == EXTERNAL:
            continue
        node = {key: value for key, value in entry.items() if key not in {"memory_window", "directory", "silent_after"}}
        node.setdefault("description", _DESCRIPTIONS[entry["kind"]](entry))
        if entry["kind"] == "feed":
            node["window"] = int(entry.get("memory_window") or window)
        elif entry["kind"] == "textfiles":
            node["directory"] = f"{TEXT_DIRECTORY}/{entry['name']}"
        found.append(node)
    return found


def silences(entries: Iterable[Mapping[str, Any]]) -> list[dict]:
    """Return ``{"name", "silent_after"}`` of each entry that says after what time it is silent: seconds, or `False` for never."""
    said = ((entry["name"], entry.get("silent_after")) for entry in map(written, entries))
    return [
        {"name": name, "silent_after": False if after is False else durations.seconds(after)}
        for name, after in said
        if after is not None
    ]


def text_directories(entries: list[Mapping[str, Any]]) -> list[dict]:
    """Return ``{"source", "target"}`` of each directory of text files: where it is on the host, and where the nodes look."""
    return [
        {"source": entry["directory"], "target": f"{TEXT_DIRECTORY}/{entry['name']}"}
        for entry in entries
        if entry["kind"] == "textfiles"
    ]


_DESCRIPTIONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "weather": lambda _entry: "Synthetic weather",
    "textfiles": lambda entry: f"Text files in {entry['directory']}",
    "feed": lambda entry: f"Feeds of {entry['target']}",
}


def _silence_faults(place: str, node: Mapping[str, Any]) -> Iterator[str]:
    after, example = node.get("silent_after"), "write for example 10m, or false where it may be silent"
    if after is None and node.get("kind") == EXTERNAL:
        yield f"{place}.silent_after is missing; {example}"
    elif after is not None and after is not False and not durations.seconds(after):
        yield f"{place}.silent_after: {after!r} is not a duration; {example}"


def _text_file_faults(place: str, node: Mapping[str, Any]) -> Iterator[str]:
    directory = node.get("directory")
    if not isinstance(directory, str) or not _DIRECTORY.match(directory):
        yield f"{place}.directory: {directory!r} is no directory; write its whole path without spaces, for example /data/weather"
    columns = node.get("columns")
    if not is_list(columns) or not any(columns):
        yield f"{place}.columns: write what stands behind the time in a line, for example [temperature, {{name: wind, units: m/s}}]"
    else:
        yield from _column_faults(place, columns)
    pattern = node.get("pattern", "*")
    if not isinstance(pattern, str) or not pattern or pattern.startswith("/") or ".." in pattern.split("/"):
        yield f"{place}.pattern: {pattern!r} is no pattern of file names; write for example '*.dat'"
    for key, example in (("separator", "','"), ("comment", "'#'")):
        if not isinstance(node.get(key, "x"), str) or not node.get(key, "x"):
            yield f"{place}.{key}: {read_as(node[key])}; put what is written in the file in quotes, as in {key}: {example}"
    yield from local_times.faults(place, node)


def _column_faults(place: str, columns: list) -> Iterator[str]:
    seen: dict[str, str] = {}
    for number, column in enumerate(columns):
        where = f"{place}.columns[{number}]"
        if column is None:
            continue
        if not isinstance(column, (str, Mapping)):
            yield f"{where}: this is {kind(column)}; write a name, {{name: wind, units: m/s}}, or null for a column that is left out"
            continue
        about = {"name": column} if isinstance(column, str) else written(column)
        yield from unknown_keys(where, about, COLUMN_KEYS)
        name = about.get("name")
        if not isinstance(name, str) or not _COLUMN.match(name):
            yield f"{where}.name: {name!r} is no name of a column; write for example temperature"
            continue
        field = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")
        if field in seen:
            yield f"{where}.name: {name!r} would be the same channel as {seen[field]}; give each its own name"
        seen[field] = where
        for key in ("label", "units"):
            yield from text_faults(where, about, key)


def _feed_faults(place: str, node: Mapping[str, Any]) -> Iterator[str]:
    target = node.get("target")
    if not isinstance(target, str) or not NAME.match(target):
        yield f"{place}.target: {target!r} is no agent's instance-id; write for example target: fake1"
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
