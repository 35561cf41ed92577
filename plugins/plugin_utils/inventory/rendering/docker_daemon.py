"""The Docker engine's daemon.json: what differs from what is wanted, and what it takes to have it in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

RELOADABLE = {
    *("debug", "labels", "live-restore", "features", "shutdown-timeout", "registry-mirrors", "insecure-registries"),
    *("max-concurrent-downloads", "max-concurrent-uploads", "max-download-attempts"),
    *("authorization-plugins", "default-runtime", "runtimes"),
}
"""What a running engine takes over on SIGHUP; everything else it reads only when it starts."""


def difference(current: str, wanted: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the options that would change, sorted: those that ``reload`` suffices for, and those that need a ``restart``.

    `current` is the file's text, empty where there is none. Of a text that is not JSON nothing is known to be in force.
    """
    try:
        options = json.loads(current) if current.strip() else {}
    except ValueError:
        options = {}
    if not isinstance(options, dict):
        options = {}
    changed = sorted(key for key in {*options, *wanted} if options.get(key) != wanted.get(key))
    return {
        "reload": [key for key in changed if key in RELOADABLE],
        "restart": [key for key in changed if key not in RELOADABLE],
    }


def missing(current: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the wanted options that are not in force; what else is written there is its owner's matter."""
    changed = {key for keys in difference(current, wanted).values() for key in keys}
    return {key: value for key, value in wanted.items() if key in changed}
