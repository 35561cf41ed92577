"""Pfeiffer TPG 366 MaxiGauge, by mnemonics.

PRX, its acknowledgement, the enquiry and the reply ``status,value`` for each gauge: Pfeiffer Vacuum, TPG 256 A operating
instructions BG 5186 BEN, section 8.2; TPG 36x communication protocol BG 5510 BEN, section 1.
"""

from __future__ import annotations

ENQUIRY, ACKNOWLEDGED, REFUSED = b"\x05", b"\x06\r\n", b"\x15\r\n"
OKAY, NO_SENSOR = 0, 5
GAUGES = ((OKAY, 2.42e-6), (OKAY, 1.17e-2), (OKAY, 758.0), (OKAY, 761.0), (OKAY, 5.74), (NO_SENSOR, 2e-2))
"""Status and pressure in mbar: a cold dilution refrigerator with five gauges."""


def answer(received: bytes) -> bytes:
    """Answer an enquiry, or acknowledge a mnemonic."""
    if received == ENQUIRY:
        return ",".join(f"{status},{pressure:+.4E}" for status, pressure in GAUGES).encode() + b"\r\n"
    return ACKNOWLEDGED if received.strip() == b"PRX" else REFUSED
