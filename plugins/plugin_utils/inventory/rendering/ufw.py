"""What ufw is to be told: the commands that make its rules, its policy and its state what they should be, and no others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from ..checks import is_list, kind

SERVICES = ("ssh", "grafana")
"""What `allow_from` has networks of."""
MARK = " comment 'livemon'"
"""How a rule of ours ends: only such rules are ever deleted."""
POLICIES = {"DROP": "deny", "ACCEPT": "allow", "REJECT": "reject"}


def of_site(settings: Mapping[str, Any]) -> Iterator[str]:
    """Every fault in the setting `allow_from`."""
    value = settings.get("allow_from", {})
    if not isinstance(value, Mapping):
        yield f"allow_from: this is {kind(value)}; write for example {{grafana: [192.0.2.0/24]}}"
        return
    for service, networks in value.items():
        place = f"allow_from.{service}"
        if service not in SERVICES:
            yield f"{place}: there is no such key; known here: {', '.join(SERVICES)}"
        elif not is_list(networks) or not networks:
            yield f"{place}: this is no list of networks; write for example [192.0.2.0/24, fd00::/8], or leave it out for everybody"
        else:
            for position, text in enumerate(networks):
                yield from _network_faults(f"{place}[{position}]", text)


def _network_faults(place: str, text: Any) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"{place}: {text!r} is {kind(text)}; write a network, for example 192.0.2.0/24"
        return
    try:
        found = ip_network(text)
    except ValueError:
        try:
            yield f"{place}: {text!r} is an address within a network; write {ip_network(text, strict=False)}, or the address alone"
        except ValueError:
            yield f"{place}: {text!r} is no network; write an address, or one with a length, for example 192.0.2.0/24"
    else:
        if found.prefixlen == 0:
            yield f"{place}: {text!r} is everybody; for that, leave the list out"


def source(way: str) -> str:
    """Return the address from which somebody comes, by sshd's SSH_CONNECTION; nothing where it was not said."""
    return next(iter(way.split()), "")


def is_within(address: str, networks: Iterable[str]) -> bool:
    """Whether a rule for `networks` is one for `address`; no network at all is any."""
    networks = list(networks)
    here = ip_address(address.partition("%")[0])
    return not networks or any(here in ip_network(text) for text in networks)


def files_with_docker_rules(lines: Iterable[str]) -> list[str]:
    """Return the files of ufw's that have rules for Docker's chain (DOCKER-USER) outside of livemon's former block.

    Parameters
    ----------
    lines
        What ``grep --with-filename --extended-regexp '^(# (BEGIN|END) livemon:|:DOCKER-USER)'`` prints.
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


def obstacles(source: str, ssh_from: Iterable[str], docker_rules: Iterable[str]) -> Iterator[str]:
    """Why ufw cannot be set up on a machine.

    Parameters
    ----------
    source
        The address from which Ansible comes, empty where it comes by another way than SSH.
    ssh_from
        The networks that SSH is to be open to.
    docker_rules
        Lines of ufw's files, as for :func:`files_with_docker_rules`.
    """
    others = " and ".join(files_with_docker_rules(docker_rules))
    ssh_from = list(ssh_from)
    if source and not is_within(source, ssh_from):
        yield (
            f"allow_from.ssh ({', '.join(ssh_from)}) would shut Ansible itself out, which comes from {source}: add {source}, or a "
            "network that it belongs to."
        )
    if others:
        yield (
            f"{others} has rules for Docker (DOCKER-USER) that would put those of livemon aside: take the block out and say sudo ufw "
            "reload, or write firewall: false to keep it."
        )


def settings(text: str) -> dict[str, Any]:
    """Return what ufw's files of settings say of its state and of its policy for incoming packets."""
    values = dict(re.findall(r"^(\w+)=[\"']?(\w+)", text, re.MULTILINE))
    return {
        "enabled": values.get("ENABLED", "no").lower() == "yes",
        "incoming": values.get("DEFAULT_INPUT_POLICY", "DROP").upper(),
    }


def changes(added: str, settings_now: str, wanted: Mapping[str, Any]) -> list[str]:
    """Return what to write behind ``ufw``, in an order in which nobody is shut out on the way.

    Parameters
    ----------
    added
        What ``ufw show added`` says.
    settings_now
        What ufw's files of settings say.
    wanted
        `rules`: ports, and the networks they are open to; `enabled` and `incoming` as of :func:`settings`.
    """
    there = [line.removeprefix("ufw ") for line in added.splitlines() if line.startswith("ufw ")]
    told = {rule.partition(" comment ")[0] for rule in there}
    rules = list(dict.fromkeys(rule for entry in wanted["rules"] for rule in _rules(entry)))
    now = settings(settings_now)
    turned = now["enabled"] != wanted["enabled"]
    return [
        *(["disable"] if turned and now["enabled"] else []),
        *(rule + MARK for rule in rules if rule not in told),
        *(_deletion(rule) for rule in there if rule.endswith(MARK) and rule.removesuffix(MARK) not in rules),
        *([f"default {POLICIES[wanted['incoming']]} incoming"] if now["incoming"] != wanted["incoming"] else []),
        *(["--force enable"] if turned and wanted["enabled"] else []),
    ]


def _rules(entry: Mapping[str, Any]) -> Iterator[str]:
    """The rules of a port, each as ``ufw show added`` will show it."""
    if not entry.get("from"):
        yield f"allow {entry['port']}/tcp"
    for text in entry.get("from") or ():
        found = ip_network(text)
        source = found.network_address if found.prefixlen == found.max_prefixlen else found
        yield f"allow from {source} to any port {entry['port']} proto tcp"


def _deletion(rule: str) -> str:
    """Return what takes back a rule of ours; those of routed packets have the word in another place."""
    return re.sub(r"^(route )?", r"\1delete ", rule.removesuffix(MARK), count=1)
