"""The quick-look page: present values and a live plot, in any browser, without Grafana and without the internet."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, render_template

HERE = Path(__file__).parent
LIBRARY = HERE / "static/vendor/uPlot.iife.min.js"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

blueprint = Blueprint(
    "quicklook",
    __name__,
    url_prefix="/quicklook",
    static_folder="static",
    static_url_path="/",
    template_folder="templates",
)


def page() -> str:
    """Return the page. Without the plotting library, which the image's build fetches, it says so in place of the plot."""
    return render_template("quicklook.html", can_plot=LIBRARY.exists())


@blueprint.after_app_request
def restrict(response: Response) -> Response:
    """Let the browser load nothing from outside, and guess no types."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    return response
