"""What Grafana knows about each kind of receiver: the settings it must have, and those whose values it hides from viewers.

Every viewer can read what Grafana does not hide (GET ``/api/alertmanager/grafana/config/api/v1/alerts``), and so can anyone at all
where anonymous viewers are allowed. The table is that of Grafana 9.4 (its list of notifiers and the constructors of its alerting
module), with what later releases added. Where it is not certain which release was the first, the later one is given here: a
secret that is hidden may count as shown, but never the other way round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .releases import OLDEST, Release

FIRST = OLDEST


@dataclass(frozen=True)
class Receiver:
    """One kind of receiver.

    `required` lists alternatives: all settings of at least one of them must be given. `hidden` maps settings to the first release
    that hides their values; settings inside others are written with a dot. `since` is the first release that knows the kind.
    """

    required: tuple[tuple[str, ...], ...]
    hidden: Mapping[str, Release] = field(default_factory=dict)
    since: Release = FIRST


_BY_HEADER = {"password": FIRST, "authorization_credentials": FIRST}
_TLS = {f"tlsConfig.{name}": (12, 0) for name in ("caCertificate", "clientCertificate", "clientKey")}

RECEIVERS: Mapping[str, Receiver] = {
    "LINE": Receiver((("token",),), {"token": FIRST}),
    "dingding": Receiver((("url",),), {"url": (12, 0, 2)}),  # CVE-2025-3415
    "discord": Receiver((("url",),), {"url": (10, 2)}),  # grafana/grafana pull request 69588
    "email": Receiver((("addresses",),)),
    "googlechat": Receiver((("url",),), {"url": (11, 4)}),  # grafana/grafana pull request 94499
    "jira": Receiver(
        (("api_url", "project", "issue_type", "api_token"), ("api_url", "project", "issue_type", "user", "password")),
        {"api_token": (12, 0), "user": (12, 0), "password": (12, 0)},
        since=(12, 0),
    ),
    "kafka": Receiver((("kafkaRestProxy", "kafkaTopic"),), {"password": (10, 0)}),
    "mqtt": Receiver((("brokerUrl", "topic"),), {"password": (11, 4), **_TLS}, since=(11, 4)),
    "oncall": Receiver((("url",),), dict.fromkeys(_BY_HEADER, (10, 2)), since=(10, 2)),
    "opsgenie": Receiver((("apiKey",),), {"apiKey": FIRST}),
    "pagerduty": Receiver((("integrationKey",),), {"integrationKey": FIRST}),
    "prometheus-alertmanager": Receiver((("url",),), {"basicAuthPassword": FIRST}),
    "pushover": Receiver((("apiToken", "userKey"),), {"apiToken": FIRST, "userKey": FIRST}),
    "sensugo": Receiver((("url", "apikey"),), {"apikey": FIRST}),
    "slack": Receiver((("url",), ("token", "recipient")), {"url": FIRST, "token": FIRST}),
    "sns": Receiver(
        (("topic_arn",), ("target_arn",), ("phone_number",)),
        {"sigv4.access_key": (12, 0), "sigv4.secret_key": (12, 0)},
        since=(11, 2),
    ),
    "teams": Receiver((("url",),)),
    "telegram": Receiver((("bottoken", "chatid"),), {"bottoken": FIRST}),
    "threema": Receiver((("gateway_id", "recipient_id", "api_secret"),), {"api_secret": FIRST}),
    "victorops": Receiver((("url",),), {"url": (12, 0)}),  # grafana/alerting pull request 272
    "webex": Receiver((("room_id", "bot_token"),), {"bot_token": FIRST}),
    "webhook": Receiver((("url",),), {**_BY_HEADER, **_TLS, "hmacConfig.secret": (12, 0)}),
    "wecom": Receiver((("url",), ("agent_id", "corp_id", "secret")), {"url": FIRST, "secret": FIRST}),
}
"""By the type as Grafana writes it: it is case-sensitive where it looks for what to hide."""


def is_hidden(kind: str, setting: str, release: Release = FIRST) -> bool:
    """Whether `release` hides the value of this setting from viewers; False for an unknown kind.

    `setting` is a name, or names joined by dots for one inside another: ``tlsConfig.clientKey``.
    """
    receiver = RECEIVERS.get(kind)
    since = receiver.hidden.get(setting) if receiver else None
    return since is not None and release >= since


def hidden_settings(kind: str, release: Release = FIRST) -> list[str]:
    """Return the settings of a kind whose values `release` hides, sorted; empty if there are none."""
    receiver = RECEIVERS.get(kind)
    return sorted(name for name in receiver.hidden if is_hidden(kind, name, release)) if receiver else []


def missing_settings(kind: str, settings: Mapping[str, Any]) -> list[str]:
    """Return the missing settings of the alternative that lacks the fewest; empty if none is missing."""
    alternatives = [[name for name in names if settings.get(name) in (None, "")] for names in RECEIVERS[kind].required]
    return min(alternatives, key=len)
