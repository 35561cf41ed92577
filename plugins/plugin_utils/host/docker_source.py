"""Where a machine's Docker comes from, and with that whose engine it is."""

from __future__ import annotations

from collections.abc import Collection

from .report import version

PACKAGES = {"distribution": "docker.io", "docker": "docker-ce"}
"""The engine's package, by where it comes from."""
COMPOSE_SINCE = {"ubuntu": (20, 4), "debian": (13,)}
"""The first release whose own packages bring compose 2."""


def source(wanted: str, distribution: str, release: str, *, is_there: bool, own_engines: Collection[str]) -> str:
    """Return ``distribution``, ``docker`` or ``existing``, which is an engine of somebody else.

    `own_engines` are those packages of an engine that are installed, and livemon installed them.
    """
    if wanted != "auto":
        return wanted
    if is_there:
        return next((origin for origin, package in PACKAGES.items() if package in own_engines), "existing")
    return "distribution" if brings_compose(distribution, release) else "docker"


def brings_compose(distribution: str, release: str) -> bool:
    """Whether a distribution's own packages bring compose 2; a release without a number is newer than all that have one."""
    number = version(release)
    return not number or number >= COMPOSE_SINCE.get(distribution.lower(), (0,))
