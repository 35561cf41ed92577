"""Davis Vantage Pro2 weather station on a serial line.

Waking up, ``LOOP`` and its packet: Davis Instruments, Vantage Pro2 serial communication reference manual 2.6.1, sections IV and X.1.
"""

from __future__ import annotations

import struct
from binascii import crc_hqx

AWAKE, ACKNOWLEDGED = b"\n\r", b"\x06"
_MEASURED = {
    3: ("<b", -20),  # barometer falling slowly
    7: ("<H", 29921),  # 0.001 inHg
    9: ("<h", 725),  # inside, 0.1 °F
    11: ("<B", 41),
    12: ("<h", 140),  # outside, 0.1 °F
    14: ("<B", 7),  # mph
    15: ("<B", 5),
    16: ("<H", 270),
    33: ("<B", 88),
    44: ("<H", 512),  # W/m²
    87: ("<H", 768),  # battery, 300/51200 V
    91: ("<H", 731),  # sunrise at 7:31
}
"""Format and value by offset in the packet; what is not there is dashed."""
FIELDS = {
    "bar_trend": -20,
    "barometer": 29.921,
    "temp_inside": 22.5,
    "humidity_inside": 41,
    "temp_outside": -10.0,
    "wind_speed": 7,
    "avg_wind_speed": 5,
    "wind_dir": 270,
    "humidity_outside": 88,
    "solar_rad": 512,
    "console_battery_voltage": 4.5,
    "time_sunrise": 731,
}
"""What this is in the agent's units: °C, and inHg, mph, V."""


def packet() -> bytes:
    """Return a LOOP packet, 99 bytes."""
    content = bytearray(b"\xff" * 95 + b"\n\r")
    content[:5] = b"LOO\x00\x00"
    for offset, (form, value) in _MEASURED.items():
        struct.pack_into(form, content, offset, value)
    return bytes(content) + struct.pack(">H", crc_hqx(bytes(content), 0))


def answer(received: bytes) -> bytes:
    """Answer what was received: empty lines wake the console up."""
    return b"".join(_reply(line) for line in received.split(b"\n")[:-1])


def _reply(line: bytes) -> bytes:
    if line == b"":
        return AWAKE
    return ACKNOWLEDGED + packet() if line == b"LOOP 1" else b"\x21"
