"""Secrets among the arguments of agents: ``{secret: name}`` stands where one belongs, and its value under ``agent_secrets``.

A value stands in one file on the machine, which only the agent that needs it can read. The site config, which is not secret, has
the arguments that need one under ``secret-arguments``, with the reference in place; our launcher reads the file when it starts
the agent (livemon.agents.secret_arguments).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .checks import is_list
from .secret_references import is_reference, of_reference, of_secrets, secrets_in

Entry = Mapping[str, Any]

KEY = "agent_secrets"
_OPTION = re.compile(
    r"--?([a-z0-9_-]*[_-])?((user)?pass(w(o(rd?)?)?|wd|phrase|code)?|pwd|(auth)?token|secret|credentials?"
    r"|(api|private|secret|access|auth)[_-]?key)\Z",
    re.I,
)
"""Options of agents whose value nobody else should read, also where they are shortened, as OCS lets them be."""
_IN_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://[^/@\s]*:[^/@\s]+@", re.I)


def split(arguments: Iterable[list]) -> tuple[list[list], list[list]]:
    """Return the arguments as texts that need no secret, and those that do, with their references."""
    texts: tuple[list[list], list[list]] = ([], [])
    for words in arguments:
        needs_secret = any(is_reference(word) for word in words)
        texts[needs_secret].append([dict(word) if is_reference(word) else str(word) for word in words])
    return texts


def files(agents: Iterable[Entry], secrets: Entry) -> list[dict]:
    """Return the files to write, one for each secret of each agent: ``{"agent", "file": "<its id>/<name>", "value"}``."""
    return [
        {"agent": agent["id"], "file": f"{agent['id']}/{name}", "value": str(secrets[name])}
        for agent in agents
        for name in dict.fromkeys(secrets_in(agent.get("arguments") or []))
    ]


def of_site(settings: Entry) -> Iterator[str]:
    """What is wrong with ``agent_secrets``. No value is repeated."""
    yield from of_secrets(KEY, settings.get(KEY), "power_strip")


def of_arguments(place: str, arguments: list, secrets: Any) -> Iterator[str]:
    """What is wrong with the secrets among one agent's arguments; `secrets` are those of the site."""
    option: object = ""
    for words in arguments:
        if words and str(words[0]).startswith("-"):
            option = ""  # else it is the value of the list before: OCS makes one line of all
        for word in words:
            if is_reference(word):
                yield from of_reference(place, word["secret"], KEY, secrets)
            elif isinstance(word, Mapping) or is_list(word):
                yield f"{place}: a word of an argument is a text, a number or {{secret: name}}, and one here is not"
            elif _is_secret(str(option), str(word)):
                first = str(word).partition("=")[0]
                name = first if _OPTION.match(first) else option or first
                yield (
                    f"{place}: a secret is written here, where others would read it; write [{name}, {{secret: a_name}}], "
                    f"and under {KEY} a_name: ..., best from Ansible Vault"
                )
            option = word


def _is_secret(option: str, word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(_OPTION.match(option) or (equals and _OPTION.match(name)) or _IN_ADDRESS.match(word))
