"""Secrets that settings refer to: ``{secret: name}`` where one belongs, and its value under a setting of its own, best from Vault.

No value is repeated in a fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .checks import is_list

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


def is_reference(value: Any) -> bool:
    """Whether it stands for a secret."""
    return isinstance(value, Mapping) and list(value) == ["secret"] and isinstance(value["secret"], str)


def secrets_in(value: Any) -> Iterator[str]:
    """Yield the names of the secrets to which a setting refers."""
    if is_reference(value):
        yield value["secret"]
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from secrets_in(each)
    elif is_list(value):
        for each in value:
            yield from secrets_in(each)


def of_secrets(key: str, secrets: Any, example: str) -> Iterator[str]:
    """What is wrong with a setting that holds secrets by their names; `example` is such a name."""
    if secrets is None:
        return
    if not isinstance(secrets, Mapping):
        yield f"{key}: write a name for each, for example {{{example}: ...}}, its value best from Ansible Vault"
        return
    for name, value in secrets.items():
        if not isinstance(name, str) or not _NAME.match(name):
            yield f"{key}: {name!r} cannot be the name of a secret; use small letters, digits and '_', for example {example}"
        elif not isinstance(value, str) or not value.strip() or value != value.strip() or not value.isprintable():
            yield f"{key}.{name}: this is not a secret; write one line of text in quotes, best from Ansible Vault"


def of_reference(place: str, name: str, key: str, secrets: Any) -> Iterator[str]:
    """What is wrong with a reference to the secret `name`; `secrets` is the setting `key`, which should have it."""
    if not isinstance(secrets, Mapping) or name not in secrets:
        yield f"{place}: there is no secret {name!r}; write {name}: ... under {key}, best from Ansible Vault"
