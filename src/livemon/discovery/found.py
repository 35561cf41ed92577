"""An instrument that was found, and where."""

from __future__ import annotations

from dataclasses import dataclass

from livemon.instruments import folders


@dataclass(frozen=True)
class Found:
    """An instrument that was found.

    Attributes
    ----------
    manufacturer, model
        As it calls itself.
    number
        The model as an inventory writes it, `None` if livemon does not know it.
    serial
        Empty if it has none.
    firmware
        Empty if it was not asked.
    host, port
        Where it is in the network, `None` on USB.
    line
        Its serial line, `None` in the network or if the kernel has made none.
    adapter
        The serial number of the USB adapter that its RS-232 port is connected to, `None` if it has none.
    told_by
        The id of the agent that knows it; it was not asked itself then.
    """

    manufacturer: str
    model: str
    number: str | None
    serial: str
    firmware: str = ""
    host: str | None = None
    port: int | None = None
    line: str | None = None
    adapter: str | None = None
    told_by: str | None = None

    @property
    def on_usb(self) -> bool:
        """Whether it is on USB, or on another serial line."""
        return self.host is None

    @property
    def name(self) -> str:
        """What people call it: ``Lake Shore 372 LSA22YG``."""
        known = folders.models()[self.number].name if self.number else f"{self.manufacturer} {self.model}".strip()
        return f"{known} {self.serial}".strip()

    @property
    def place(self) -> str:
        """Where it is, in words."""
        if self.host is not None:
            return f"{self.host} port {self.port}"
        return f"USB ({self.line})" if self.line else "USB"

    @property
    def address(self) -> str | None:
        """Its address as an inventory writes it, `None` on USB."""
        if self.host is None:
            return None
        own_port = folders.models()[self.number].port if self.number else None
        return self.host if self.port == own_port else f"{self.host}:{self.port}"
