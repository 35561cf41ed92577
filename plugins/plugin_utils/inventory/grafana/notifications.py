"""Whom Grafana notifies of alarms: contact points, the routes to them, e-mail, and the secrets that they need.

A secret is only ever in a file on the machine; where one belongs, the inventory has ``{secret: name}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ...contract import contract
from .. import durations
from ..contact_points import MATCHED, REPEAT, Receiver, receivers
from ..entries import Document, Entry, as_list, is_list
from ..secret_references import is_reference
from . import messages
from .identity import NOBODY, PULSE, WATCHDOG
from .releases import KEEPS_LAST, Release
from .uids import uid

PULSE_URL = "http://sisock-grafana-http:5000/api/watchdog"
PULSE_AUTHORIZATION = {"username": "grafana", "password": "$__file{" + contract.SECRETS + "/pulse}"}
"""The bridge accepts the pulse from Grafana alone. All releases encrypt and hide the password."""
SECRET_FILE = "notification_{name}"  # noqa: S105 - a file's name
"""Apart from the names of Grafana's other secrets."""
GROUP_BY = ("instrument", "kind")
"""Alarms that go into one message: sixteen channels that fall silent together are one message."""
WAIT = 10
"""Seconds for which a first message waits for other alarms of the same time."""
TURN = 60
"""Seconds between two checks for alarms that have changed, or whose notification must be repeated."""
MARGIN = TURN // 2
"""Seconds by which Grafana repeats earlier: it checks once a turn, and what is a moment too early then waits for the next one."""
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
"""Receivers at which a machine reads whether an alarm is resolved, and no person reads why."""
PLAIN_PART = (10, 1)
"""From this release on, the plain part of a mail has our message; earlier releases list labels there."""

_IN_PATTERN = re.compile(r"[.^$*+?()\[\]{}|\\]")


def contact_points(routing: Entry, *, watched: bool, release: Release) -> list[Document]:
    """Return the contact points as the file of a Grafana of that `release` has them; `routing` is the setting ``notifications``.

    Before 11.0 an alarm is resolved while its query fails. A receiver that would act on that gets no messages of resolved alarms.
    """
    points = [_point(entry["name"], receivers(entry), release) for entry in routing.get("contact_points") or []]
    if not points:
        # Mail that cannot be sent leaves a line in Grafana's log.
        points.append(_point(NOBODY, [Receiver("email", {"addresses": "nobody@localhost"})], release))
    if watched:
        points.append(_pulse())
    return points


def policy(routing: Entry, *, watched: bool) -> Document:
    """Return the tree of routes, which replaces whatever tree there was; `routing` is the setting ``notifications``."""
    points = [entry["name"] for entry in routing.get("contact_points") or []]
    routes = [route for entry in routing.get("routes") or [] for route in _routes(entry)]
    if watched:
        pulse: Document = {
            "receiver": PULSE,
            "object_matchers": [["alertname", "=", WATCHDOG]],
            "group_by": ["alertname"],
            "group_wait": "1s",
            "group_interval": "30s",
            # Once a minute: a repetition that is due just after a turn waits for the next one.
            "repeat_interval": "50s",
        }
        routes.insert(0, pulse)
    tree: Document = {
        "orgId": 1,
        "receiver": routing.get("default") or next(iter(points), NOBODY),
        "group_by": list(GROUP_BY),
        "group_wait": f"{WAIT}s",
        "group_interval": f"{TURN}s",
        "repeat_interval": _repeat_interval(routing.get("repeat") or REPEAT),
    }
    return tree | ({"routes": routes} if routes else {})


def smtp_environment(smtp: Entry, release: Release) -> dict[str, str]:
    """Return the environment in which a Grafana of that `release` sends e-mail; empty if the inventory has no ``smtp``."""
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


def _point(name: str, receivers: Iterable[Receiver], release: Release) -> Document:
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


def _pulse() -> Document:
    receiver = {
        "uid": PULSE,
        "type": "webhook",
        "settings": {"url": PULSE_URL, "httpMethod": "POST", **PULSE_AUTHORIZATION},
        "disableResolveMessage": True,
    }
    return {"orgId": 1, "name": PULSE, "receivers": [receiver]}


def _rendered(value: Any) -> Any:
    """Return a setting as Grafana reads it from a file, where a ``$`` starts a variable."""
    if is_reference(value):
        return f"$__file{{{file_of(value['secret'])}}}"
    if isinstance(value, Mapping):
        return {key: _rendered(each) for key, each in value.items()}
    if is_list(value):
        return [_rendered(each) for each in value]
    return value.replace("$", "$$") if isinstance(value, str) else value


def file_of(name: str) -> str:
    """Return the path in a container of the secret of that name."""
    return f"{contract.SECRETS}/{SECRET_FILE.format(name=name)}"


def _routes(entry: Entry) -> Iterator[Document]:
    """Yield one route to each of its contact points; all but the last let the alarm continue to the next."""
    matchers = [_matcher(label, entry[label]) for label in MATCHED if entry.get(label) is not None]
    matchers += [_matcher(label, value) for label, value in (entry.get("labels") or {}).items()]
    names = as_list(entry["to"])
    for number, name in enumerate(names, start=1):
        route: Document = {"receiver": name, "object_matchers": matchers, "group_by": list(GROUP_BY)}
        if entry.get("repeat") is not None:
            route["repeat_interval"] = _repeat_interval(entry["repeat"])
        if number < len(names) or entry.get("continue"):
            route["continue"] = True
        yield route


def _matcher(label: str, value: Any) -> list[str]:
    """Return the matcher of one value, or of any of several."""
    if not is_list(value):
        return [label, "=", str(value)]
    # Go's patterns have no escaped space, which Python's re.escape makes.
    return [label, "=~", "|".join(_IN_PATTERN.sub(r"\\\g<0>", str(each)) for each in value)]


def _repeat_interval(value: str) -> str:
    return f"{durations.parsed(value) - MARGIN}s"
