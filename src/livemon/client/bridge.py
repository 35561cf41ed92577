"""The bridge's own interface (docs/architecture.md) for the operator's commands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import requests

from livemon.client import appliance_http
from livemon.config import secret, setting
from livemon.errors import RequestError, RouterError

SECONDS_TO_ANSWER = 15.0


def status() -> dict[str, Any]:
    """Return nodes, fields and newest samples (``/api/status``): times in UNIX seconds (UTC), ages in seconds.

    Raises
    ------
    RouterError
        If the bridge does not answer.
    """
    return _get("/api/status", "nodes")[0]


def series(fields: Sequence[str], start: str, end: str, points: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Return samples of fields (``/api/series``), times in UNIX seconds (UTC), and the nodes that did not answer.

    Raises
    ------
    RouterError
        If the bridge does not answer.
    RequestError
        With the bridge's own sentence if it refuses the request.
    """
    parameters = {"field": list(fields), "from": start, "until": end, "points": points}
    content, headers = _get("/api/series", "series", **parameters)
    return content["series"], [unquote(name) for name in headers.get("X-Livemon-Silent", "").split(",") if name]


def gaps(start: str, end: str) -> list[dict[str, Any]]:
    """Return the gaps of the archive between two times (``/api/gaps``), oldest first: UNIX seconds (UTC).

    Raises
    ------
    RouterError
        If the bridge does not answer.
    RequestError
        With the bridge's own sentence if it refuses the request.
    """
    found: list[dict[str, Any]] = _get("/api/gaps", "gaps", **{"from": start, "until": end})[0]["gaps"]
    return found


def health() -> dict[str, Any]:
    """Return whether the appliance is well (``/api/health``), its alarm path included.

    Raises
    ------
    RouterError
        If the bridge does not answer.
    """
    return _get("/api/health", "well")[0]


def alarms() -> dict[str, Any]:
    """Return every alarm of the inventory (``/api/alarms``): ``judged`` and ``since`` in UNIX seconds (UTC).

    Raises
    ------
    RouterError
        If the bridge does not answer.
    """
    return _get("/api/alarms", "alarms")[0]


def tell_of_switch(pinged: float | None, every: float, fault: str | None) -> None:
    """Tell the bridge when the dead-man's switch pinged last (UNIX seconds), how often it does, and what keeps it from it.

    Raises
    ------
    ConfigError
        If $LIVEMON_PULSE_SECRET_FILE does not name the secret that the bridge wants.
    RouterError
        If the bridge does not answer.
    RequestError
        If it refuses, for the secret is another one.
    """
    content = {"pinged": pinged, "every": every, "fault": fault}
    _ask("POST", "/api/dead_mans_switch", json=content, headers=_with_secret())


def forget_switch() -> None:
    """Tell the bridge that the dead-man's switch was removed; raises as :func:`tell_of_switch` does."""
    _ask("DELETE", "/api/dead_mans_switch", headers=_with_secret())


def _with_secret() -> dict[str, str]:
    return {"Authorization": f"Bearer {setting('LIVEMON_PULSE_SECRET_FILE', secret)}"}


def _get(path: str, key: str, **parameters: Any) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return the JSON answer of the bridge, which has `key`, and its headers."""
    return _ask("GET", path, key, params=parameters)


def _ask(method: str, path: str, key: str | None = None, **content: Any) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return the JSON answer to a request, which has `key`, and its headers. It may say by its status that something is wrong."""
    url = setting("LIVEMON_BRIDGE_URL", default="http://127.0.0.1:5000").rstrip("/")
    try:
        with appliance_http.session() as session:
            answer = session.request(method, f"{url}{path}", timeout=SECONDS_TO_ANSWER, **content)
        answered = answer.json()
    except requests.Timeout as error:
        raise RouterError(f"the bridge at {url} does not answer within {SECONDS_TO_ANSWER:g} s") from error
    except requests.ConnectionError as error:
        raise RouterError(
            f"no bridge at {url}: is sisock_grafana_http running (docker ps)? Another address goes into LIVEMON_BRIDGE_URL"
        ) from error
    except requests.exceptions.JSONDecodeError:
        answered = None
    except requests.RequestException as error:
        raise RouterError(f"LIVEMON_BRIDGE_URL is {url!r}: {error}") from error
    if isinstance(answered, dict):
        if not answer.ok and "error" in answered:
            raise RequestError(str(answered["error"]))
        if key in answered or (key is None and answer.ok):
            return answered, answer.headers
    raise RouterError(
        f"{url} is not livemon's bridge (HTTP status {answer.status_code}): "
        "write its address, http://HOST:5000, into LIVEMON_BRIDGE_URL"
    )
