"""Kinds of alarms, as the tag `kind` has them. Imports no more than the contract, so that small processes can have it."""

from __future__ import annotations

from livemon.contract import SILENT_AFTER

MEASURED = ("above", "below", "outside", "rising")
"""Kinds that there are only where the inventory sets a limit: their value is a reading, and has an age."""
OLD = SILENT_AFTER
"""Seconds from which on a reading is said to be old."""
