"""Where the parts of Graphite's interface hang, and what they share: docs/architecture.md."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app

from livemon.bridge.catalogue import Field
from livemon.errors import RequestError

MAX_PATTERNS = 1000
"""Patterns in the targets of one request, braces expanded: each is held against every path."""
PLAIN_FAULTS = {"/render", "/render/", "/metrics/find", "/metrics/find/"}
"""Where Grafana shows a fault's text as it is."""

blueprint = Blueprint("graphite", __name__)


def route(path: str) -> Any:
    """Register a view under a path, with and without a slash behind it, for GET and POST alike as graphite-web does."""
    return blueprint.route(path, methods=["GET", "POST"], strict_slashes=False)


def channels() -> list[Field]:
    """Return all channels that can be plotted, one of each path."""
    return [each for each in current_app.extensions["source"].catalogue.by_path.values() if each.type != "string"]


def all_paths() -> list[str]:
    """Return their paths."""
    return [each.path for each in channels()]


def check_patterns(number: int) -> None:
    """Raise a RequestError if a request holds too many patterns."""
    if number > MAX_PATTERNS:
        raise RequestError(f"more than {MAX_PATTERNS} patterns in one request, braces expanded")
