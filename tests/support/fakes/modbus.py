"""A server of Modbus TCP with constant registers.

Frames: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3; functions: MODBUS Application Protocol Specification
V1.1b3, sections 6.3 and 6.4.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

HOLDING, INPUT = 3, 4
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS = 1, 2
_REQUEST = struct.Struct(">HHHBBHH")


def float_words(value: float) -> tuple[int, int]:
    """Return the registers of an IEEE 754 number with its low word first."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return low, high


class Registers:
    """Registers of 16 bits of one kind, `HOLDING` or `INPUT`, by the address in the protocol."""

    def __init__(self, function: int, words: Mapping[int, int]) -> None:
        self._function = function
        self._words = words

    def answer(self, received: bytes) -> bytes:
        """Answer all requests that were received; each is one of reading."""
        return b"".join(map(self._reply, _REQUEST.iter_unpack(received)))

    def _reply(self, request: tuple[int, ...]) -> bytes:
        transaction, protocol, _, unit, function, first, count = request
        addresses = range(first, first + count)
        if function != self._function:
            content = bytes([function | 0x80, _ILLEGAL_FUNCTION])
        elif not all(address in self._words for address in addresses):
            content = bytes([function | 0x80, _ILLEGAL_ADDRESS])
        else:
            words = [self._words[address] for address in addresses]
            content = struct.pack(f">BB{count}H", function, 2 * count, *words)
        return struct.pack(">HHHB", transaction, protocol, len(content) + 1, unit) + content
