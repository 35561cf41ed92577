"""Whom Grafana tells of alarms: contact points, the routes to them, e-mail, and the secrets that they need.

A secret stands nowhere but in a file of the machine; where one belongs, the inventory writes ``{secret: name}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...contract import contract
from .. import durations
from ..checks import is_list, listed
from ..secret_references import is_reference
from . import messages
from .releases import KEEPS_LAST
from .uids import uid

Entry = Mapping[str, Any]

WATCHDOG, PULSE = contract.WATCHDOG, contract.PULSE
PULSE_URL = "http://sisock-grafana-http:5000/api/watchdog"
PULSE_AUTHORIZATION = {"username": "grafana", "password": "$__file{" + contract.SECRETS + "/pulse}"}
"""The bridge takes the pulse from nobody else. The password is among what Grafana encrypts and hides, in all releases alike."""
NOBODY = contract.NOBODY
"""Where alarms go that nobody asked for: the tree of routes needs an end."""
SECRETS = contract.SECRETS
SECRET_FILE = "notification_{name}"  # noqa: S105 - a file's name
"""A name of its own, beside Grafana's other secrets."""
FRIENDLY = ("email", "slack", "webhook")
MATCHED = ("severity", "instrument", "kind")
GROUP_BY = ("instrument", "kind")
"""What goes into one message: sixteen channels that fall silent together are one."""
REPEAT = "4h"
WAIT = 10
"""Seconds for which a first message waits for what comes at the same time."""
TURN = 60
"""Seconds between two looks at what has changed, or is to be told again."""
MARGIN = TURN // 2
"""Seconds by which Grafana is told to repeat sooner: it looks once a turn, and what lacks a moment then waits for the next one."""
ACT_ON_STATUS = {
    *(
        "jira",
        "kafka",
        "mqtt",
        "oncall",
        "opsgenie",
        "pagerduty",
        "prometheus-alertmanager",
        "sensugo",
        "victorops",
        "webhook",
    ),
}
"""Receivers where a machine reads whether an alarm is resolved, and nobody the words that say why."""
PLAIN_PART = (10, 1)
"""From this release on, the plain part of a mail has our message; before, it lists labels."""

_IN_PATTERN = re.compile(r"[.^$*+?()\[\]{}|\\]")


def contact_points(settings: Entry, *, watched: bool, release: tuple[int, int]) -> list[dict]:
    """Return the contact points as the file of a Grafana of that `release` has them.

    Before 11.0 an alarm is resolved while its query fails. Who acts on that without reading why is then told of no end.
    """
    points = [
        _point(entry["name"], list(receivers(entry)), release=release) for entry in settings.get("contact_points") or []
    ]
    if not points:
        # Mail that cannot be sent is a line in Grafana's log.
        points.append(_point(NOBODY, [("email", {"addresses": "nobody@localhost"})], release=release))
    if watched:
        points.append(_pulse())
    return points


def policy(settings: Entry, *, watched: bool) -> dict:
    """Return the tree of routes, which replaces whatever tree there was."""
    points = [entry["name"] for entry in settings.get("contact_points") or []]
    routes = [route for entry in settings.get("routes") or [] for route in _routes(entry)]
    if watched:
        pulse = {
            "receiver": PULSE,
            "object_matchers": [["alertname", "=", WATCHDOG]],
            "group_by": ["alertname"],
            "group_wait": "1s",
            "group_interval": "30s",
            # Once a minute: what is due a little later than a turn waits for the next one.
            "repeat_interval": "50s",
        }
        routes.insert(0, pulse)
    tree = {
        "orgId": 1,
        "receiver": settings.get("default") or next(iter(points), NOBODY),
        "group_by": list(GROUP_BY),
        "group_wait": f"{WAIT}s",
        "group_interval": f"{TURN}s",
        "repeat_interval": _repeat_interval(settings.get("repeat") or REPEAT),
    }
    return tree | ({"routes": routes} if routes else {})


