"""References to secrets: ``{secret: name}`` stands where a secret belongs, and its value under a setting of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from .entries import is_list


def is_reference(value: Any) -> TypeGuard[Mapping[str, str]]:
    """Whether it stands for a secret."""
    return isinstance(value, Mapping) and list(value) == ["secret"] and isinstance(value["secret"], str)


def secrets_in(value: Any) -> Iterator[str]:
    """Yield the names of the secrets to which a setting refers, in order, repeated ones as well."""
    if is_reference(value):
        yield value["secret"]
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from secrets_in(each)
    elif is_list(value):
        for each in value:
            yield from secrets_in(each)
