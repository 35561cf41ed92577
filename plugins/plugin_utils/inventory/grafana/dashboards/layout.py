"""Where panels are placed: rows of 24 columns.

On a phone Grafana stacks all panels, each as wide as the screen and as high as it is here, in the order of their places: from top to
bottom, and from left to right.
"""

from __future__ import annotations

from ...entries import Document

WIDTH = 24


class Grid:
    """Panels in the order in which they are added, row by row."""

    def __init__(self) -> None:
        self.panels: list[Document] = []
        self._x = self._y = self._row_height = 0

    def add(self, panel: Document, width: int, height: int) -> None:
        """Put a panel to the right of the last one, or into a new row if it does not fit there."""
        if self._x + width > WIDTH:
            self.end_row()
        self.panels.append(panel | {"gridPos": {"x": self._x, "y": self._y, "w": width, "h": height}})
        self._x += width
        self._row_height = max(self._row_height, height)

    def end_row(self) -> None:
        """Place the next panel at the left of a new row."""
        self._x, self._y, self._row_height = 0, self._y + self._row_height, 0
