"""``nodes.yaml``: which data nodes to serve, followed while it changes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from twisted.internet.task import LoopingCall

from livemon.config import yaml_content
from livemon.errors import ConfigError
from livemon.log import log
from livemon.nodes.agents import AgentsNode
from livemon.nodes.feed import FeedNode
from livemon.nodes.sensors import SensorsNode
from livemon.nodes.textfiles import TextFilesNode
from livemon.nodes.weather import WeatherNode
from livemon.sisock.datanode import DataNodeServer
from livemon.sisock.nodehost import NodeHost
from livemon.textfiles.layout import is_time_format

KINDS: dict[str, Callable[..., DataNodeServer]] = {
    "feed": FeedNode,
    "sensors": SensorsNode,
    "agents": AgentsNode,
    "weather": WeatherNode,
    "textfiles": TextFilesNode,
}
LOOK_EVERY = 1.0
_WANTED: dict[str, tuple[str, Callable[[Any], object]]] = {
    "name": ("letters, digits, - and _", lambda value: re.fullmatch(r"[A-Za-z0-9_-]+", value)),
    "description": ("a text", lambda value: isinstance(value, str)),
    "target": ("an agent's instance-id", lambda value: isinstance(value, str)),
    "feeds": (
        "a list of names",
        lambda value: isinstance(value, list) and all(isinstance(feed, str) for feed in value),
    ),
    "agents": (
        "a list of instance-ids",
        lambda value: isinstance(value, list) and all(isinstance(agent, str) for agent in value),
    ),
    "window": ("seconds, more than 0", lambda value: 0 < value < math.inf),
    "labels": ("a text for each field", lambda value: isinstance(value, Mapping)),
    "units": ("a text for each field", lambda value: isinstance(value, Mapping)),
    "disk": ("a path", lambda value: isinstance(value, str)),
    "certificates": (
        "a list of paths",
        lambda value: isinstance(value, list) and all(isinstance(path, str) for path in value),
    ),
    "directory": ("a path", lambda value: isinstance(value, str)),
    "pattern": (
        "what file names look like, for example *.dat",
        lambda value: isinstance(value, str) and _is_pattern(value),
    ),
    "columns": (
        "a list of names, or of {name, label, units}",
        lambda value: isinstance(value, list) and _are_columns(value),
    ),
    "separator": ("what stands between columns", lambda value: isinstance(value, str) and value),
    "time_format": (
        "unix, iso, or a format such as '%d-%m-%Y %H:%M:%S'",
        lambda value: isinstance(value, str) and is_time_format(value),
    ),
    "time_zone": (
        "a name of the IANA database such as Europe/Amsterdam",
        lambda value: isinstance(value, str) and _is_zone(value),
    ),
    "comment": ("what a comment begins with", lambda value: isinstance(value, str)),
}
"""What to write for a key, and how it is told from what is not; a TypeError means no."""


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
    """Make the node of an entry; a ConfigError if it has a key too many, too few or malformed."""
    options = {key: value for key, value in entry.items() if key != "kind"}
    options.setdefault("description", options.get("name"))
    for key in options.keys() & _WANTED.keys():
        if not _is_wanted(key, options[key]):
            raise ConfigError(f"{place}: {key} is {options[key]!r}: write {_WANTED[key][0]}")
    try:
        return KINDS[entry["kind"]](**options)
    except TypeError as error:
        raise ConfigError(f"{place}: {str(error).partition(') ')[2] or error}") from error


def _is_pattern(value: str) -> bool:
    return bool(value) and not value.startswith("/") and ".." not in value.split("/")


def _are_columns(value: list) -> bool:
    names = [column["name"] if isinstance(column, Mapping) else column for column in value if column is not None]
    keys = {"name", "label", "units"}
    return (
        all(isinstance(name, str) and re.search(r"[A-Za-z0-9]", name) for name in names)
        and len({name.lower() for name in names}) == len(names) > 0
        and all(column.keys() <= keys for column in value if isinstance(column, Mapping))
    )


def _is_zone(value: str) -> bool:
    try:
        return bool(ZoneInfo(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False


def _is_wanted(key: str, value: Any) -> bool:
    try:
        return bool(_WANTED[key][1](value))
    except (TypeError, LookupError):
        return False


class Follower:
    """Keeps a host's nodes what the file says, touching only those whose entries changed."""

    def __init__(self, host: NodeHost, path: Path) -> None:
        self.host = host
        self.path = path
        self._entries: dict[str, dict[str, Any]] = {}
        self._text: bytes | None = None

    def start(self) -> None:
        """Read the file now (a ConfigError if it is missing or broken) and look for changes from now on."""
        try:
            self._apply(self.path.read_bytes())
        except OSError as error:
            raise ConfigError(f"cannot read {self.path}: {error.strerror}; LIVEMON_NODES_CONFIG names it") from error
        LoopingCall(self._look).start(LOOK_EVERY, now=False)

    def _look(self) -> None:
        try:
            text = self.path.read_bytes()
        except OSError:
            return  # being replaced: the next look sees it
        if text == self._text:
            return
        try:
            self._apply(text)
        except ConfigError as error:
            self._text = text
            log.error("the nodes stay as they are: {error}", error=error)

    def _apply(self, text: bytes) -> None:
        entries = read_entries(text, self.path.name)
        changed = [
            name for name, entry in entries.items() if self._entries.get(name) != entry and not self._taken(entry)
        ]
        for name in self._entries:
            if name not in entries or name in changed:
                log.info("removing the data node {name}", name=name)
                self.host.remove(name)
        for name in changed:
            log.info("adding the data node {name}", name=name)
            self.host.add(make_node(entries[name], name))
        self._entries, self._text = entries, text

    def _taken(self, entry: Mapping[str, Any]) -> bool:
        """Whether the node that there is takes what has changed of its entry (a label), and keeps its samples."""
        before = self._entries.get(entry["name"])
        if before is None or before["kind"] != entry["kind"]:
            return False
        options = {key: value for key, value in entry.items() if key != "kind"}
        if not self.host.nodes[entry["name"]].reconfigure(options):
            return False
        log.info("the data node {name} has new labels, units or description", name=entry["name"])
        return True
