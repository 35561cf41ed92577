"""apt and dpkg: whether packages can be installed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .report import Report
from .requirements import Requirements

LONGEST_LOCK = 60
"""Seconds; Ansible itself waits that long for another process."""

_ERROR = re.compile(r"E: (.*?)\s*$", re.MULTILINE)
_ADDRESS = re.compile(r"https?://[^\s',]+")


def are_needed(report: Report, needed: Requirements) -> bool:
    """Whether this run uses apt's sources."""
    return not report.has_engine or not set(needed.packages) <= report.packages


def problems(report: Report, needed: Requirements) -> Iterator[str]:
    """Yield why packages cannot be installed."""
    if report["interrupted"].lines:
        yield "dpkg was interrupted: sudo dpkg --configure -a, then sudo apt --fix-broken install."
    errors = [error for error in _ERROR.findall(report["update"].text) if "could not be read" not in error]
    if errors:
        named = [place for address in _ADDRESS.findall(errors[0]) for place in places(report, address)]
        where = f" See {' and '.join(dict.fromkeys(named))}." if named else ""
        yield f"apt cannot read its sources ({errors[0]}), and installs nothing until it can.{where}"
    if are_needed(report, needed):
        yield from _locks(report)
        for place in places(report, "cdrom:"):
            yield f"{place} names the installation medium, which apt cannot find: remove the line."
        if needed.dry_run and "python3-apt" not in report.packages:
            yield "A dry run (--check) needs python3-apt: sudo apt install python3-apt; a real run installs it."


def _locks(report: Report) -> Iterator[str]:
    seen = set()
    for line in report["locks"].lines:
        pid, seconds, program = [*line.split(None, 2), "", ""][:3]
        if seconds.isdigit() and int(seconds) > LONGEST_LOCK and pid not in seen:
            seen.add(pid)
            yield (
                f"{program.strip()} (pid {pid}) has been using apt for {seconds} s: wait until it ends, then run the "
                "playbook again."
            )


def places(report: Report, address: str) -> list[str]:
    """Return where apt's sources contain an address, or a part of one: FILE:LINE for each."""
    named = re.compile(rf"(\S+?:\d+):.*{re.escape(address.rstrip('/'))}(?![\w.-])")
    return [line[1] for line in map(named.match, report["sources"].lines) if line]


def either_index(address: str) -> tuple[str, str]:
    """Return the address of an InRelease, and what apt asks for if there is none."""
    return address, address.replace("/InRelease", "/Release")


def indexes(report: Report) -> list[str]:
    """Return the addresses of apt's indexes."""
    quoted = re.findall(r"^'(https?://[^']+)'", report["update"].text, re.MULTILINE)
    return [address for address in quoted if address.endswith("/InRelease")]
