"""Keithley 2280S power supply, by SCPI over TCP: one channel, whose measurements are current, voltage and time.

Commands and replies: Keithley, Series 2280S reference manual, sections on ``MEASure`` and ``OUTPut``.
"""

from __future__ import annotations

VOLTAGE, CURRENT = 12.5, 0.25  # V, A
_MEASURED = f"{CURRENT:+.6E}A,{VOLTAGE:+.6E}V,+1.000000E+00s"
REPLIES = {
    "*IDN?": "KEITHLEY INSTRUMENTS,MODEL 2280S-32-6,04123456,01.05b",
    "OUTP:STAT?": "1",
    "MEAS:VOLT?": _MEASURED,
    "MEAS:CURR?": _MEASURED,
}


def answer(received: bytes) -> bytes:
    """Answer the queries that were received."""
    replies = (REPLIES.get(message.strip().upper()) for message in received.decode().splitlines())
    return "".join(f"{reply}\n" for reply in replies if reply is not None).encode()
