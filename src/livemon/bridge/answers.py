"""JSON answers: numbers from numpy by orjson, null for what is no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson
from flask import Response
from numpy.typing import NDArray

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


def json_answer(content: Any, status: int = 200) -> Response:
    """Return `content` as JSON; NaN and infinities in it become null."""
    return Response(orjson.dumps(content, option=_OPTIONS), status, mimetype="application/json")


def with_silent(response: Response, silent: list[str]) -> Response:
    """Name the nodes that did not answer in a header."""
    if silent:
        response.headers["X-Livemon-Silent"] = ",".join(silent)
    return response


def pairs(times: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``[[value, time], ...]``, as Grafana's protocols have them."""
    return np.column_stack((values, times))
