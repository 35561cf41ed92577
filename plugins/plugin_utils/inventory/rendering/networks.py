"""How a subnet is divided: fixed addresses are in its lower half, and Docker assigns those of the upper half."""

from __future__ import annotations

from ipaddress import ip_network


def host_address(subnet: str, number: int) -> str:
    """Return the `number`-th address of `subnet`; a ValueError if it is outside the lower half."""
    lower, _ = ip_network(subnet).subnets()
    return str(lower[number])


def dynamic_range(subnet: str) -> str:
    """Return the upper half of `subnet`."""
    _, upper = ip_network(subnet).subnets()
    return str(upper)
