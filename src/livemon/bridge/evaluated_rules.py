"""Which alarm rules Grafana still evaluates: each queries the series of its own alarms, ``alarms.<rule>.``, every minute.

An Editor can delete a folder with all rules in it, while `Watchdog`, in a folder of its own, keeps firing. Queries from a browser
come through Grafana's proxy, which adds ``X-Forwarded-For`` whatever a viewer writes, and do not count. A query that Grafana's server
sends itself is either the evaluation of a rule, marked by the header ``FromAlert`` in 9.4 and later, or a query to ``/api/ds/query``,
as panels of newer releases make, which is not marked. From the first marked request on, only marked ones count.

This notices rules that were deleted or paused. It does not protect against pretenders: from about 11.4 on, Grafana forwards the
``FromAlert`` that a user writes into a request to ``/api/ds/query``; where no rule sends one, such a request is like any other.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable

PATIENCE = 180.0
"""Seconds, three evaluations, for which a rule may send no query."""
_RULE = re.compile(r"(?<![\w.-])alarms\.([\w:-]+)\.")


class EvaluatedRules:
    """When each rule last queried its series, on the monotonic clock `steady`."""

    def __init__(self, steady: Callable[[], float] = time.monotonic) -> None:
        self._steady = steady
        self._evaluated: dict[str, float] = {}
        self._expected: dict[str, float] = {}
        self._began = steady()
        self._heard = self._since = -math.inf
        self._marks = False
        """Whether Grafana marks the queries of rules."""

    def hear(self) -> None:
        """Record that Grafana is running, whatever it does."""
        now = self._steady()
        if now - self._heard > PATIENCE:  # it has just started: its rules get time to be evaluated
            self._since = now
        self._heard = now

    def note(self, target: str, *, marked: bool) -> None:
        """Record a query of Grafana's server.

        Parameters
        ----------
        target
            The render target; ignored unless it names series of alarms without a pattern.
        marked
            Whether the request says that it evaluates a rule.
        """
        rules = _RULE.findall(target)
        if not rules or marked < self._marks:
            return
        if marked > self._marks:
            self._marks = True
            self._evaluated = {}
        self.hear()
        self._evaluated |= dict.fromkeys(rules, self._heard)

    def may_be_a_rule(self, marked: bool) -> bool:
        """Whether a request that Grafana's server sent itself may evaluate a rule; `marked` as in :meth:`note`."""
        return marked or not self._marks

    def evaluates(self, rule: str, *, is_expected: bool) -> bool | None:
        """Whether Grafana evaluates a rule: it queried the rule's series within the last `PATIENCE` seconds.

        `None` while that cannot be known, because this process has just started and a Grafana `is_expected`.
        """
        now = self._steady()
        if now - self._evaluated.get(rule, -math.inf) <= PATIENCE:
            return True
        return None if is_expected and now - self._began <= PATIENCE else False

    def silent(self, expected: Iterable[str]) -> list[str]:
        """Return which of the expected rules sent no query within the last `PATIENCE` seconds, although Grafana is running.

        A rule has that long from the first call that expects it, and from Grafana's return. While Grafana sends nothing at all, no
        rule is named.
        """
        now = self._steady()
        self._expected = {rule: self._expected.get(rule, now) for rule in expected}
        if now - self._heard > PATIENCE:
            return []
        last = {
            rule: max(since, self._since, self._evaluated.get(rule, since)) for rule, since in self._expected.items()
        }
        return [rule for rule, moment in last.items() if now - moment > PATIENCE]
