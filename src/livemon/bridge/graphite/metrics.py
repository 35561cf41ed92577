"""``/metrics``: the tree of metric names."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from livemon.bridge.graphite.paths import children, expand_braces, nodes
from livemon.bridge.graphite.routes import all_paths, check_patterns, route
from livemon.bridge.json_responses import json_response
from livemon.errors import RequestError, shown

_TRUE = {"1", "true"}


@route("/metrics/find")
def find() -> Response:
    """Find the nodes of the tree that a query matches: as Grafana reads them, or with ``format=completer`` as full paths."""
    query = request.values.get("query", "")
    if not query:
        raise RequestError("query: write a pattern, for example observatory.*")
    wanted = request.values.get("format") or "treejson"
    form = _FORMATS.get(wanted)
    if form is None:
        raise RequestError(f"format: {shown(wanted, 40)} is not supported; write {' or '.join(_FORMATS)}")
    return json_response(form(query))


@route("/metrics/expand")
def expand() -> Response:
    """Expand queries to full paths: all together, or with ``groupByExpr=1`` by query; with ``leavesOnly=1`` only leaves."""
    queries = list(dict.fromkeys(request.values.getlist("query")))
    check_patterns(sum(len(expand_braces(query)) for query in queries))
    leaves_only, grouped = (request.values.get(each) in _TRUE for each in ("leavesOnly", "groupByExpr"))
    paths = all_paths()
    found = {query: {path for path, is_leaf in nodes(query, paths) if is_leaf or not leaves_only} for query in queries}
    if grouped:
        return json_response({"results": {query: sorted(each) for query, each in found.items()}})
    return json_response({"results": sorted(set().union(*found.values()))})


def _tree(query: str) -> list[dict[str, Any]]:
    return [
        {
            "text": child.name,
            "id": child.pattern,
            "allowChildren": int(not child.is_leaf),
            "expandable": int(not child.is_leaf),
            "leaf": int(child.is_leaf),
        }
        for child in children(query, all_paths())
    ]


def _completions(query: str) -> dict[str, list[dict[str, str]]]:
    begun = query.replace("..", "*.")
    if not begun.endswith("*"):
        begun += "*"
    return {
        "metrics": [
            {
                "path": path if is_leaf else f"{path}.",
                "name": path.rpartition(".")[2],
                "is_leaf": str(int(is_leaf)),
            }
            for path, is_leaf in nodes(begun, all_paths())
        ]
    }


_FORMATS = {"treejson": _tree, "completer": _completions}
