"""What an instrument replies to ``*IDN?``, picked out of whatever arrives.

Source: IEEE 488.2, section 10.14: manufacturer, model, serial number, firmware, separated by commas. A Lake Shore replies
``LSCI,MODEL372,LSA22YG,1.3``; a Model 336 with an option card adds that card's serial number after a slash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from livemon.instruments import folders
from livemon.instruments.common import replies
from livemon.instruments.common.messages import LineFramer

QUERY = replies.IDENTIFY.encode() + b"\r\n"
MOST_BYTES = 4096
"""Who sends more without an identity among it is not an instrument."""

_UNPRINTABLE = re.compile(r"[^ -~]")
_MODEL = re.compile(r"(?:MODEL)?\s*(\w+?)(?:-.*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Identity:
    """A reply to ``*IDN?``."""

    manufacturer: str
    model: str
    serial: str
    firmware: str

    @property
    def number(self) -> str | None:
        """The model as an inventory writes it, or `None` if it has no folder in :mod:`livemon.instruments`."""
        match = _MODEL.fullmatch(self.model)
        known = folders.models().get(match[1]) if match else None
        return known.number if known and known.manufacturer.casefold() == self.manufacturer.casefold() else None


def read(line: str) -> Identity | None:
    """Read one line; `None` if it is not an identity. Noise before the identity is passed over."""
    reply = _UNPRINTABLE.split(line)[-1].strip()
    if not replies.fits(replies.IDENTIFY, reply):
        return None
    manufacturer, model, serial, firmware = (part.strip() for part in reply.split(","))
    return Identity(manufacturer, model, serial.partition("/")[0].strip(), firmware)


class Listener:
    """Takes what arrives after ``*IDN?``, in whatever pieces, until an identity is among it.

    Attributes
    ----------
    first_line
        What arrived first, for a sentence about who is not an instrument; empty as long as nothing has.
    """

    def __init__(self) -> None:
        self._framer = LineFramer()
        self._bytes = 0
        self.first_line = ""

    @property
    def is_full(self) -> bool:
        """Whether so much has arrived that no identity is to be expected."""
        return self._bytes > MOST_BYTES

    @property
    def heard(self) -> bool:
        """Whether anything has arrived."""
        return self._bytes > 0

    def feed(self, data: bytes) -> Identity | None:
        """Take received bytes; return the first identity that they complete."""
        self._bytes += len(data)
        return self._first(self._framer.feed(data))

    def rest(self) -> Identity | None:
        """Return the identity in what has arrived without a terminator. Call it when nothing more will come."""
        return self._first([self._framer.flush()])

    def _first(self, lines: list[str]) -> Identity | None:
        self.first_line = self.first_line or next((line for line in lines if line.strip()), "")
        return next((identity for identity in map(read, lines) if identity), None)
