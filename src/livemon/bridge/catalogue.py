"""What the data nodes offer: nodes, fields and their newest samples. No input or output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from livemon.contract import ADDRESS_ROOT
from livemon.errors import UnknownFieldError, shown
from livemon.sisock.answers import Operation, Sample

LONGEST_NAME = 128
"""Characters in the name of a field."""
LONGEST_TEXT = 200
LONGEST_PATH = 500
_PATH = re.compile(r"[^\s.]+(\.[^\s.]+)+")
_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9_:-]")
_AGENT_PATH = re.compile(rf"{ADDRESS_ROOT}\.(?P<instrument>[^.]+)\.(feeds\.(?P<feed>[^.]+)\.)?")


@dataclass(frozen=True)
class Field:
    """A field of a data node.

    `path` is its permanent name, of dot-separated parts; `timeline` is the node's name for the times at which it has samples.
    """

    node: str
    name: str
    path: str
    timeline: str | None = None
    type: str = "number"
    label: str | None = None
    units: str | None = None
    inventory_tags: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Further tags, which take precedence over the node's own: :mod:`livemon.bridge.inventory`."""
    expected: bool = field(default=True, compare=False, repr=False)
    """Whether its samples should continue once there have been any."""
    silent_after: float | None = field(default=None, compare=False, repr=False)
    """Seconds without a sample after which it counts as silent, if that is longer than of its node; `None`: as its node."""
    ended: bool = field(default=False, compare=False, repr=False)
    """Whether it belongs to the past, such as the heartbeat of an agent that was removed from the inventory."""

    @property
    def short(self) -> str:
        """The name that sisock's consumers write, ``NODE::field``."""
        return f"{self.node}::{self.name}"

    @property
    def tags(self) -> dict[str, str]:
        """What series are distinguished and searched by; unknown tags are left out. `name` is unique.

        For an agent's channel, `instrument` is the OCS instance-id.
        """
        match = _AGENT_PATH.match(self.path)
        tags = {"node": self.node, "field": self.name, "label": self.label, "unit": self.units}
        tags |= (match.groupdict() if match else {}) | dict(self.inventory_tags) | {"name": self.path}
        return {tag: value for tag, value in tags.items() if value}

    @classmethod
    def from_node(cls, node: str, name: Any, about: Any) -> Field:
        """Make a field from its description in a node's ``get_fields``; other people's nodes give their fields no `path`.

        A path, type or text that is not valid is left out, and long texts are cut.

        Raises
        ------
        TypeError
            If the name is not valid, or the description is not a mapping.
        """
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not isinstance(about, Mapping):
            raise TypeError(f"{shown(name, 40)}: {shown(about, 40)} is not the description of a field")
        kind = about.get("type")
        return cls(
            node=node,
            name=name,
            path=_path(about.get("path")) or plain_path(node, name),
            timeline=_text(about.get("timeline"), LONGEST_PATH),
            type=kind if kind in ("string", "bool") else "number",
            label=_text(about.get("label")) or _text(about.get("description")),
            units=_text(about.get("units")),
            ended=about.get("ended") is True,
        )


def plain_path(node: str, name: str) -> str:
    """Return the permanent name of a field whose node gives it none."""
    return ".".join(_NOT_IN_PATH.sub("_", part) for part in ("sisock", node, name))


def _path(value: Any) -> str | None:
    return value if isinstance(value, str) and len(value) <= LONGEST_PATH and _PATH.fullmatch(value) else None


def _text(value: Any, longest: int = LONGEST_TEXT) -> str | None:
    return value[:longest] if isinstance(value, str) else None


@dataclass(frozen=True)
class Node:
    """A data node at one moment: its fields by name, their newest samples, what it reports, and why it last failed to answer."""

    name: str
    description: str
    fields: Mapping[str, Field] = field(default_factory=dict)
    last: Mapping[str, Sample] = field(default_factory=dict)
    faults: Sequence[str] = ()
    """What is wrong with it although it answers, one sentence each."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How often something went wrong, by what it is."""
    error: str | None = None
    notes: Sequence[str] = ()
    """What people should know about it, one sentence each."""
    operations: Sequence[Operation] = ()
    """What the agents are doing that it follows."""
    is_local: bool = False
    """Whether the data nodes' process on this machine serves it."""
    silent_after: float | None = None
    """Seconds without a sample after which it counts as silent; `None` if it is not expected to send any."""


def precedence(node: Node) -> tuple[bool, bool]:
    """Return a sort key for nodes that offer the same path: a node elsewhere must not replace one of this machine."""
    return not node.is_local, node.error is not None


class Catalogue:
    """The nodes by name, sorted by name, and their fields by either of their names, at one moment. It never changes.

    `derived` are channels that no node has: they have a path, and appear in no list for people to choose from.
    """

    def __init__(self, nodes: Iterable[Node] = (), derived: Iterable[Field] = ()) -> None:
        # The hub lists a node that was restarted last: pages would shift under the reader's eyes.
        self.nodes: Mapping[str, Node] = {node.name: node for node in sorted(nodes, key=lambda node: node.name)}
        self._derived = list(derived)

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a channel nor a node that could have one."""
        return not self.nodes and not self._derived

    @cached_property
    def fields(self) -> list[Field]:
        """All fields, node by node."""
        return [each for node in self.nodes.values() for each in node.fields.values()]

    @cached_property
    def plottable(self) -> list[Field]:
        """All fields that are numbers or truth values."""
        return [each for each in self.fields if each.type != "string"]

    @cached_property
    def channels(self) -> list[Field]:
        """Everything plottable, and everything derived from it."""
        return self.plottable + self._derived

    @cached_property
    def by_path(self) -> dict[str, Field]:
        """All channels by their permanent names; where two nodes offer the same one, that of the node with precedence."""
        found: dict[str, Field] = {}
        for node in sorted(self.nodes.values(), key=precedence):
            for each in node.fields.values():
                found.setdefault(each.path, each)
        for each in self._derived:
            found.setdefault(each.path, each)
        return found

    def find(self, name: str) -> Field:
        """Return the field called `name`: ``NODE::field``, or a path.

        Raises
        ------
        UnknownFieldError
            With the names that exist.
        """
        node_name, separator, field_name = name.partition("::")
        if separator:
            node = self.nodes.get(node_name)
            if node is None:
                raise UnknownFieldError(
                    f"there is no data node {shown(node_name)}; the known ones are {_some(self.nodes)}"
                )
            if field_name not in node.fields:
                raise UnknownFieldError(
                    f"{shown(node_name, 40)} has no field {shown(field_name)}; the known ones are {_some(node.fields)}"
                )
            return node.fields[field_name]
        if name in self.by_path:
            return self.by_path[name]
        raise UnknownFieldError(
            f"there is no channel {shown(name)}; write NODE::field or a path; see livemon fields for a list"
        )


def _some(names: Iterable[str]) -> str:
    names = [shown(name, 24).strip("'\"") for name in sorted(names)]
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") if names else "none at the moment"
