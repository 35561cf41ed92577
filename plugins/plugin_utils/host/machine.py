"""The machine itself: system, Python, memory, disk, clock, names."""

from __future__ import annotations

from collections.abc import Iterator

from .report import MISSING, Report, version
from .requirements import Wanted

OLDEST = {"ubuntu": (18, 4), "debian": (12,)}
ARCHITECTURES = {"x86_64", "amd64"}
LOWEST_PYTHON = {(2, 16): (3, 6), (2, 17): (3, 7), (2, 18): (3, 8), (2, 20): (3, 9)}
"""Of a managed machine, by the first ansible-core that demands it."""
OTHER_CLOCKS = ("ntp", "ntpsec", "openntpd")
LARGEST_OFFSET = 60
"""Seconds between the machine's clock and the controller's."""


def problems(report: Report, wanted: Wanted) -> Iterator[str]:
    """What about the machine itself will not do."""
    yield from _system(report)
    yield from python_problems(report, wanted)
    yield from _memory_and_disk(report, wanted)
    yield from _clock(report, wanted)
    for directory in wanted.directories:
        if directory not in report["directories"].words:
            yield f"The directory {directory} of a node in data_nodes does not exist: make it, or write another one."
    known = report["names"].words
    for name in wanted.names:
        if name not in known:
            yield (
                f"The name {name} is not known there (getent hosts {name}): enter it in the lab's DNS or in the machine's "
                "/etc/hosts, or write an IP address into the inventory."
            )


def _system(report: Report) -> Iterator[str]:
    release = report.release
    name, number = release.get("ID", "unknown"), release.get("VERSION_ID", "")
    # Debian's testing has no number.
    if name not in OLDEST or (number and version(number) < OLDEST[name]):
        yield (
            f"This is {release.get('PRETTY_NAME', 'an unknown system')}; livemon runs on Ubuntu 18.04 and newer and on "
            "Debian 12 and newer."
        )
    if report["machine"].text not in ARCHITECTURES:
        yield (
            f"The processor is {report['machine'].text or 'unknown'}; the software of the instruments is built for x86_64 only."
        )
    if report["init"].text != "systemd":
        yield (
            f"Process 1 is {report['init'].text or 'unknown'}, not systemd, which starts Docker and livemon's timers: use a machine, "
            "or a container, that systemd starts."
        )


def python_problems(report: Report, wanted: Wanted) -> Iterator[str]:
    """Whether this ansible-core can use the machine's Python."""
    if report["python"].rc == MISSING:
        yield "There is no Python 3, by which Ansible works: sudo apt install python3."
        return
    core, found = version(wanted.ansible_core), version(report["python"].text)
    lowest = max(python for first, python in LOWEST_PYTHON.items() if first <= max(core, min(LOWEST_PYTHON)))
    if found[: len(lowest)] < lowest:
        yield (
            f"{report['python'].text} is too old for ansible-core {wanted.ansible_core}, which needs "
            f"{'.'.join(map(str, lowest))} there: take the environment with ansible-core 2.16, "
            "make venv-controller-2.16 && . .venv/controller-2.16/bin/activate (on this computer; it takes Python 3.10 to 3.12)."
        )


def _memory_and_disk(report: Report, wanted: Wanted) -> Iterator[str]:
    memory = sum(int(word) for word in report["memory"].words if word.isdigit()) // 1024
    if memory < wanted.min_memory_mb:
        yield f"The machine has {memory} MB of memory; livemon needs {wanted.min_memory_mb} MB."
    # An archive that fills the disk must not keep anybody from adding an instrument.
    if missing_images(report, wanted):
        yield from _space(report, "disk", wanted.min_disk_gb, "the images need")
    if report["data"].rc != 0:
        yield from _space(report, "data_disk", wanted.min_archive_gb, "the archive needs, to begin with,")


def _space(report: Report, disk: str, needed: int, what: str) -> Iterator[str]:
    fields = report[disk].lines[-1].split() if report[disk].rc == 0 else []
    if len(fields) >= 6:
        free = int(fields[3]) // 1024**2
        if free < needed:
            yield f"Only {free} GB are free on the file system of {fields[5]}; {what} {needed} GB: make room, or mount a larger disk."


def _clock(report: Report, wanted: Wanted) -> Iterator[str]:
    others = [package for package in OTHER_CLOCKS if package in report.packages]
    if wanted.time_servers and others:
        yield (
            f"The clock is kept by {' and '.join(others)}, which livemon does not set up: remove that package, or leave "
            "time_servers out of the inventory."
        )
    times = [int(word) for word in report["clock"].words]
    offset = times[1] - times[0] if len(times) == 2 else 0
    if abs(offset) > LARGEST_OFFSET:
        yield (
            f"The machine's clock is {abs(offset)} s {'ahead of' if offset > 0 else 'behind'} this computer's: set the one that is "
            "wrong, for example by timedatectl set-ntp true."
        )


def missing_images(report: Report, wanted: Wanted) -> set[str]:
    """Return the images that are neither on the machine nor in its archive of images."""
    there, archived = report["images"].words, report["archives"].words
    return {
        image["reference"]
        for image in wanted.images
        if image["reference"] not in there and image.get("archive") not in archived
    }
