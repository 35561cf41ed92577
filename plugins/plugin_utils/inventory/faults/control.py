"""Faults in what the inventory says about who may operate agents: the setting and key ``open_operations``."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from ..entries import Entry, is_list

KEY = "open_operations"
POLICY = "--access-policy"
_PATTERN = re.compile(r"[A-Za-z0-9_*?-]{1,64}\Z")


def faults(settings: Entry) -> Iterator[str]:
    """Every fault of the operations that the site opens for all agents."""
    return _of("", settings, ())


def of_instrument(place: str, instrument: Entry, known: Iterable[str]) -> Iterator[str]:
    """Every fault of the operations of an instrument that are opened; `known` are those that its agent has."""
    return _of(f"{place}.", instrument, known)


def of_agent(place: str, agent: Entry) -> Iterator[str]:
    """Every fault of the operations of an agent that are opened, and of an access policy among its arguments."""
    yield from _of(f"{place}.", agent, ())
    arguments = agent.get("arguments", [])
    words = " ".join(str(pair) for pair in arguments) if is_list(arguments) else ""
    # Anyone on the machine can read the arguments.
    if POLICY in words and "override:" in words:
        yield (
            f"{place}.arguments: passwords do not belong here; leave {POLICY} out: the secret is generated on the machine, "
            f"and {KEY} lists the operations that need none"
        )


def _of(place: str, entry: Entry, known: Iterable[str]) -> Iterator[str]:
    if entry.get(KEY) is None:
        return
    patterns = entry[KEY]
    if not is_list(patterns):
        yield f"{place}{KEY}: write a list of operations, for example [acq, set_heater_range]"
        return
    known = list(known)
    for pattern in patterns:
        if not isinstance(pattern, str) or not _PATTERN.match(pattern):
            yield (
                f"{place}{KEY}: {pattern!r} is not a valid operation; "
                "write a name as upstream has it, for example acq, or '*' for all"
            )
        elif known and not any(fnmatchcase(name, pattern) for name in known):
            near = difflib.get_close_matches(pattern, known, n=1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else f"it has {', '.join(known)}; operations that only read are open anyway"
            )
            yield f"{place}{KEY}: {pattern!r} is not an operation of this model; {hint}"
