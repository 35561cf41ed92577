"""What can be wrong with contact points, routes, secrets and e-mail. A secret's value is repeated nowhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .. import durations
from ..checks import is_list, is_true, is_web_address, kind, listed, repeats, unknown_keys, written
from ..grafana.alarms.appliance import KINDS, OWN_AGENTS
from ..grafana.alarms.requested import LIMIT_KINDS, SEVERITIES
from ..grafana.notifications import FRIENDLY, MATCHED, NOBODY, PULSE
from ..grafana.receiver_settings import RECEIVERS, Release, hidden_settings, is_hidden, missing_settings
from ..grafana.releases import DEFAULT_IMAGE, NEWEST, release_of
from ..grafana.releases import written as of_release
from ..secret_references import is_reference, of_reference, of_secrets, secrets_in

KEYS = ("contact_points", "default", "routes", "repeat")
POINT_KEYS = ("name", *FRIENDLY, "type", "settings")
ROUTE_KEYS = ("to", *MATCHED, "labels", "repeat", "continue")
SMTP_KEYS = ("host", "from", "from_name", "user", "password", "verify")
SHORTEST_REPEAT = 60

_POINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}\Z")
_ADDRESS = re.compile(r"[^@\s;,<>$\"']+@[^@\s;,<>$\"']+\Z")
_SERVER = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}\Z")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_SECRET_KEY = re.compile(r"password|token|secret|credential|key\Z", re.IGNORECASE)
_WITH_SECRET_URL = {"slack", "discord", "teams", "googlechat", "wecom", "dingding", "victorops", "sensugo"}
"""Receivers at whose address anybody may write who knows it."""
_ADDRESSES = {"url", "endpointUrl", "api_url", "brokerUrl", "kafkaRestProxy"}
"""Settings that are an address, which a secret may be part of."""
_POINT_EXAMPLE = "{name: on-call, email: postdoc@lab.example}"
_SMTP_EXAMPLE = "{host: smtp.lab.example:587, from: cryo@lab.example}"
_REFER = "write {{secret: {name}}} and the value under notification_secrets, best from Ansible Vault"


@dataclass(frozen=True)
class Site:
    """What else of a site decides who sees a setting: the release of Grafana, and whether everybody is a viewer."""

    release: Release
    is_open: bool

    @property
    def grafana(self) -> str:
        """Its Grafana by name."""
        return "Grafana" if self.release == NEWEST else f"Grafana {of_release(self.release)}"


def of_site(settings: Mapping[str, Any]) -> Iterator[str]:
    """Every fault of ``notifications``, ``notification_secrets`` and ``smtp``."""
    known = settings.get("notification_secrets")
    yield from of_secrets("notification_secrets", known, "slack_url")
    smtp = settings.get("smtp")
    if smtp is not None:
        yield from _smtp_faults(smtp)
    said = settings.get("notifications")
    if said is not None:
        if isinstance(said, Mapping):
            yield from _notification_faults(said, _known_labels(settings), _site(settings))
            if smtp is None and _sends_mail(said):
                yield f"smtp: there is none, and Grafana needs a server to send e-mail; write {_SMTP_EXAMPLE}"
        else:
            yield f"notifications: this is {kind(said)}; write contact_points: [{_POINT_EXAMPLE}] under it"
    for place, value in (("notifications", said), ("smtp", smtp)):
        for name in dict.fromkeys(secrets_in(value)):
            yield from of_reference(place, name, "notification_secrets", known)
            if place == "notifications" and isinstance(known, Mapping) and "$" in str(known.get(name, "")):
                # It expands what a file holds, too, and knows no way to say that a $ is one.
                yield f"notification_secrets.{name}: Grafana takes $ and what follows for a variable; have a secret without $ made"


def _smtp_faults(smtp: Any) -> Iterator[str]:
    if not isinstance(smtp, Mapping):
        yield f"smtp: this is {kind(smtp)}; write {_SMTP_EXAMPLE}"
        return
    yield from unknown_keys("smtp", smtp, SMTP_KEYS)
    smtp = written(smtp)
    for key, pattern, example in (("host", _SERVER, "smtp.lab.example:587"), ("from", _ADDRESS, "cryo@lab.example")):
        if key not in smtp:
            yield f"smtp.{key} is missing; write for example {key}: {example}"
        elif not isinstance(smtp[key], str) or not pattern.match(smtp[key]):
            yield f"smtp.{key}: {smtp[key]!r} will not do; write for example {key}: {example}"
    for key in ("user", "from_name"):
        value = smtp.get(key, "x")
        if not isinstance(value, str) or not value.isprintable() or not value or "$" in value:
            yield f"smtp.{key}: {value!r} is no name; write a text in quotes, without $"
    if "password" in smtp and not is_reference(smtp["password"]):
        yield f"smtp.password: no secret stands here; {_REFER.format(name='smtp_password')}"
    if "verify" in smtp:
        yield "smtp.verify: certificates are always verified; leave it out, and name who signed the server's in extra_ca_certificates"


def _site(settings: Mapping[str, Any]) -> Site:
    image = settings.get("grafana_image")
    return Site(
        release_of(image if isinstance(image, str) else DEFAULT_IMAGE),
        is_true(settings.get("grafana_anonymous_viewer")),
    )


def _known_labels(settings: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the values that labels of alarms can have, where that is known: another one in a route would never fit."""
    lists = [settings.get(key) for key in ("instruments", "ocs_agents")]
    entries = [entry for each in lists if is_list(each) for entry in each if isinstance(entry, Mapping)]
    return {
        "severity": list(SEVERITIES),
        "instrument": [*(str(entry["id"]) for entry in entries if "id" in entry), *OWN_AGENTS],
        "kind": [*LIMIT_KINDS, "silent", "invalid", "frozen", "unreachable", "away", "degraded", *KINDS],
    }


