"""Whether the messages of alarms arrive: what Grafana tells of each way they go, from 9.4 on the same.

Its metrics count failures, too, but only from 9.5 on; this answer needs the administrator's password.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from livemon.contract import NOBODY, PULSE
from livemon.errors import GrafanaError
from livemon.grafana.client import Grafana

PATH = "/api/alertmanager/grafana/config/api/v1/receivers"
LEFT_OUT = (PULSE, NOBODY, "grafana-default-email")
"""Contact points that tell nobody: the pulse, for which the dead-man's switch listens itself, what stands where the inventory has
none, and what Grafana brings along.
"""
LOOK_BACK = 600.0
"""Seconds for which a failed delivery is something that is wrong now. Grafana tries again at the next interval of a group."""
REASONS = {
    r"connection refused": "connection refused",
    r"no such host|server misbehaving": "its name is unknown",
    r"no route to host|network is unreachable": "network unreachable",
    r"deadline exceeded|timed? ?out": "no answer in time",
    r"certificate|x509": "its certificate is not trusted",
    r"\b(401|403|535)\b|[Aa]uthenticat|[Uu]nauthori[sz]ed|[Ff]orbidden|invalid_auth": "it refuses the password or the token",
    r"\b(404|410)\b": "nothing is at its address",
    r"\b50\d\b": "it has a fault of its own",
    r"\b429\b|[Tt]oo [Mm]any [Rr]equests": "too many messages",
}
"""What is told of a fault, by a pattern of Grafana's sentence. That itself has addresses in it which are secret."""


@dataclass(frozen=True)
class Delivery:
    """One way of messages, and its last attempt; `attempted` (UNIX seconds, UTC) is `None` before the first since Grafana's start.

    `failing` is when the first of the attempts failed that have failed since, `reason` why the last one did, in words that hold
    no secret; both are `None` if it succeeded. `reason` is `None`, too, if Grafana's log alone can say. `is_used` says whether any
    policy leads to it.
    """

    receiver: str
    kind: str
    attempted: float | None
    failing: float | None = None
    reason: str | None = None
    is_used: bool = True


def asked(grafana: Grafana) -> list[Delivery]:
    """Return the ways of messages that Grafana has, in its order; empty if it notifies nobody.

    Raises
    ------
    GrafanaError
        If there is no such answer.
    """
    answer = grafana.get_json(PATH)
    try:
        return [
            replace(_delivery(receiver["name"], each), is_used=bool(receiver.get("active", True)))
            for receiver in answer
            for each in receiver.get("integrations") or []
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GrafanaError(f"Grafana answers to {PATH} what is not a list of contact points") from error


def followed(former: Iterable[Delivery], present: Iterable[Delivery]) -> list[Delivery]:
    """Return the present ones, failing since when they were failing at the former look."""
    ways: dict[tuple[str, str], list[Delivery]] = {}
    for each in former:
        ways.setdefault((each.receiver, each.kind), []).append(each)
    return [_continued(each, ways.get((each.receiver, each.kind), [])) for each in present]


def tell_somebody(deliveries: Iterable[Delivery]) -> bool:
    """Whether one of the ways leads to a person."""
    return any(each.is_used and each.receiver not in LEFT_OUT for each in deliveries)


def problems(deliveries: Iterable[Delivery], now: float) -> Iterator[str]:
    """Yield one clause for each way on which the last message did not arrive; for how long, see `LOOK_BACK`.

    Parameters
    ----------
    now
        UNIX seconds, UTC.
    """
    for each in deliveries:
        if each.failing is None or each.attempted is None or each.receiver in LEFT_OUT:
            continue
        if now - each.attempted <= LOOK_BACK:
            since = time.strftime("%H:%M", time.gmtime(each.failing))
            reason = f" ({each.reason})" if each.reason else ""
            yield (
                f"Grafana cannot deliver alarms to {each.receiver} by {each.kind} since {since} UTC{reason}: "
                "see docker logs sisock_grafana"
            )


def _delivery(receiver: str, told: dict[str, Any]) -> Delivery:
    attempted = dt.datetime.fromisoformat(told["lastNotifyAttempt"]).timestamp()
    fault = told.get("lastNotifyAttemptError") or ""
    if attempted <= 0:  # Go's year 1
        return Delivery(receiver, told["name"], None)
    if not fault:
        return Delivery(receiver, told["name"], attempted)
    reason = next((words for pattern, words in REASONS.items() if re.search(pattern, fault)), None)
    return Delivery(receiver, told["name"], attempted, attempted, reason)


def _continued(present: Delivery, former: list[Delivery]) -> Delivery:
    """Take the beginning of a failure over. Several ways of a kind in one contact point are told apart by their order."""
    was = former.pop(0) if former else None
    if present.failing is None or was is None or was.failing is None:
        return present
    return replace(present, failing=was.failing)
