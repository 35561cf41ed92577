"""Values of the inventory that Ansible cannot resolve: an undefined variable, or a value of Ansible Vault without its password.

The newest Ansible raises an error when such a value is read. ansible-core 2.16 leaves the template as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any

import jinja2
from jinja2 import meta

from ..entries import is_list

Places = Callable[[str], list[str]]
"""Where the inventory refers to a variable: see files.places."""

_UNDEFINED = re.compile(r"'([^']+)' is undefined")
_VAULT = re.compile(r"decrypt|vault", re.I)


def explained(key: str, error: Exception, places: Places) -> str:
    """Return why the setting `key` cannot be read, from the error that Ansible raised."""
    said = str(error)
    if found := _UNDEFINED.search(said):
        return _not_defined(key, found[1], places)
    if _VAULT.search(said):
        return (
            f"{key}: a value is encrypted by Ansible Vault and cannot be decrypted; add --ask-vault-pass, or "
            "--vault-password-file with the right file"
        )
    return f"{key}: Ansible cannot resolve this value: {' '.join(said.split())}"


def left_over(key: str, value: Any, known: Container[str], places: Places) -> Iterator[str]:
    """Yield a fault for each variable that a template within `value` still refers to; `known` are the variables that exist."""
    for name in dict.fromkeys(name for text in _texts(value) for name in _names(text)):
        if name not in known:
            yield _not_defined(key, name, places)


def _not_defined(key: str, name: str, places: Places) -> str:
    where = " and ".join(places(name))
    return (
        f"{key}: the variable {name} is not defined{f' ({where})' if where else ''}; define it in a file beside the inventory, "
        "for example group_vars/livemon/vault.yml, or pass it with -e"
    )


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        # Text that is marked as unsafe is not a template: {{ }} in it is meant for Grafana.
        if not hasattr(value, "__UNSAFE__"):
            yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif is_list(value):
        for each in value:
            yield from _texts(each)


def _names(text: str) -> set[str]:
    if "{{" not in text:
        return set()
    try:
        return meta.find_undeclared_variables(jinja2.Environment(autoescape=True).parse(text))
    except jinja2.TemplateError:
        return set()
