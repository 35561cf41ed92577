"""The arguments of an agent that need a secret, completed in this process: no command line or site config has them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from livemon.agents.site_config import Instance
from livemon.config import setting
from livemon.errors import ConfigError


def arguments(instance: Instance, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the agent's arguments that need a secret as words for its parser; empty if there are none.

    The site config has ``{secret: name}`` in place of the value, which is the content of ``$LIVEMON_AGENT_SECRETS/name``
    without white space around it. An option and its only value become one word, ``--password=...``: a value may begin with ``-``.

    Raises
    ------
    ConfigError
        If the directory or a file is missing or cannot be read. The message names the file, never the value.
    """
    words: list[str] = []
    for entry in instance.secret_arguments:
        values = [_value(word, instance, environ) for word in entry]
        words += ["=".join(values)] if len(values) == 2 and values[0].startswith("--") else values
    return words


def _value(word: object, instance: Instance, environ: Mapping[str, str]) -> str:
    if not isinstance(word, Mapping):
        return str(word)
    path = Path(setting("LIVEMON_AGENT_SECRETS", environ=environ)) / str(word.get("secret"))
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"agent {instance.instance_id}: cannot read its secret {path}: {error.strerror}") from error
