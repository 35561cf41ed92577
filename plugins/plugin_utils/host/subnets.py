"""Subnets that the appliance needs for itself."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from .report import Report
from .requirements import Requirements


def problems(report: Report, needed: Requirements) -> Iterator[str]:
    """Yield which subnets are already in use."""
    fields = [line.split() for line in report["networks"].lines] if report["networks"].rc == 0 else []
    networks = [(name, f"br-{identity}", subnets) for name, identity, *subnets in fields]
    bridges = {bridge for _, bridge, _ in networks} | {"docker0"}
    for network in needed.networks:
        subnet = IPv4Network(network["subnet"])
        holders = [
            f"Docker's network {name} ({text})"
            for name, _, subnets in networks
            for text in subnets
            if name != network["name"] and ":" not in text and subnet.overlaps(IPv4Network(text))
        ]
        holders += [
            f"the interface {device} ({text})"
            for text, device, is_connected in _routes(report)
            if device not in bridges and _conflicts(subnet, IPv4Network(text, strict=False), is_connected=is_connected)
        ]
        for holder in holders:
            yield (
                f"The subnet {subnet} of {network['name']} overlaps with {holder}: write another one that is free in the lab, "
                f"for example {network['setting']}: 10.123.45.0/24."
            )


def _routes(report: Report) -> Iterator[tuple[str, str, bool]]:
    """Yield destination and interface of each route, and whether the machine is connected to that network directly."""
    for line in report["routes"].lines if report["routes"].rc == 0 else []:
        words = line.split()
        if words[0] != "default" and words[0][0].isdigit() and "dev" in words:
            yield words[0], words[words.index("dev") + 1], "via" not in words


def _conflicts(subnet: IPv4Network, other: IPv4Network, *, is_connected: bool) -> bool:
    # A wider route through a gateway, such as a VPN's, stays usable beside the bridge's own; one within the subnet does not.
    return subnet.overlaps(other) and (is_connected or other.subnet_of(subnet))
