"""The one place where livemon reads its environment, and how it reads files of settings.

Every ``LIVEMON_`` key stands in docs/architecture.md; what OCS defines is read where it is used. A missing or malformed one raises
:class:`livemon.errors.ConfigError` naming it.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, overload
from urllib.parse import urlsplit

import yaml

from livemon.errors import ConfigError

T = TypeVar("T")
D = TypeVar("D")
_REQUIRED = object()


@overload
def setting(name: str, *, default: str = ..., environ: Mapping[str, str] = ...) -> str: ...
@overload
def setting(name: str, cast: Callable[[str], T], *, environ: Mapping[str, str] = ...) -> T: ...
@overload
def setting(name: str, cast: Callable[[str], T], default: D, environ: Mapping[str, str] = ...) -> T | D: ...
def setting(
    name: str,
    cast: Callable[[str], Any] = str,
    default: Any = _REQUIRED,
    environ: Mapping[str, str] = os.environ,
) -> Any:
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


def yaml_content(text: str | bytes, place: str) -> Any:
    """Return what a YAML file says; `place` is what people call it.

    Raises
    ------
    ConfigError
        If it is not valid YAML.
    """
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{place} is not valid YAML: {' '.join(str(error).split())}") from error


def readable_file(text: str) -> Path:
    """Cast for :func:`setting`: the path of a file that can be read."""
    path = Path(text)
    try:
        with path.open("rb"):
            return path
    except OSError as error:
        raise ValueError((error.strerror or str(error)).lower()) from error


def secret(text: str) -> str:
    """Cast for :func:`setting`: what stands in the file whose path is given, without white space around it."""
    content = readable_file(text).read_bytes().decode().strip()
    if not content:
        raise ValueError("the file is empty")
    return content


def router_address(text: str) -> tuple[str, str, int]:
    """Cast for :func:`setting`: a router's URL, with its host and port; Twisted takes no underscore in a host name."""
    sentence = "write wss://host:port/ws, with a host name that has no underscore"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{error}; {sentence}") from error
    if parts.scheme != "wss" or not host or "_" in host:
        raise ValueError(sentence)
    return text, host, port or 443


def endpoint(text: str) -> tuple[str, int]:
    """Cast for :func:`setting`: ``host:port``."""
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isdigit() and int(port) < 65536):
        raise ValueError("write host:port, for example 127.0.0.1:5000")
    return host, int(port)


def seconds(text: str) -> float:
    """Cast for :func:`setting`: a duration."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ValueError("write a number of seconds, for example 60")
    return value


def one_of(*choices: str) -> Callable[[str], str]:
    """Make a cast for :func:`setting` that takes one of a few words."""

    def cast(text: str) -> str:
        if text not in choices:
            raise ValueError(f"write {' or '.join(choices)}")
        return text

    return cast


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
        url, host, port = setting("LIVEMON_ROUTER_URL", router_address, environ=environ)
        return cls(
            host=host,
            port=port,
            url=url,
            realm=setting("LIVEMON_ROUTER_REALM", default="test_realm", environ=environ),
            ca=setting("LIVEMON_ROUTER_CA", readable_file, environ=environ),
            user=setting("LIVEMON_ROUTER_USER", environ=environ),
            secret=setting("LIVEMON_ROUTER_SECRET_FILE", secret, environ=environ),
        )
