"""Gaps of the archive: what the recorder's list beside it has."""

from __future__ import annotations

import time

from flask import Blueprint, Response, current_app, request

from livemon.bridge.json_responses import json_answer
from livemon.bridge.times import check_range, unix_seconds
from livemon.errors import ArchiveError
from livemon.hkarchive.gaps import Gap

DAY = 86400.0

blueprint = Blueprint("gaps", __name__, url_prefix="/api")


@blueprint.get("/gaps")
def gaps() -> Response:
    """List the gaps that have a part between `from` and `until`, oldest first; without an interval, in the last day."""
    now = time.time()
    start = unix_seconds(request.args.get("from"), "from", now - DAY, now)
    end = unix_seconds(request.args.get("until"), "until", now, now)
    check_range(start, end)
    return json_answer({"gaps": [gap.as_dict() for gap in gaps_between(start, end)]})


def gaps_between(start: float, end: float) -> list[Gap]:
    """Return the gaps that have a part in ``[start, end)`` (UNIX seconds), oldest first; none where the bridge sees no archive.

    Raises
    ------
    ArchiveError
        If the list cannot be read.
    """
    listed = current_app.extensions["gaps"]
    try:
        return listed.between(start, end) if listed else []
    except OSError as error:
        raise ArchiveError(f"{listed.path} cannot be read: {error.strerror}") from error
