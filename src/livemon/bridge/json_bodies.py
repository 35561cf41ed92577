"""The JSON bodies of requests, with a sentence for everything that may be wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import request

from livemon.errors import RequestError


def json_body() -> dict[str, Any]:
    """Return the request's body, an object; an empty one if there is no body.

    Raises
    ------
    RequestError
        If it is anything else. A lone surrogate in a text is invalid JSON, too: it could not be sent back.
    """
    content = request.get_data()
    if not content:
        return {}
    try:
        body = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise RequestError(f"the request's body is not a JSON object: {str(error)[:80]}") from error
    if not isinstance(body, dict):
        raise RequestError("the request's body is not a JSON object")
    return body


def object_in(body: Mapping[str, Any], key: str, example: str) -> dict[str, Any]:
    """Return an object in a body; an empty one if the key is missing."""
    value = body.get(key)
    if value in (None, ""):
        return {}
    if not isinstance(value, dict):
        raise RequestError(f"{key}: write an object, for example {example}")
    return value


def objects_in(body: Mapping[str, Any], key: str, example: str) -> list[dict[str, Any]]:
    """Return a list of objects in a body; an empty one if the key is missing."""
    value = body.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise RequestError(f"{key}: write a list, for example [{example}]")
    return value


def text_in(body: Mapping[str, Any], key: str, meaning: str) -> str:
    """Return a string in a body; an empty one if the key is missing."""
    value = body.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RequestError(f"{key}: write a string, {meaning}")
    return value
