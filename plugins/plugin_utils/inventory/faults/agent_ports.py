"""Faults in the key ``ports`` of an agent: ports at which it listens, published on the machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..checks import Placed, kind, list_faults, repeats, unknown_keys
from ..entries import Entry, given, is_list
from .firewall import network_faults

KEY = "ports"
EXAMPLE = "{port: 8123, from: [192.0.2.7]}"
_KEYS = ("port", "at", "protocol", "from")
PROTOCOLS = ("tcp", "udp")
_TAKEN = {22: "sshd", 5000: "the quick-look page", 8001: "the router"}


def of_agent(place: str, agent: Entry, grafana_port: Any) -> Iterator[str]:
    """Every fault of an agent's ports; `grafana_port` is Grafana's."""
    entries = agent.get(KEY)
    yield from list_faults(f"{place}.{KEY}", entries, EXAMPLE)
    for where, entry in placed_ports(place, agent):
        yield from unknown_keys(where, entry, _KEYS)
        yield from _number_faults(where, entry)
        protocol = entry.get("protocol", "tcp")
        if protocol not in PROTOCOLS:
            yield f"{where}.protocol: {protocol!r} is not a protocol with ports; write tcp or udp"
        taken = _TAKEN | {int(grafana_port) if str(grafana_port).isdigit() else 0: "Grafana (grafana_port)"}
        if protocol == "tcp" and entry.get("port") in taken:
            yield (
                f"{where}.port: {entry['port']} is the port of {taken[entry['port']]}; "
                "write another one, and the agent's own under at"
            )
        if "from" in entry:
            yield from _source_faults(f"{where}.from", entry["from"])


def placed_ports(place: str, agent: Entry) -> list[Placed]:
    """Return the ports of an agent, each behind its place; what is not a mapping is left out."""
    entries = agent.get(KEY)
    return [
        (f"{place}.{KEY}[{number}]", given(entry))
        for number, entry in enumerate(entries if is_list(entries) else ())
        if isinstance(entry, Mapping)
    ]


def shared(ports: list[Placed]) -> Iterator[str]:
    """Every port of the machine that two agents, or two entries, have."""
    named = [
        (where, {"port": f"{each['port']}/{each.get('protocol', 'tcp')}"}) for where, each in ports if "port" in each
    ]
    yield from repeats(named, "port", str, "give each a port of its own, and write the agent's own under at")


def _number_faults(where: str, entry: Entry) -> Iterator[str]:
    if "port" not in entry:
        yield f"{where}.port is missing; write the port of the machine, as in {EXAMPLE}"
    for key in ("port", "at"):
        value = entry.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 65535:
            yield f"{where}.{key}: {value!r} is not a valid port; write a number from 1 to 65535"


def _source_faults(place: str, networks: Any) -> Iterator[str]:
    if not is_list(networks) or not networks:
        yield (
            f"{place}: this is {'an empty list' if is_list(networks) else kind(networks)}; write a list of networks or addresses, "
            "for example [192.0.2.7], or leave it out for programs on the machine itself"
        )
        return
    for number, text in enumerate(networks):
        yield from network_faults(f"{place}[{number}]", text, "write the networks of the lab")
