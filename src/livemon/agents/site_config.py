"""OCS's site config as the launcher needs it, with an error message for each possible fault."""

from __future__ import annotations

import difflib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from livemon.config import setting
from livemon.errors import ConfigError


@dataclass(frozen=True)
class Instance:
    """One agent of the site config."""

    instance_id: str
    agent_class: str
    host: str
    open_operations: tuple[str, ...] = ()
    """Patterns of the operations that everyone may start and stop (``open-operations``, which upstream ignores)."""
    secret_arguments: tuple[tuple[object, ...], ...] = ()
    """Arguments with ``{secret: name}`` among their words (``secret-arguments``, ignored likewise): see agent_secrets.py."""
    own_file: str | None = None
    """The name of the file that has its code, if the lab has written it (``own-agent``, ignored likewise): see classes.py."""
    secret_environment: Mapping[str, object] = field(default_factory=dict)
    """Environment variables whose value is ``{secret: name}`` (``secret-environment``, likewise)."""


def find_instance(instance_id: str, environ: Mapping[str, str] = os.environ) -> Instance:
    """Find an agent in ``$OCS_CONFIG_DIR/default.yaml``, under the host ``$SITE_HOST``.

    Without ``SITE_HOST`` the host is this machine's name; a host that is not in the file is looked up as ``localhost``, as
    upstream does.

    Raises
    ------
    ConfigError
        Naming the variable, file or key that is missing or wrong.
    """
    path = Path(setting("OCS_CONFIG_DIR", environ=environ)) / "default.yaml"
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read the site config {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the site config {path} is not valid YAML: {' '.join(str(error).split())}") from error
    try:
        hosts = content["hosts"]
        name: str = setting("SITE_HOST", default=socket.gethostname(), environ=environ)
        host = name if name in hosts else "localhost"
        if host not in hosts:
            raise ConfigError(f"{path} has no host {name!r}: set SITE_HOST to one of {', '.join(sorted(hosts))}")
        instances = {
            entry["instance-id"]: Instance(
                entry["instance-id"],
                entry["agent-class"],
                host,
                tuple(entry.get("open-operations") or ()),
                tuple(tuple(words) for words in entry.get("secret-arguments") or ()),
                (entry.get("own-agent") or {}).get("file"),
                dict(entry.get("secret-environment") or {}),
            )
            for entry in hosts[host]["agent-instances"]
        }
    except (KeyError, TypeError) as error:
        raise ConfigError(f"{path} is not a site config: {type(error).__name__}: {error}") from error
    if instance_id not in instances:
        near = difflib.get_close_matches(instance_id, instances, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        known = ", ".join(sorted(instances)) or "none"
        raise ConfigError(f"{path}, host {host}: no agent {instance_id!r}{hint} Known are {known}")
    return instances[instance_id]
