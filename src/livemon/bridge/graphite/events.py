"""``/events``: what happened, for Grafana's annotations."""

from __future__ import annotations

from flask import Response

from livemon.bridge.answers import json_answer
from livemon.bridge.graphite.routes import route


@route("/events/get_data")
def events() -> Response:
    """List events: there are none."""
    return json_answer([])
