"""The Docker engine's daemon.json: which options change, and whether the engine must be reloaded or restarted."""

from __future__ import annotations

import json
from typing import Any, TypedDict

from ..entries import Entry

RELOADABLE = {
    *("debug", "labels", "live-restore", "features", "shutdown-timeout", "registry-mirrors", "insecure-registries"),
    *("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"),
    *("authorization-plugins", "default-runtime", "runtimes"),
}
"""Options that a running engine reads again on SIGHUP; all others it reads only when it starts."""


class Difference(TypedDict):
    """The options that change, sorted: those for which a reload suffices, and those that need a restart."""

    reload: list[str]
    restart: list[str]


def difference(current: str, target: Entry) -> Difference:
    """Return the options that would change.

    `current` is the text of the file, empty if there is none. If it is not JSON, no option counts as being in force.
    """
    try:
        options = json.loads(current) if current.strip() else {}
    except ValueError:
        options = {}
    if not isinstance(options, dict):
        options = {}
    changed = sorted(key for key in {*options, *target} if options.get(key) != target.get(key))
    return {
        "reload": [key for key in changed if key in RELOADABLE],
        "restart": [key for key in changed if key not in RELOADABLE],
    }


def missing(current: str, target: Entry) -> dict[str, Any]:
    """Return the options of `target` that are not in force; other options in the file are left to their owner."""
    changes = difference(current, target)
    changed = {*changes["reload"], *changes["restart"]}
    return {key: value for key, value in target.items() if key in changed}