def _notification_faults(said: Mapping[str, Any], known: Mapping[str, list[str]], site: Site) -> Iterator[str]:
    yield from unknown_keys("notifications", said, KEYS)
    said = written(said)
    points = said.get("contact_points")
    if not is_list(points) or not points:
        yield f"notifications.contact_points: write a list, for example [{_POINT_EXAMPLE}]"
        return
    entries = []
    for number, point in enumerate(points):
        place = f"notifications.contact_points[{number}]"
        if isinstance(point, Mapping):
            entries.append((place, point))
            yield from _point_faults(place, point, site)
        else:
            yield f"{place}: this is {kind(point)}; write {_POINT_EXAMPLE}"
    yield from repeats(entries, "name", lambda name: str(name).lower().replace(" ", "_"), "give each a name of its own")
    names = [point.get("name") for _, point in entries]
    if "default" in said and said["default"] not in names:
        yield f"notifications.default: there is no contact point {said['default']!r}; there are {_listed(names)}"
    yield from _repeat_faults("notifications", said)
    routes = said.get("routes", [])
    if not is_list(routes):
        yield f"notifications.routes: this is {kind(routes)}; write a list, for example [{{severity: critical, to: on-call}}]"
        return
    for number, route in enumerate(routes):
        yield from _route_faults(f"notifications.routes[{number}]", route, names, known)


def _point_faults(place: str, point: Mapping[str, Any], site: Site) -> Iterator[str]:
    yield from unknown_keys(place, point, POINT_KEYS)
    point = written(point)
    name = point.get("name")
    if not isinstance(name, str) or not _POINT.match(name) or name in (PULSE, NOBODY):
        yield f"{place}.name: {name!r} is no name for a contact point; use letters, digits, spaces, '-' and '_', for example on-call"
    if not any(key in point for key in (*FRIENDLY, "type")):
        yield f"{place}: nobody is told; write email, slack, webhook, or type and settings of a receiver as Grafana names it"
    if "email" in point:
        addresses = listed(point["email"])
        if not addresses or not all(isinstance(each, str) and _ADDRESS.match(each) for each in addresses):
            yield f"{place}.email: {point['email']!r} is no address; write postdoc@lab.example, or a list of such"
    for receiver in ("slack", "webhook"):
        said = point.get(receiver)
        if isinstance(said, Mapping) and not is_reference(said):
            yield from _receiver_faults(f"{place}.{receiver}", receiver, said, site)
        elif said is not None:
            yield from _setting_faults(f"{place}.{receiver}", receiver, "url", said, site)
    yield from _raw_faults(place, point, site)


