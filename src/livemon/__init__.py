"""livemon: the Python that runs on the live-monitoring appliance.

A lab's own data node needs what this module offers: docs/data-nodes.md. Each name is imported when it is first used, because the
router's image, small commands and the analyst's computer have no use for Twisted.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from livemon.sisock.datanode import DataNodeServer, DataRequest
    from livemon.sisock.packed import Timeline, to_answer
    from livemon.sisock.serve import serve

__version__ = "0.1.0"
__all__ = ["DataNodeServer", "DataRequest", "Timeline", "serve", "to_answer"]

_HOMES = {
    "DataNodeServer": "livemon.sisock.datanode",
    "DataRequest": "livemon.sisock.datanode",
    "Timeline": "livemon.sisock.packed",
    "serve": "livemon.sisock.serve",
    "to_answer": "livemon.sisock.packed",
}


def __getattr__(name: str) -> Any:
    """Import a public name at its first use."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
