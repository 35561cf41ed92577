"""The bridge's own interface (docs/architecture.md) for the operator's commands."""

from __future__ import annotations

from typing import Any

import requests

from livemon.config import setting
from livemon.errors import RequestError, RouterError

SECONDS_TO_ANSWER = 15.0


def ask(path: str, **parameters: Any) -> dict[str, Any]:
    """Return the JSON answer to a GET of ``$LIVEMON_BRIDGE_URL`` (default http://127.0.0.1:5000) and `path`.

    Raises
    ------
    RouterError
        If the bridge does not answer.
    RequestError
        With the bridge's own sentence if it refuses the request.
    """
    url = setting("LIVEMON_BRIDGE_URL", default="http://127.0.0.1:5000").rstrip("/")
    try:
        answer = requests.get(f"{url}{path}", params=parameters, timeout=SECONDS_TO_ANSWER)
        content = answer.json()
    except requests.Timeout as error:
        raise RouterError(f"the bridge at {url} does not answer within {SECONDS_TO_ANSWER:g} s") from error
    except requests.ConnectionError as error:
        raise RouterError(
            f"no bridge at {url}: is sisock_grafana_http running (docker ps)? Another address goes into LIVEMON_BRIDGE_URL"
        ) from error
    except (requests.RequestException, ValueError) as error:
        raise RouterError(f"{url} is no bridge of livemon: {error}") from error
    if answer.status_code >= 400:
        raise RequestError(str(content.get("error", content)))
    return content
