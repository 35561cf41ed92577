"""Which release of Grafana an image has, as far as its name tells."""

from __future__ import annotations

import re

DEFAULT_IMAGE = "grafana/grafana:12.0.2"
OLDEST = (9, 4)
"""The oldest that livemon provisions."""
NEWEST = (99, 0)
"""What an image is taken for whose name says nothing of its release."""
KEEPS_LAST = (11, 0)
"""The first release in which an alarm stays as it was where its query fails, for all of its series."""
_RELEASE = re.compile(r"(\d+)\.(\d+)")


def release_of(image: str) -> tuple[int, int]:
    """Return major and minor release by the image's tag, ``grafana/grafana:12.0.2`` being ``(12, 0)``; `NEWEST` if it has none."""
    found = _RELEASE.match(tag_of(image))
    return (int(found[1]), int(found[2])) if found else NEWEST


def written(release: tuple[int, ...]) -> str:
    """Return a release as people write it."""
    return ".".join(str(number) for number in release)


def tag_of(image: str) -> str:
    """Return the tag of an image; empty where its name has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
