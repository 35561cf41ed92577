"""Subnets that the appliance is going to have for itself."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network

from .report import Report
from .requirements import Wanted


def problems(report: Report, wanted: Wanted) -> Iterator[str]:
    """Which subnets others have already."""
    fields = [line.split() for line in report["networks"].lines] if report["networks"].rc == 0 else []
    networks = [(name, f"br-{identity}", subnets) for name, identity, *subnets in fields]
    bridges = {bridge for _, bridge, _ in networks} | {"docker0"}
    for network in wanted.networks:
        subnet = IPv4Network(network["subnet"])
        holders = [
            f"Docker's network {name} ({text})"
            for name, _, subnets in networks
            for text in subnets
            if name != network["name"] and ":" not in text and subnet.overlaps(IPv4Network(text))
        ]
        holders += [
            f"the interface {device} ({text})"
            for text, device, direct in _routes(report)
            if device not in bridges and _takes(subnet, IPv4Network(text, strict=False), direct=direct)
        ]
        for holder in holders:
            yield (
                f"The subnet {subnet} of {network['name']} is that of {holder}: write another one of the lab's free ones, "
                f"{network['setting']}: 10.123.45.0/24 for example."
            )


def _routes(report: Report) -> Iterator[tuple[str, str, bool]]:
    """Destination and interface of each route, and whether it is a network that the machine itself is on."""
    for line in report["routes"].lines if report["routes"].rc == 0 else []:
        words = line.split()
        if words[0] != "default" and words[0][0].isdigit() and "dev" in words:
            yield words[0], words[words.index("dev") + 1], "via" not in words


def _takes(subnet: IPv4Network, other: IPv4Network, *, direct: bool) -> bool:
    # A wide route by a gateway, as of a VPN, loses against the bridge's own; what is within the subnet is lost with it.
    return subnet.overlaps(other) and (direct or other.subnet_of(subnet))
