"""The Flask application: everything that the bridge serves over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask, Response, request
from twisted.python.failure import Failure
from werkzeug.exceptions import HTTPException

from livemon.bridge import api, gaps, graphite, headers, health_routes, pulse, quicklook, simplejson
from livemon.bridge.current import Bridge
from livemon.bridge.json_responses import json_response
from livemon.bridge.source import Source
from livemon.errors import ForbiddenError, LivemonError, RequestError, RouterError, UnknownFieldError
from livemon.hkarchive.gaps import GapList
from livemon.log import log
from livemon.webguard import LARGEST_BODY

BLUEPRINTS = (
    api.blueprint,
    gaps.blueprint,
    health_routes.blueprint,
    pulse.blueprint,
    simplejson.blueprint,
    graphite.blueprint,
    quicklook.blueprint,
)


def create_app(
    source: Source, pulse_secret: Callable[[], str | None] = lambda: None, archive: Path | None = None
) -> Flask:
    """Return the application.

    Parameters
    ----------
    source
        Samples and channels.
    pulse_secret
        See :class:`livemon.bridge.current.Bridge`.
    archive
        Directory of the archive, whose gaps are served; `None` if there is none here.
    """
    app = Flask("livemon.bridge", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    Bridge(source, pulse_secret, None if archive is None else GapList(archive)).belong_to(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    headers.restrict(app)
    app.register_error_handler(LivemonError, _on_error)
    app.register_error_handler(HTTPException, _on_http_error)

    @app.get("/")
    def root() -> Response:
        """Answer a browser with the quick-look page, and Grafana's test of a data source with a line of text."""
        if request.accept_mimetypes["text/html"] > request.accept_mimetypes["application/json"]:
            wants_page = "text/html" in request.headers.get("Accept", "")
            if wants_page:
                return quicklook.page()
        return Response("livemon bridge\n", mimetype="text/plain")

    return app


def http_status(error: LivemonError) -> int:
    """Return the HTTP status of an error: 4xx for the caller's, 503 if the router is away, otherwise 500."""
    if isinstance(error, UnknownFieldError):
        return 404
    if isinstance(error, ForbiddenError):
        return 403
    if isinstance(error, RequestError):
        return 400
    return 503 if isinstance(error, RouterError) else 500


def _on_error(error: LivemonError) -> Response:
    if request.path in graphite.PLAIN_TEXT_ERRORS:
        return Response(f"{error}\n", http_status(error), mimetype="text/plain")
    return json_response({"error": str(error)}, http_status(error))


def _on_http_error(error: HTTPException) -> Response:
    cause = getattr(error, "original_exception", None)
    if cause is not None:  # ours, not the caller's
        log.failure("{path}", Failure(cause), path=request.path)
    return json_response({"error": f"{request.path[:80]}: {error.name.lower()}"}, error.code or 500)