def _raw_faults(place: str, point: Mapping[str, Any], site: Site) -> Iterator[str]:
    """Every fault of a receiver that is written as Grafana has it."""
    if "settings" in point and "type" not in point:
        yield f"{place}.type is missing; write the receiver as Grafana names it, for example type: telegram"
    if "type" not in point:
        return
    receiver, settings = point["type"], point.get("settings")
    if receiver not in RECEIVERS:
        near = difflib.get_close_matches(str(receiver).lower(), RECEIVERS, n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(RECEIVERS)}"
        yield f"{place}.type: Grafana has no receiver {receiver!r}; {hint}"
    elif RECEIVERS[receiver].since > site.release:
        image = f"grafana/grafana:{of_release(RECEIVERS[receiver].since)}.0"
        yield f"{place}.type: {site.grafana} has no receiver {receiver}; write another, or grafana_image: {image} or newer"
    elif receiver in FRIENDLY and receiver in point:
        yield f"{place}.type: {receiver} is there twice; leave out one of them"
    elif not isinstance(settings, Mapping) or not settings:
        yield f"{place}.settings: write them as Grafana names them, for example {{chatid: '-42', bottoken: {{secret: telegram}}}}"
    else:
        yield from _receiver_faults(f"{place}.settings", receiver, settings, site)


def _receiver_faults(place: str, receiver: str, settings: Mapping[str, Any], site: Site) -> Iterator[str]:
    """Every fault of a receiver's settings. Grafana does not start with one that lacks a setting."""
    missing = missing_settings(receiver, settings)
    if missing:
        yield f"{place}: {' and '.join(missing)} {'are' if len(missing) > 1 else 'is'} missing, which {receiver} cannot do without"
    if receiver == "telegram" and settings.get("parse_mode") not in (None, "None") and not settings.get("message"):
        yield f"{place}.parse_mode: the messages of livemon are plain text; leave it out, or write a message, too"
    for name, value in _leaves(settings):
        yield from _setting_faults(f"{place}.{name}", receiver, name, value, site)


