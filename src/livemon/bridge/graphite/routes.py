"""The blueprint of Graphite's API, and what its views share: docs/architecture.md."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Blueprint
from flask.typing import ResponseReturnValue

from livemon.bridge.catalogue import Field
from livemon.bridge.current import source
from livemon.errors import RequestError

MAX_PATTERNS = 1000
"""Patterns in the targets of one request, braces expanded: each is matched against every path."""
PLAIN_TEXT_ERRORS = {"/render", "/render/", "/metrics/find", "/metrics/find/"}
"""Where Grafana shows the text of an error response as it is."""

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

blueprint = Blueprint("graphite", __name__)


def route(path: str) -> Callable[[View], View]:
    """Register a view under a path, with and without a trailing slash, for GET and POST alike, as graphite-web does."""
    return blueprint.route(path, methods=["GET", "POST"], strict_slashes=False)


def channels() -> list[Field]:
    """Return all channels that can be plotted, one per path."""
    return [each for each in source().catalogue.by_path.values() if each.type != "string"]


def all_paths() -> list[str]:
    """Return their paths."""
    return [each.path for each in channels()]


def check_patterns(number: int) -> None:
    """Raise a RequestError if a request holds too many patterns."""
    if number > MAX_PATTERNS:
        raise RequestError(f"more than {MAX_PATTERNS} patterns in one request, with braces expanded")
