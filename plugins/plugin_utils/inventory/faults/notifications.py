"""Faults in contact points, routes and their secrets: the settings ``notifications``, ``notification_secrets`` and ``smtp``.

The value of a secret is never repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .. import durations
from ..alarm_settings import INSTRUMENT_DEFAULTS, LIMIT_KINDS, SEVERITIES
from ..checks import Placed, kind, placed, repeats, unknown_keys
from ..contact_points import MATCHED, SHORT_FORMS
from ..entries import Entry, as_list, given, is_list
from ..grafana.alarms.kinds import KINDS, OWN_AGENTS
from ..grafana.identity import NOBODY, PULSE
from ..secret_references import secrets_in
from .receivers import Viewers, is_mail_address, receiver_faults
from .secrets import of_reference, of_secrets
from .smtp import EXAMPLE as SMTP_EXAMPLE
from .smtp import smtp_faults

KEYS = ("contact_points", "default", "routes", "repeat")
POINT_KEYS = ("name", *SHORT_FORMS, "type", "settings")
ROUTE_KEYS = ("to", *MATCHED, "labels", "repeat", "continue")
SHORTEST_REPEAT = 60
"""Seconds."""

_POINT = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _-]{0,39}\Z")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_POINT_EXAMPLE = "{name: on-call, email: postdoc@lab.example}"


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of the three settings."""
    secrets, smtp, routing = (settings.get(key) for key in ("notification_secrets", "smtp", "notifications"))
    yield from of_secrets("notification_secrets", secrets, "slack_url")
    if smtp is not None:
        yield from smtp_faults(smtp)
    if isinstance(routing, Mapping):
        yield from _routing_faults(routing, _known_labels(settings), Viewers.of(settings))
        if smtp is None and _sends_mail(routing):
            yield f"smtp: this is missing, and Grafana needs a server to send e-mail; write {SMTP_EXAMPLE}"
    elif routing is not None:
        yield f"notifications: this is {kind(routing)}; write contact_points: [{_POINT_EXAMPLE}] under it"
    for place, value in (("notifications", routing), ("smtp", smtp)):
        for name in dict.fromkeys(secrets_in(value)):
            yield from of_reference(place, name, "notification_secrets", secrets)
            if place == "notifications" and isinstance(secrets, Mapping) and "$" in str(secrets.get(name, "")):
                # It also expands what a file holds, and a $ cannot be escaped there.
                yield (
                    f"notification_secrets.{name}: Grafana reads $ and what follows as a variable; "
                    "replace the secret with one without $"
                )


def _known_labels(settings: Entry) -> dict[str, list[str]]:
    """Return the values that labels of alarms can have, where that is known: a route with another one would never match."""
    entries = [entry for key in ("instruments", "ocs_agents") for _, entry in placed(key, settings.get(key))]
    return {
        "severity": list(SEVERITIES),
        "instrument": [*(str(entry["id"]) for entry in entries if "id" in entry), *OWN_AGENTS],
        "kind": [*LIMIT_KINDS, *(key.removesuffix("_after") for key in INSTRUMENT_DEFAULTS), *KINDS],
    }


def _routing_faults(routing: Entry, known: Mapping[str, list[str]], viewers: Viewers) -> Iterator[str]:
    yield from unknown_keys("notifications", routing, KEYS)
    routing = given(routing)
    points = routing.get("contact_points")
    if not is_list(points) or not points:
        yield f"notifications.contact_points: write a list, for example [{_POINT_EXAMPLE}]"
        return
    entries: list[Placed] = []
    for number, point in enumerate(points):
        place = f"notifications.contact_points[{number}]"
        if isinstance(point, Mapping):
            entries.append((place, point))
            yield from _point_faults(place, point, viewers)
        else:
            yield f"{place}: this is {kind(point)}; write {_POINT_EXAMPLE}"
    yield from repeats(entries, "name", lambda name: str(name).lower().replace(" ", "_"), "give each a name of its own")
    names = [point.get("name") for _, point in entries]
    if "default" in routing and routing["default"] not in names:
        yield f"notifications.default: there is no contact point {routing['default']!r}; there are {_joined(names)}"
    yield from _repeat_faults("notifications", routing)
    routes = routing.get("routes", [])
    if not is_list(routes):
        yield f"notifications.routes: this is {kind(routes)}; write a list, for example [{{severity: critical, to: on-call}}]"
        return
    for number, route in enumerate(routes):
        yield from _route_faults(f"notifications.routes[{number}]", route, names, known)


