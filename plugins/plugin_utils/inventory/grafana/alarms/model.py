"""An alarm as the bridge judges it (livemon.alarms) and a rule of Grafana reports it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Measure = Mapping[str, Any]
"""The number that is compared, as livemon.alarms.measures has it: its ``kind``, and what that needs."""
ABOVE, BELOW, OUTSIDE = "gt", "lt", "outside_range"
"""The comparisons, as Grafana names them."""


@dataclass(frozen=True)
class Alarm:
    """One alarm. Times are in seconds; channels are named by their permanent paths.

    `id` is its permanent name, which stays the same while its limit, its label or its text changes; `rule` is the name of its rule.
    The number of its `measure` is compared with `limits` by `test`. The alarm is over at `clears_at`, if that differs from the limit;
    the comparison must hold for `hold` seconds. `held_back_by` are the ids of alarms that explain it. People, routes and silences
    know it by its `labels`; among them are ``subject`` and, if its number has one, ``unit``.
    """

    id: str
    rule: str
    kind: str
    severity: str
    measure: Measure
    test: str
    limits: tuple[float, ...]
    clears_at: float | None = None
    hold: int = 0
    held_back_by: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def series_labels(self) -> dict[str, str]:
        """All labels of its series."""
        return {"kind": self.kind, "severity": self.severity, **self.labels}
