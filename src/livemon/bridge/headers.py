"""What every answer tells a browser: load nothing, run nothing, guess nothing, keep nothing.

The quick-look page says for itself what it needs.
"""

from __future__ import annotations

from flask import Flask, Response

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # Pages of the same host, whatever their port, may read: Grafana's access mode "browser".
    "Cross-Origin-Resource-Policy": "same-site",
    "Cache-Control": "no-store",
}


def restrict(app: Flask) -> None:
    """Have every answer of `app` carry the headers, faults included, except those that it has of its own."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
