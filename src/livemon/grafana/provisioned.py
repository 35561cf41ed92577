"""Whether Grafana has what it was given: it may answer, and yet have refused its alarms, dashboards or data source.

An alarm of livemon's that the files do not have is a fault, too: Grafana keeps whatever a file once made until a file removes it.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from livemon.errors import GrafanaError
from livemon.grafana.client import Grafana, release
from livemon.grafana.given import OURS, Given

SECONDS_BETWEEN_LOOKS = 2.0
SECONDS_STEADY = 10.0
"""From Grafana 13 on it answers before it has read its alarms, and ends when it does not take them."""
NAMED = 5
"""How many of what is missing are named; the others are counted."""
ORGANISATION = 1
VIEW = 1
"""The permission to look and no more, by Grafana's number."""
FINDS_FOLDERS_BY_SLUG_BEFORE = 10, 0
"""What such a release takes for the folder of the alarms may be a dashboard of the same name, and then it does not start."""


def rules(grafana: Grafana) -> dict[str, Mapping[str, Any]]:
    """Return livemon's alarm rules that Grafana has, by uid, as ``/api/v1/provisioning/alert-rules`` has them.

    Raises
    ------
    GrafanaError
        If Grafana does not answer.
    """
    found = grafana.get_json("/api/v1/provisioning/alert-rules") or []
    return {rule["uid"]: rule for rule in found if rule["uid"].startswith(OURS)}


def faults(grafana: Grafana, given: Given) -> list[str]:
    """Return what Grafana lacks, or has too much, of what it was given: one clause each, empty where all is as it should be.

    Raises
    ------
    GrafanaError
        If Grafana does not answer, or does not know the password.
    """
    checks = (_sources, _dashboards, _rules, _contact_points, _policy, _templates, _permissions)
    return [fault for check in checks for fault in check(grafana, given)]


def protect(grafana: Grafana, given: Given) -> list[str]:
    """Let only administrators change the folders with the given alarms; return the titles of those that were open before.

    By default an Editor may delete a folder, and all alarms in it. What teams and single users have been given is left to them.

    Raises
    ------
    GrafanaError
        If Grafana does not answer, or refuses.
    """
    opened = {
        title: uid for title, uid in _folders(grafana).items() if title in given.folders and _open_to(grafana, uid)
    }
    for uid in opened.values():
        kept = [
            {key: entry[key], "permission": entry["permission"]}
            for entry in _acl(grafana, uid)
            for key in ("userId", "teamId")
            if entry.get(key) and not entry.get("inherited")
        ]
        roles = [{"role": role, "permission": VIEW} for role in ("Viewer", "Editor")]
        grafana.post(f"/api/folders/{quote(uid)}/permissions", {"items": roles + kept})
    return list(opened)


def left_over(grafana: Grafana, given: Given) -> dict[str, Any]:
    """Return a provisioning file that removes what no file names any more; empty if nothing is left.

    An installation that had another inventory leaves alarms in a database that is brought back, and in one whose files were lost.
    Grafana's API does not delete what came from a file; a file does.

    Raises
    ------
    GrafanaError
        If Grafana does not answer.
    """
    points = _contact_points_of(grafana)
    gone = {
        "deleteRules": [uid for uid in rules(grafana) if _is_left_over(uid, given.rules)],
        "deleteContactPoints": [uid for uid in points if _is_left_over(uid, given.contact_points)],
    }
    document: dict[str, Any] = {
        key: [{"orgId": ORGANISATION, "uid": uid} for uid in uids] for key, uids in gone.items() if uids
    }
    used = set(_receivers(grafana.get_json("/api/v1/provisioning/policies")))
    if given.policy is None and used & {points[uid] for uid in gone["deleteContactPoints"]}:
        document["resetPolicies"] = [ORGANISATION]
    return {"apiVersion": 1} | document if document else {}


def reload_alerting(grafana: Grafana) -> None:
    """Make Grafana read its alerting files again.

    Raises
    ------
    GrafanaError
        If Grafana does not answer, or does not take them.
    """
    grafana.post("/api/admin/provisioning/alerting/reload", {})


