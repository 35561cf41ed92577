"""ifm SBN246 flow meter behind an IO-Link master, by its IoT interface: JSON over HTTP.

Services and replies: ifm, AL1350 operating instructions, section 9.2; the device's process data: bits 0 to 15 flow in 0.1 gal/min,
16 to 29 temperature in °F, of 32.
"""

from __future__ import annotations

import json

FLOW, TEMPERATURE = 112, 73  # 0.1 gal/min, °F: 42.4 l/min and 22.8 °C
DATA_POINTS = {
    "/iolinkmaster/port[1]/iolinkdevice/productname/getdata": "SBN246",
    "/iolinkmaster/port[1]/iolinkdevice/pdin/getdata": f"{FLOW << 16 | TEMPERATURE << 2:08X}",
}


def answer(method: str, _path: str, _headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Answer a request for a data point."""
    request = json.loads(body) if method == "POST" else {}
    value = DATA_POINTS.get(request.get("adr", ""))
    if value is None:
        return 200, json.dumps({"cid": request.get("cid"), "code": 404}).encode()
    return 200, json.dumps({"cid": request["cid"], "data": {"value": value}, "code": 200}).encode()
