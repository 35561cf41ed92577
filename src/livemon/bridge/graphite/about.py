"""``/functions`` and ``/version``: what this Graphite can do."""

from __future__ import annotations

from flask import Response, request

from livemon.bridge.graphite.functions import FUNCTIONS
from livemon.bridge.graphite.routes import route
from livemon.bridge.json_responses import json_answer
from livemon.errors import shown

VERSION = "1.1.10"
"""The Graphite whose interface this is."""


@route("/functions")
def list_functions() -> Response:
    """Describe the functions that targets may use: all, those of one `group`, or all in their groups (`grouped`)."""
    only = request.values.get("group")
    described = {
        name: FUNCTIONS[name].describe() for name in sorted(FUNCTIONS) if only in (None, "", FUNCTIONS[name].group)
    }
    if request.values.get("grouped", "").lower() not in ("1", "true"):
        return json_answer(described)
    groups: dict[str, dict] = {}
    for name, about in described.items():
        groups.setdefault(about["group"], {})[name] = about
    return json_answer(groups)


@route("/functions/<name>")
def describe_function(name: str) -> Response:
    """Describe one function."""
    if name not in FUNCTIONS:
        return json_answer({"error": f"there is no function {shown(name)}"}, 404)
    return json_answer(FUNCTIONS[name].describe())


@route("/version")
def version() -> Response:
    """Tell the version of the interface."""
    return json_answer(VERSION)
