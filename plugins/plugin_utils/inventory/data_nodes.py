"""The data nodes that a site can add to those of its instruments and agents: their kinds, and the keys of each."""

from __future__ import annotations

from ..contract import contract

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