def _point_faults(place: str, point: Entry, viewers: Viewers) -> Iterator[str]:
    yield from unknown_keys(place, point, POINT_KEYS)
    point = given(point)
    name = point.get("name")
    if not isinstance(name, str) or not _POINT.match(name) or name in (PULSE, NOBODY):
        yield (
            f"{place}.name: {name!r} is not a valid name of a contact point; "
            "use letters, digits, spaces, '-' and '_', for example on-call"
        )
    if not any(key in point for key in (*SHORT_FORMS, "type")):
        yield f"{place}: this has no receiver; write email, slack, webhook, or type and settings of a receiver as Grafana names it"
    if "email" in point:
        addresses = as_list(point["email"])
        if not addresses or not all(map(is_mail_address, addresses)):
            yield (
                f"{place}.email: {point['email']!r} is not a valid e-mail address; "
                "write postdoc@lab.example, or a list of addresses"
            )
    yield from receiver_faults(place, point, viewers)


def _route_faults(place: str, route: Any, names: list[Any], known: Mapping[str, list[str]]) -> Iterator[str]:
    if not isinstance(route, Mapping):
        yield f"{place}: this is {kind(route)}; write, for example, {{severity: critical, to: on-call}}"
        return
    yield from unknown_keys(place, route, ROUTE_KEYS)
    route = given(route)
    goals = as_list(route.get("to"))
    if "to" not in route or not goals:
        yield f"{place}.to is missing; write a contact point, there are {_joined(names)}"
    else:
        for goal in goals:
            if goal not in names:
                yield f"{place}.to: there is no contact point {goal!r}; there are {_joined(names)}"
    if not any(key in route for key in (*MATCHED, "labels")):
        yield f"{place}: it would take every alarm; say which, for example severity: critical, or write notifications.default"
    for label in MATCHED:
        for value in as_list(route.get(label, [])):
            if value not in known[label]:
                yield f"{place}.{label}: no alarm has {value!r}; there are {_joined(known[label])}"
    yield from _label_faults(place, route.get("labels", {}))
    if not isinstance(route.get("continue", False), bool):
        yield (
            f"{place}.continue: {route['continue']!r} is neither true nor false; "
            "with true the routes below can take the alarm as well"
        )
    yield from _repeat_faults(place, route)


def _label_faults(place: str, labels: Any) -> Iterator[str]:
    if not isinstance(labels, Mapping) or not all(isinstance(key, str) and _LABEL.match(key) for key in labels):
        yield f"{place}.labels: write the value of each label, for example {{label: 4K plate}}"
        return
    for label, value in labels.items():
        values = as_list(value)
        if not values or not all(_is_label_value(each) for each in values):
            yield f"{place}.{label}: {value!r} is not a valid value of a label; write one, or a list of them"


def _is_label_value(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and bool(str(value)) and "$" not in str(value)


def _repeat_faults(place: str, entry: Entry) -> Iterator[str]:
    if "repeat" in entry and (durations.seconds(entry["repeat"]) or 0) < SHORTEST_REPEAT:
        yield (
            f"{place}.repeat: {entry['repeat']!r} is not a valid time between two messages about the same alarm; "
            "write, for example, 4h, at least 1m"
        )


def _sends_mail(routing: Entry) -> bool:
    points = placed("contact_points", routing.get("contact_points"))
    return any(point.get("email") is not None or point.get("type") == "email" for _, point in points)


def _joined(names: list[Any]) -> str:
    return ", ".join(str(name) for name in names if name) or "none"
