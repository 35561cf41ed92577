"""apt and dpkg: whether packages can be installed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .report import Report
from .requirements import Wanted

LONGEST_LOCK = 60
"""Seconds; Ansible itself waits so long for another one's end."""

_ERROR = re.compile(r"E: (.*?)\s*$", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s',]+")


def are_needed(report: Report, wanted: Wanted) -> bool:
    """Whether this run asks apt's sources."""
    return not report.has_engine or not set(wanted.packages) <= report.packages


def problems(report: Report, wanted: Wanted) -> Iterator[str]:
    """Why packages cannot be installed."""
    if report["interrupted"].lines:
        yield "dpkg was interrupted in the middle of something: sudo dpkg --configure -a, then sudo apt --fix-broken install."
    errors = [error for error in _ERROR.findall(report["update"].text) if "could not be read" not in error]
    if errors:
        named = [place for address in _ADDRESS.findall(errors[0]) for place in places(report, address)]
        where = f" Look into {' and '.join(dict.fromkeys(named))}." if named else ""
        yield f"apt cannot read its sources ({errors[0]}), and installs nothing until it can.{where}"
    if are_needed(report, wanted):
        yield from _locks(report)
        for place in places(report, "cdrom:"):
            yield f"{place} names the installation medium, which apt asks for in vain: remove the line."
        if wanted.dry_run and "python3-apt" not in report.packages:
            yield "A dry run (--check) needs python3-apt: sudo apt install python3-apt; a real run installs it by itself."


def _locks(report: Report) -> Iterator[str]:
    seen = set()
    for line in report["locks"].lines:
        pid, seconds, program = [*line.split(None, 2), "", ""][:3]
        if seconds.isdigit() and int(seconds) > LONGEST_LOCK and pid not in seen:
            seen.add(pid)
            yield f"{program.strip()} (pid {pid}) has been using apt for {seconds} s: wait for its end, then run the playbook again."


def places(report: Report, address: str) -> list[str]:
    """Return where apt's sources name an address, or a part of one: FILE:LINE for each."""
    named = re.compile(rf"(\S+?:\d+):.*{re.escape(address.rstrip('/'))}(?![\w.-])")
    return [line[1] for line in map(named.match, report["sources"].lines) if line]


def either_index(address: str) -> tuple[str, str]:
    """Return an InRelease with what apt asks for where there is none."""
    return address, address.replace("/InRelease", "/Release")


def indexes(report: Report) -> list[str]:
    """Return the addresses that apt asks for what there is."""
    quoted = re.findall(r"^'(https?://[^']+)'", report["update"].text, re.MULTILINE)
    return [address for address in quoted if address.endswith("/InRelease")]
