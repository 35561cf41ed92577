"""``/functions`` and ``/version``: what this Graphite can do."""

from __future__ import annotations

from flask import Response

from livemon.bridge.answers import json_answer
from livemon.bridge.graphite import functions
from livemon.bridge.graphite.routes import route
from livemon.errors import shown

VERSION = "1.1.10"
"""The Graphite whose interface this is."""


@route("/functions")
def list_functions() -> Response:
    """Describe the functions that targets may use."""
    return json_answer(functions.describe())


@route("/functions/<name>")
def describe_function(name: str) -> Response:
    """Describe one function."""
    described = functions.describe().get(name)
    return json_answer(described) if described else json_answer({"error": f"there is no function {shown(name)}"}, 404)


@route("/version")
def version() -> Response:
    """Tell the version of the interface."""
    return json_answer(VERSION)
