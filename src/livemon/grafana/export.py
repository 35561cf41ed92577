"""What Grafana's API tells of itself, as files that a person, git or another Grafana can read.

Grafana leaves secrets out of all of these, or blacks them out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from livemon.errors import GrafanaError
from livemon.grafana.client import Grafana

DOCUMENTS = {
    "library-elements.json": ("/api/library-elements", {"perPage": 1000}),
    "data-sources.json": ("/api/datasources", {}),
    "annotations.json": ("/api/annotations", {"limit": 100_000}),
    "alert-rules.yaml": ("/api/v1/provisioning/alert-rules/export", {"format": "yaml"}),
    "contact-points.yaml": ("/api/v1/provisioning/contact-points/export", {"format": "yaml"}),
    "policies.yaml": ("/api/v1/provisioning/policies/export", {"format": "yaml"}),
    "templates.json": ("/api/v1/provisioning/templates", {}),
    "mute-timings.json": ("/api/v1/provisioning/mute-timings", {}),
}
"""Where each document comes from."""


def documents(grafana: Grafana, left_out: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """Every document with its name.

    Parameters
    ----------
    left_out
        Receives the names of those that this Grafana does not give, with the reason: the exports came one by one from
        9.4 to 10.

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
    for name, (path, parameters) in DOCUMENTS.items():
        try:
            yield name, grafana.get(path, **parameters).content
        except GrafanaError as error:
            left_out[name] = _told(error)


def _told(error: GrafanaError) -> str:
    if error.status in (None, 401):
        raise error
    return str(error)


def _pretty(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"
