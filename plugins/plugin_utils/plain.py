"""Values without Ansible's own types: what the filters hand on to modules that know nothing of Ansible."""

from __future__ import annotations

import json
from typing import Any


def plain(value: Any) -> Any:
    """Return a value of a template as JSON would carry it, without Ansible's own kinds of text, list and mapping."""
    return json.loads(json.dumps(value, default=str))


def entries(value: Any) -> list[Any]:
    """Return a list of the inventory as plain values; a key with no value is an empty list."""
    return plain(value) or []


def mapping(value: Any) -> dict[str, Any]:
    """Return a mapping of the inventory as plain values; a key with no value is an empty mapping."""
    return plain(value) or {}
