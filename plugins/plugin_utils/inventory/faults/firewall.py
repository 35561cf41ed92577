"""Faults in the setting ``allow_from``: the networks that the firewall admits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from ..checks import kind
from ..entries import Entry, is_list

KEY = "allow_from"
SERVICES = ("ssh", "grafana")
"""The services that have a list of networks."""


def faults(settings: Entry) -> Iterator[str]:
    """Every fault in the setting."""
    value = settings.get(KEY, {})
    if not isinstance(value, Mapping):
        yield f"{KEY}: this is {kind(value)}; write, for example, {{grafana: [192.0.2.0/24]}}"
        return
    for service, networks in value.items():
        place = f"{KEY}.{service}"
        if service not in SERVICES:
            yield f"{place}: unknown key; known keys: {', '.join(SERVICES)}"
        elif not is_list(networks) or not networks:
            yield (
                f"{place}: this is not a list of networks; "
                "write, for example, [192.0.2.0/24, fd00::/8], or leave it out to admit all"
            )
        else:
            for position, text in enumerate(networks):
                yield from network_faults(f"{place}[{position}]", text, "leave the list out to admit all")


def network_faults(place: str, text: Any, instead_of_all: str) -> Iterator[str]:
    """Every fault of a network or address; `instead_of_all` says what to write instead of one that is every address."""
    if not isinstance(text, str):
        yield f"{place}: {text!r} is {kind(text)}; write a network, for example 192.0.2.0/24"
        return
    try:
        network = ip_network(text)
    except ValueError:
        try:
            containing = ip_network(text, strict=False)
            yield f"{place}: {text!r} is an address within a network; write {containing}, or the address alone"
        except ValueError:
            yield (
                f"{place}: {text!r} is not a valid network; "
                "write an IP address, or a network with a prefix length, for example 192.0.2.0/24"
            )
    else:
        if network.prefixlen == 0:
            yield f"{place}: {text!r} is every address; {instead_of_all}"
