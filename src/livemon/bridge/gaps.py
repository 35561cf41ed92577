"""Gaps in the archive, from the recorder's list beside it."""

from __future__ import annotations

import time

from flask import Blueprint, Response, request

from livemon.bridge.current import bridge
from livemon.bridge.json_responses import json_response
from livemon.bridge.times import check_range, unix_seconds
from livemon.errors import ArchiveError
from livemon.hkarchive.gaps import Gap

DAY = 86400.0

blueprint = Blueprint("gaps", __name__, url_prefix="/api")


@blueprint.get("/gaps")
def gaps() -> Response:
    """List the gaps that overlap the interval from `from` to `until`, oldest first; without an interval, the last day."""
    now = time.time()
    start = unix_seconds(request.args.get("from"), "from", now - DAY, now)
    end = unix_seconds(request.args.get("until"), "until", now, now)
    check_range(start, end)
    return json_response({"gaps": [gap.as_dict() for gap in gaps_between(start, end)]})


def gaps_between(start: float, end: float) -> list[Gap]:
    """Return the gaps that overlap ``[start, end)`` (UNIX seconds), oldest first; none where the bridge sees no archive.

    Raises
    ------
    ArchiveError
        If the list cannot be read.
    """
    listed = bridge().gaps
    if listed is None:
        return []
    try:
        return listed.between(start, end)
    except OSError as error:
        raise ArchiveError(f"{listed.path} cannot be read: {error.strerror}") from error
