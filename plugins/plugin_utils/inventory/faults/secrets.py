"""Faults of secrets and of references to them. The value of a secret is never repeated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..entries import Entry, is_list
from ..secret_references import is_reference

AGENT_SECRETS = "agent_secrets"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")
_OPTION = re.compile(
    r"--?([a-z0-9_-]*[_-])?((user)?pass(w(o(rd?)?)?|wd|phrase|code)?|pwd|(auth)?token|secret|credentials?"
    r"|(api|private|secret|access|auth)[_-]?key)\Z",
    re.I,
)
"""Options of agents whose value is a secret, also abbreviated, as OCS permits."""
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/@\s]*:[^/@\s]+@", re.I)


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of the setting ``agent_secrets``."""
    yield from of_secrets(AGENT_SECRETS, settings.get(AGENT_SECRETS), "power_strip")


def of_secrets(key: str, secrets: Any, example: str) -> Iterator[str]:
    """Every fault of the setting `key`, which holds secrets by their names; `example` is such a name."""
    if secrets is None:
        return
    if not isinstance(secrets, Mapping):
        yield f"{key}: write a name for each, for example {{{example}: ...}}, and its value, preferably from Ansible Vault"
        return
    for name, value in secrets.items():
        if not isinstance(name, str) or not _NAME.match(name):
            yield f"{key}: {name!r} is not a valid name of a secret; use lower-case letters, digits and '_', for example {example}"
        elif not isinstance(value, str) or not value.strip() or value != value.strip() or not value.isprintable():
            yield f"{key}.{name}: this is not a valid secret; write one line of text in quotes, preferably from Ansible Vault"


def of_reference(place: str, name: str, key: str, secrets: Any) -> Iterator[str]:
    """Every fault of a reference to the secret `name`; `secrets` is the setting `key`, which should hold it."""
    if not isinstance(secrets, Mapping) or name not in secrets:
        yield f"{place}: the secret {name!r} is not defined; write {name}: ... under {key}, preferably from Ansible Vault"


def of_arguments(place: str, arguments: Iterable[Iterable[Any]], secrets: Any) -> Iterator[str]:
    """Every fault of the secrets among one agent's arguments; `secrets` is the setting ``agent_secrets``."""
    option: object = ""
    for words in map(list, arguments):
        if words and str(words[0]).startswith("-"):
            option = ""  # otherwise it is the value of the list before: OCS joins all of them
        for word in words:
            if is_reference(word):
                yield from of_reference(place, word["secret"], AGENT_SECRETS, secrets)
            elif isinstance(word, Mapping) or is_list(word):
                yield f"{place}: each word of an argument must be text, a number or {{secret: name}}, and one here is not"
            elif is_secret(str(option), str(word)):
                first = str(word).partition("=")[0]
                name = first if _OPTION.match(first) else option or first
                yield (
                    f"{place}: a secret is written here in plain text, where others could read it; write "
                    f"[{name}, {{secret: a_name}}], "
                    f"and under {AGENT_SECRETS} a_name: ..., preferably from Ansible Vault"
                )
            option = word


def is_secret(option: str, word: str) -> bool:
    """Whether `word`, which follows `option` on a command line, has or is a secret: ``--password x``, ``--password=x``, ``https://a:b@c``."""
    name, equals, _ = word.partition("=")
    return bool(_OPTION.match(option) or (equals and _OPTION.match(name)) or _IN_ADDRESS.match(word))