def seconds_steady(started: dt.datetime | None, patience: float, now: dt.datetime) -> float:
    """Return for how long Grafana must be without fault: what has run longer than it was waited for has read its alarms long ago.

    Parameters
    ----------
    started
        When its container was started last, with a time zone; `None` if that is not known.
    patience
        Seconds for which it is waited for; 0 if it is only looked at.
    now
        The time of the same clock, with a time zone.
    """
    runs_for_long = started is not None and (now - started).total_seconds() > patience
    return SECONDS_STEADY if patience and not runs_for_long else 0.0


def settle(
    look: Callable[[], list[str]],
    patience: float,
    steady: float = SECONDS_STEADY,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until there has been no fault for a while.

    Parameters
    ----------
    look
        Returns the faults of the moment; may raise :exc:`GrafanaError`.
    patience
        Seconds after which the faults that are left are told.
    steady
        Seconds for which there must be none.

    Raises
    ------
    GrafanaError
        If there are faults after `patience`; at once where Grafana does not know the password, as more attempts would lock it.
    """
    begin, well_since = clock(), None
    while True:
        found = _seen(look)
        now = clock()
        if found:
            well_since = None
            if now - begin >= patience:
                waited = f" (waited {patience:.0f} s for it)" if patience else ""
                raise GrafanaError(f"Grafana does not have what it was given{waited}: {'; '.join(found)}")
        else:
            well_since = now if well_since is None else well_since
            if now - well_since >= steady:
                return
        sleep(SECONDS_BETWEEN_LOOKS)


def _seen(look: Callable[[], list[str]]) -> list[str]:
    try:
        return look()
    except GrafanaError as error:
        if error.status == 401:
            raise
        return [str(error)]


def _sources(grafana: Grafana, given: Given) -> Iterator[str]:
    for uid, kind in given.sources.items():
        source = _if_there(grafana, f"/api/datasources/uid/{quote(uid)}")
        if source is None:
            yield f"the data source {uid} is missing"
        elif _if_there(grafana, f"/api/plugins/{quote(kind)}/settings") is None:
            yield (
                f"this Grafana has no plug-in {kind}, without which the data source {uid} is of no use: name another image by "
                "grafana_image, for example grafana/grafana:12.0.2"
            )
        elif source.get("type") != kind:
            yield f"the data source {uid} is of the kind {source.get('type')}, not {kind}"
        elif reason := _does_not_answer(grafana, uid, kind):
            yield f"the data source {uid} does not answer Grafana (docker logs sisock_grafana_http): {reason}"


def _does_not_answer(grafana: Grafana, uid: str, kind: str) -> str | None:
    """Ask it as an alarm rule does: by Grafana's server, which every release since 9.4 has."""
    query = {
        "refId": "A",
        "datasource": {"type": kind, "uid": uid},
        "target": "constantLine(1)",
        "intervalMs": 1000,
        "maxDataPoints": 100,
    }
    try:
        answer = grafana.post("/api/ds/query", {"queries": [query], "from": "now-5m", "to": "now"}).json()
    except GrafanaError as error:
        if error.status in (None, 401):
            raise
        return str(error)
    fault: str | None = answer.get("results", {}).get("A", {}).get("error")
    return fault


def _dashboards(grafana: Grafana, given: Given) -> Iterator[str]:
    found = {entry["uid"]: entry["title"] for entry in grafana.search("dash-db")}
    yield from _listed("missing: the dashboard", {u: t for u, t in given.dashboards.items() if u not in found})
    left = {uid: title for uid, title in found.items() if _is_left_over(uid, given.dashboards)}
    yield from _listed("still there, though the inventory has it no more: the dashboard", left)
    if (release(grafana.version()) or (0,)) < FINDS_FOLDERS_BY_SLUG_BEFORE:
        folders = {_slug(folder) for folder in given.folders}
        clashes = {uid: title for uid, title in found.items() if _slug(title) in folders}
        yield from _listed(
            "called like the folder of the alarms, with which this Grafana will not start again until it has another name: "
            "the dashboard",
            clashes,
        )


def _rules(grafana: Grafana, given: Given) -> Iterator[str]:
    found = rules(grafana)
    titles = {uid: rule["title"] for uid, rule in given.rules.items()}
    yield from _listed("missing: the alarm", {u: t for u, t in titles.items() if u not in found})
    changed = {u: t for u, t in titles.items() if u in found and _essence(found[u]) != _essence(given.rules[u])}
    yield from _listed("not what the inventory says: the alarm", changed)
    left = {uid: rule["title"] for uid, rule in found.items() if _is_left_over(uid, given.rules)}
    yield from _listed(
        "still there, though the inventory has it no more and Grafana was told to delete it (delete the folder in Grafana as its "
        "administrator, then docker restart sisock_grafana: the others come back): the alarm",
        left,
    )


def _essence(rule: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what a rule says, without what releases of Grafana add or write otherwise."""
    asked = [
        (query["refId"], query["model"].get("target"), query["model"].get("expression"))
        for query in rule.get("data") or []
    ]
    return rule["title"], rule.get("condition"), dict(rule.get("labels") or {}), asked


def _contact_points(grafana: Grafana, given: Given) -> Iterator[str]:
    found = _contact_points_of(grafana)
    yield from _listed("missing: the contact point", {u: n for u, n in given.contact_points.items() if u not in found})
    left = {uid: name for uid, name in found.items() if _is_left_over(uid, given.contact_points)}
    yield from _listed("still there, though the inventory has it no more: the contact point", left)


def _contact_points_of(grafana: Grafana) -> dict[str, str]:
    """Return the names of contact points by uid; Grafana's own has an empty one."""
    return {each.get("uid", ""): each["name"] for each in grafana.get_json("/api/v1/provisioning/contact-points") or []}


def _receivers(policy: Mapping[str, Any]) -> Iterator[str]:
    if "receiver" in policy:
        yield policy["receiver"]
    for route in policy.get("routes") or []:
        yield from _receivers(route)


def _policy(grafana: Grafana, given: Given) -> Iterator[str]:
    if given.policy is not None and _tree(grafana.get_json("/api/v1/provisioning/policies")) != _tree(given.policy):
        yield "the notification policies are not those of the inventory"


def _tree(policy: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return whom a tree of policies tells of what."""
    matchers = sorted(tuple(matcher) for matcher in policy.get("object_matchers") or [])
    routes = [_tree(route) for route in policy.get("routes") or []]
    return policy.get("receiver"), matchers, bool(policy.get("continue")), routes


def _templates(grafana: Grafana, given: Given) -> Iterator[str]:
    if given.templates:
        found = {each["name"] for each in grafana.get_json("/api/v1/provisioning/templates") or []}
        yield from _listed("missing: the message template", {n: n for n in given.templates if n not in found})


def _permissions(grafana: Grafana, given: Given) -> Iterator[str]:
    folders = _folders(grafana)
    for title in given.folders:
        uid = folders.get(title)
        if uid is None:
            yield f"missing: the folder {title}"
        elif _open_to(grafana, uid):
            yield f"every Editor can delete the folder {title} and all alarms in it"


def _folders(grafana: Grafana) -> dict[str, str]:
    return {folder["title"]: folder["uid"] for folder in grafana.get_json("/api/folders", limit=1000)}


def _open_to(grafana: Grafana, uid: str) -> bool:
    return any(
        entry.get("role") in ("Viewer", "Editor") and entry.get("permission", 0) > VIEW for entry in _acl(grafana, uid)
    )


def _acl(grafana: Grafana, uid: str) -> list[Mapping[str, Any]]:
    entries: list[Mapping[str, Any]] = grafana.get_json(f"/api/folders/{quote(uid)}/permissions")
    return entries


def _is_left_over(uid: str, wanted: Iterable[str]) -> bool:
    return uid.startswith(OURS) and uid not in wanted


def _if_there(grafana: Grafana, path: str) -> Any:
    try:
        return grafana.get_json(path)
    except GrafanaError as error:
        if error.status != 404:
            raise
        return None


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _listed(what: str, entries: Mapping[str, str]) -> Iterator[str]:
    """Yield one clause for all entries, titles by uid; none where there is none."""
    if entries:
        names = [f"{title} ({uid})" if title != uid else uid for uid, title in list(entries.items())[:NAMED]]
        others = [f"{len(entries) - NAMED} more"] if len(entries) > NAMED else []
        yield f"{what}{'s' if len(entries) > 1 else ''} {', '.join(names + others)}"
