"""Notifications by one HTTP request: webhooks, and the chat services that take a text at an address.

The body of a webhook has the form of Grafana's (its documentation, "Webhook notifier": status, alerts, title, message), so that the
same program reads both. The others have that of each service's own documentation of incoming webhooks, or of Telegram's Bot API.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import Any

from livemon.health import external_http
from livemon.notify.message import Item, Message
from livemon.notify.secrets import value_of

TELEGRAM = "https://api.telegram.org"
LONGEST = 2000
"""Characters that all of these services take: Discord takes no more."""
_DISCORD = re.compile(r"([\\*_~|<>\[\]`])")


def deliver(message: Message, settings: Mapping[str, Any]) -> str | None:
    """Send a message; return why it did not arrive, in words that hold no secret, or `None`.

    `settings` are those of the contact point, ``kind`` and what Grafana calls them, secrets as files.
    """
    try:
        known = {key: value_of(value) for key, value in settings.items()}
    except ValueError as error:
        return str(error)
    kind = known["kind"]
    if kind == "telegram":
        url = f"{known.get('endpoint', TELEGRAM)}/bot{known['bottoken']}/sendMessage"
        return external_http.send("POST", url, json={"chat_id": known["chatid"], "text": _text(message)})
    if kind == "webhook":
        method = known.get("httpMethod") or "POST"
        return external_http.send(method, known["url"], json=_as_grafana(message), **_authorization(known))
    return external_http.send("POST", known["url"], json=BODIES[kind](message))


def _authorization(known: Mapping[str, Any]) -> dict[str, Any]:
    if known.get("username") or known.get("password"):
        name, password = known.get("username") or "", known.get("password") or ""
        return {"auth": (name.encode(), password.encode())}
    if known.get("authorization_credentials"):
        scheme = known.get("authorization_scheme") or "Bearer"
        return {"headers": {"Authorization": f"{scheme} {known['authorization_credentials']}"}}
    return {}


def _text(message: Message) -> str:
    text = f"{message.title}\n\n{message.body}"
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _slack(message: Message) -> dict[str, Any]:
    text = _text(message).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": text}


def _discord(message: Message) -> dict[str, Any]:
    text = _DISCORD.sub(r"\\\1", _text(message))
    return {"content": text[:LONGEST], "allowed_mentions": {"parse": []}}


def _teams(message: Message) -> dict[str, Any]:
    blocks = [{"type": "TextBlock", "text": each, "wrap": True} for each in _text(message).split("\n") if each]
    card = {"type": "AdaptiveCard", "version": "1.2", "body": blocks}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attachment]}


def _googlechat(message: Message) -> dict[str, Any]:
    return {"text": _text(message)}


BODIES: Mapping[str, Callable[[Message], dict[str, Any]]] = {
    "slack": _slack,
    "discord": _discord,
    "teams": _teams,
    "googlechat": _googlechat,
}


def _as_grafana(message: Message) -> dict[str, Any]:
    status = "firing" if message.firing else "resolved"
    return {
        "receiver": message.receiver,
        "status": status,
        "state": "alerting" if message.firing else "ok",
        "orgId": 1,
        "version": "1",
        "groupKey": "livemon",
        "truncatedAlerts": 0,
        "externalURL": "",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "alerts": [_alert(item) for item in message.sorted],
        "title": message.title,
        "message": message.body,
    }


def _alert(item: Item) -> dict[str, Any]:
    return {
        "status": "firing" if item.ended is None else "resolved",
        "labels": {"alertname": item.tags.get("subject", item.id), "name": item.id, **item.tags},
        "annotations": {"summary": item.sentence, "description": item.advice},
        "startsAt": _iso(item.since),
        "endsAt": "0001-01-01T00:00:00Z" if item.ended is None else _iso(item.ended),
        "fingerprint": item.id,
    }


def _iso(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
