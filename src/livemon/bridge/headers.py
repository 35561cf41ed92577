"""The headers of every response: a browser may load nothing, run nothing, guess nothing and store nothing.

The quick-look page sets a policy of its own.
"""

from __future__ import annotations

from flask import Flask, Response

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # Pages from other ports of the same host may read: Grafana's access mode "browser".
    "Cross-Origin-Resource-Policy": "same-site",
    "Cache-Control": "no-store",
}


def restrict(app: Flask) -> None:
    """Add the headers to every response of `app`, including errors, unless the response sets them itself."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
