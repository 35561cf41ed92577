"""The quick-look page: current values and a live plot, in any browser, without Grafana and without the internet."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, abort, make_response, render_template, request, send_from_directory

HERE = Path(__file__).parent
STATIC = HERE / "static"
LIBRARY = STATIC / "vendor/uPlot.iife.min.js"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
A_YEAR = 365 * 86400

blueprint = Blueprint("quicklook", __name__, url_prefix="/quicklook", template_folder="templates")


def page() -> Response:
    """Return the page. Without the plotting library, which the image's build fetches, it says so instead of showing a plot."""
    text = render_template("quicklook.html", can_plot=LIBRARY.exists(), version=version())
    response = make_response(text)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["Cache-Control"] = "no-cache"
    response.vary.add("Accept")  # Grafana gets another response from the same address
    response.add_etag()
    response.make_conditional(request)
    return response


@cache
def version() -> str:
    """Return a hash of the page's files. It is part of their addresses, so that a browser may cache them."""
    digest = hashlib.sha256()
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


@blueprint.get("/<requested_version>/<path:name>")
def file(requested_version: str, name: str) -> Response:
    """Return a file of the page; 404 for another version, because its files must belong together."""
    if requested_version != version():
        abort(404)
    response = send_from_directory(STATIC, name, max_age=A_YEAR)
    response.cache_control.immutable = True
    return response
