"""How a subnet is shared out: fixed addresses in its lower half, those that Docker gives out in the upper."""

from __future__ import annotations

from ipaddress import ip_network


def host_address(subnet: str, number: int) -> str:
    """Return the `number`-th address of `subnet`; a ValueError where it lies outside the lower half."""
    lower, _ = ip_network(subnet).subnets()
    return str(lower[number])


def dynamic_range(subnet: str) -> str:
    """Return the upper half of `subnet`."""
    _, upper = ip_network(subnet).subnets()
    return str(upper)
