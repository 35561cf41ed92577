"""Where a machine's Docker comes from, and thereby whose engine it is."""

from __future__ import annotations

from collections.abc import Collection

from .report import version

PACKAGES = {"distribution": "docker.io", "docker": "docker-ce"}
"""The engine's package, by where it comes from."""
COMPOSE_SINCE = {"ubuntu": (20, 4), "debian": (13,)}
"""The first release with a package of compose 2."""


def source(
    configured: str, distribution: str, release: str, *, is_installed: bool, own_engines: Collection[str]
) -> str:
    """Return ``distribution``, ``docker`` or ``existing``, which is an engine that livemon did not install.

    `configured` is the setting ``docker_from``. `own_engines` are the packages of an engine that livemon has installed.
    """
    if configured != "auto":
        return configured
    if is_installed:
        return next((origin for origin, package in PACKAGES.items() if package in own_engines), "existing")
    return "distribution" if brings_compose(distribution, release) else "docker"


def brings_compose(distribution: str, release: str) -> bool:
    """Whether a distribution has a package of compose 2; a release without a number is newer than all that have one."""
    number = version(release)
    return not number or number >= COMPOSE_SINCE.get(distribution.lower(), (0,))
