"""What Grafana's API tells of itself, as files that a person, git or another Grafana can read.

Grafana blacks out what it takes for a secret (passwords, tokens, Slack's address); it does not take the addresses of other
webhooks for one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from livemon.errors import GrafanaError
from livemon.grafana import silences
from livemon.grafana.client import Grafana

PROVISIONING = "/api/v1/provisioning"
SILENCES = "silences.json"

SOURCES: Mapping[str, tuple[str, Mapping[str, object]]] = {
    "library-elements.json": ("/api/library-elements", {"perPage": 1000}),
    "data-sources.json": ("/api/datasources", {}),
    "annotations.json": ("/api/annotations", {"limit": 100_000}),
    "alert-rules.yaml": (f"{PROVISIONING}/alert-rules/export", {"format": "yaml"}),
    "contact-points.yaml": (f"{PROVISIONING}/contact-points/export", {"format": "yaml"}),
    "policies.yaml": (f"{PROVISIONING}/policies/export", {"format": "yaml"}),
    "templates.json": (f"{PROVISIONING}/templates", {}),
    "mute-timings.json": (f"{PROVISIONING}/mute-timings", {}),
    SILENCES: (silences.PATH, {}),
}
"""Where each document comes from."""
BEFORE_EXPORTS = {
    "alert-rules.yaml": ("alert-rules.json", f"{PROVISIONING}/alert-rules"),
    "contact-points.yaml": ("contact-points.json", f"{PROVISIONING}/contact-points"),
    "policies.yaml": ("policies.json", f"{PROVISIONING}/policies"),
}
"""What takes the place of an export in a Grafana that is too old for it: 9.4 has none (it answers 404, or
500 where it takes ``export`` for the uid of a rule), 9.5 and 10 brought one after the other.
"""


def documents(grafana: Grafana, left_out: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Every document with its name.

    Parameters
    ----------
    left_out
        Receives the names of those that this Grafana does not give, with the reason.

    Raises
    ------
    GrafanaError
        If Grafana does not answer at all or does not know the password.
    """
    yield "folders.json", _pretty(list(grafana.search("dash-folder")))
    for entry in grafana.search("dash-db"):
        name = f"dashboards/{quote(entry['uid'], safe='')}.json"
        try:
            yield name, _pretty(grafana.dashboard(entry["uid"]))
        except GrafanaError as error:
            left_out[name] = _told(error)
    for name, (path, parameters) in SOURCES.items():
        try:
            yield _document(grafana, name, path, parameters)
        except GrafanaError as error:
            left_out[name] = _told(error)


def _document(grafana: Grafana, name: str, path: str, parameters: Mapping[str, object]) -> tuple[str, bytes]:
    try:
        return name, grafana.get(path, **parameters).content
    except GrafanaError as error:
        if error.status in (None, 401) or name not in BEFORE_EXPORTS:
            raise
    name, path = BEFORE_EXPORTS[name]
    return name, _pretty(grafana.get_json(path))


def _told(error: GrafanaError) -> str:
    if error.status in (None, 401):
        raise error
    return str(error)


def _pretty(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
