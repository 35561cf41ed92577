"""Who notifies people of alarms: Grafana as long as it evaluates the rules, else livemon's own notifier (livemon.notify)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from livemon.bridge.asked import PATIENCE
from livemon.config import setting
from livemon.health import age

SILENT_AFTER = 300.0
"""Seconds without a turn of the notifier after which it counts as gone; a turn waits for mail servers that do not answer."""


def by_grafana(rule: str) -> bool | None:
    """Whether Grafana notifies of the alarms of a rule; `None` while that cannot be known.

    It does as long as it evaluates the rule; where the alarm path has a pulse, the pulse must have been heard as recently, too.
    """
    pulse = current_app.extensions["alarm_path"].told()["age"]
    if pulse is not None and pulse > PATIENCE:
        return False
    return current_app.extensions["asked"].evaluates(rule, is_expected=_has_grafana())


def _has_grafana() -> bool:
    """Whether this monitor has a Grafana, or had one and nobody took it off."""
    path = setting("LIVEMON_GRAFANA_WATCHED", Path, None)
    return path is not None and path.exists()


class Notifier:
    """What the notifier writes of itself into the file ``$LIVEMON_NOTIFIER_TOLD``; without the file nobody misses one."""

    def told(self) -> dict[str, Any]:
        """Return ``heard`` (UNIX seconds, UTC), ``age`` (seconds), ``notifies``, ``delivered`` and ``problems``.

        ``heard`` and ``age`` are null where there is no notifier; ``notifies`` is whether Grafana leaves alarms to it, ``delivered``
        when a message last arrived (UNIX seconds, or null), ``problems`` sentences of what is wrong with it, without secrets.
        """
        path = setting("LIVEMON_NOTIFIER_TOLD", Path, None)
        nothing = {"heard": None, "age": None, "notifies": False, "delivered": None, "problems": []}
        try:
            return nothing if path is None else self._told(json.loads(path.read_bytes()))
        except FileNotFoundError:
            return nothing
        except (OSError, ValueError, KeyError, TypeError) as error:
            return nothing | {"problems": [f"{path} cannot be read: {error}"]}

    @staticmethod
    def _told(said: Any) -> dict[str, Any]:
        silence = time.time() - said["turned"]
        problems = said["problems"]
        if silence > SILENT_AFTER:
            problems = [f"livemon's notifier has not run for {age(silence)}: docker logs livemon_notify tells why"]
        about = {"notifies": said["notifies"], "delivered": said["delivered"], "problems": problems}
        return {"heard": said["turned"], "age": silence} | about


def follow(app: Flask) -> None:
    """Have `app` know of the notifier, as ``app.extensions["notifier"]``."""
    app.extensions["notifier"] = Notifier()
