"""Imports the modules of src/livemon that the provisioning side may use: the contract, and the facts of instruments.

They need nothing but Python's standard library. An installed collection has src/ beside plugins/, but livemon is not an installed
Python package there, and if it is, it may be of another release. So src/livemon is imported under a name of its own; nothing is put
on ``sys.path``.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = "livemon_appliance_source"
SOURCE = Path(__file__).resolve().parents[2] / "src/livemon"


def load(name: str) -> ModuleType:
    """Import a module of src/livemon by its name below that directory, for example ``instruments.model``.

    Raises
    ------
    ModuleNotFoundError
        If there is no such module, or if it imports what Ansible's Python does not have.
    """
    if PACKAGE not in sys.modules:
        package = ModuleType(PACKAGE, __doc__)
        package.__path__ = [str(SOURCE)]
        sys.modules[PACKAGE] = package
    return importlib.import_module(f"{PACKAGE}.{name}")
