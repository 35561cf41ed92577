"""The secrets of an agent, put in place in this process: no command line, site config or compose file has them.

Where one belongs, the site config has ``{secret: name}`` instead of the value, which is the content of
``$LIVEMON_AGENT_SECRETS/name`` without white space around it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from livemon.agents.site_config import Instance
from livemon.config import setting
from livemon.errors import ConfigError


def arguments(instance: Instance, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the agent's arguments that need a secret as words for its parser; empty if there are none.

    An option and its only value become one word, ``--password=...``: a value may begin with ``-``.

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


def environment(instance: Instance, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the agent's environment variables that need a secret, by name; empty if there are none.

    A process that sets them for itself does not show them in ``/proc/PID/environ``, which holds those that it was started with.

    Raises
    ------
    ConfigError
        As for `arguments`.
    """
    return {name: _value(reference, instance, environ) for name, reference in instance.secret_environment.items()}


def _value(word: object, instance: Instance, environ: Mapping[str, str]) -> str:
    if not isinstance(word, Mapping):
        return str(word)
    path = Path(setting("LIVEMON_AGENT_SECRETS", environ=environ)) / str(word.get("secret"))
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(f"agent {instance.instance_id}: cannot read its secret {path}: {error.strerror}") from error
