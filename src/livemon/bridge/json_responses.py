"""JSON responses: numpy's numbers are encoded by orjson, NaN and infinity as null."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
from flask import Response
from numpy.typing import NDArray

_LEAST, _MOST = -(1 << 63), (1 << 64) - 1
"""The integers that orjson can encode."""
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def json_response(content: Any, status: int = 200) -> Response:
    """Return `content` as JSON; NaN and infinities become null, and objects of other types become text."""
    try:
        encoded = orjson.dumps(content, option=_OPTIONS, default=str)
    except TypeError:  # a lone surrogate, or a giant number: other people's nodes may send anything
        encoded = orjson.dumps(_valid(content), option=_OPTIONS, default=str)
    return Response(encoded, status, mimetype="application/json")


def _valid(content: Any) -> Any:
    if isinstance(content, str):
        return content.encode("utf-8", "replace").decode()
    if isinstance(content, dict):
        return {_valid(key): _valid(value) for key, value in content.items()}
    if isinstance(content, int) and not _LEAST <= content <= _MOST:
        return float(content) if abs(content) < sys.float_info.max else None
    return [_valid(each) for each in content] if isinstance(content, (list, tuple)) else content


def with_silent(response: Response, silent: list[str]) -> Response:
    """Name the nodes that did not answer in a header, percent-encoded."""
    if silent:
        response.headers["X-Livemon-Silent"] = ",".join(quote(name, safe="", errors="replace") for name in silent)
    return response


def pairs(times: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``[[value, time], ...]``, as in Grafana's protocols."""
    return np.column_stack((values, times))
