"""Who notifies people of alarms: Grafana as long as it evaluates the rules, otherwise livemon's notifier (:mod:`livemon.notify`)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypedDict

from livemon.bridge import grafana_state
from livemon.bridge.current import bridge
from livemon.bridge.evaluated_rules import PATIENCE
from livemon.config import setting
from livemon.health.limits import age

SILENT_AFTER = 300.0
"""Seconds without a turn of the notifier after which it counts as stopped; a turn waits for mail servers that do not answer."""


class NotifierReport(TypedDict):
    """What the notifier reports about itself.

    Attributes
    ----------
    heard
        UNIX seconds, UTC; `None` where there is no notifier.
    age
        Seconds since then.
    notifies
        Whether Grafana leaves alarms to it.
    delivered
        When a message last arrived, UNIX seconds.
    problems
        Sentences, without secrets.
    """

    heard: float | None
    age: float | None
    notifies: bool
    delivered: float | None
    problems: list[str]


def by_grafana(rules: Iterable[str]) -> dict[str, bool | None]:
    """Return whether Grafana notifies of the alarms of each rule; `None` while that cannot be known.

    It does as long as it evaluates the rule; where the alarm path has a pulse, the pulse must have arrived as recently, too.
    """
    pulse = bridge().alarm_path.age
    if pulse is not None and pulse > PATIENCE:
        return dict.fromkeys(rules, False)
    evaluated, is_expected = bridge().evaluated_rules, grafana_state.is_installed()
    return {rule: evaluated.evaluates(rule, is_expected=is_expected) for rule in rules}


def notifier_report() -> NotifierReport:
    """Return what the notifier wrote into the file ``$LIVEMON_NOTIFIER_TOLD``."""
    path = setting("LIVEMON_NOTIFIER_TOLD", Path, None)
    try:
        return _without_notifier() if path is None else _report(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return _without_notifier()
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _without_notifier(f"{path} cannot be read: {error}")


def _without_notifier(*problems: str) -> NotifierReport:
    return {"heard": None, "age": None, "notifies": False, "delivered": None, "problems": list(problems)}


def _report(said: Any) -> NotifierReport:
    silence = time.time() - said["turned"]
    problems = said["problems"]
    if silence > SILENT_AFTER:
        problems = [f"livemon's notifier has not run for {age(silence)}: see docker logs livemon_notify"]
    return {
        "heard": said["turned"],
        "age": silence,
        "notifies": said["notifies"],
        "delivered": said["delivered"],
        "problems": problems,
    }
