"""``nodes.yaml``: which data nodes to serve. Changes of the file are applied while the process runs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twisted.internet.task import LoopingCall

from livemon.config import yaml_content
from livemon.contract import COLUMN_KEYS
from livemon.errors import ConfigError
from livemon.log import log
from livemon.nodes.agents import AgentsNode
from livemon.nodes.feed import FeedNode
from livemon.nodes.sensors import SensorsNode
from livemon.nodes.textfiles import TextFilesNode
from livemon.nodes.weather import WeatherNode
from livemon.sisock.datanode import DataNodeServer
from livemon.textfiles.layout import is_time_format

if TYPE_CHECKING:
    from livemon.sisock.nodehost import NodeHost

KINDS: dict[str, Callable[..., DataNodeServer]] = {
    "feed": FeedNode,
    "sensors": SensorsNode,
    "agents": AgentsNode,
    "weather": WeatherNode,
    "textfiles": TextFilesNode,
}
CHECK_EVERY = 1.0
"""Seconds between two checks whether the file has changed."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_pattern(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and not value.startswith("/") and ".." not in value.split("/")


def _are_columns(value: Any) -> bool:
    if not isinstance(value, list):
        return False
    names = [column["name"] if isinstance(column, Mapping) else column for column in value if column is not None]
    return (
        all(isinstance(name, str) and re.search(r"[A-Za-z0-9]", name) for name in names)
        and len({name.lower() for name in names}) == len(names) > 0
        and all(column.keys() <= set(COLUMN_KEYS) for column in value if isinstance(column, Mapping))
    )


def _is_time_zone(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


_OPTIONS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "name": ("letters, digits, - and _", lambda value: re.fullmatch(r"[A-Za-z0-9_-]+", value)),
    "description": ("a text", _is_text),
    "target": ("an agent's instance-id", _is_text),
    "feeds": ("a list of names", _are_texts),
    "agents": ("a list of instance-ids", _are_texts),
    "window": ("seconds, more than 0", lambda value: 0 < value < math.inf),
    "labels": ("a text for each field", _is_mapping),
    "units": ("a text for each field", _is_mapping),
    "disk": ("a path", _is_text),
    "certificates": ("a list of paths", _are_texts),
    "directory": ("a path", _is_text),
    "pattern": ("a pattern of file names, for example *.dat", _is_pattern),
    "columns": ("a list of names, or of {name, label, units}", _are_columns),
    "separator": ("what stands between columns", lambda value: isinstance(value, str) and value),
    "time_format": (
        "unix, iso, or a format such as '%d-%m-%Y %H:%M:%S'",
        lambda value: isinstance(value, str) and is_time_format(value),
    ),
    "time_zone": ("a name of the IANA database such as Europe/Amsterdam", _is_time_zone),
    "comment": ("the start of a comment", _is_text),
}
"""Of each key, what to write, and whether a value is valid; a TypeError or LookupError means that it is not."""


def read_entries(text: str | bytes, place: str) -> dict[str, dict[str, Any]]:
    """Read the nodes' entries, by name.

    Raises
    ------
    ConfigError
        One sentence: where, what, and what to write instead.
    """
    content = yaml_content(text, place)
    if not isinstance(content, Mapping) or not isinstance(content.get("nodes"), list):
        raise ConfigError(f"{place}: write nodes: and below it one entry for each node")
    entries: dict[str, dict[str, Any]] = {}
    for number, entry in enumerate(content["nodes"]):
        where = f"{place}, nodes[{number}]"
        if not isinstance(entry, Mapping) or entry.get("kind") not in list(KINDS):
            raise ConfigError(f"{where}: write kind: {' or kind: '.join(KINDS)}")
        if not isinstance(entry.get("name"), str) or entry["name"] in entries:
            raise ConfigError(f"{where}: needs a name of its own")
        make_node(entry, where)
        entries[entry["name"]] = dict(entry)
    return entries


def make_node(entry: Mapping[str, Any], place: str) -> DataNodeServer:
    """Make the node of an entry.

    Raises
    ------
    ConfigError
        If a key is unknown, missing or has an invalid value.
    """
    options = {key: value for key, value in entry.items() if key != "kind"}
    options.setdefault("description", options.get("name"))
    for key in options.keys() & _OPTIONS.keys():
        if not _is_valid(key, options[key]):
            raise ConfigError(f"{place}: {key} is {options[key]!r}: write {_OPTIONS[key][0]}")
    try:
        return KINDS[entry["kind"]](**options)
    except TypeError as error:
        raise ConfigError(f"{place}: {str(error).partition(') ')[2] or error}") from error


def _is_valid(key: str, value: Any) -> bool:
    try:
        return bool(_OPTIONS[key][1](value))
    except (TypeError, LookupError):
        return False


class Follower:
    """Keeps a host's nodes as the file lists them, changing only those whose entries have changed."""

    def __init__(self, host: NodeHost, path: Path) -> None:
        self.host = host
        self.path = path
        self._entries: dict[str, dict[str, Any]] = {}
        self._text: bytes | None = None

    def start(self) -> None:
        """Read the file now, and check for changes from now on.

        Raises
        ------
        ConfigError
            If the file is missing or malformed.
        """
        try:
            self._apply(self.path.read_bytes())
        except OSError as error:
            raise ConfigError(f"cannot read {self.path}: {error.strerror}; LIVEMON_NODES_CONFIG names it") from error
        LoopingCall(self.check).start(CHECK_EVERY, now=False)

    def check(self) -> None:
        """Apply the file if it has changed; log why if it cannot be applied."""
        try:
            text = self.path.read_bytes()
        except OSError:
            return  # it is being replaced: the next check sees it
        if text == self._text:
            return
        try:
            self._apply(text)
        except ConfigError as error:
            self._text = text
            log.error("the data nodes stay as they are: {error}", error=error)

    def _apply(self, text: bytes) -> None:
        entries = read_entries(text, self.path.name)
        changed = [
            name
            for name, entry in entries.items()
            if self._entries.get(name) != entry and not self._reconfigured(entry)
        ]
        for name in self._entries:
            if name not in entries or name in changed:
                log.info("removing the data node {name}", name=name)
                self.host.remove(name)
        for name in changed:
            log.info("adding the data node {name}", name=name)
            self.host.add(make_node(entries[name], name))
        self._entries, self._text = entries, text

    def _reconfigured(self, entry: Mapping[str, Any]) -> bool:
        """Whether the existing node could apply the change of its entry (a label, say), and has done so: it keeps its samples."""
        before = self._entries.get(entry["name"])
        if before is None or before["kind"] != entry["kind"]:
            return False
        options = {key: value for key, value in entry.items() if key != "kind"}
        if not self.host.nodes[entry["name"]].reconfigure(options):
            return False
        log.info("the data node {name} has new labels, units or description", name=entry["name"])
        return True
