"""Silences of alarms, and how they outlive a Grafana that keeps them in memory.

Before Grafana 11.0 a silence, and its end, is written to the database every 15 minutes and at an orderly stop only, and no
setting changes that (grafana/grafana pull request 84705). A silence is ``{"id", "status": {"state"}, "matchers",
"startsAt", "endsAt", "createdBy", "comment", ...}``, as Alertmanager's API has it, times in RFC 3339.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from livemon.errors import GrafanaError
from livemon.grafana.client import Grafana

PATH = "/api/alertmanager/grafana/api/v2/silences"
PATH_OF_ONE = "/api/alertmanager/grafana/api/v2/silence/"
ALERTS_PATH = "/api/alertmanager/grafana/api/v2/alerts"
EXPIRED = "expired"
POSTED = ("matchers", "startsAt", "endsAt", "createdBy", "comment")
"""What a new silence is made of; Grafana gives it an id of its own."""
REFUSALS = (400, 404)
"""Statuses by which Grafana says that it will never do as it was asked."""

Silence = dict[str, Any]


def listed(grafana: Grafana) -> list[Silence]:
    """Return every silence that Grafana knows: active, pending, and for some days expired.

    Raises
    ------
    GrafanaError
        If there is no such answer.
    """
    answer = grafana.get_json(PATH)
    if not isinstance(answer, list) or not all(isinstance(each, dict) and "id" in each for each in answer):
        raise GrafanaError(f"Grafana answers to {PATH} what is not a list of silences")
    return answer


def firing(grafana: Grafana) -> dict[str, bool]:
    """Return, of each of livemon's alarms that fires in Grafana, by its label `name`, whether a silence keeps its messages back.

    Grafana itself says so (Alertmanager's API: ``{"labels": {}, "status": {"silencedBy": [id, ...]}}``), whatever a silence matches.

    Raises
    ------
    GrafanaError
        If there is no such answer.
    """
    answer = grafana.get_json(ALERTS_PATH)
    try:
        return {
            each["labels"]["name"]: bool(each["status"]["silencedBy"]) for each in answer if "name" in each["labels"]
        }
    except (KeyError, TypeError) as error:
        raise GrafanaError(f"Grafana answers to {ALERTS_PATH} what is not a list of alarms") from error


def bring_back(
    grafana: Grafana, kept: Iterable[Silence], now: dt.datetime, say: Callable[[str], None]
) -> list[Silence]:
    """Make Grafana know again what it knew when it listed `kept`, and return what it lists afterwards.

    Parameters
    ----------
    kept
        An earlier answer of :func:`listed`.
    now
        UTC.
    say
        Takes one sentence for each silence that was brought back, ended again or refused.

    Raises
    ------
    GrafanaError
        If Grafana does not answer, or not as the administrator; to be tried again with the same `kept`.
    """
    kept, present = list(kept), listed(grafana)
    changed = False
    for silence in lost(kept, present, now):
        changed |= _attempt(partial(_post, grafana, silence), "brought back", silence, say)
    for silence in risen(kept, present):
        changed |= _attempt(partial(grafana.delete, PATH_OF_ONE + silence["id"]), "ended again", silence, say)
    return listed(grafana) if changed else present


def lost(kept: Iterable[Silence], present: Iterable[Silence], now: dt.datetime) -> Iterator[Silence]:
    """Yield those of `kept` that still hold, or will, and are not among those at `present`, neither by id nor by content.

    A silence that was ended by hand is not lost: it stays listed as expired.
    """
    ids, contents = set(), set()
    for silence in present:
        ids.add(silence["id"])
        contents.add(_content(silence))
    for silence in kept:
        holds = not _is_expired(silence) and dt.datetime.fromisoformat(silence["endsAt"]) > now
        if holds and silence["id"] not in ids and _content(silence) not in contents:
            yield silence


def risen(kept: Iterable[Silence], present: Iterable[Silence]) -> Iterator[Silence]:
    """Yield those at `present` that hold again although they had ended: who edits an expired silence makes one with another id."""
    ended = {silence["id"] for silence in kept if _is_expired(silence)}
    return (silence for silence in present if silence["id"] in ended and not _is_expired(silence))


def _post(grafana: Grafana, silence: Silence) -> None:
    grafana.post(PATH, {key: silence[key] for key in POSTED})


def _attempt(change: Callable[[], object], done: str, silence: Silence, say: Callable[[str], None]) -> bool:
    """Make a change and say so. One that is refused is not tried again, for its like would be refused for ever."""
    try:
        change()
    except GrafanaError as error:
        if error.status not in REFUSALS:
            raise
        say(f"{shown(silence)} cannot be {done}: {error}")
        return False
    say(f"{shown(silence)} was {done}")
    return True


def shown(silence: Silence) -> str:
    """Return a silence in words, for a log."""
    matchers = ", ".join(
        f"{each['name']}{'' if each.get('isEqual', True) else '!'}{'~' if each.get('isRegex') else '='}{each['value']}"
        for each in silence["matchers"]
    )
    return f"the silence of {matchers} until {silence['endsAt']}"


def _is_expired(silence: Silence) -> bool:
    return bool(silence.get("status", {}).get("state") == EXPIRED)


def _content(silence: Silence) -> str:
    """Return what makes two silences the same; not when they begin, which is the present for one that is made again."""
    matchers = sorted(json.dumps(each, sort_keys=True) for each in silence["matchers"])
    return json.dumps([matchers, silence["endsAt"], silence["createdBy"], silence["comment"]])
