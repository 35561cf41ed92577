"""Which release of Grafana an image holds, as far as its name says."""

from __future__ import annotations

import re

Release = tuple[int, ...]

DEFAULT_IMAGE = "grafana/grafana:12.0.2"
OLDEST: Release = (9, 4)
"""The oldest release that livemon supports."""
NEWEST: Release = (99, 0)
"""Assumed of an image whose name does not say its release."""
KEEPS_LAST: Release = (11, 0)
"""The first release in which an alarm keeps its state if its query fails, for all of its series."""
_RELEASE = re.compile(r"(\d+)\.(\d+)")


def release_of(image: str) -> Release:
    """Return major and minor release from the image's tag, ``(12, 0)`` for ``grafana/grafana:12.0.2``; `NEWEST` if it has none."""
    found = _RELEASE.match(tag_of(image))
    return (int(found[1]), int(found[2])) if found else NEWEST


def formatted(release: Release) -> str:
    """Return a release as people write it: ``12.0``."""
    return ".".join(str(number) for number in release)


def tag_of(image: str) -> str:
    """Return the tag of an image; empty if its name has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
