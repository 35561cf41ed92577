"""The Flask application: everything that the bridge answers over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from twisted.python.failure import Failure
from werkzeug.exceptions import HTTPException

from livemon.bridge import api, evaluated_rules, gaps, graphite, headers, health_routes, pulse, quicklook, simplejson
from livemon.bridge.json_responses import json_answer
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
    source: Any, pulse_secret: Callable[[], str | None] = lambda: None, archive: Path | None = None
) -> Flask:
    """Return the application.

    Parameters
    ----------
    source
        :class:`livemon.bridge.source.Source`, or what answers like it.
    pulse_secret
        Returns what whoever changes the bridge's state must know; `None`: nobody can. Called for each such request.
    archive
        Directory of the archive, whose gaps are told; `None` if there is none here.
    """
    app = Flask("livemon.bridge", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.extensions |= {"source": source, "pulse_secret": pulse_secret, "gaps": archive and GapList(archive)}
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    headers.restrict(app)
    evaluated_rules.follow(app)
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
    if isinstance(error, ForbiddenError):
        return 403
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
