"""What the data nodes offer: nodes, fields and their newest samples. No input or output."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from livemon.contract import ADDRESS_ROOT
from livemon.errors import UnknownFieldError, shown

LONGEST_NAME = 128
"""Of a field; also the hub's limit for the name of a node."""
LONGEST_TEXT = 200
LONGEST_PATH = 500
_PATH = re.compile(r"[^\s.]+(\.[^\s.]+)+")
_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9_:-]")
_OF_AGENT = re.compile(rf"{ADDRESS_ROOT}\.(?P<instrument>[^.]+)\.(feeds\.(?P<feed>[^.]+)\.)?")


@dataclass(frozen=True)
class Field:
    """A field of a data node.

    `path` is its permanent name, of dot-separated nodes; `timeline` the node's name of the times at which it has samples.
    """

    node: str
    name: str
    path: str
    timeline: str | None = None
    type: str = "number"
    label: str | None = None
    units: str | None = None
    about: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Further tags, which go before those that the node tells: :mod:`livemon.bridge.site`."""
    expected: bool = field(default=True, compare=False, repr=False)
    """Whether its samples should go on, once there were any."""
    ended: bool = field(default=False, compare=False, repr=False)
    """Whether it is only of the past, as what an agent did that was taken out of the inventory."""

    @property
    def short(self) -> str:
        """Return the name that consumers of sisock write."""
        return f"{self.node}::{self.name}"

    @property
    def tags(self) -> dict[str, str]:
        """What series are told apart and found by; what is not known is left out. `name` is unique.

        Of an agent's channel `instrument` is the OCS instance-id.
        """
        found = _OF_AGENT.match(self.path)
        told = {"node": self.node, "field": self.name, "label": self.label, "unit": self.units}
        told |= (found.groupdict() if found else {}) | dict(self.about) | {"name": self.path}
        return {tag: value for tag, value in told.items() if value}

    @classmethod
    def from_node(cls, node: str, name: str, about: dict[str, Any]) -> Field:
        """Make a field of what a node's ``get_fields`` says of it; nodes of others have no `path` of their own.

        What cannot be a path, a type or a text is left out, and long texts are cut.

        Raises
        ------
        TypeError
            If the name is not one, or nothing can be read of it.
        """
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not isinstance(about, Mapping):
            raise TypeError(f"{shown(name, 40)}: {shown(about, 40)} is not the description of a field")
        path, kind = about.get("path"), about.get("type")
        is_path = isinstance(path, str) and len(path) <= LONGEST_PATH and _PATH.fullmatch(path)
        return cls(
            node=node,
            name=name,
            path=path if is_path else plain_path(node, name),
            timeline=_text(about.get("timeline"), LONGEST_PATH),
            type=kind if kind in ("string", "bool") else "number",
            label=_text(about.get("label")) or _text(about.get("description")),
            units=_text(about.get("units")),
            ended=about.get("ended") is True,
        )


def plain_path(node: str, name: str) -> str:
    """Return the permanent name of a field that has none of its own."""
    return ".".join(_NOT_IN_PATH.sub("_", part) for part in ("sisock", node, name))


def _text(told: Any, longest: int = LONGEST_TEXT) -> str | None:
    return told[:longest] if isinstance(told, str) else None


@dataclass
class Node:
    """A data node: its fields by name, their newest samples, what it tells of itself, and the fault of the last attempt to ask it."""

    name: str
    description: str
    fields: dict[str, Field] = field(default_factory=dict)
    last: dict[str, tuple[float, Any]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What is wrong with it though it answers, one sentence each."""
    counts: dict[str, int] = field(default_factory=dict)
    """Of what went otherwise than it should, by what it is."""
    error: str | None = None
    notes: list[str] = field(default_factory=list)
    """What people should know of it, one sentence each."""
    is_local: bool = False
    """Whether the process of data nodes on this machine serves it."""
    silent_after: float | None = None
    """Seconds without a sample after which it is silent; `None` if nobody said that it is expected to speak at all."""


def precedence(node: Node) -> tuple[bool, bool]:
    """Return a key by which nodes sort that have one path: one elsewhere must not take the place of one of this machine."""
    return not node.is_local, node.error is not None


class Catalogue:
    """The nodes by name, in the order of their names, and their fields by either name; of one moment, made anew at each look.

    `derived` are channels that no node has: they have a path, and stand in no list for people to choose of.
    """

    def __init__(self, nodes: Iterable[Node] = (), derived: Iterable[Field] = ()) -> None:
        # The hub lists a node that was restarted last: pages would shift under the reader's eyes.
        self.nodes: dict[str, Node] = {node.name: node for node in sorted(nodes, key=lambda node: node.name)}
        self._derived = list(derived)

    @property
    def is_empty(self) -> bool:
        """Whether there is no channel, nor a node that could have one."""
        return not self.nodes and not self._derived

    @cached_property
    def fields(self) -> list[Field]:
        """All fields, node by node."""
        return [each for node in self.nodes.values() for each in list(node.fields.values())]

    @cached_property
    def plottable(self) -> list[Field]:
        """All fields that are numbers or truth values."""
        return [each for each in self.fields if each.type != "string"]

    @cached_property
    def channels(self) -> list[Field]:
        """All that is plottable, and what is derived of it."""
        return self.plottable + self._derived

    @cached_property
    def by_path(self) -> dict[str, Field]:
        """All channels by their permanent names; where two nodes have one, that of the node which goes before."""
        found: dict[str, Field] = {}
        for node in sorted(self.nodes.values(), key=precedence):
            for each in list(node.fields.values()):
                found.setdefault(each.path, each)
        for each in self._derived:
            found.setdefault(each.path, each)
        return found

    def find(self, name: str) -> Field:
        """Return the field called `name`: ``NODE::field``, or a path.

        Raises
        ------
        UnknownFieldError
            Naming the nearest that there is.
        """
        node_name, separator, field_name = name.partition("::")
        if separator:
            node = self.nodes.get(node_name)
            if node is None:
                raise UnknownFieldError(f"there is no data node {shown(node_name)}; known are {_some(self.nodes)}")
            if field_name not in node.fields:
                raise UnknownFieldError(
                    f"{shown(node_name, 40)} has no field {shown(field_name)}; known are {_some(node.fields)}"
                )
            return node.fields[field_name]
        if name in self.by_path:
            return self.by_path[name]
        raise UnknownFieldError(
            f"there is no channel {shown(name)}; write NODE::field or a path: livemon fields lists them"
        )


def _some(names: Iterable[str]) -> str:
    names = [shown(name, 24).strip("'\"") for name in sorted(names)]
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") if names else "none at the moment"
