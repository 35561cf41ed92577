"""What the inventory says, as the run rendered it on the monitor: OCS's site config."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import os
import re
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from livemon.config import yaml_content
from livemon.errors import ConfigError
from livemon.instruments import folders
from livemon.instruments.model import Model

_HOST = re.compile(r"(?:\w+://)?([\w.-]+?)(?::(\d+))?(?:/.*)?")
"""A host, with a port or as part of a URL."""


@dataclass(frozen=True)
class Expected:
    """An instrument of the inventory.

    Attributes
    ----------
    number
        Its model, as an inventory writes it.
    serial
        Empty if its agent is not told.
    host, port
        `None` on USB; the host is as the inventory writes it.
    ip
        The host's address, `None` if it has none.
    simulated
        Whether it is a simulator of livemon's, which cannot be reached from outside.
    """

    id: str
    number: str
    serial: str
    host: str | None = None
    port: int | None = None
    ip: str | None = None
    simulated: bool = False

    @property
    def place(self) -> str:
        """Where it should be, in words."""
        return f"{self.host} port {self.port}" if self.host else "USB"


@dataclass(frozen=True)
class Site:
    """The instruments of a site config, and the places that its agents use, each with the ids of these agents.

    A place is a host, by its IP address, or the path of a serial line.
    """

    instruments: tuple[Expected, ...] = ()
    used: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def user_of(self, place: str, running: Collection[str]) -> str | None:
        """Return which running agent uses a host, by its IP address, or a serial line; `None` if none does."""
        return min(self.used.get(place, frozenset()) & set(running), default=None)

    def with_serials(self, serials: Mapping[str, str]) -> Site:
        """Return it with the serial numbers that its agents are not told, given by the id of the instrument."""
        completed = (replace(each, serial=each.serial or serials.get(each.id, "")) for each in self.instruments)
        return replace(self, instruments=tuple(completed))

    @property
    def ids(self) -> set[str]:
        """The ids of all instruments, and of all agents that use a place."""
        return {each.id for each in self.instruments}.union(*self.used.values())


def from_environment(environ: Mapping[str, str] = os.environ) -> Site | None:
    """Read ``$OCS_CONFIG_DIR/default.yaml``; `None` if the variable is not set, as on a computer that is not a monitor.

    Raises
    ------
    ConfigError
        If it cannot be read.
    """
    directory = environ.get("OCS_CONFIG_DIR")
    if not directory:
        return None
    path = Path(directory) / "default.yaml"
    try:
        return read(path.read_text(), str(path))
    except OSError as error:
        raise ConfigError(f"cannot read the site config {path}: {error.strerror}") from error


def read(text: str, place: str) -> Site:
    """Read a site config.

    Raises
    ------
    ConfigError
        If it is not one.
    """
    content = yaml_content(text, place)
    try:
        entries = [entry for host in content["hosts"].values() for entry in host.get("agent-instances") or []]
        agents = [(str(entry["instance-id"]), str(entry["agent-class"]), list(_pairs(entry))) for entry in entries]
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{place} is not a site config: {type(error).__name__}: {error}") from error
    models = {model.agent_class: model for model in folders.models().values()}
    instruments = tuple(_instrument(name, models[kind], options) for name, kind, options in agents if kind in models)
    used: dict[str, frozenset[str]] = {}
    for used_place, name in [*_used(agents), *((each.ip, each.id) for each in instruments if each.ip)]:
        used[used_place] = used.get(used_place, frozenset()) | {name}
    return Site(instruments, used)


def _pairs(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield options and their first value, of arguments in either form that OCS takes: in lists, or one after the other."""
    words: list[str] = []
    for argument in entry.get("arguments") or []:
        words += map(str, argument) if isinstance(argument, list) else [str(argument)]
    for option, value in itertools.pairwise([*words, ""]):
        if option.startswith("--"):
            name, equals, inline = option.partition("=")
            yield name, inline if equals else value


def _instrument(name: str, model: Model, options: Iterable[tuple[str, str]]) -> Expected:
    given = dict(options)
    serial = given.get(model.serial_option or "", "")
    value = given.get(model.network_option("")[0], "")
    for device in (value, given.get(model.usb.option("")[0], "") if model.usb else ""):
        if device.startswith("/dev/"):
            return Expected(name, model.number, serial or device.removeprefix("/dev/"))
    match = _HOST.fullmatch(value)
    host, port = (match[1], match[2]) if match else (value, None)
    simulated = host == f"simulator-{name}"
    ip = None if simulated else resolved(host)
    return Expected(name, model.number, serial, host, int(port or model.port), ip, simulated)


def _used(agents: Iterable[tuple[str, str, list[tuple[str, str]]]]) -> Iterator[tuple[str, str]]:
    """Yield the hosts, by their IP addresses, and the devices that agents of any class are told, each with the agent's id."""
    for name, _, options in agents:
        for _option, value in options:
            if value.startswith("/dev/"):
                yield os.path.realpath(value), name
            elif (match := _HOST.fullmatch(value)) and "." in match[1] and (host := resolved(match[1])):
                yield host, name


def resolved(host: str) -> str | None:
    """Return the IPv4 address of a host, `None` if it has none."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.IPv4Address(host))
    if re.fullmatch(r"[\d.]+", host):  # a number with a point, which a resolver would take for an address
        return None
    try:
        return str(socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0])
    except (OSError, UnicodeError):
        return None
