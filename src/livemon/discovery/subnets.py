"""Which addresses may be asked: those of subnets that are written out, and not too many."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

MOST_ADDRESSES = 1024
"""Linux keeps 1024 neighbors unless told otherwise (``net.ipv4.neigh.default.gc_thresh3``); more unanswered addresses at a time
would crowd out the ones that the monitor talks to."""
_EXAMPLE = "172.16.127.0/24"


def addresses(subnets: Iterable[str]) -> list[str]:
    """Return the addresses of hosts in some subnets, each once, in their order.

    Raises
    ------
    ValueError
        One sentence: what is wrong with a subnet, or that they have more than `MOST_ADDRESSES`, and what to write.
    """
    networks = [_network(text) for text in subnets]
    number = sum(max(1, network.num_addresses - 2) for network in networks)
    if number > MOST_ADDRESSES:
        written = " and ".join(map(str, networks))
        raise ValueError(
            f"{written} {'has' if len(networks) == 1 else 'have'} {number} addresses, and at most {MOST_ADDRESSES} are asked at a "
            f"time (a /22 has 1022): write the part of the network where the instruments are, for example {_part(networks[0])}"
        )
    return list(dict.fromkeys(str(host) for network in networks for host in network.hosts()))


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a valid subnet: write, for example, {_EXAMPLE}") from None
    if not isinstance(network, ipaddress.IPv4Network):
        raise ValueError(  # noqa: TRY004 - it is what was written that is wrong
            f"{text!r} is IPv6, and the instruments' drivers support only IPv4: write, for example, {_EXAMPLE}"
        )
    return network


def _part(network: ipaddress.IPv4Network) -> ipaddress.IPv4Network:
    return next(network.subnets(new_prefix=24)) if network.prefixlen < 24 else network
