"""Faults in the key ``directories`` of an agent: directories of the host that its container gets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from ..checks import kind, list_faults, unknown_keys
from ..entries import Entry, given, is_list
from ..host_directories import container_fault, host_fault, overlapping

KEY = "directories"
EXAMPLE = "{path: /srv/bluefors/logs, at: /logs}"
_KEYS = ("path", "at", "writable")
_PATH = re.compile(r"(/[A-Za-z0-9._-]+)+/?\Z|/\Z")


def of_agent(place: str, agent: Entry, archive: str) -> Iterator[str]:
    """Every fault of an agent's directories; `archive` is the data directory, which only livemon's aggregator writes."""
    entries = agent.get(KEY)
    yield from list_faults(f"{place}.{KEY}", entries, EXAMPLE)
    mounted: dict[PurePosixPath, str] = {}
    for number, entry in enumerate(entries if is_list(entries) else ()):
        if isinstance(entry, Mapping):
            where = f"{place}.{KEY}[{number}]"
            yield from unknown_keys(where, entry, _KEYS)
            yield from _entry_faults(where, given(entry), archive)
            yield from _overlap_faults(where, given(entry), mounted)


def _entry_faults(where: str, entry: Entry, archive: str) -> Iterator[str]:
    if "path" not in entry:
        yield f"{where}.path is missing; write the directory on the machine, as in {EXAMPLE}"
    writable = entry.get("writable", False)
    if not isinstance(writable, bool):
        yield f"{where}.writable: {writable!r} is {kind(writable)}; write true, or leave it out for a read-only directory"
    for key, check in (("path", host_fault), ("at", container_fault)):
        value = entry.get(key, entry.get("path"))
        if key in entry and not _is_path(value):
            yield f"{where}.{key}: {value!r} is not a valid directory; write its full path without spaces, for example /srv/logs"
        elif _is_path(value) and (fault := check(PurePosixPath(value))):
            advice = "" if key == "path" else "; write another place in the container, for example at: /logs"
            # Of a directory that is refused on the host, its place in the container does not matter.
            if key == "path" or not _is_path(entry.get("path")) or not host_fault(PurePosixPath(entry["path"])):
                yield f"{where}.{key}: {value} {fault}{advice}"
    if (
        writable is True
        and _is_path(entry.get("path"))
        and overlapping(PurePosixPath(entry["path"]), [PurePosixPath(archive)])
    ):
        yield f"{where}.writable: only the aggregator writes to the archive ({archive}); leave writable out, or write another path"


def _overlap_faults(where: str, entry: Entry, mounted: dict[PurePosixPath, str]) -> Iterator[str]:
    at = entry.get("at", entry.get("path"))
    if not _is_path(at):
        return
    if other := overlapping(PurePosixPath(at), mounted):
        yield f"{where}.at: {at} overlaps with {other} of {mounted[other]}; give each directory a place of its own"
    mounted.setdefault(PurePosixPath(at), where)


def _is_path(value: Any) -> bool:
    return isinstance(value, str) and bool(_PATH.match(value)) and ".." not in value.split("/")
