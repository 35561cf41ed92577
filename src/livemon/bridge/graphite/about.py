"""``/functions`` and ``/version``: what this Graphite supports."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from livemon.bridge.graphite.functions import FUNCTIONS
from livemon.bridge.graphite.routes import route
from livemon.bridge.json_responses import json_response
from livemon.errors import shown

VERSION = "1.1.10"
"""The Graphite whose API this is."""


@route("/functions")
def list_functions() -> Response:
    """Describe the functions that targets may use: all, those of one `group`, or all by group (`grouped`)."""
    only = request.values.get("group")
    described = {
        name: FUNCTIONS[name].describe() for name in sorted(FUNCTIONS) if only in (None, "", FUNCTIONS[name].group)
    }
    if request.values.get("grouped", "").lower() not in ("1", "true"):
        return json_response(described)
    groups: dict[str, dict[str, Any]] = {}
    for name, about in described.items():
        groups.setdefault(about["group"], {})[name] = about
    return json_response(groups)


@route("/functions/<name>")
def describe_function(name: str) -> Response:
    """Describe one function."""
    if name not in FUNCTIONS:
        return json_response({"error": f"there is no function {shown(name)}"}, 404)
    return json_response(FUNCTIONS[name].describe())


@route("/version")
def version() -> Response:
    """Return the version of the API."""
    return json_response(VERSION)
