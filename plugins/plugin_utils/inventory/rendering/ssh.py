"""Remote access to a monitor, as an entry of ssh's configuration: the options of Ansible's own connection, and the tunnel."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

OPTIONS = {
    "hostname": "HostName",
    "user": "User",
    "port": "Port",
    "proxyjump": "ProxyJump",
    "proxycommand": "ProxyCommand",
    "identityfile": "IdentityFile",
    "identitiesonly": "IdentitiesOnly",
    "certificatefile": "CertificateFile",
    "userknownhostsfile": "UserKnownHostsFile",
    "hostkeyalias": "HostKeyAlias",
}
"""The options of ssh that say how to reach a machine, in their usual order."""
ALWAYS = {"hostname", "user", "port"}
LOOPBACK = "localhost"


def entry(alias: str, effective: str, default: str, forwards: Iterable[Sequence[int]]) -> str:
    """Return the entry of ``~/.ssh/config`` for a monitor.

    Parameters
    ----------
    alias
        What people type after ``ssh``.
    effective
        The output of ``ssh -G`` for the connection that Ansible uses, wherever its options come from.
    default
        The output of ``ssh -G`` for any other machine: what is the same there need not be written.
    forwards
        The local and the remote port of each tunnel.
    """
    lines = [f"Host {alias}", *(f"    {name} {_quoted(value)}" for name, value in _connection(effective, default))]
    lines += [f"    LocalForward {local} {LOOPBACK}:{remote}" for local, remote in forwards]
    # A local port in use is then an error at once, not a page that does not load.
    return "\n".join([*lines, "    ExitOnForwardFailure yes", "    ServerAliveInterval 15"]) + "\n"


def command(effective: str, default: str, forwards: Iterable[Sequence[int]]) -> str:
    """Return the one command that opens the tunnel without an entry. Parameters as for :func:`entry`."""
    words = ["ssh", "-N"]
    for local, remote in forwards:
        words += ["-L", f"{local}:{LOOPBACK}:{remote}"]
    connection = _connection(effective, default)
    target = {name: value for name, value in connection if name in {"HostName", "User"}}
    for name, value in connection:
        if name == "Port":
            words += ["-p", value] if value != "22" else []
        elif name == "ProxyJump":
            words += ["-J", value]
        elif name not in target:
            words += ["-o", f"{name}={_quoted(value)}"]
    return shlex.join([*words, f"{target['User']}@{target['HostName']}"])


def _connection(effective: str, default: str) -> list[tuple[str, str]]:
    """Return the options of the connection: those of any entry, and those that differ from any other machine's."""
    options, usual = _options(effective), _options(default)
    return [
        (name, value)
        for key, name in OPTIONS.items()
        if key in ALWAYS or options.get(key) != usual.get(key)
        for value in options.get(key, [])
    ]


def _quoted(value: str) -> str:
    return f'"{value}"' if value.startswith(("/", "~")) and " " in value else value


def _options(text: str) -> dict[str, list[str]]:
    options: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if value and value != "none":
            options.setdefault(key.lower(), []).append(value)
    return options
