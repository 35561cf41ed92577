"""Hardy HI 6200 weight controller, by Modbus TCP: net weight in holding registers 6 and 7, gross in 8 and 9, low word first, as
socs's driver documents it."""

from __future__ import annotations

import struct

from fakes import modbus

NET, GROSS = 101.5, 123.5  # kg


def as_socs_reads(weight: float) -> float:
    """Return what socs 0.6.4 makes of a weight: it takes the high word for the low word too."""
    _, high = modbus.float_words(weight)
    (value,) = struct.unpack(">f", struct.pack(">HH", high, high))
    return float(value)


answer = modbus.Registers(
    modbus.HOLDING, dict(enumerate([*modbus.float_words(NET), *modbus.float_words(GROSS)], start=6))
).answer
