"""Receive pings for a while, as a service outside the lab does: receive_pings.py FILE SECONDS.

The first line of FILE is the port, each further one a request.
"""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

file = Path(sys.argv[1])


class Receiver(BaseHTTPRequestHandler):
    """Answers every request with 200."""

    def do_GET(self) -> None:
        """Note the request."""
        with file.open("a") as lines:
            lines.write(f"{self.requestline}\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


with ThreadingHTTPServer(("", 0), Receiver) as server:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{server.server_port}\n")
    threading.Timer(float(sys.argv[2]), server.shutdown).start()
    server.serve_forever()
