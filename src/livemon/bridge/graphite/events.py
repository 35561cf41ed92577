"""``/events``: joins and leaves of agents and data nodes, and gaps in the archive, for Grafana's annotations."""

from __future__ import annotations

import math
import re
import time
import zlib
from typing import Any

from flask import Response, request

from livemon.bridge.annotations import Mark, marks
from livemon.bridge.current import source
from livemon.bridge.gaps import gaps_between
from livemon.bridge.graphite.routes import route
from livemon.bridge.json_responses import json_response, with_silent
from livemon.bridge.times import check_range, unix_seconds
from livemon.errors import RequestError, shown

DAY = 86400.0
MAX_EVENTS = 1000
"""More cannot be distinguished in a plot; the newest are returned."""
_BETWEEN = re.compile(r"[\s,]+")
_SETS = {"": all, "intersection": all, "union": any}


@route("/events/get_data")
def events() -> Response:
    """List the events from `from` to `until`, both included, oldest first; without an interval, those of the last day.

    `tags`, separated by spaces, restricts them to events with all of the tags, or any of them with ``set=union``.
    """
    now = time.time()
    start = unix_seconds(request.values.get("from"), "from", now - DAY, now)
    end = unix_seconds(request.values.get("until"), "until", now, now)
    check_range(start, end)
    wanted = [tag for tag in _BETWEEN.split(request.values.get("tags", "")) if tag]
    meets = _SETS.get(request.values.get("set", ""))
    if meets is None:
        raise RequestError(f"set: {shown(request.values['set'], 40)} is not valid; write union or intersection")
    # Marks have fractions of a second and Grafana sends whole ones: the last second belongs to the interval.
    end = math.floor(end) + 1
    found, silent = marks(source(), start, end, gaps_between(start, end))
    items = [_event(mark) for mark in found]
    items = [item for item in items if not wanted or meets(tag in item["tags"] for tag in wanted)]
    return with_silent(json_response(items[-MAX_EVENTS:]), silent)


def _event(mark: Mark) -> dict[str, Any]:
    when = int(mark.time)
    return {
        "id": zlib.crc32(f"{mark.time} {mark.title}".encode()),  # the same in every response
        "when": when,
        "what": mark.title,
        "tags": [_word(each) for each in (*mark.tags, mark.name)],
        "data": mark.text,
    }


def _word(tag: str) -> str:
    """Return a tag as one word: in a request, tags are separated by spaces, and Grafana treats commas likewise."""
    return _BETWEEN.sub("-", tag)
