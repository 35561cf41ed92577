"""Entries of the inventory as Ansible hands them over: what they are, and how their values are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

Entry = Mapping[str, Any]
"""A mapping as a user wrote it: an instrument, an agent, a channel, an alarm, or all settings of a host."""
Entries = Sequence[Entry]
Document = dict[str, Any]
"""Part of a file that is rendered, as YAML or JSON: its format is another program's."""


def given(entry: Entry) -> dict[str, Any]:
    """Return the keys that have a value: YAML reads `null` behind a key without one."""
    return {key: value for key, value in entry.items() if value is not None}


def as_list(value: Any) -> list[Any]:
    """Return a list as a new list, and anything else as a list of one."""
    return list(value) if is_list(value) else [value]


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether it is a list: Ansible makes tuples of some."""
    return isinstance(value, (list, tuple))


def is_true(value: Any) -> bool:
    """Whether it means yes, also as text as ``ansible-playbook -e`` gives it."""
    return str(value).lower() in {"true", "yes", "on", "1"}
