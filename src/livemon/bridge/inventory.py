"""What the inventory says about channels, alarms and data nodes, which the nodes do not know: the site file (docs/architecture.md).

``plugins/plugin_utils/inventory/rendering/bridge_site.py`` renders it. It is read again when it changes, so that a new
instrument never restarts the bridge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from livemon.alarms import definition
from livemon.alarms.definition import Alarm
from livemon.alarms.measures import Value
from livemon.bridge.catalogue import Field
from livemon.config import yaml_content
from livemon.contract import ADDRESS_ROOT
from livemon.errors import ConfigError
from livemon.log import log

_AGENT_TAGS = ("model", "serial", "description")
_FIELD_TAGS = ("channel", "label", "unit", "quantity")
_SITE_TEXTS = ("name", "time_zone")
_SITE_KEYS = {"agents", "alarms", "nodes", *_SITE_TEXTS}
_AGENT_KEYS = {"id", "node", "feeds", *_AGENT_TAGS}
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True)
class Inventory:
    """The inventory's agents by instance-id, and the tags of everything that they publish."""

    agents: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """The tags of each listed channel, by path."""
    expected: tuple[Field, ...] = ()
    """The channels that should have samples, whether or not there has ever been one."""
    field_silence: Mapping[str, float] = field(default_factory=dict)
    """Seconds without a sample after which a field is silent that says so, by path."""
    alarms: tuple[Alarm, ...] = ()
    nodes: Mapping[str, str] = field(default_factory=dict)
    """The node of each agent, by instance-id."""
    site_name: str | None = None
    time_zone: str | None = None
    """A name from the IANA database."""
    silent_after: Mapping[str, float | None] = field(default_factory=dict)
    """Seconds without a sample after which a data node is silent, by its name; `None`: never."""

    @cached_property
    def _limits(self) -> Mapping[str, tuple[Alarm, ...]]:
        limits: dict[str, tuple[Alarm, ...]] = {}
        for alarm in self.alarms:
            if isinstance(alarm.measure, Value):
                limits[alarm.measure.path] = (*limits.get(alarm.measure.path, ()), alarm)
        return limits

    def limits_of(self, path: str) -> tuple[Alarm, ...]:
        """Return the alarms that compare each reading of a channel with a limit: these are drawn as lines in its plot."""
        return self._limits.get(path, ())

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that Grafana has to evaluate: those that the alarms belong to."""
        return tuple(dict.fromkeys(alarm.rule for alarm in self.alarms))

    def tags(self, path: str) -> Mapping[str, str]:
        """Return the inventory's tags of a channel; always the same object for the same path."""
        if path in self.fields:
            return self.fields[path]
        return self.agents.get(_agent_of(path) or "", _NOTHING)

    def has_dropped(self, path: str) -> bool:
        """Whether a channel belongs to an agent that is no longer in the inventory, rather than to a lab's own data node."""
        agent = _agent_of(path)
        return bool(self.agents) and agent is not None and agent not in self.agents

    def expects(self, path: str) -> bool:
        """Whether a channel that has had samples should continue.

        A channel that the inventory does not list may be switched off, and an agent that was removed from it has ended.
        """
        return path in self._expected_paths or not (path in self.fields or self.has_dropped(path))

    @cached_property
    def _expected_paths(self) -> set[str]:
        return {each.path for each in self.expected}

    def described(self, fields: Mapping[str, Field]) -> dict[str, Field]:
        """Return the fields with their tags; fields that have them already are returned as they are."""
        return {
            name: each
            if each.inventory_tags is (tags := self.tags(each.path))
            else replace(
                each,
                inventory_tags=tags,
                expected=self.expects(each.path),
                silent_after=self.field_silence.get(each.path),
            )
            for name, each in fields.items()
        }


