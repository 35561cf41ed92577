"""Dashboards made by hand in Grafana, in the form in which the inventory keeps them."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from livemon.contract import LONGEST_UID
from livemon.errors import RequestError, shown
from livemon.grafana.client import Grafana

PREFIX = "lab-"
OF_GRAFANA_ALONE = ("id", "version", "iteration", "gnetId")
"""What numbers a dashboard within one Grafana, and changes when nothing else does."""


def adopt(grafana: Grafana, wanted: str) -> dict[str, Any]:
    """Return the dashboard with the uid or the title `wanted`, ready for a file of the inventory.

    Raises
    ------
    RequestError
        If there is none, if several have the title, if the inventory has it already, or if it is of a form that Grafana
        does not take from files.
    """
    entries = list(grafana.search("dash-db"))
    found = [entry for entry in entries if entry["uid"] == wanted] or [e for e in entries if e["title"] == wanted]
    if not found:
        titles = ", ".join(sorted(entry["title"] for entry in entries)) or "none"
        raise RequestError(f"Grafana has no dashboard {shown(wanted)}; there are: {titles}")
    if len(found) > 1:
        uids = ", ".join(entry["uid"] for entry in found)
        raise RequestError(f"several dashboards are called {shown(wanted)}; name one by its uid: {uids}")
    return classic(grafana.dashboard(found[0]["uid"]))


def adopt_folder(grafana: Grafana, wanted: str) -> Iterator[dict[str, Any]]:
    """Every dashboard of the folder with the uid or title `wanted`, as from :func:`adopt`; General is where those without are.

    Raises
    ------
    RequestError
        If there is no dashboard there, and as from :func:`adopt`.
    """
    found = [
        entry
        for entry in grafana.search("dash-db")
        if wanted in (entry.get("folderUid") or None, entry.get("folderTitle") or "General")
    ]
    if not found:
        folders = sorted({entry.get("folderTitle") or "General" for entry in grafana.search("dash-db")})
        raise RequestError(f"no dashboard is in a folder {shown(wanted)}; there are: {', '.join(folders) or 'none'}")
    for entry in found:
        yield classic(grafana.dashboard(entry["uid"]))


def classic(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the model of ``/api/dashboards/uid/<uid>``'s answer for a file: numbers of that Grafana removed, a uid of its own.

    The one in Grafana's database stays the user's, to be edited on; the file's is another dashboard beside it.
    """
    model, meta = answer["dashboard"], answer.get("meta", {})
    title = model.get("title") or model.get("spec", {}).get("title", "")
    if "panels" not in model or "elements" in model or "elements" in model.get("spec", {}):
        raise RequestError(
            f"the dashboard {shown(title)} is of the schema v2, which Grafana does not take from files: in Grafana, "
            "Export > Export as code > Classic, import what comes out as a new dashboard, and adopt that"
        )
    if meta.get("provisioned"):
        raise RequestError(
            f"the dashboard {shown(title)} comes from a file already ({meta.get('provisionedExternalId') or 'provisioned'}): "
            "save a copy of it in Grafana (Save as), change that and adopt it"
        )
    kept = {key: value for key, value in model.items() if key not in OF_GRAFANA_ALONE}
    return kept | {"uid": adopted_uid(model["uid"]), "version": 1}


def adopted_uid(uid: str) -> str:
    """Return the uid of the dashboard that a file makes of the dashboard `uid`: always the same, at most 40 characters."""
    adopted = PREFIX + uid
    if len(adopted) > LONGEST_UID:
        return PREFIX + hashlib.sha256(uid.encode()).hexdigest()[: LONGEST_UID - len(PREFIX)]
    return adopted


def file_name(model: dict[str, Any]) -> str:
    """Return the name of a dashboard's file: its title in plain letters, and its uid where nothing is left of the title."""
    plain = unicodedata.normalize("NFKD", model.get("title", "")).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return f"{slug or model['uid']}.json"


def written(model: dict[str, Any]) -> str:
    """Return the text of a dashboard's file: keys in order, so that git shows what was changed."""
    return json.dumps(model, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
