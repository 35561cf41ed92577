"""Kinds of alarms, as the tag `kind` has them. Imports nothing, so that small processes can have it."""

from __future__ import annotations

MEASURED = ("above", "below", "outside", "rising")
"""Kinds that there are only where the inventory sets a limit: their value is a reading, and has an age."""
OLD = 120.0
"""Seconds from which on a reading is said to be old."""
