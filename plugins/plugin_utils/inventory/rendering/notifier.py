"""Whom livemon itself notifies where there is no Grafana: the configuration of ``livemon notify``, from the same contact points.

Grafana sends to two dozen kinds of receivers, the notifier to those that take e-mail or one HTTP request with a text. Messages to a
contact point that it cannot serve go to the default one instead, or to the first that it can serve.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .. import durations
from ..contact_points import MATCHED, REPEAT, Receiver, receivers
from ..entries import Document, Entry, as_list, is_list
from ..grafana.alarms.requested import requested
from ..grafana.notifications import file_of, secret_files
from ..grafana.rules import rules_of
from ..grafana.sentences import SENTENCES
from ..secret_references import is_reference


@dataclass(frozen=True)
class Kind:
    """A kind of receiver that the notifier serves: what people call it, the settings that it needs, and others that it understands.

    A setting that only changes the look of Grafana's message is ignored. A receiver with one of the settings `refused` is not served:
    it would reject the notifier's messages.
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


def configuration(settings: Entry, smtp: Entry, monitor: str = "this machine") -> Document:
    """Return what ``livemon notify`` reads; empty if there is no contact point that it can serve.

    Parameters
    ----------
    settings
        As for :func:`alerting.document`.
    smtp
        The inventory's setting of that name; empty if there is none.
    monitor
        What the inventory calls the machine.
    """
    routing = settings.get("notifications") or {}
    points = [(entry["name"], list(_ways(entry))) for entry in routing.get("contact_points") or []]
    served = {name: ways for name, ways in points if ways}
    if not served:
        return {}
    default = _instead(routing, served)
    return {
        "monitor": monitor,
        "contact_points": [{"name": name, "ways": ways} for name, ways in served.items()],
        "default": default,
        "repeat": durations.parsed(routing.get("repeat") or REPEAT),
        "routes": [_route(entry, served, default, settings) for entry in routing.get("routes") or []],
        "smtp": _smtp(smtp) if smtp else {},
        "sentences": {
            kind: {"firing": each.firing, "over": each.over, "advice": each.advice} for kind, each in SENTENCES.items()
        },
    }


def secrets_of(configuration: Entry, secrets: Entry) -> dict[str, str]:
    """Return the secrets that the notifier reads, by the names of their files: only those that its contact points need."""
    needed = {each.rpartition("/")[2] for each in _files_in(configuration)}
    return {name: value for name, value in secret_files(secrets).items() if name in needed}


def reach_sentence(notifications: Entry, *, grafana: bool = True) -> str:
    """Return one sentence, without secrets, about who is notified of alarms and how; `grafana` is whether this monitor has one."""
    routing = notifications or {}
    points = routing.get("contact_points") or []
    if not points:
        return (
            "NOBODY IS NOTIFIED of alarms: the inventory has no contact point; "
            "write notifications: {contact_points: [{name: on-call, email: postdoc@lab.example}]} and smtp"
        )
    goals = {_default(routing), *(goal for route in routing.get("routes") or [] for goal in as_list(route["to"]))}
    if not grafana:
        served = [entry["name"] for entry in points if any(_ways(entry))]
        if not served:
            return (
                "NOBODY IS NOTIFIED of alarms: without Grafana livemon can notify by "
                f"{', '.join(kind.title for kind in KINDS.values())}, and no contact point has one of these; add one"
            )
        goals = {goal if goal in served else _instead(routing, served) for goal in goals}
    reached = [entry for entry in points if entry["name"] in goals]
    return "Alarms reach " + "; ".join(
        f"{entry['name']} ({', '.join(map(_described, receivers(entry)))})" for entry in reached
    )


def _default(routing: Entry) -> str:
    """Return the contact point for alarms that no route takes."""
    return str(routing.get("default") or routing["contact_points"][0]["name"])


def _instead(routing: Entry, served: Collection[str]) -> str:
    """Return the contact point for messages to one that the notifier cannot serve."""
    return _default(routing) if _default(routing) in served else next(iter(served))


def _ways(entry: Entry) -> Iterator[Document]:
    """Yield each receiver of a contact point that the notifier serves, with its settings."""
    for name, settings in receivers(entry):
        kind = KINDS.get(name)
        if kind is None or not all(settings.get(each) for each in kind.needs):
            continue
        if any(settings.get(each) for each in kind.refused):
            continue
        known = {key: settings[key] for key in (*kind.needs, *kind.understands) if settings.get(key) is not None}
        if name == "email":
            known["addresses"] = _addresses(known)
        yield {"kind": name} | _with_files(known)


def _addresses(settings: Entry) -> list[str]:
    return [each.strip() for each in re.split(r"[;,\n]", settings["addresses"]) if each.strip()]


def _described(receiver: Receiver) -> str:
    name, settings = receiver
    if name == "email":
        return f"e-mail to {', '.join(_addresses(settings))}"
    title = KINDS[name].title if name in KINDS else name
    host = None if is_reference(settings.get("url")) else urlsplit(str(settings.get("url") or "")).hostname
    return f"{title} at {host}" if name == "webhook" and host else title


def _route(entry: Entry, served: Mapping[str, Any], default: str, settings: Entry) -> Document:
    goals = dict.fromkeys(goal if goal in served else default for goal in as_list(entry["to"]))
    match = {label: entry[label] for label in MATCHED if entry.get(label) is not None} | dict(entry.get("labels") or {})
    match = {label: [str(each) for each in as_list(values)] for label, values in match.items()}
    if "alertname" in match:
        titles = {rule.title: rule.asks for rule in rules_of(requested(settings))}
        match["rule"] = [titles.get(title, "") for title in match.pop("alertname")]
    route: Document = {"to": list(goals), "match": match}
    if entry.get("repeat") is not None:
        route["repeat"] = durations.parsed(entry["repeat"])
    return route | ({"continue": True} if entry.get("continue") else {})


def _smtp(smtp: Entry) -> Document:
    host, _, port = smtp["host"].rpartition(":")
    known = {key: smtp[key] for key in ("from", "user", "password") if smtp.get(key)}
    return {"host": host, "port": int(port), "from_name": smtp.get("from_name") or "livemon"} | _with_files(known)


def _with_files(settings: Entry) -> Document:
    """Return settings with the file of each secret instead of its name."""
    return {key: _with_file(value) for key, value in settings.items()}


def _with_file(value: Any) -> Any:
    if is_reference(value):
        return {"file": file_of(value["secret"])}
    return _with_files(value) if isinstance(value, Mapping) else value


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