class InventoryFile:
    """Follows the site file; `inventory` is its content when it could last be read.

    Raises
    ------
    ConfigError
        If it cannot be read now. Later errors are written to the log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._text = path.read_bytes()
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}; LIVEMON_SITE names it") from error
        self.inventory = read(self._text, path.name)

    def look(self) -> None:
        """Read the file again if it has changed."""
        try:
            text = self._path.read_bytes()
        except OSError:
            return  # being replaced: the next call sees it
        if text == self._text:
            return
        self._text = text
        try:
            self.inventory = read(text, self._path.name)
        except ConfigError as error:
            log.error("channels keep their tags: {error}", error=error)


def read(text: str | bytes, place: str) -> Inventory:
    """Read a site file.

    Raises
    ------
    ConfigError
        One sentence: where, what, and what to write instead.
    """
    content = yaml_content(text, place)
    if (
        not isinstance(content, Mapping)
        or not {"agents"} <= set(content) <= _SITE_KEYS
        or not isinstance(content["agents"], list)
    ):
        raise ConfigError(
            f"{place}: write the lists agents (required), alarms and nodes, the strings name and time_zone, and nothing else"
        )
    named = _texts(content, _SITE_TEXTS, place)
    agents: dict[str, dict[str, str]] = {}
    nodes: dict[str, str] = {}
    fields: dict[str, Mapping[str, str]] = {}
    expected: list[Field] = []
    silence: dict[str, float] = {}
    for number, agent in enumerate(content["agents"]):
        where = f"{place}, agents[{number}]"
        _check_keys(agent, _AGENT_KEYS, where)
        texts = _texts(agent, ("id", "node", *_AGENT_TAGS), where)
        if texts.get("id", "") in {"", *agents}:
            raise ConfigError(f"{where}: needs a unique id")
        instance_id = texts.pop("id")
        nodes[instance_id] = node = texts.pop("node", instance_id)
        agents[instance_id] = {"instrument": instance_id} | texts
        for path, about, where_field in _fields(agent, instance_id, where):
            _check_keys(about, {"expected", "silent_after", *_FIELD_TAGS}, where_field)
            fields[path] = tags = agents[instance_id] | _texts(about, _FIELD_TAGS, where_field)
            if not isinstance(about.get("expected", False), bool):
                raise ConfigError(f"{where_field}.expected: write true or false")
            if "silent_after" in about:
                after = _seconds(about["silent_after"])
                if after is None:
                    raise ConfigError(f"{where_field}.silent_after: write a number of seconds, more than 0")
                silence[path] = after
            if about.get("expected"):
                name = path.rpartition(".")[2].lower()
                expected.append(
                    Field(node, name, path, label=tags.get("label"), units=tags.get("unit"), inventory_tags=tags)
                )
    alarms = definition.read(content.get("alarms", []), f"{place}, alarms")
    return Inventory(
        agents,
        fields,
        tuple(expected),
        silence,
        alarms,
        nodes,
        site_name=named.get("name"),
        time_zone=named.get("time_zone"),
        silent_after=_silences(content.get("nodes", []), f"{place}, nodes"),
    )


def _seconds(value: Any) -> float | None:
    """Return a number of seconds above 0; `None` for anything else."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < math.inf
    return float(value) if is_number else None


def _silences(entries: Any, where: str) -> dict[str, float | None]:
    """Return the seconds after which each data node of ``nodes`` is silent; `None` where the file says false."""
    if not isinstance(entries, list):
        raise ConfigError(f"{where}: write one entry per node, {{name: weather, silent_after: 600}}")
    found: dict[str, float | None] = {}
    for number, entry in enumerate(entries):
        place = f"{where}[{number}]"
        _check_keys(entry, {"name", "silent_after"}, place)
        name = _texts(entry, ("name",), place).get("name")
        after = entry.get("silent_after")
        if name is None or not (_seconds(after) or after is False):
            raise ConfigError(f"{place}: needs a name, and silent_after as seconds or false")
        found[name] = _seconds(after)
    return found


def _fields(agent: Mapping[str, Any], instance_id: str, where: str) -> Iterator[tuple[str, Any, str]]:
    feeds = agent.get("feeds", {})
    if not isinstance(feeds, Mapping) or not all(isinstance(each, Mapping) for each in feeds.values()):
        raise ConfigError(
            f"{where}.feeds: write the fields of each feed, {{temperatures: {{Channel_1_T: {{unit: K}}}}}}"
        )
    for feed, fields in feeds.items():
        for name, about in fields.items():
            yield f"{ADDRESS_ROOT}.{instance_id}.feeds.{feed}.{name}", about, f"{where}.feeds.{feed}.{name}"


def _check_keys(entry: Any, known: set[str], where: str) -> None:
    if not isinstance(entry, Mapping):
        raise ConfigError(f"{where}: write a mapping of {', '.join(sorted(known))}; leave out what is not known")
    unknown = sorted(str(key) for key in entry.keys() - known)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; the known keys are {', '.join(sorted(known))}")


def _texts(entry: Mapping[str, Any], keys: Iterable[str], where: str) -> dict[str, str]:
    for key in keys:
        if not isinstance(entry.get(key, "x"), str) or not entry.get(key, "x"):
            raise ConfigError(f"{where}.{key}: {entry[key]!r} is not a string; put it in quotes, or leave the key out")
    return {key: entry[key] for key in keys if key in entry}


def _agent_of(path: str) -> str | None:
    root, _, rest = path.partition(".")
    return rest.partition(".")[0] if root == ADDRESS_ROOT else None
