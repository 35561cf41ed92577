"""Synaccess netBooter switched outlets, by HTTP.

``cmd.cgi?$A5`` and its reply, the rightmost digit of which is outlet 1: Synaccess, netBooter PDU series user manual, programming
interface. This one measures neither current nor temperature.
"""

from __future__ import annotations

from base64 import b64encode

USER, PASSWORD = "admin", "cold"
OUTLETS = (1, 0, 0, 1, 1)
"""From outlet 1 on."""


def answer(_method: str, path: str, headers: dict[str, str], _body: bytes) -> tuple[int, bytes]:
    """Answer a request for the outlets' states."""
    if headers.get("authorization") != "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode():
        return 401, b""
    if path != "/cmd.cgi?$A5":
        return 200, b"$AF"
    return 200, b"$A0," + "".join(map(str, reversed(OUTLETS))).encode()
