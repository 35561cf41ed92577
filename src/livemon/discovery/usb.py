"""What is on USB: sysfs says vendor, product and serial number without anything being sent; a serial line can be asked ``*IDN?``.

Source: the kernel's Documentation/ABI, sysfs-bus-usb; a device has its serial lines as ``1-2:1.0/ttyUSB0`` (usb-serial) or
``1-2:1.0/tty/ttyACM0`` (cdc-acm).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from livemon.discovery.identity import QUERY, Identity, Listener
from livemon.instruments import folders
from livemon.instruments.common.connection import SerialPort

SYSFS = Path("/sys")
LINE_SETTINGS = ((115200, 8, "N"), (57600, 7, "O"), (9600, 7, "O"))
"""Baud rate, data bits and parity, tried in turn: of a 240; of a 336, 372 and 425; of a 370. Source: their manuals."""
REPLY_SECONDS = 1.0
_TERMINATOR = b"\r\n"
"""Sent ahead of the query: it ends what an instrument has misread at another baud rate."""


@dataclass(frozen=True)
class Device:
    """A USB device of a manufacturer of instruments; `lines` are its serial lines, as ``/dev/ttyUSB0``."""

    vendor: str
    product: str
    serial: str
    name: str
    lines: tuple[str, ...]

    @property
    def number(self) -> str | None:
        """The model as an inventory writes it, or `None` if no model has these ids."""
        return next(
            (
                model.number
                for model in folders.models().values()
                if model.usb and (model.usb.vendor, model.usb.product) == (self.vendor, self.product)
            ),
            None,
        )


def devices(sysfs: Path = SYSFS) -> list[Device]:
    """Return the devices with a vendor id that a model here has, in the order of their places; empty without USB."""
    vendors = {model.usb.vendor for model in folders.models().values() if model.usb}
    return [
        Device(
            _text(place / "idVendor"),
            _text(place / "idProduct"),
            _text(place / "serial"),
            _text(place / "product"),
            tuple(_lines(place)),
        )
        for place in sorted((sysfs / "bus/usb/devices").glob("*"))
        if _text(place / "idVendor") in vendors
    ]


def adapter_of(line: str, sysfs: Path = SYSFS) -> str | None:
    """Return the serial number of the USB device that has a serial line, `None` if it has none or is not on USB."""
    place = (sysfs / "class/tty" / Path(os.path.realpath(line)).name / "device").resolve()
    return next(
        (
            serial
            for each in (place, *place.parents)
            if (each / "idVendor").exists() and (serial := _text(each / "serial"))
        ),
        None,
    )


def _lines(place: Path) -> Iterator[str]:
    for pattern in ("*:*/ttyUSB*", "*:*/tty/tty*"):
        yield from sorted(f"/dev/{line.name}" for line in place.glob(pattern))


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode(errors="replace").strip()
    except OSError:  # it has no such attribute, or was unplugged just now
        return ""


def users(line: str, proc: Path = Path("/proc")) -> list[int]:
    """Return the processes that have a serial line open, as far as this user may know."""
    target = os.path.realpath(line)
    return sorted({int(file.parent.parent.name) for file in proc.glob("[0-9]*/fd/*") if _leads_to(file, target)})


def _leads_to(file: Path, target: str) -> bool:
    try:
        return str(file.readlink()) == target
    except OSError:
        return False


def ask(line: str) -> Identity | None:
    """Ask on a serial line, at each of `LINE_SETTINGS` in turn; `None` if no instrument replies.

    Raises
    ------
    OSError
        If the line cannot be opened, or breaks.
    """
    return next((identity for setting in LINE_SETTINGS if (identity := _ask(line, *setting))), None)


def _ask(line: str, baud: int, bits: int, parity: str) -> Identity | None:
    port = SerialPort(line, baudrate=baud, bytesize=bits, parity=parity)
    try:
        listener, deadline = Listener(), time.monotonic() + REPLY_SECONDS
        port.send(_TERMINATOR + QUERY)
        while not listener.is_full and (left := deadline - time.monotonic()) > 0:
            if identity := listener.feed(port.receive(left)):
                return identity
        return listener.rest()
    finally:
        port.close()
