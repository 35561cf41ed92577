"""The alarms that an inventory asks for, and those that every appliance has. Who judges them: livemon.alarms; who tells: alerting.py.

Times are in seconds. Channels are named by their permanent paths; every alarm has an id that stays the same while its limit, its
label or its text changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import durations
from ...instruments import model_of

Entry = Mapping[str, Any]

SEVERITIES = ("warning", "critical")
TOLERANCE = 300
"""Seconds for which anything may be silent: a restart of agent or router takes less."""
SHORTEST_FROZEN, USUAL_FROZEN = 60, 1800
"""Seconds for which the readings of a channel that is not scanned must be the same at least, and should be, to call it frozen."""
LIMIT_KINDS = ("above", "below", "outside", "rising")
QUANTITIES = ("temperature", "sensor")
HOLD = 60
RATE_OVER = {"minute": 300, "hour": 1800}
"""Seconds across which a rate is measured, unless the inventory says so."""
PER = {"minute": 60, "hour": 3600}

CHANNEL_DEFAULTS: dict[str, tuple[int | None, str]] = {
    "silent_after": (None, "warning"),
    "invalid_after": (300, "warning"),
    "frozen_after": (None, "warning"),
}
"""Of each alarm that a listed channel has: after how many seconds, and how severe. `None`: silence by the scan cycle, else never."""
INSTRUMENT_DEFAULTS: dict[str, tuple[int | None, str]] = CHANNEL_DEFAULTS | {
    "unreachable_after": (50, "critical"),
    "away_after": (40, "critical"),
    "degraded_after": (300, "warning"),
}
"""The same of each instrument and agent."""


TESTS = {"gt": "above", "lt": "below", "outside_range": "outside"}
"""What the site file calls a comparison."""


@dataclass(frozen=True)
class Alarm:
    """One alarm, which the bridge judges and a rule of Grafana tells.

    `id` is its name for ever; `rule` that of the rule. A number of its `measure` (as livemon.alarms.measures has them: ``kind`` and
    what that needs) is compared with `limits` by `test`: ``gt``, ``lt``, ``outside_range``. `clears_at` is the value at which it is
    over, where that is another one; it must last for `hold` seconds. `held_back_by` are the ids of alarms that explain it. `labels`
    are what people, routes and silences know it by; with no other they have ``subject`` and, if its number has one, ``unit``.
    """

    id: str
    rule: str
    kind: str
    severity: str
    measure: Mapping[str, Any]
    test: str
    limits: tuple[float, ...]
    clears_at: float | None = None
    hold: int = 0
    held_back_by: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def tags(self) -> dict[str, str]:
        """All labels of its series."""
        return {"kind": self.kind, "severity": self.severity, **self.labels}


def in_site_file(alarms: Iterable[Alarm]) -> list[dict]:
    """Return the alarms as the site file has them; what explains one is left out where nobody wants to know of that."""
    alarms = list(alarms)
    known = {alarm.id for alarm in alarms}
    return [
        {
            "id": alarm.id,
            "rule": alarm.rule,
            "measure": dict(alarm.measure),
            TESTS[alarm.test]: list(alarm.limits) if len(alarm.limits) > 1 else alarm.limits[0],
            **({} if alarm.clears_at is None else {"clears_at": alarm.clears_at}),
            **({"hold": alarm.hold} if alarm.hold else {}),
            "held_back_by": [each for each in alarm.held_back_by if each in known],
            "tags": alarm.tags,
        }
        for alarm in alarms
    ]


def limits_of(options: Entry, quantity: str = "temperature") -> dict[str, tuple[float | None, float | None]]:
    """Return by severity, for those that a channel has, below and above which value it alarms; `None` where on that side it does not.

    Where several alarms of a severity have a limit on the same side, the nearest counts.
    """
    found: dict[str, tuple[float | None, float | None]] = {}
    for entry in entries_of(options):
        if entry.get("of", "temperature") != quantity or "rising" in entry:
            continue
        severity = severity_of(entry)
        low, high = found.get(severity, (None, None))
        below, above = entry.get("outside") or (entry.get("below"), entry.get("above"))
        low = max((value for value in (low, below) if value is not None), default=None)
        high = min((value for value in (high, above) if value is not None), default=None)
        found[severity] = low, high
    return found


def entries_of(options: Entry) -> list[Entry]:
    """Return the alarms of a channel in their long form, whichever they were written in."""
    short = [
        {kind: options[key]}
        for kind, key in (("above", "alarm_above_K"), ("below", "alarm_below_K"))
        if options.get(key) is not None
    ]
    return short + list(options.get("alarms") or [])


def kind_of(entry: Entry) -> str:
    """Return which of the kinds an alarm in its long form is."""
    return next(kind for kind in LIMIT_KINDS if kind in entry)


def severity_of(entry: Entry) -> str:
    """Return how severe it is: unless it says so, a limit is critical and a rate is a warning."""
    return entry.get("severity") or ("warning" if kind_of(entry) == "rising" else "critical")


def scan_cycle(instrument: Entry) -> int:
    """Return after how many seconds an instrument comes back to a channel."""
    if instrument.get("scan_cycle") is not None:
        return durations.seconds(instrument["scan_cycle"])
    model = model_of(instrument)
    return model.scan_seconds * len(instrument.get("channels") or model.channels)


def silent_after(instrument: Entry, options: Entry | None = None, defaults: Entry | None = None) -> int | None:
    """Return after how many seconds without a sample a channel is silent; `None` if nobody wants to know.

    By itself two scan cycles beyond what anything may be silent for, in whole minutes.
    """
    return by_itself("silent_after", instrument, options, defaults)[0]


def by_itself(
    key: str, instrument: Entry, options: Entry | None = None, defaults: Entry | None = None
) -> tuple[int | None, str]:
    """Return ``(seconds, severity)`` of one of the alarms that are there unasked, `None` for seconds if it is switched off.

    What is written at the channel goes before what is at the instrument, and that before what is at the site.
    """
    after, severity = INSTRUMENT_DEFAULTS[key]
    if key == "silent_after" and "model" in instrument:
        after = usual_silence(instrument)
    for level in (defaults, instrument, options):
        said = (level or {}).get(key)
        if said is None:
            continue
        about = said if isinstance(said, Mapping) else {"after": said}
        severity = about.get("severity") or severity
        if about.get("after") is not None:
            after = None if about["after"] is False else durations.seconds(about["after"])
    return after, severity


def shortest_frozen(instrument: Entry) -> int:
    """Return the seconds for which readings must be the same to tell something: of a scanned channel, until the third visit."""
    return max(SHORTEST_FROZEN, 2 * scan_cycle(instrument))


def usual_frozen(instrument: Entry) -> int:
    """Return after how many seconds we advise to call a channel frozen (docs/alarms.md has the reasons)."""
    return -(-max(USUAL_FROZEN, 3 * scan_cycle(instrument)) // 60) * 60


def usual_silence(instrument: Entry) -> int:
    """Return after how many seconds a channel is silent if nobody says when."""
    return -(-(TOLERANCE + 2 * scan_cycle(instrument)) // 60) * 60
