"""Casts for the parameters of commands: each takes the text and returns the value, or raises `ValueError`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Cast = Callable[[str], T]


def integer(low: int, high: int) -> Cast[int]:
    """Accept a whole number from `low` to `high`, both included."""

    def cast(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"{value} is not in {low} to {high}")
        return value

    return cast


def number(low: float = -math.inf, high: float = math.inf) -> Cast[float]:
    """Accept a finite number from `low` to `high`, both included."""

    def cast(text: str) -> float:
        value = float(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"{value} is not in {low} to {high}")
        return value

    return cast


def one_of(*values: int) -> Cast[int]:
    """Accept one of the given whole numbers."""

    def cast(text: str) -> int:
        value = int(text)
        if value not in values:
            raise ValueError(f"{value} is not one of {values}")
        return value

    return cast


def text(longest: int) -> Cast[str]:
    """Accept any text and keep its first `longest` characters, as the instruments do."""
    return lambda given: given[:longest]


flag = integer(0, 1)