def smtp_environment(smtp: Entry, release: tuple[int, int]) -> dict[str, str]:
    """Return the environment in which a Grafana of that `release` sends e-mail; empty where the inventory has no ``smtp``."""
    if not smtp:
        return {}
    environment = {
        "GF_SMTP_ENABLED": "true",
        "GF_SMTP_HOST": smtp["host"],
        "GF_SMTP_FROM_ADDRESS": smtp["from"],
        "GF_SMTP_FROM_NAME": smtp.get("from_name") or "livemon",
    }
    if release >= PLAIN_PART:
        environment["GF_EMAILS_CONTENT_TYPES"] = "text/html,text/plain"
    if smtp.get("user"):
        environment["GF_SMTP_USER"] = smtp["user"]
    if smtp.get("password"):
        environment["GF_SMTP_PASSWORD__FILE"] = file_of(smtp["password"]["secret"])
    return environment


def secret_files(secrets: Entry) -> dict[str, str]:
    """Return the secrets by the names of their files."""
    return {SECRET_FILE.format(name=name): str(value) for name, value in (secrets or {}).items()}


def receivers(entry: Entry) -> Iterator[tuple[str, dict]]:
    """Yield type and settings of each receiver of a contact point."""
    if entry.get("email") is not None:
        addresses = entry["email"]
        yield "email", {"addresses": ";".join(addresses) if is_list(addresses) else addresses, "singleEmail": True}
    for kind in ("slack", "webhook"):
        said = entry.get(kind)
        if said is not None:
            yield kind, dict(said) if isinstance(said, Mapping) and not is_reference(said) else {"url": said}
    if entry.get("type") is not None:
        yield entry["type"], dict(entry.get("settings") or {})


def _point(name: str, receivers: list[tuple[str, dict]], *, release: tuple[int, int]) -> dict:
    return {
        "orgId": 1,
        "name": name,
        "receivers": [
            {
                "uid": name if name == NOBODY else uid("to", name.lower().replace(" ", "_"), kind),
                "type": kind,
                "settings": _rendered(messages.settings_of(kind) | settings),
                "disableResolveMessage": kind in ACT_ON_STATUS and release < KEEPS_LAST,
            }
            for kind, settings in receivers
        ],
    }


def _pulse() -> dict:
    receiver = {
        "uid": PULSE,
        "type": "webhook",
        "settings": {"url": PULSE_URL, "httpMethod": "POST", **PULSE_AUTHORIZATION},
        "disableResolveMessage": True,
    }
    return {"orgId": 1, "name": PULSE, "receivers": [receiver]}


def _rendered(value: Any) -> Any:
    """Return a setting as Grafana reads it from a file, where a ``$`` is the begin of a variable."""
    if is_reference(value):
        return f"$__file{{{file_of(value['secret'])}}}"
    if isinstance(value, Mapping):
        return {key: _rendered(each) for key, each in value.items()}
    if is_list(value):
        return [_rendered(each) for each in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def file_of(name: str) -> str:
    """Return where in a container the secret of that name is."""
    return f"{SECRETS}/{SECRET_FILE.format(name=name)}"


def _routes(entry: Entry) -> Iterator[dict]:
    """Yield one route to each of its contact points; all but the last let the alarm go on to the next."""
    matchers = [_matcher(label, entry[label]) for label in MATCHED if entry.get(label) is not None]
    matchers += [_matcher(label, value) for label, value in (entry.get("labels") or {}).items()]
    names = listed(entry["to"])
    for number, name in enumerate(names, start=1):
        route: dict[str, Any] = {"receiver": name, "object_matchers": matchers, "group_by": list(GROUP_BY)}
        if entry.get("repeat") is not None:
            route["repeat_interval"] = _repeat_interval(entry["repeat"])
        if number < len(names) or entry.get("continue"):
            route["continue"] = True
        yield route


def _matcher(label: str, value: Any) -> list[str]:
    """Return the matcher of one value, or of any of several."""
    if not is_list(value):
        return [label, "=", str(value)]
    # Go's patterns know no escaped space, which Python's re.escape makes.
    return [label, "=~", "|".join(_IN_PATTERN.sub(r"\\\g<0>", str(each)) for each in value)]


def _repeat_interval(value: str) -> str:
    return f"{durations.seconds(value) - MARGIN}s"
