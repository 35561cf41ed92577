"""Faults in the keys ``packages`` and ``wheels`` of an agent: Python packages that are not in livemon's image."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..checks import kind
from ..entries import Entry, is_list

KEYS = ("packages", "wheels")
EXAMPLE = "[pfeiffer-vacuum-protocol==0.4]"
_PINNED = re.compile(r"(?P<name>[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)(\[[A-Za-z0-9,._-]+\])?==[A-Za-z0-9.+!_-]+\Z")


def of_agent(place: str, agent: Entry) -> Iterator[str]:
    """Every fault of an agent's packages."""
    packages, wheels = agent.get("packages"), agent.get("wheels")
    if packages is not None and not is_list(packages):
        yield f"{place}.packages: this is {kind(packages)}; write a list, for example {EXAMPLE}"
    seen = set()
    for number, package in enumerate(packages if is_list(packages) else ()):
        match = _PINNED.match(package) if isinstance(package, str) else None
        name = re.sub("[-_.]+", "-", match["name"]).lower() if match else None
        if name is None:
            yield (
                f"{place}.packages[{number}]: {package!r} is not a package with its version; write both, as in {EXAMPLE}: "
                "otherwise two runs could install different ones"
            )
        elif name in seen:
            yield f"{place}.packages[{number}]: {name} is already listed; write it once"
        seen.add(name)
    if wheels is not None and (not isinstance(wheels, str) or not wheels.strip()):
        yield f"{place}.wheels: {wheels!r} is not a valid directory; write one of this computer, for example wheels/gauge"
    elif wheels is not None and not packages:
        yield f"{place}.wheels: this has no effect without packages; list what the agent needs, for example packages: {EXAMPLE}"
