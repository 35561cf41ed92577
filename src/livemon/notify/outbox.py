"""What was told on one way, and what is to be told: each begin and each end once, and again what lasts. No input or output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from livemon.notify.message import Item
from livemon.notify.watch import Alarm, Seen

EVERY = 10.0
"""Seconds between two turns of the notifier; for so long a first message waits for what begins at the same time."""
APART = 6
"""Turns between two messages on one way."""
LONGEST_PAUSE = 600.0
"""Seconds between two attempts to deliver; the first pause is one turn, and each is twice as long as the one before."""
COUNTS_FOR = 2 * LONGEST_PAUSE
"""Seconds for which an attempt that failed is something that is wrong now, if there is nothing left to try again with."""


@dataclass
class Entry:
    """What is known of one alarm on one way. Times are UNIX seconds, UTC.

    `noticed` is when it was seen to fire, `told` when people were told last (`None`: not yet), `ended` when it was over (`None`: it
    fires), and `known` is false where it ended because nothing judges it any more.
    """

    tags: dict[str, str]
    sentence: str
    advice: str
    since: float
    noticed: float
    told: float | None = None
    ended: float | None = None
    known: bool = True

    def begin(self, alarm: Alarm) -> None:
        """Take over what is said of it while it fires; one that ended meanwhile without anybody being told goes on."""
        self.tags, self.sentence, self.advice = dict(alarm.tags), alarm.sentence, alarm.advice
        self.ended, self.known = None, True

    def end(self, now: float, alarm: Alarm | None) -> None:
        """Note that it is over; without the `alarm`, that there is no such alarm any more."""
        if self.ended is None:
            self.ended = now if alarm is None else max(alarm.since, self.since)
            if alarm is not None:
                self.sentence = alarm.sentence
            self.known = alarm is not None or self.tags.get("kind") == "problem"  # that there is no problem is its end


@dataclass
class Outbox:
    """The entries of one way by the ids of alarms, and how its deliveries went. Times are UNIX seconds, UTC.

    `sent` is when a message last left, `failing` since when none arrives (`None`: the last one did), `reason` why, without secrets;
    `pause` is the present one between two attempts, `attempted` when the last one was, `every` the seconds between two turns.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    sent: float | None = None
    failing: float | None = None
    reason: str | None = None
    attempted: float = 0.0
    pause: float = 0.0
    every: float = EVERY

    def take(self, seen: Seen, routed: Iterable[str], now: float) -> None:
        """Note what has begun and what is over. `routed` are the ids of alarms that go this way."""
        routed = set(routed)
        for name in routed:
            alarm = seen.alarms[name]
            if alarm.firing and alarm.is_ours and not alarm.silenced:
                entry = self.entries.setdefault(
                    name, Entry(dict(alarm.tags), alarm.sentence, alarm.advice, alarm.since, now)
                )
                entry.begin(alarm)
            elif not alarm.firing and name in self.entries:
                self._end(name, alarm, now)
            elif name in self.entries and self.entries[name].told is None and alarm.is_ours is not None:
                del self.entries[name]  # it became Grafana's to tell, or was silenced, before it was told
        for name in [each for each in self.entries if each not in routed]:
            if name in seen.alarms or seen.is_whole:
                self._end(name, None, now)

    def _end(self, name: str, alarm: Alarm | None, now: float) -> None:
        if alarm is not None and alarm.is_ours is False and self.entries[name].ended is None:
            del self.entries[name]  # its end is Grafana's to tell
        elif alarm is None or alarm.is_ours:
            self.entries[name].end(now, alarm)

    def due(self, seen: Seen, repeats: Mapping[str, float], now: float) -> list[Item]:
        """Return what a message says now; empty if there is nothing to tell, or it is not yet time to.

        `repeats` is after how many seconds each alarm is told again. A message has everything that fires on this way, so that one
        that is told again comes with the others.
        """
        begun = [each.noticed for each in self.entries.values() if each.told is None]
        ended = [each for each in self.entries.values() if each.ended is not None]
        again = [name for name, each in self.entries.items() if self._is_due_again(name, each, seen, repeats, now)]
        if not (begun or ended or again) or (begun and not again and 0 <= now - min(begun) < self.every):
            return []
        if self.failing is not None and 0 <= now - self.attempted < self.pause:
            return []
        if self.failing is None and self.sent is not None and 0 <= now - self.sent < APART * self.every:
            return []
        return [
            Item(name, each.tags, each.sentence, each.advice, each.since, each.ended, each.known, each.told is None)
            for name, each in self.entries.items()
            if self._is_told(name, each, seen)
        ]

    @staticmethod
    def _is_due_again(name: str, entry: Entry, seen: Seen, repeats: Mapping[str, float], now: float) -> bool:
        alarm = seen.alarms.get(name)
        if entry.told is None or entry.ended is not None or alarm is None or name not in repeats:
            return False
        return bool(alarm.is_ours) and not alarm.silenced and now - entry.told >= repeats[name]

    @staticmethod
    def _is_told(name: str, entry: Entry, seen: Seen) -> bool:
        """Whether a message has it: what still fires only as long as it is ours to tell."""
        alarm = seen.alarms.get(name)
        return entry.ended is not None or entry.told is None or alarm is None or bool(alarm.is_ours)

    def delivered(self, items: Iterable[Item], now: float) -> None:
        """Note that a message with these items arrived."""
        for item in items:
            if item.ended is not None:
                self.entries.pop(item.id, None)
            elif item.id in self.entries:
                self.entries[item.id].told = now
        self.sent, self.failing, self.reason = now, None, None

    def failed(self, reason: str, now: float) -> None:
        """Note that a message did not arrive."""
        self.pause = self.every if self.failing is None else min(2 * self.pause, LONGEST_PAUSE)
        self.failing, self.reason, self.attempted = self.failing or now, reason, now

    def is_failing(self, now: float) -> bool:
        """Whether messages do not arrive on this way."""
        return self.failing is not None and now - self.attempted <= COUNTS_FOR

    def saved(self) -> dict[str, Any]:
        """Return it as JSON can carry it."""
        return asdict(self)

    @classmethod
    def restored(cls, content: Any, every: float = EVERY) -> Outbox:
        """Return what :meth:`saved` told; what cannot be read is as if it had never been."""
        names = {each.name for each in fields(cls)}
        try:
            known = {key: value for key, value in content.items() if key in names}
            known["entries"] = {str(name): Entry(**each) for name, each in content["entries"].items()}
            return cls(**known | {"every": every})
        except (AttributeError, KeyError, TypeError):
            return cls(every=every)
