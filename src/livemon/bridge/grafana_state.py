"""What the watch beside Grafana (livemon.grafana.watch) found out, as the bridge tells it on.

All of it stands in the file that ``$LIVEMON_GRAFANA_WATCHED`` names; there is none where there is no Grafana. `now` is in UNIX
seconds, UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from livemon.config import setting
from livemon.health.limits import age

PATIENCE = 300.0
"""Seconds for which Grafana may be away: it is restarted, brought up to date, or gets a backup back."""


def is_there() -> bool:
    """Whether this monitor has a Grafana, or had one and nobody took it off."""
    path = _path()
    return path is not None and path.exists()


def problems(now: float) -> Iterator[str]:
    """Yield one clause for each thing that is wrong with Grafana; none where nobody watches."""
    try:
        watched = _watched()
    except (OSError, ValueError) as error:
        yield f"{_path()} cannot be read: {error}"
        return
    if watched is None:
        return
    if _is_old(watched, now):
        reason = watched["fault"] or "docker logs livemon_grafana_watch tells why"
        yield f"for {age(now - watched['looked'])} nobody has seen whether Grafana tells of alarms: {reason}"
    else:
        yield from watched["problems"]


def tells_somebody(now: float) -> bool:
    """Whether there is a Grafana that sends alarms to a person: it has a contact point that is one, and somebody saw so lately."""
    return bool(_seen(now).get("tells"))


def silenced(now: float) -> Mapping[str, bool]:
    """Return by their ids, of the alarms that fire in Grafana, whether a silence keeps their messages back; empty if nobody knows."""
    return _seen(now).get("silenced") or {}


def _seen(now: float) -> Mapping[str, Any]:
    """Return what was seen lately; empty if nothing was."""
    try:
        watched = _watched()
    except (OSError, ValueError):
        return {}
    return {} if watched is None or _is_old(watched, now) else watched


def _watched() -> Mapping[str, Any] | None:
    path = _path()
    try:
        return json.loads(path.read_bytes()) if path else None
    except FileNotFoundError:  # there is no Grafana here
        return None


def _path() -> Path | None:
    return setting("LIVEMON_GRAFANA_WATCHED", Path, None)


def _is_old(watched: Mapping[str, Any], now: float) -> bool:
    return now - watched["looked"] > PATIENCE
