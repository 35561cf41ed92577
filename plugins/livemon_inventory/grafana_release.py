"""Which release of Grafana an image has, as far as its name tells."""

from __future__ import annotations

import re

NEWEST = (99, 0)
"""What an image is taken for whose name says nothing of its release."""
_RELEASE = re.compile(r"(\d+)\.(\d+)")


def release_of(image: str) -> tuple[int, int]:
    """Return major and minor release by the image's tag, ``grafana/grafana:12.0.2`` being ``(12, 0)``; `NEWEST` if it has none."""
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    found = _RELEASE.match(tag)
    return (int(found[1]), int(found[2])) if found else NEWEST
