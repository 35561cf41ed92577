"""The machine itself: system, Python, memory, disk, clock, names."""

from __future__ import annotations

from collections.abc import Iterator

from .report import MISSING, Report, version
from .requirements import Requirements

OLDEST = {"ubuntu": (18, 4), "debian": (12,)}
ARCHITECTURES = {"x86_64", "amd64"}
LOWEST_PYTHON = {(2, 16): (3, 6), (2, 17): (3, 7), (2, 18): (3, 8), (2, 20): (3, 9)}
"""The oldest Python of a managed machine, by the first ansible-core that requires it."""
OTHER_CLOCKS = ("ntp", "ntpsec", "openntpd")
LARGEST_OFFSET = 60
"""Seconds between the machine's clock and the controller's."""


def problems(report: Report, needed: Requirements) -> Iterator[str]:
    """Yield what is wrong with the machine itself."""
    yield from _system(report)
    yield from python_problems(report, needed)
    yield from _memory_and_disk(report, needed)
    yield from _clock(report, needed)
    for directory in needed.directories:
        if directory not in report["directories"].words:
            yield f"The directory {directory} of a node in data_nodes does not exist: create it, or write another one."
    known = report["names"].words
    for name in needed.names:
        if name not in known:
            yield (
                f"The name {name} cannot be resolved there (getent hosts {name}): add it to the lab's DNS or to the machine's "
                "/etc/hosts, or write an IP address in the inventory."
            )


def _system(report: Report) -> Iterator[str]:
    release = report.release
    name, number = release.get("ID", "unknown"), release.get("VERSION_ID", "")
    # Debian testing has no number.
    if name not in OLDEST or (number and version(number) < OLDEST[name]):
        yield (
            f"This is {release.get('PRETTY_NAME', 'an unknown system')}; livemon runs on Ubuntu 18.04 and newer and on "
            "Debian 12 and newer."
        )
    if report["machine"].text not in ARCHITECTURES:
        yield (
            f"The processor is {report['machine'].text or 'unknown'}; the software of the instruments is built only for x86_64."
        )
    if report["init"].text != "systemd":
        yield (
            f"Process 1 is {report['init'].text or 'unknown'}, not systemd, which starts Docker and livemon's timers: use a machine, "
            "or a container, that systemd has started."
        )


def python_problems(report: Report, needed: Requirements) -> Iterator[str]:
    """Yield why this ansible-core cannot use the machine's Python."""
    if report["python"].rc == MISSING:
        yield "Python 3, which Ansible needs, is not installed: sudo apt install python3."
        return
    core, found = version(needed.ansible_core), version(report["python"].text)
    lowest = max(python for first, python in LOWEST_PYTHON.items() if first <= max(core, min(LOWEST_PYTHON)))
    if found[: len(lowest)] < lowest:
        yield (
            f"{report['python'].text} is too old for ansible-core {needed.ansible_core}, which needs "
            f"{'.'.join(map(str, lowest))} there: use the environment with ansible-core 2.16, "
            "make venv-controller-2.16 && . .venv/controller-2.16/bin/activate (on this computer; it needs Python 3.10 to 3.12)."
        )


def _memory_and_disk(report: Report, needed: Requirements) -> Iterator[str]:
    memory = sum(int(word) for word in report["memory"].words if word.isdigit()) // 1024
    if memory < needed.min_memory_mb:
        yield f"The machine has {memory} MB of memory; livemon needs {needed.min_memory_mb} MB."
    # An archive that fills the disk must not prevent a run that adds an instrument.
    if missing_images(report, needed):
        yield from _space(report, "disk", needed.min_disk_gb, "the images need")
    if report["data"].rc != 0:
        yield from _space(report, "data_disk", needed.min_archive_gb, "the archive needs, to begin with,")


def _space(report: Report, disk: str, needed: int, what: str) -> Iterator[str]:
    fields = report[disk].lines[-1].split() if report[disk].rc == 0 else []
    if len(fields) >= 6:
        free = int(fields[3]) // 1024**2
        if free < needed:
            yield f"Only {free} GB are free on the file system of {fields[5]}; {what} {needed} GB: make room, or mount a larger disk."


def _clock(report: Report, needed: Requirements) -> Iterator[str]:
    others = [package for package in OTHER_CLOCKS if package in report.packages]
    if needed.time_servers and others:
        yield (
            f"The clock is synchronised by {' and '.join(others)}, which livemon does not configure: remove that package, or leave "
            "time_servers out of the inventory."
        )
    times = [int(word) for word in report["clock"].words]
    offset = times[1] - times[0] if len(times) == 2 else 0
    if abs(offset) > LARGEST_OFFSET:
        yield (
            f"The machine's clock is {abs(offset)} s {'ahead of' if offset > 0 else 'behind'} this "
            "computer's: correct the one that is "
            "wrong, for example with timedatectl set-ntp true."
        )


def missing_images(report: Report, needed: Requirements) -> set[str]:
    """Return the images that are neither on the machine nor in its archive of images."""
    present, archived = report["images"].words, report["archives"].words
    return {
        image["reference"]
        for image in needed.images
        if image["reference"] not in present and image.get("archive") not in archived
    }
