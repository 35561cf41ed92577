"""What the watch beside Grafana (:mod:`livemon.grafana.watch`) found, as the bridge reports it.

Everything is in the file that ``$LIVEMON_GRAFANA_WATCHED`` names; where there is no Grafana, there is no file. `now` is in UNIX
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
"""Seconds for which Grafana may be away: while it restarts, is upgraded, or a backup is restored."""


def is_installed() -> bool:
    """Whether this monitor has a Grafana, or had one that was never uninstalled."""
    path = _path()
    return path is not None and path.exists()


def problems(now: float) -> Iterator[str]:
    """Yield one clause for each problem of Grafana; none where there is no watch."""
    try:
        state = _state()
    except (OSError, ValueError) as error:
        yield f"{_path()} cannot be read: {error}"
        return
    if state is None:
        return
    if _is_old(state, now):
        reason = state["fault"] or "see docker logs livemon_grafana_watch"
        yield f"whether Grafana sends alarms has been unknown for {age(now - state['looked'])}: {reason}"
    else:
        yield from state["problems"]


def notifies_people(now: float) -> bool:
    """Whether Grafana has a contact point that reaches a person, as far as was seen in the last `PATIENCE` seconds."""
    return bool(_recent(now).get("tells"))


def silenced(now: float) -> Mapping[str, bool]:
    """Return, by id, whether a silence suppresses the messages of each alarm that fires in Grafana; empty if that is unknown."""
    return _recent(now).get("silenced") or {}


def _recent(now: float) -> Mapping[str, Any]:
    """Return what was found in the last `PATIENCE` seconds; empty if nothing was."""
    try:
        state = _state()
    except (OSError, ValueError):
        return {}
    return {} if state is None or _is_old(state, now) else state


def _state() -> Mapping[str, Any] | None:
    path = _path()
    try:
        state: Mapping[str, Any] | None = json.loads(path.read_bytes()) if path else None
    except FileNotFoundError:  # there is no Grafana here
        return None
    return state


def _path() -> Path | None:
    return setting("LIVEMON_GRAFANA_WATCHED", Path, None)


def _is_old(state: Mapping[str, Any], now: float) -> bool:
    return bool(now - state["looked"] > PATIENCE)
