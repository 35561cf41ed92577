"""Secrets of agents: ``{secret: name}`` stands where one belongs, and its value under ``agent_secrets``.

On the machine a value is in one file, which only the agent that needs it can read. The site config, which is not secret, has the
arguments that need one under ``secret-arguments``, and the environment variables under ``secret-environment``, with the reference in
place; our launcher reads the file when it starts the agent (livemon.agents.agent_secrets).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

from ..entries import Entry
from ..secret_references import is_reference, secrets_in

Words = list[Any]
"""The words of one argument: texts, and references to secrets."""


class SecretFile(TypedDict):
    """A file to write: for which agent, its path (``<the agent's id>/<name>``), and its content."""

    agent: str
    file: str
    value: str


def split(arguments: Iterable[Iterable[Any]]) -> tuple[list[Words], list[Words]]:
    """Return the arguments as text that need no secret, and those that do, with their references."""
    plain: list[Words] = []
    secret: list[Words] = []
    for words in arguments:
        rendered = [dict(word) if is_reference(word) else str(word) for word in words]
        (secret if any(map(is_reference, rendered)) else plain).append(rendered)
    return plain, secret


def environment(agent: Entry) -> dict[str, dict[str, str]]:
    """Return the environment variables that need a secret, with their references."""
    return {name: dict(value) for name, value in (agent.get("environment") or {}).items() if is_reference(value)}


def files(agents: Iterable[Entry], secrets: Entry) -> list[SecretFile]:
    """Return the files to write, one for each secret of each agent."""
    return [
        {"agent": agent["id"], "file": f"{agent['id']}/{name}", "value": str(secrets[name])}
        for agent in agents
        for name in dict.fromkeys(secrets_in([agent.get("arguments"), agent.get("environment")]))
    ]
