"""A viewer who reads panels all the time, while something happens to the appliance."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from appliance import Appliance

REACH = 60.0
"""Seconds that a panel shows."""


@dataclass
class Panels:
    """A viewer who reads a panel and the list of metrics all the time."""

    appliance: Appliance
    channels: list[str]
    looks: list[tuple[float, int, list]] = field(default_factory=list)
    lists: list[tuple[float, int, list]] = field(default_factory=list)
    _ended: threading.Event = field(default_factory=threading.Event)

    def look(self) -> None:
        while not self._ended.wait(0.1):
            body = {
                "range": {"from": f"-{REACH:g}s", "to": "now"},
                "targets": [{"target": name} for name in self.channels],
            }
            self.looks.append((time.time(), *self.appliance.get("/query", body)))
            self.lists.append((time.time(), *self.appliance.get("/search")))

    def __enter__(self) -> Panels:
        self._thread = threading.Thread(target=self.look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def plotted(self, since: float, oldest: float) -> bool:
        """Whether the last look shows all channels, samples newer than `since` and history back to `oldest`, if a panel reaches
        so far by then, or to shortly after its begin."""
        when, status, answer = self.looks[-1]
        if status != 200 or len(answer) != len(self.channels):
            return False
        oldest = max(oldest, when - 0.75 * REACH)
        times = [[point[1] / 1000 for point in series["datapoints"]] for series in answer]
        return all(each and each[0] <= oldest and each[-1] > since for each in times)

    def unseen(self, since: float) -> float:
        """The greatest age of the newest sample that a look showed, seconds; looks without an answer let it grow old."""
        newest, oldest_age = since, 0.0
        for when, status, answer in self.looks:
            if when < since:
                continue
            shown = (
                [series["datapoints"][-1][1] / 1000 for series in answer if series["datapoints"]]
                if status == 200
                else []
            )
            newest = max([newest, *shown])
            oldest_age = max(oldest_age, when - newest)
        return oldest_age
