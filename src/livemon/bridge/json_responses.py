"""JSON answers: numbers from numpy by orjson, null for what is no number."""

from __future__ import annotations

import sys
from typing import Any
from urllib.parse import quote

import numpy as np
import orjson
from flask import Response
from numpy.typing import NDArray

_LEAST, _MOST = -(1 << 63), (1 << 64) - 1
"""Whole numbers that JSON is written with here."""
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def json_answer(content: Any, status: int = 200) -> Response:
    """Return `content` as JSON; NaN and infinities in it become null, and what JSON does not know becomes text."""
    try:
        encoded = orjson.dumps(content, option=_OPTIONS, default=str)
    except TypeError:  # half a surrogate pair, or a giant number: a node of others may send anything
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
    """Name the nodes that did not answer in a header, what is no plain letter in percent signs."""
    if silent:
        response.headers["X-Livemon-Silent"] = ",".join(quote(name, safe="", errors="replace") for name in silent)
    return response


def pairs(times: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``[[value, time], ...]``, as Grafana's protocols have them."""
    return np.column_stack((values, times))
