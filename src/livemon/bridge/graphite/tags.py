"""``/tags``: the channels' tags and their values, for Grafana's editor and its variables."""

from __future__ import annotations

from collections import Counter

from flask import Response, request

from livemon.bridge.catalogue import Field
from livemon.bridge.graphite.routes import channels, route
from livemon.bridge.graphite.tag_expressions import selected, tags_in
from livemon.bridge.json_responses import json_response
from livemon.bridge.patterns import Pattern
from livemon.bridge.times import number
from livemon.errors import RequestError, shown

DEFAULT_LIMIT = 100
"""Suggestions if the request sets no limit, as in graphite-web."""


@route("/tags/autoComplete/tags")
def complete_tags() -> Response:
    """List the tags that begin with `tagPrefix`: of all channels, or of those that match `expr`, without the tags in it."""
    expressions = _expressions()
    found = {tag for field in _matching(expressions) for tag in field.tags} - tags_in(expressions)
    return json_response(_suggestions(found, request.values.get("tagPrefix", "")))


@route("/tags/autoComplete/values")
def complete_values() -> Response:
    """List the values of `tag` that begin with `valuePrefix`: of all channels, or of those that match `expr`."""
    tag = request.values.get("tag")
    if not tag:
        raise RequestError("tag: write the tag whose values to list, for example node")
    found = {field.tags[tag] for field in _matching(_expressions()) if tag in field.tags}
    return json_response(_suggestions(found, request.values.get("valuePrefix", "")))


@route("/tags/findSeries")
def find_series() -> Response:
    """List the paths of the channels that match `expr`."""
    return json_response(sorted(field.path for field in selected(_expressions(), channels())))


@route("/tags")
def list_tags() -> Response:
    """List the tags that `filter` matches; without a filter, all tags."""
    found = {tag for field in channels() for tag in field.tags}
    return json_response([{"tag": tag} for tag in _filtered(found)])


@route("/tags/<tag>")
def list_values(tag: str) -> Response:
    """Return the values of a tag that `filter` matches, and how many channels have each; null if no channel has the tag."""
    counts = Counter(field.tags[tag] for field in channels() if tag in field.tags)
    if not counts:
        return json_response(None)
    return json_response({"tag": tag, "values": [{"value": each, "count": counts[each]} for each in _filtered(counts)]})


def _expressions() -> list[str]:
    return request.values.getlist("expr") or request.values.getlist("expr[]")


def _matching(expressions: list[str]) -> list[Field]:
    return selected(expressions, channels()) if expressions else channels()


def _suggestions(found: set[str], prefix: str) -> list[str]:
    # Grafana's back end sends a limit of 0 for none.
    limit = _limit() or DEFAULT_LIMIT
    return sorted(each for each in found if each.startswith(prefix))[:limit]


def _filtered(found: set[str] | Counter[str]) -> list[str]:
    written = request.values.get("filter")
    pattern = Pattern(f"(?:{written})(?s:.*)", "filter") if written else None
    return sorted(each for each in found if pattern is None or pattern.matches(each))[: _limit()]


def _limit() -> int | None:
    """Return the request's limit; `None` if there is none."""
    written = request.values.get("limit")
    if written in (None, "", "0", "undefined"):
        return None
    limit = number(written)
    if limit is None or limit < 0:
        raise RequestError(f"limit: {shown(written, 40)} is not a valid number; write for example 100")
    return int(limit)
