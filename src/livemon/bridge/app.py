"""The Flask application: everything that the bridge answers over HTTP."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, request
from twisted.python.failure import Failure
from werkzeug.exceptions import HTTPException

from livemon.bridge import api, graphite, headers, health, quicklook, simplejson
from livemon.bridge.answers import json_answer
from livemon.errors import LivemonError, RequestError, RouterError, UnknownFieldError
from livemon.wamp import log

MAX_REQUEST = 1 << 20


def create_app(source: Any) -> Flask:
    """Return the application over `source` (:class:`livemon.bridge.source.Source`, or what answers like it)."""
    app = Flask("livemon.bridge", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.extensions["source"] = source
    for blueprint in (api.blueprint, health.blueprint, simplejson.blueprint, graphite.blueprint, quicklook.blueprint):
        app.register_blueprint(blueprint)
    headers.restrict(app)
    app.register_error_handler(LivemonError, _fault)
    app.register_error_handler(HTTPException, _http_fault)

    @app.get("/")
    def root() -> Response:
        """Greet a browser with the quick-look page, and Grafana's test of a data source with a line."""
        if request.accept_mimetypes["text/html"] > request.accept_mimetypes["application/json"]:
            wants_page = "text/html" in request.headers.get("Accept", "")
            if wants_page:
                return quicklook.page()
        return Response("livemon bridge\n", mimetype="text/plain")

    return app


def status_of(error: LivemonError) -> int:
    """Return the HTTP status of a fault: the caller's (4xx) or that the router is away (503)."""
    if isinstance(error, UnknownFieldError):
        return 404
    if isinstance(error, RequestError):
        return 400
    return 503 if isinstance(error, RouterError) else 500


def _fault(error: LivemonError) -> Response:
    if request.path in graphite.PLAIN_FAULTS:
        return Response(f"{error}\n", status_of(error), mimetype="text/plain")
    return json_answer({"error": str(error)}, status_of(error))


def _http_fault(error: HTTPException) -> Response:
    cause = getattr(error, "original_exception", None)
    if cause is not None:  # ours, not the caller's
        log.failure("{path}", Failure(cause), path=request.path)
    return json_answer({"error": f"{request.path[:80]}: {error.name.lower()}"}, error.code or 500)
