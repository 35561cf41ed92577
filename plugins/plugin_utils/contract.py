"""``src/livemon/contract.py`` of this collection: names and limits that the application and its provisioning agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livemon import contract
else:
    from .source import load

    contract = load("contract")

__all__ = ["contract"]
