"""Lines of an inventory for instruments that were found, to be pasted: valid YAML, whatever the instruments call themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import yaml

from livemon.discovery.found import Found
from livemon.instruments import folders

_SERIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
"""What an inventory takes for a serial number."""


def text(found: Iterable[Found], ids: Mapping[str, str], taken: Collection[str] = ()) -> str:
    """Return the setting ``instruments`` with everything that was found; what livemon cannot read is a comment.

    Parameters
    ----------
    found
        An instrument that appears twice, for example on USB and in the network, is written once, by its first appearance.
    ids
        The ids of instruments that the inventory has already, by serial number.
    taken
        All ids that the inventory uses.
    """
    once = list({(each.number, each.model, each.serial): each for each in reversed(list(found))}.values())[::-1]
    chosen = dict(ids)
    lines: list[str] = []
    for each in once:
        reason = fault(each)
        if reason:
            lines.append(f"  # {_printable(each.name)} at {each.place}: {reason}")
            continue
        chosen.setdefault(each.serial, new_id(each, {*taken, *chosen.values()}))
        about = [f"firmware {_printable(each.firmware)}"] if each.firmware else []
        about += [f"its agent {each.told_by} says so"] if each.told_by else []
        lines.append(f"  - {line(each, chosen[each.serial])}{'  # ' if about else ''}{', '.join(about)}")
    if any(written.startswith("  -") for written in lines):
        return "\n".join(["instruments:", *lines]) + "\n"
    return "\n".join(["instruments: []", *lines]) + "\n"


def line(found: Found, name: str) -> str:
    """Return the entry of an instrument that livemon can read, as one line of YAML."""
    dumped = yaml.safe_dump(entry(found, name), default_flow_style=True, sort_keys=False, width=1000)
    # An inventory takes the number too, and people write it so.
    return dumped.strip().replace(f"model: '{found.number}'", f"model: {found.number}")


def entry(found: Found, name: str) -> dict[str, Any]:
    """Return the entry of an instrument that livemon can read."""
    content = {"model": found.number, "id": name, "serial": found.serial}
    if found.address:
        return content | {"address": found.address}
    return content | ({"usb_adapter": found.adapter} if _has_adapter_only(found) else {})


def new_id(found: Found, taken: Collection[str]) -> str:
    """Return an id that is not taken. It does not come from the serial number: another box may take over the id one day."""
    first = f"ls{found.number}"
    return next(
        name for name in (first, *(f"{first}-{count}" for count in range(2, len(taken) + 3))) if name not in taken
    )


def fault(found: Found) -> str | None:
    """Return why an instrument cannot be in an inventory as it was found, `None` if it can."""
    if found.number is None:
        return f"livemon cannot read this model; it reads {', '.join(folders.models())}"
    model = folders.models()[found.number]
    if not _SERIAL.fullmatch(found.serial):
        return f"{found.serial!r} cannot be a serial number in an inventory"
    if _has_adapter_only(found) and not _SERIAL.fullmatch(found.adapter or ""):
        return "its USB adapter has no serial number; use one that has, or a serial-to-network converter"
    if found.on_usb and model.line_option is None:
        return f"livemon reads a {model.number} over the network: connect it there, and write its address"
    # An agent that is told a host alone knows the port.
    has_fixed_port = model.usb is None and model.network_option("host")[1] == "host"
    if not found.on_usb and has_fixed_port and found.port != model.port:
        return f"livemon reads a {model.number} on port {model.port} only"
    return None


def _has_adapter_only(found: Found) -> bool:
    """Whether an instrument is on a serial line that is found by the serial number of its adapter."""
    return found.on_usb and found.number is not None and folders.models()[found.number].adapter_option is not None


def _printable(told: str) -> str:
    return re.sub(r"[^ -~]", "?", told)
