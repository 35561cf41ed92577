"""The way to a monitor from afar, as an entry of ssh's configuration: what Ansible's own connection uses, and the tunnel."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence

KEPT = {
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
"""What of ssh's options leads to a machine, in the order in which people write them."""
ALWAYS = {"hostname", "user", "port"}
LOOPBACK = "localhost"


def entry(alias: str, effective: str, default: str, forwards: Iterable[Sequence[int]]) -> str:
    """Return the entry of ``~/.ssh/config`` for a monitor.

    Parameters
    ----------
    alias
        What people type behind ``ssh``.
    effective
        What ``ssh -G`` says of the connection that Ansible uses, whatever it has its options from.
    default
        What ``ssh -G`` says of any other machine: what is the same there need not be written.
    forwards
        Port here and port there, of each tunnel.
    """
    lines = [f"Host {alias}", *(f"    {name} {_quoted(value)}" for name, value in _way(effective, default))]
    lines += [f"    LocalForward {here} {LOOPBACK}:{there}" for here, there in forwards]
    # A port that is taken here is told at once, not by a page that does not come.
    return "\n".join([*lines, "    ExitOnForwardFailure yes", "    ServerAliveInterval 15"]) + "\n"


def command(effective: str, default: str, forwards: Iterable[Sequence[int]]) -> str:
    """Return the one command that opens the tunnel without any entry. Parameters as of :func:`entry`."""
    words = ["ssh", "-N"]
    for here, there in forwards:
        words += ["-L", f"{here}:{LOOPBACK}:{there}"]
    way = _way(effective, default)
    target = {name: value for name, value in way if name in {"HostName", "User"}}
    for name, value in way:
        if name == "Port":
            words += ["-p", value] if value != "22" else []
        elif name == "ProxyJump":
            words += ["-J", value]
        elif name not in target:
            words += ["-o", f"{name}={_quoted(value)}"]
    return shlex.join([*words, f"{target['User']}@{target['HostName']}"])


def _way(effective: str, default: str) -> list[tuple[str, str]]:
    """Return what leads to the machine: what any entry has, and what is not as for any other machine."""
    options, usual = _options(effective), _options(default)
    return [
        (name, value)
        for key, name in KEPT.items()
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
