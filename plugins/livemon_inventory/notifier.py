"""Whom livemon itself notifies where Grafana does not: the configuration of ``livemon notify``, made of the same contact points.

Grafana sends to two dozen kinds of receivers, the notifier to those that take e-mail or one HTTP request with a text. What goes to
a contact point that it cannot serve goes to the default one instead, or to the first that it can serve.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from livemon_inventory import alerting, durations
from livemon_inventory.checks import is_list
from livemon_inventory.notifications import MATCHED, REPEAT, SECRET_FILE, SECRETS, is_reference, receivers
from livemon_inventory.sentences import SENTENCES

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of receiver that the notifier serves: what people call it, what it needs, and what else it understands.

    It passes over a setting that only says how Grafana's message looks; with one of `refused` it would not be believed or let in.
    """

    title: str
    needs: tuple[str, ...]
    understands: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    "email": Kind("e-mail", ("addresses",)),
    "webhook": Kind(
        "webhook",
        ("url",),
        ("httpMethod", "username", "password", "authorization_scheme", "authorization_credentials"),
        ("tlsConfig", "hmacConfig", "http_config", "headers", "payload"),
    ),
    "slack": Kind("Slack", ("url",)),
    "discord": Kind("Discord", ("url",)),
    "teams": Kind("Teams", ("url",)),
    "googlechat": Kind("Google Chat", ("url",)),
    "telegram": Kind("Telegram", ("bottoken", "chatid")),
}
"""By the type as Grafana writes it."""


def configuration(settings: Entry, smtp: Entry) -> dict:
    """Return what ``livemon notify`` reads; empty where there is no contact point that it can serve.

    Parameters
    ----------
    settings
        As for :func:`alerting.document`.
    smtp
        The inventory's setting of that name; empty if there is none.
    """
    said = settings.get("notifications") or {}
    points = [(entry["name"], list(_ways(entry))) for entry in said.get("contact_points") or []]
    served = {name: ways for name, ways in points if ways}
    if not served:
        return {}
    first = said.get("default") or points[0][0]
    default = first if first in served else next(iter(served))
    return {
        "contact_points": [{"name": name, "ways": ways} for name, ways in served.items()],
        "default": default,
        "repeat": durations.seconds(said.get("repeat") or REPEAT),
        "routes": [_route(entry, served, default, settings) for entry in said.get("routes") or []],
        "smtp": _smtp(smtp) if smtp else {},
        "sentences": {
            kind: {"firing": each.firing, "over": each.over, "advice": each.advice} for kind, each in SENTENCES.items()
        },
    }


def secrets_of(configuration: Entry, secrets: Entry) -> dict[str, str]:
    """Return the secrets that the notifier reads, by the names of their files: no more than its contact points need."""
    needed = {each.rpartition("/")[2] for each in _files_in(configuration)}
    files = {SECRET_FILE.format(name=name): str(value) for name, value in (secrets or {}).items()}
    return {name: value for name, value in files.items() if name in needed}


def alarms_reach(notifications: Entry) -> list[dict]:
    """Return who is notified of alarms: a mapping for each contact point to which a route or the default leads; empty for nobody.

    ``{"name", "by": [words], "without_grafana": bool}``: `by` tells each way, as in ``e-mail to postdoc@lab.example``, and holds
    no secret; `without_grafana` is whether livemon itself notifies it, too, where Grafana does not.
    """
    said = notifications or {}
    points = said.get("contact_points") or []
    goals = {said.get("default") or next((entry["name"] for entry in points), None)}
    for route in said.get("routes") or []:
        goals |= set(_listed(route["to"]))
    return [
        {
            "name": entry["name"],
            "by": [_by(kind, options) for kind, options in receivers(entry)],
            "without_grafana": any(True for _ in _ways(entry)),
        }
        for entry in points
        if entry["name"] in goals
    ]


def reach_sentence(notifications: Entry, *, grafana: bool = True) -> str:
    """Return in one sentence whom alarms reach, for people; `grafana` is whether this monitor has one."""
    reached = [each for each in alarms_reach(notifications) if grafana or each["without_grafana"]]
    if not reached and alarms_reach(notifications):
        return (
            "NOBODY IS NOTIFIED of alarms: without Grafana livemon can notify by "
            f"{', '.join(kind.title for kind in KINDS.values())}, and no contact point has one of these; add one"
        )
    if not reached:
        return (
            "NOBODY IS NOTIFIED of alarms: the inventory has no contact point; "
            "write notifications: {contact_points: [{name: on-call, email: postdoc@lab.example}]} and smtp"
        )
    return "Alarms reach " + "; ".join(f"{each['name']} ({', '.join(each['by'])})" for each in reached)


def _ways(entry: Entry) -> Iterator[dict]:
    """Yield each way to a contact point that the notifier serves, with its settings."""
    for name, settings in receivers(entry):
        kind = KINDS.get(name)
        if kind is None or not all(settings.get(each) for each in kind.needs):
            continue
        if any(settings.get(each) for each in kind.refused):
            continue
        known = {key: settings[key] for key in (*kind.needs, *kind.understands) if settings.get(key) is not None}
        if name == "email":
            known["addresses"] = [each.strip() for each in re.split(r"[;,\n]", known["addresses"]) if each.strip()]
        yield {"kind": name} | _with_files(known)


def _by(name: str, settings: Entry) -> str:
    if name == "email":
        return f"e-mail to {', '.join(each.strip() for each in re.split('[;,]', settings['addresses']))}"
    title = KINDS[name].title if name in KINDS else name
    host = None if is_reference(settings.get("url")) else urlsplit(str(settings.get("url") or "")).hostname
    return f"{title} at {host}" if name == "webhook" and host else title


def _route(entry: Entry, served: Mapping[str, Any], default: str, settings: Entry) -> dict:
    goals = dict.fromkeys(goal if goal in served else default for goal in _listed(entry["to"]))
    match = {label: entry[label] for label in MATCHED if entry.get(label) is not None} | dict(entry.get("labels") or {})
    match = {label: [str(each) for each in _listed(values)] for label, values in match.items()}
    if "alertname" in match:
        titles = {rule.title: rule.asks for rule in alerting.rules_of(settings)}
        match["rule"] = [titles.get(title, "") for title in match.pop("alertname")]
    route: dict[str, Any] = {"to": list(goals), "match": match}
    if entry.get("repeat") is not None:
        route["repeat"] = durations.seconds(entry["repeat"])
    return route | ({"continue": True} if entry.get("continue") else {})


def _smtp(smtp: Entry) -> dict:
    host, _, port = smtp["host"].rpartition(":")
    known = {key: smtp[key] for key in ("from", "user", "password") if smtp.get(key)}
    return {"host": host, "port": int(port), "from_name": smtp.get("from_name") or "livemon"} | _with_files(known)


def _with_files(value: Any) -> Any:
    """Return a setting with the file of each secret instead of its name."""
    if is_reference(value):
        return {"file": f"{SECRETS}/{SECRET_FILE.format(name=value['secret'])}"}
    return {key: _with_files(each) for key, each in value.items()} if isinstance(value, Mapping) else value


def _files_in(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if list(value) == ["file"]:
            yield value["file"]
        else:
            for each in value.values():
                yield from _files_in(each)
    elif is_list(value):
        for each in value:
            yield from _files_in(each)


def _listed(value: Any) -> list:
    return list(value) if is_list(value) else [value]
