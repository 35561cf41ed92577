"""Where panels stand: rows of 24 columns.

On a phone Grafana puts all panels below each other, each as wide as the screen and as high as it is here, in the order of their
places: from above to below, from left to right.
"""

from __future__ import annotations

WIDTH = 24


class Grid:
    """Panels in the order in which they are added, row by row."""

    def __init__(self) -> None:
        self.panels: list[dict] = []
        self._x = self._y = self._row_height = 0

    def add(self, panel: dict, width: int, height: int) -> None:
        """Put a panel to the right of the last one, or into a new row where it does not fit there."""
        if self._x + width > WIDTH:
            self.end_row()
        self.panels.append(panel | {"gridPos": {"x": self._x, "y": self._y, "w": width, "h": height}})
        self._x += width
        self._row_height = max(self._row_height, height)

    def end_row(self) -> None:
        """Let the next panel stand at the left."""
        self._x, self._y, self._row_height = 0, self._y + self._row_height, 0
