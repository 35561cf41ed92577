"""Faults in the key ``environment`` of an agent: environment variables of its process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..checks import kind, read_as
from ..entries import Entry
from ..secret_references import is_reference
from . import secrets

KEY = "environment"
EXAMPLE = "{MODE: poll, API_TOKEN: {secret: a_name}}"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OURS = re.compile(
    r"(LIVEMON|OCS|SITE)_|(INSTANCE_ID|PATH|HOME|LANG|PYTHONUNBUFFERED|PYTHONDONTWRITEBYTECODE|PYTHONHOME)\Z"
)
"""What livemon, OCS or the image itself set."""


def of_agent(place: str, agent: Entry, agent_secrets: Any) -> Iterator[str]:
    """Every fault of an agent's environment; `agent_secrets` is the setting of that name."""
    environment = agent.get(KEY)
    if environment is None:
        return
    if not isinstance(environment, Mapping):
        yield f"{place}.{KEY}: this is {kind(environment)}; write a value for each variable, for example {EXAMPLE}"
        return
    for name, value in environment.items():
        where = f"{place}.{KEY}.{name}"
        if not isinstance(name, str) or not _NAME.match(name):
            yield (
                f"{place}.{KEY}: {name!r} is not a valid name of an environment variable; "
                "use letters, digits and '_', and do not start with a digit"
            )
        elif _OURS.match(name):
            yield f"{where}: this variable is set by livemon; leave it out"
        elif is_reference(value):
            yield from secrets.of_reference(where, value["secret"], secrets.AGENT_SECRETS, agent_secrets)
        else:
            yield from _value_faults(where, name, value)


def _value_faults(where: str, name: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool):
        yield f"{where}: {read_as(value)}; put what the agent should get in quotes"
    elif not isinstance(value, (str, int, float)):
        yield f'{where}: this is {kind(value)}; write text in quotes ("" for an empty value), a number or {{secret: name}}'
    elif not str(value).isprintable():
        yield f"{where}: this text has a line break or another control character; write it in one line"
    elif secrets.is_secret(f"--{name}", str(value)):
        yield (
            f"{where}: a secret is written here in plain text, where others could read it; write {name}: {{secret: a_name}}, "
            f"and under {secrets.AGENT_SECRETS} a_name: ..., preferably from Ansible Vault"
        )
