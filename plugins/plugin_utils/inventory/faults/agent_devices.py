"""Faults in the key ``devices`` of an agent: serial lines of the host that it may open."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping

from ..checks import NAME, Placed, list_faults, read_as, repeats, suggested_name, unknown_keys
from ..entries import Entry, given, is_list
from ..serial_lines import DIRECTORY, path_of

KEY = "devices"
EXAMPLE = "{serial: FT5ABCDE, name: gauge}"
_KEYS = ("serial", "interface", "name", "path")
_SERIAL = re.compile(r"[A-Za-z0-9._:-]{1,64}\Z")
_PATH = re.compile(r"/dev/(serial/by-(id|path)/[A-Za-z0-9._:+-]+|ttyS[0-9]{1,2})\Z")
_CHANGING = re.compile(r"/dev/tty(USB|ACM)[0-9]+\Z")


def of_agent(place: str, agent: Entry) -> Iterator[str]:
    """Every fault of an agent's devices, and of arguments that name one which it does not have."""
    entries = agent.get(KEY)
    yield from list_faults(f"{place}.{KEY}", entries, EXAMPLE)
    for where, entry in placed_devices(place, agent):
        yield from unknown_keys(where, entry, _KEYS)
        yield from _of_path(where, entry) if "path" in entry else _of_serial(where, entry)
    yield from _argument_faults(place, agent)


def placed_devices(place: str, agent: Entry) -> list[Placed]:
    """Return the devices of an agent, each behind its place; what is not a mapping is left out."""
    entries = agent.get(KEY)
    return [
        (f"{place}.{KEY}[{number}]", given(entry))
        for number, entry in enumerate(entries if is_list(entries) else ())
        if isinstance(entry, Mapping)
    ]


def shared(devices: list[Placed]) -> Iterator[str]:
    """Every device that two agents, or two entries, have: a serial line has one reader."""
    advice = "a serial line can have one reader only; for an adapter with several lines, write the interface of each"
    lines = [(place, entry) for place, entry in devices if "serial" in entry]
    whole = {str(entry["serial"]) for _, entry in lines if "interface" not in entry}
    named = [
        (
            place,
            {
                "serial": entry["serial"]
                if str(entry["serial"]) in whole
                else f"{entry['serial']}, interface {entry['interface']}"
            },
        )
        for place, entry in lines
    ]
    yield from repeats(named, "serial", str, advice)
    yield from repeats(devices, "path", str, "a serial line can have one reader only")
    yield from repeats(devices, "name", str, "give each device a name of its own")


def _of_serial(where: str, entry: Entry) -> Iterator[str]:
    for key, example in (("serial", "FT5ABCDE"), ("name", "gauge")):
        if key not in entry:
            yield f"{where}.{key} is missing; write, for example, {EXAMPLE}"
        elif not isinstance(entry[key], str):
            yield f"{where}.{key}: {read_as(entry[key])}; put it in quotes, for example {key}: '{example}'"
    serial, name = entry.get("serial"), entry.get("name")
    if isinstance(serial, str) and not _SERIAL.match(serial):
        yield (
            f"{where}.serial: {serial!r} is not a valid USB serial number; write what udevadm info -a -n /dev/ttyUSB0 shows as "
            "ATTRS{serial}, or use path: /dev/serial/by-path/..."
        )
    if isinstance(name, str) and not NAME.match(name):
        yield (
            f"{where}.name: {name!r} cannot be the name of a device; "
            f"use letters, digits, '-' and '_', for example {suggested_name(name)}"
        )
    interface = entry.get("interface", 0)
    if isinstance(interface, bool) or not isinstance(interface, int) or not 0 <= interface <= 255:
        yield f"{where}.interface: {interface!r} is not a valid number of a USB interface; write 0, 1, ... or leave it out"


def _of_path(where: str, entry: Entry) -> Iterator[str]:
    path = entry["path"]
    for key in ("serial", "interface", "name"):
        if key in entry:
            yield f"{where}.{key}: a device has either a path or a serial number and name; leave out one of them"
    if isinstance(path, str) and _CHANGING.match(path):
        yield (
            f"{where}.path: {path} may be another device after a restart; write its serial number, as in {EXAMPLE}, or its path "
            "below /dev/serial/by-path"
        )
    elif not isinstance(path, str) or not _PATH.match(path):
        yield (
            f"{where}.path: {path!r} is not a serial line with a permanent path; write one that ls /dev/serial/by-path/* shows, "
            "or /dev/ttyS0"
        )


def _argument_faults(place: str, agent: Entry) -> Iterator[str]:
    arguments = agent.get("arguments")
    known = [path_of(entry) for _, entry in placed_devices(place, agent) if "path" in entry or "name" in entry]
    for words in arguments if is_list(arguments) else ():
        for word in words if is_list(words) else ():
            path = str(word).rpartition("=")[2]
            if path.startswith(f"{DIRECTORY}/") and path not in known:
                yield f"{place}.arguments: {path} is not a device of this agent; {_advice(path, known)}"


def _advice(path: str, known: list[str]) -> str:
    near = difflib.get_close_matches(path, known, n=1)
    return f"did you mean {near[0]}?" if near else f"add it to {KEY}, for example {EXAMPLE}"
