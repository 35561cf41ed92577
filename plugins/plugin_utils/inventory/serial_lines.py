"""Serial lines of the host that agents read: where they are, and what the container of an agent may open."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypedDict

from .entries import Entry

DIRECTORY = "/dev/livemon"
"""Holds the links to the devices that are found by serial number: the name of none of them can be taken by another device."""
USB_RULES = ("c 166:* rw", "c 188:* rw")
"""Device rules of a container for lines of the kernel's drivers cdc-acm (ttyACM) and usb-serial (ttyUSB).

Source: the kernel's Documentation/admin-guide/devices.txt.
"""


class SerialLine(TypedDict):
    """A serial line on USB that gets the permanent path `path`.

    It is found by the serial number of its device, and by the USB interface of a device with several lines.
    """

    serial: str
    interface: int | None
    path: str


def of_agents(agents: Iterable[Entry]) -> list[SerialLine]:
    """Return the serial lines that agents find by serial number."""
    return [
        {"serial": device["serial"], "interface": device.get("interface"), "path": path_of(device)}
        for agent in agents
        for device in agent.get("devices") or []
        if device.get("serial")
    ]


def of_instruments(instruments: Iterable[Entry]) -> list[SerialLine]:
    """Return the serial lines of instruments with an RS-232 port, each found by the serial number of its USB adapter."""
    return [
        {"serial": instrument["usb_adapter"], "interface": None, "path": f"/dev/{instrument['serial']}"}
        for instrument in instruments
        if instrument.get("usb_adapter")
    ]


def path_of(device: Entry) -> str:
    """Return the path of a device, the same on the host and in the container."""
    return str(device["path"]) if "path" in device else f"{DIRECTORY}/{device['name']}"


def rules_of(device: Entry) -> tuple[str, ...]:
    """Return the device rules of a container that opens a device. A line of the mainboard, ttyS, has the minor number 64 and up."""
    onboard = re.fullmatch(r"/dev/ttyS(\d+)", path_of(device))
    return (f"c 4:{64 + int(onboard[1])} rw",) if onboard else USB_RULES
