"""Which alarm rules Grafana still evaluates: each asks for the series of its own alarm, ``alarms.<rule>.``, every minute.

An Editor can delete a folder with all rules in it, while `Watchdog`, in a folder of its own, fires on. What a browser asks for
comes through Grafana's proxy, which adds ``X-Forwarded-For`` whatever a viewer writes, and does not count. What Grafana's server
asks for by itself is a rule's evaluation, which says so by ``FromAlert`` in 9.4 and later, or a query to ``/api/ds/query``, as
panels of newer releases make, which does not say so. From the first request on that says so, only those that do count.

This notices what was deleted or paused. It does not hold against somebody who pretends: from about 11.4 on Grafana hands on the
``FromAlert`` that a user writes into a request to ``/api/ds/query``; where no rule sends one, such a request is like any other.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable

from flask import Flask, current_app, request

PATIENCE = 180.0
"""Seconds, three evaluations, for which a rule may ask for nothing."""
_RULE = re.compile(r"(?<![\w.-])alarms\.([\w:-]+)\.")


class Asked:
    """When each rule asked for its series last, by a clock that nobody sets."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._asked: dict[str, float] = {}
        self._expected: dict[str, float] = {}
        self._began = steady()
        self._heard = self._since = float("-inf")
        self._says_so = False

    def hear(self) -> None:
        """Note that Grafana is at work, whatever it does."""
        now = self._steady()
        if now - self._heard > PATIENCE:  # rules that it has just begun to evaluate get their time
            self._since = now
        self._heard = now

    def note(self, target: str, *, says_so: bool) -> None:
        """Note what Grafana's server asks for.

        Parameters
        ----------
        target
            As it came; what is no series of an alarm, named without a pattern, is ignored.
        says_so
            Whether the request says that it evaluates a rule.
        """
        rules = _RULE.findall(target)
        if not rules or says_so < self._says_so:
            return
        if says_so > self._says_so:
            self._says_so = True
            self._asked = {}
        self.hear()
        self._asked |= dict.fromkeys(rules, self._heard)

    def may_be_a_rule(self, says_so: bool) -> bool:
        """Whether a request that Grafana's server sent by itself may evaluate a rule; `says_so` as of :meth:`note`."""
        return says_so or not self._says_so

    def evaluates(self, rule: str, *, is_expected: bool) -> bool | None:
        """Whether Grafana evaluates a rule: it has asked for the rule's series in the last `PATIENCE` seconds.

        `None` if that cannot be known yet, for this process has just begun and a Grafana `is_expected`.
        """
        now = self._steady()
        if now - self._asked.get(rule, float("-inf")) <= PATIENCE:
            return True
        return None if is_expected and now - self._began <= PATIENCE else False

    def silent(self, expected: Iterable[str]) -> list[str]:
        """Return which of the expected rules have asked for nothing in the last `PATIENCE` seconds, though Grafana is at work.

        A rule has that long from the call on that expects it first, and from when Grafana is back. While Grafana is silent
        altogether, nothing is said of its rules.
        """
        now = self._steady()
        self._expected = {rule: self._expected.get(rule, now) for rule in expected}
        if now - self._heard > PATIENCE:
            return []
        last = {rule: max(since, self._since, self._asked.get(rule, since)) for rule, since in self._expected.items()}
        return [rule for rule, moment in last.items() if now - moment > PATIENCE]


def follow(app: Flask) -> None:
    """Have `app` remember what Grafana asks for, as ``app.extensions["asked"]``."""
    app.extensions["asked"] = Asked()


def sent_by_server() -> bool:
    """Whether Grafana's server sent the present request by itself."""
    return (request.user_agent.string or "").startswith("Grafana/") and "X-Forwarded-For" not in request.headers


def note(targets: Iterable[str]) -> None:
    """Note the targets of the present request, if Grafana's server sent it by itself."""
    if sent_by_server():
        says_so = request.headers.get("FromAlert") == "true"
        for target in targets:
            current_app.extensions["asked"].note(target, says_so=says_so)
