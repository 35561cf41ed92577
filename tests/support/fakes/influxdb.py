"""InfluxDB 1.x, as far as a client writes to it: InfluxDB 1.8 API reference, ``/ping``, ``/query`` and ``/write``."""

from __future__ import annotations

import json
import time


class Database:
    """Keeps what is written to it: `lines` of the line protocol, and when there last were some, UNIX seconds."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.written = 0.0

    def answer(self, _method: str, path: str, _headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Answer a request."""
        if path.startswith("/write"):
            self.lines += body.decode().splitlines()
            self.written = time.time()
            return 204, b""
        if path.startswith("/query"):
            return 200, json.dumps({"results": [{"statement_id": 0}]}).encode()
        return 204, b""
