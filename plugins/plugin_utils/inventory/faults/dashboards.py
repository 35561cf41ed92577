"""The lab's own dashboards, files beside the inventory: what keeps Grafana from taking one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

from ...contract import contract
from ..grafana.alerting import WATCHDOG_FOLDER
from ..grafana.identity import FOLDER

LONGEST_UID = contract.LONGEST_UID
OURS = "livemon-"
HOW = "bring it here by playbooks/adopt_dashboards.yml, or export it in Grafana as Classic"


def places(adopted: Iterable[Mapping[str, str]], present: Mapping[str, str]) -> list[dict[str, str]]:
    """Return adopted dashboards, ``{"name", "uid", "content"}``, with the names under which they go among the present files.

    A dashboard that is there already, by its uid, goes to its place, whatever its title is today; a name that another dashboard
    has is not taken from it.

    Parameters
    ----------
    present
        Texts by path.
    """
    names = {_uid(text): PurePath(path).name for path, text in present.items()}
    placed = []
    for file in adopted:
        name = names.get(file["uid"])
        if name is None:
            taken = file["name"] in names.values()
            name = f"{PurePath(file['name']).stem}-{file['uid']}.json" if taken else file["name"]
            names[file["uid"]] = name
        placed.append({**file, "name": name})
    return placed


def _uid(text: str) -> str | None:
    try:
        return str(json.loads(text)["uid"])
    except (ValueError, KeyError, TypeError):
        return None


def faults(files: Mapping[str, str]) -> Iterator[str]:
    """Every fault of the files, texts by path; one sentence each."""
    owners: dict[str, str] = {}
    for path, text in files.items():
        name = f"dashboards/{PurePath(path).name}"
        try:
            model = json.loads(text)
        except ValueError as error:
            yield f"{name}: this is no JSON ({error}); {HOW}"
            continue
        if not isinstance(model, dict) or not isinstance(model.get("panels"), list) or "elements" in model:
            yield f"{name}: this is no dashboard of the classic form, which has a list of panels; {HOW}"
            continue
        title = model.get("title")
        if isinstance(title, str) and _slug(title) in map(_slug, (FOLDER, WATCHDOG_FOLDER)):
            # Grafana 9.4 finds the folder of its alarms by that name, and ends where it finds a dashboard.
            yield (
                f"{name}: its title {title!r} is that of the folder with the alarms, which would keep Grafana from starting; "
                "give it another"
            )
        uid = model.get("uid")
        if not isinstance(uid, str) or not 0 < len(uid) <= LONGEST_UID or uid.startswith(OURS):
            yield f"{name}: its uid is {uid!r}; give it one of its own, at most {LONGEST_UID} letters, not beginning with {OURS}"
        elif uid in owners:
            yield f"{name}: its uid {uid!r} is also that of {owners[uid]}; give one of them another"
        else:
            owners[uid] = name


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
