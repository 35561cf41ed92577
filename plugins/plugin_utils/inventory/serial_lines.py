"""Serial lines of the host that the inventory gives to an agent: where they are, and what its container may open."""

from __future__ import annotations

import re

from .entries import Entry

DIRECTORY = "/dev/livemon"
"""Holds the links to the devices that are found by serial number: the name of none of them can be taken by another device."""
USB_RULES = ("c 166:* rw", "c 188:* rw")
"""Device rules of a container for lines of the kernel's drivers cdc-acm (ttyACM) and usb-serial (ttyUSB).

Source: the kernel's Documentation/admin-guide/devices.txt.
"""


def path_of(device: Entry) -> str:
    """Return the path of a device, the same on the host and in the container."""
    return str(device["path"]) if "path" in device else f"{DIRECTORY}/{device['name']}"


def rules_of(device: Entry) -> tuple[str, ...]:
    """Return the device rules of a container that opens a device. A line of the mainboard, ttyS, has the minor number 64 and up."""
    onboard = re.fullmatch(r"/dev/ttyS(\d+)", path_of(device))
    return (f"c 4:{64 + int(onboard[1])} rw",) if onboard else USB_RULES
