"""The one place where livemon reads its environment.

Every key stands in docs/architecture.md. A missing or malformed one raises
:class:`livemon.errors.ConfigError` naming it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from livemon.errors import ConfigError

T = TypeVar("T")
_REQUIRED = object()


def setting(
    name: str,
    cast: Callable[[str], T] = str,
    default: T | object = _REQUIRED,
    environ: Mapping[str, str] = os.environ,
) -> T:
    """One environment variable, cast.

    Raises
    ------
    ConfigError
        If the variable is missing (or empty) and has no default, or if `cast` refuses it with a `ValueError`.
    """
    text = environ.get(name, "")
    if not text:
        if default is _REQUIRED:
            raise ConfigError(f"the environment variable {name} is not set")
        return default
    try:
        return cast(text)
    except ValueError as error:
        raise ConfigError(f"the environment variable {name} is {text!r}: {error}") from error


def existing_file(text: str) -> Path:
    """Cast for :func:`setting`: the path of a readable file."""
    path = Path(text)
    if not path.is_file():
        raise ValueError("no such file")
    return path


def endpoint(text: str) -> tuple[str, int]:
    """Cast for :func:`setting`: ``host:port``."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise ValueError("write host:port, for example 127.0.0.1:5000")
    return host, int(port)


@dataclass(frozen=True)
class RouterConfig:
    """How a process joins the router: TLS verified against `ca`, WAMP-CRA as `user` with `secret`."""

    host: str
    port: int
    url: str
    realm: str
    ca: Path
    user: str
    secret: str = field(repr=False)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> RouterConfig:
        """Read the ``LIVEMON_ROUTER_*`` keys.

        Raises
        ------
        ConfigError
            Naming the first key that is missing or malformed.
        """
        url = setting("LIVEMON_ROUTER_URL", environ=environ)
        parts = urlsplit(url)
        if parts.scheme != "wss" or not parts.hostname or "_" in parts.hostname:
            raise ConfigError(
                f"LIVEMON_ROUTER_URL is {url!r}: write wss://host:port/ws, with a host name that has no underscore"
            )
        secret_file = setting("LIVEMON_ROUTER_SECRET_FILE", existing_file, environ=environ)
        return cls(
            host=parts.hostname,
            port=parts.port or 443,
            url=url,
            realm=setting("LIVEMON_ROUTER_REALM", default="test_realm", environ=environ),
            ca=setting("LIVEMON_ROUTER_CA", existing_file, environ=environ),
            user=setting("LIVEMON_ROUTER_USER", environ=environ),
            secret=secret_file.read_text().strip(),
        )
