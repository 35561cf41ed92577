"""What a notification says: one title and a paragraph for each alarm, the worst first. No input or output."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

MINUTE = 60.0
NOT_WELL = "The appliance is not well: "
"""What the sentence of a problem begins with."""


@dataclass(frozen=True)
class Item:
    """One alarm as a message tells of it. Times are UNIX seconds, UTC.

    `sentence` is worded for the present state; `ended` is when it was over, `None` while it fires. `known` is false of one that
    ended because nothing judges it any more. `is_new` says whether this has not been told before.
    """

    id: str
    tags: dict[str, str]
    sentence: str
    advice: str
    since: float
    ended: float | None = None
    known: bool = True
    is_new: bool = True

    @property
    def rank(self) -> tuple[bool, bool, bool]:
        """For sorting, the worst first."""
        return self.ended is not None, not self.is_new, self.tags.get("severity") != "critical"

    def told(self) -> str:
        """Return the sentence, with severity and times of day in the time zone of this process."""
        if self.ended is None:
            severity = self.tags.get("severity", "").upper()
            return f"{severity} {self.sentence}, since {time_of_day(self.since)}".strip()
        if not self.known:
            return f"No longer watched: {self.sentence} was the last; its alarm was changed or removed"
        if self.tags.get("kind") == "problem":
            # It may be over, or said in other words now: of what has been silent, that it has no values.
            what = self.sentence.removeprefix(NOT_WELL)
            return f"No longer reported: {what}, at {time_of_day(self.ended)}{_after(self.ended - self.since)}"
        return f"Over: {self.sentence}, at {time_of_day(self.ended)}{_after(self.ended - self.since)}"


@dataclass(frozen=True)
class Message:
    """A notification to one contact point: all that has begun or is over since the last one, and what still fires.

    `receiver` is the contact point, `monitor` what the inventory calls the machine, `reason` why it is livemon that notifies.
    """

    items: Sequence[Item]
    receiver: str
    monitor: str
    reason: str
    time: float = field(default_factory=time.time)

    @property
    def sorted(self) -> list[Item]:
        """The items, the worst first."""
        return sorted(self.items, key=lambda item: item.rank)

    @property
    def firing(self) -> list[Item]:
        """Those that fire."""
        return [item for item in self.sorted if item.ended is None]

    @property
    def title(self) -> str:
        """One line: how many, and the worst."""
        begun = sum(item.ended is None and item.is_new for item in self.items)
        ended = sum(item.ended is not None for item in self.items)
        worst = self.sorted[0].told()
        if begun and ended:
            return f"{_alarms(begun)}, {ended} no longer firing: {worst}"
        if begun:
            return f"{_alarms(begun)}: {worst}" if begun > 1 else worst
        if ended:
            first = next(item for item in self.sorted if item.ended is not None).told()
            return f"{_alarms(ended)} no longer firing: {first}" if ended > 1 else first
        still = len(self.items)
        return f"Still {'firing' if still == 1 else f'{still} alarms'}: {worst}"

    @property
    def body(self) -> str:
        """The whole text, without markup."""
        paragraphs = []
        for item in self.sorted:
            still = "Still: " if item.ended is None and not item.is_new else ""
            advice = f"\n{item.advice}" if item.ended is None and item.advice else ""
            paragraphs.append(f"{still}{item.told()}{advice}")
        return "\n\n".join([*paragraphs, f"Sent by livemon on {self.monitor}: {self.reason}."])


def time_of_day(moment: float) -> str:
    """Return UNIX seconds as people read them, in the time zone of this process: ``30 Nov 14:02 CET``."""
    local = time.localtime(moment)
    return f"{local.tm_mday} {time.strftime('%b %H:%M %Z', local)}"


def _after(seconds: float) -> str:
    if seconds < 1:
        return ""
    if seconds < 90:
        return f", after {seconds:.0f}s"
    hours, minutes = divmod(round(seconds / MINUTE), 60)
    return ", after " + (f"{hours}h{f'{minutes}m' if minutes else ''}" if hours else f"{minutes}m")


def _alarms(number: int) -> str:
    return f"{number} alarm{'s' if number > 1 else ''}"
