"""Who notifies people of alarms: Grafana as long as it evaluates the rules, else livemon's own notifier (livemon.notify)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flask import current_app

from livemon.bridge import grafana_state
from livemon.bridge.evaluated_rules import PATIENCE
from livemon.config import setting
from livemon.health.limits import age

SILENT_AFTER = 300.0
"""Seconds without a turn of the notifier after which it counts as gone; a turn waits for mail servers that do not answer."""


def by_grafana(rules: Iterable[str]) -> dict[str, bool | None]:
    """Whether Grafana notifies of the alarms of each rule; `None` while that cannot be known.

    It does as long as it evaluates the rule; where the alarm path has a pulse, the pulse must have been heard as recently, too.
    """
    pulse = current_app.extensions["alarm_path"].told()["age"]
    if pulse is not None and pulse > PATIENCE:
        return dict.fromkeys(rules, False)
    asked, is_expected = current_app.extensions["asked"], grafana_state.is_there()
    return {rule: asked.evaluates(rule, is_expected=is_expected) for rule in rules}


def told() -> dict[str, Any]:
    """Return what the notifier says of itself, in the file ``$LIVEMON_NOTIFIER_TOLD``.

    ``heard`` (UNIX seconds, UTC) and ``age`` (seconds) are null where there is no notifier; ``notifies`` is whether Grafana leaves
    alarms to it, ``delivered`` when a message last arrived (UNIX seconds, or null), ``problems`` sentences of what is wrong with
    it, without secrets.
    """
    path = setting("LIVEMON_NOTIFIER_TOLD", Path, None)
    nothing = {"heard": None, "age": None, "notifies": False, "delivered": None, "problems": []}
    try:
        return nothing if path is None else _told(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return nothing
    except (OSError, ValueError, KeyError, TypeError) as error:
        return nothing | {"problems": [f"{path} cannot be read: {error}"]}


def _told(said: Any) -> dict[str, Any]:
    silence = time.time() - said["turned"]
    problems = said["problems"]
    if silence > SILENT_AFTER:
        problems = [f"livemon's notifier has not run for {age(silence)}: docker logs livemon_notify tells why"]
    about = {"notifies": said["notifies"], "delivered": said["delivered"], "problems": problems}
    return {"heard": said["turned"], "age": silence} | about
