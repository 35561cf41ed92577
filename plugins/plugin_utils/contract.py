"""``src/livemon/contract.py`` of this collection: the one module of ``src`` that the provisioning side uses.

It is loaded by its path, because livemon is not installed on a controller, and another release of it may be.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livemon import contract
else:
    _PATH = Path(__file__).resolve().parents[2] / "src/livemon/contract.py"
    _specification = importlib.util.spec_from_file_location("livemon_contract", _PATH)
    contract = importlib.util.module_from_spec(_specification)
    _specification.loader.exec_module(contract)

__all__ = ["contract"]
