"""What the watch beside Grafana (livemon.grafana.watch) found out, as the bridge tells it on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from livemon.config import setting
from livemon.health import age

PATIENCE = 300.0
"""Seconds for which Grafana may be away: it is restarted, brought up to date, or gets a backup back."""


def problems(now: float) -> Iterator[str]:
    """Yield one clause for each thing that is wrong with Grafana, as ``$LIVEMON_GRAFANA_WATCHED`` says; none where nobody watches.

    Parameters
    ----------
    now
        UNIX seconds, UTC.
    """
    path = setting("LIVEMON_GRAFANA_WATCHED", Path, None)
    try:
        watched = json.loads(path.read_bytes()) if path else None
    except FileNotFoundError:  # there is no Grafana here
        return
    except (OSError, ValueError) as error:
        yield f"{path} cannot be read: {error}"
        return
    if watched is None:
        return
    silence = now - watched["looked"]
    if silence > PATIENCE:
        reason = watched["fault"] or "docker logs livemon_grafana_watch tells why"
        yield f"for {age(silence)} nobody has seen whether Grafana tells of alarms: {reason}"
    else:
        yield from watched["problems"]
