"""``/metrics``: the tree of the metrics' names."""

from __future__ import annotations

from flask import Response, request

from livemon.bridge.answers import json_answer
from livemon.bridge.graphite.paths import children, expand_braces, matching
from livemon.bridge.graphite.routes import all_paths, check_patterns, route
from livemon.errors import RequestError


@route("/metrics/find")
def find() -> Response:
    """Find the nodes of the metrics' tree that a query matches."""
    query = request.values.get("query", "")
    if not query:
        raise RequestError("query: write a pattern, for example observatory.*")
    return json_answer(
        [
            {
                "text": child.name,
                "id": child.pattern,
                "allowChildren": int(not child.is_leaf),
                "expandable": int(not child.is_leaf),
                "leaf": int(child.is_leaf),
            }
            for child in children(query, all_paths())
        ]
    )


@route("/metrics/expand")
def expand() -> Response:
    """Expand queries to full paths."""
    patterns = {each for query in request.values.getlist("query") for each in expand_braces(query)}
    check_patterns(len(patterns))
    all_nodes = [path.split(".") for path in all_paths()]
    paths = set()
    for pattern in patterns:
        depth = pattern.count(".") + 1
        paths.update(matching(pattern, {".".join(nodes[:depth]) for nodes in all_nodes if len(nodes) >= depth}))
    return json_answer({"results": sorted(paths)})
