"""The lab's own dashboards, files beside the inventory: why Grafana would not accept one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath

from ..grafana.identity import FOLDER, WATCHDOG_FOLDER
from ..grafana.uids import LONGEST as LONGEST_UID

OURS = "livemon-"
HOW = "copy it here with playbooks/adopt_dashboards.yml, or export it from Grafana as Classic"


def places(adopted: Iterable[Mapping[str, str]], present: Mapping[str, str]) -> list[dict[str, str]]:
    """Return adopted dashboards, ``{"name", "uid", "content"}``, with the names of the files that they are written to.

    A dashboard that is present already, by its uid, keeps its file even if its title has changed; the file of another dashboard is
    not overwritten.

    Parameters
    ----------
    present
        The dashboards that are present: their texts by path.
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
            yield f"{name}: this is not valid JSON ({error}); {HOW}"
            continue
        if not isinstance(model, dict) or not isinstance(model.get("panels"), list) or "elements" in model:
            yield f"{name}: this is not a dashboard in the classic format, which has a list of panels; {HOW}"
            continue
        title = model.get("title")
        if isinstance(title, str) and _slug(title) in map(_slug, (FOLDER, WATCHDOG_FOLDER)):
            # Grafana 9.4 looks up the folder of its alarms by that name, and exits if it finds a dashboard.
            yield (
                f"{name}: its title {title!r} is that of the folder with the alarms, and Grafana would not start; "
                "give it another title"
            )
        uid = model.get("uid")
        if not isinstance(uid, str) or not 0 < len(uid) <= LONGEST_UID or uid.startswith(OURS):
            yield f"{name}: its uid is {uid!r}; give it one of its own, at most {LONGEST_UID} characters, not starting with {OURS}"
        elif uid in owners:
            yield f"{name}: its uid {uid!r} is already used by {owners[uid]}; give one of them another"
        else:
            owners[uid] = name


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
