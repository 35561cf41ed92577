"""Why ufw cannot be set up on a machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network


def client_address(ssh_connection: str) -> str:
    """Return the address of the client from sshd's ``SSH_CONNECTION``; empty if that is."""
    return next(iter(ssh_connection.split()), "")


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether a rule for `networks` admits `address`; without any network it admits all."""
    networks = list(networks)
    here = ip_address(address.partition("%")[0])
    return not networks or any(here in ip_network(text) for text in networks)


def files_with_docker_rules(lines: Iterable[str]) -> list[str]:
    """Return ufw's files that have rules for Docker's chain (DOCKER-USER) outside of livemon's former block.

    Parameters
    ----------
    lines
        The output of ``grep --with-filename --extended-regexp '^(# (BEGIN|END) livemon:|:DOCKER-USER)'``.
    """
    files: dict[str, None] = {}
    in_our_block = False
    for line in lines:
        file, _, text = line.partition(":")
        if text.startswith("# "):
            in_our_block = text.startswith("# BEGIN")
        elif not in_our_block:
            files[file] = None
    return list(files)


def problems(client: str, ssh_from: Iterable[str], docker_rules: Iterable[str]) -> Iterator[str]:
    """Yield why ufw cannot be set up.

    Parameters
    ----------
    client
        The address from which Ansible connects; empty if it does not connect by SSH.
    ssh_from
        The networks that SSH will be open to.
    docker_rules
        Lines of ufw's files, as for :func:`files_with_docker_rules`.
    """
    others = " and ".join(files_with_docker_rules(docker_rules))
    ssh_from = list(ssh_from)
    if client and not is_within(client, ssh_from):
        yield (
            f"allow_from.ssh ({', '.join(ssh_from)}) would lock out Ansible itself, which connects from {client}: add {client}, or a "
            "network that contains it."
        )
    if others:
        yield (
            f"{others} has rules for Docker (DOCKER-USER) that would override those of livemon: remove the block and run sudo ufw "
            "reload, or write firewall: false to keep it."
        )