def _leaves(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each setting and its value; those inside others by names joined with dots."""
    for key, value in settings.items():
        if isinstance(value, Mapping) and not isinstance(value.get("secret"), str):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _setting_faults(place: str, receiver: str, name: str, value: Any, site: Site) -> Iterator[str]:
    """What is wrong with one setting: as an address, or because others would read it."""
    own = re.sub(r"[^a-z0-9_]", "_", f"{receiver}_{name}".lower())
    is_secret = bool(_SECRET_KEY.search(name)) or (name == "url" and receiver in _WITH_SECRET_URL)
    if is_reference(value):
        if not is_hidden(receiver, name, site.release):
            yield from _shown(place, receiver, name, site)
    elif isinstance(value, Mapping):
        yield f"{place}: a secret is told by its name alone; {_REFER.format(name=own)}"
    elif name == "url" and not is_secret and not is_web_address(value):
        yield f"{place}: this is no address; write https://..., or {{secret: {own}}} and it under notification_secrets"
    elif name == "url" and not is_secret and "@" in urlsplit(value).netloc:
        yield f"{place}: this address has a password in it; {_REFER.format(name=own)}"
    elif is_secret and isinstance(value, str):
        yield f"{place}: this is a secret, and here anybody would read it; {_REFER.format(name=own)}"
    elif is_secret and value is not None:
        yield f"{place}: this is {kind(value)}; {_REFER.format(name=own)}"


def _shown(place: str, receiver: str, name: str, site: Site) -> Iterator[str]:
    """What is wrong with a secret that Grafana shows to viewers. An address is left to those who have a password."""
    hidden = " and ".join(hidden_settings(receiver, site.release))
    since = RECEIVERS[receiver].hidden.get(name)
    newer = f", or take Grafana {of_release(_minor(since))} or newer, which hides it" if since else ""
    if name not in _ADDRESSES:
        instead = (
            f"of {receiver} it hides {hidden}" if hidden else f"of {receiver} it hides nothing: take another receiver"
        )
        yield f"{place}: {site.grafana} shows this setting to all viewers; write no secret here, {instead}{newer}"
    elif site.is_open:
        instead = f", write the address in clear and what is secret as {hidden}" if hidden else ""
        yield (
            f"{place}: {site.grafana} shows this address to all viewers, and by grafana_anonymous_viewer everybody is one; "
            f"leave grafana_anonymous_viewer out{instead}{newer}"
        )


def _minor(release: Release) -> Release:
    """Return the first minor release that is not older: only these two numbers of an image are looked at."""
    major, minor, *patch = release
    return (major, minor + 1) if any(patch) else (major, minor)


def _route_faults(place: str, route: Any, names: list, known: Mapping[str, list[str]]) -> Iterator[str]:
    if not isinstance(route, Mapping):
        yield f"{place}: this is {kind(route)}; write for example {{severity: critical, to: on-call}}"
        return
    yield from unknown_keys(place, route, ROUTE_KEYS)
    route = written(route)
    goals = route.get("to")
    goals = listed(goals)
    if "to" not in route or not goals:
        yield f"{place}.to is missing; write a contact point, there are {_listed(names)}"
    else:
        for goal in goals:
            if goal not in names:
                yield f"{place}.to: there is no contact point {goal!r}; there are {_listed(names)}"
    if not any(key in route for key in (*MATCHED, "labels")):
        yield f"{place}: it would take every alarm; say of which, for example severity: critical, or write notifications.default"
    yield from _match_faults(place, route, known)
    labels = route.get("labels", {})
    if not isinstance(labels, Mapping) or not all(isinstance(key, str) and _LABEL.match(key) for key in labels):
        yield f"{place}.labels: write the value of each label, for example {{label: 4K plate}}"
        labels = {}
    for label, value in labels.items():
        values = listed(value)
        if not values or not all(_is_plain(each) for each in values):
            yield f"{place}.{label}: {value!r} is no value of a label; write one, or a list of them"
    if not isinstance(route.get("continue", False), bool):
        yield f"{place}.continue: {route['continue']!r} is neither true nor false; true lets the routes below have the alarm, too"
    yield from _repeat_faults(place, route)


def _match_faults(place: str, route: Mapping[str, Any], known: Mapping[str, list[str]]) -> Iterator[str]:
    for label in MATCHED:
        values = route.get(label, [])
        for value in listed(values):
            if value not in known[label]:
                yield f"{place}.{label}: no alarm has {value!r}; there are {_listed(known[label])}"


def _is_plain(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and bool(str(value)) and "$" not in str(value)


def _repeat_faults(place: str, entry: Mapping[str, Any]) -> Iterator[str]:
    if "repeat" in entry and (durations.seconds(entry["repeat"]) or 0) < SHORTEST_REPEAT:
        yield f"{place}.repeat: {entry['repeat']!r} is no time after which to tell of it again; write for example 4h, at least 1m"


def _sends_mail(said: Mapping[str, Any]) -> bool:
    points = said.get("contact_points")
    return any(
        isinstance(point, Mapping) and (point.get("email") is not None or point.get("type") == "email")
        for point in (points if is_list(points) else [])
    )


def _listed(names: list) -> str:
    return ", ".join(str(name) for name in names if name) or "none"
