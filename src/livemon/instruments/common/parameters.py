"""Casts for the parameters of commands: each takes a text and returns the value, or raises `ValueError`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
Cast = Callable[[str], T]

# Beyond all quantities of the instruments; within these limits no arithmetic on what a peer sends overflows.
_LARGEST = 1e9
_SMALLEST = 1e-15


def integer(low: int, high: int) -> Cast[int]:
    """Accept a whole number from `low` to `high`, both included."""

    def cast(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"{value} is not in {low} to {high}")
        return value

    return cast


def number(low: float = -_LARGEST, high: float = _LARGEST) -> Cast[float]:
    """Accept a number from `low` to `high`, both included; a tiny one counts as 0."""

    def cast(text: str) -> float:
        value = float(text)
        if not low <= value <= high:
            raise ValueError(f"{value} is not in {low} to {high}")
        return value if abs(value) >= _SMALLEST else 0.0

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


def or_zero(cast: Cast[T]) -> Cast[T | int]:
    """Accept what `cast` accepts, and 0."""
    return lambda given: 0 if given == "0" else cast(given)


def kept(cast: Cast[T]) -> Cast[T | None]:
    """Accept what `cast` accepts, and a blank as `None`: the value stays as it was."""
    return lambda given: cast(given) if given else None


flag = integer(0, 1)
