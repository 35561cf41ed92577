"""``/tags``: completion of tags."""

from __future__ import annotations

from flask import Response

from livemon.bridge.answers import json_answer
from livemon.bridge.graphite.routes import route


@route("/tags/autoComplete/tags")
def complete_tags() -> Response:
    """Complete tags: series are found by path here, not by tag."""
    return json_answer([])


@route("/tags/autoComplete/values")
def complete_values() -> Response:
    """Complete a tag's values; see :func:`complete_tags`."""
    return json_answer([])
