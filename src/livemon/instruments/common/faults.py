"""Faults on command: what goes wrong with a simulated instrument, when, for how long, and how often.

A fault is written as ``KIND[,KEY=VALUE]...``, for example ``split,times=1`` or ``frozen,channel=3,for=60``; see
:data:`GRAMMAR`. Times are seconds on the simulator's clock. Randomness comes from a seed, so that the same
requests meet the same faults.
"""

from __future__ import annotations

import difflib
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from livemon.errors import DeviceError


class Kind(StrEnum):
    """What can go wrong."""

    SPLIT = "split"
    GARBAGE = "garbage"
    DROP = "drop"
    SLOW = "slow"
    STALL = "stall"
    HALF_OPEN = "half-open"
    POWER_CYCLE = "power-cycle"
    OVER_RANGE = "over-range"
    FROZEN = "frozen"


OF_ANSWERS = {Kind.SPLIT, Kind.GARBAGE, Kind.DROP, Kind.SLOW}
OF_READINGS = {Kind.OVER_RANGE, Kind.FROZEN}
_DELAYS = {Kind.SPLIT: 0.2, Kind.SLOW: 1.0}
_POWER_CYCLE = 5.0
_NUMBERS = {"times": (1, 1e9, "a whole number, 1 or more"), "probability": (0, 1, "a number from 0 to 1")}

GRAMMAR = """\
KIND[,KEY=VALUE]..., for example split,times=1 or frozen,channel=3,for=60

\b
split        an answer arrives in two pieces
garbage      an answer is noise
drop         instead of an answer, the connection is closed (a USB port is unplugged)
slow         an answer comes late
stall        nothing is answered; queries meanwhile are answered at the end
half-open    the line goes dead silently, and no new connection is answered;
             open connections stay dead for ever
power-cycle  switched off and on again, 5 s later unless for=S is given
over-range   inputs read beyond their range, as with a broken wire
frozen       inputs repeat their last reading

\b
after=S        begins in S seconds; at once if left out
for=S          lasts S seconds; until it is cleared if left out
times=N        affects N answers and ends           (split, garbage, drop, slow)
probability=P  affects answers at random, 0 to 1    (split, garbage, drop, slow)
delay=S        seconds between the pieces, 0.2, or before the answer, 1   (split, slow)
channel=C      an input; may be repeated; all if left out   (over-range, frozen)"""


@dataclass
class Fault:
    """One fault, from `begins` to `ends` (exclusive) on the simulator's clock.

    Attributes
    ----------
    times
        How many more answers it affects; infinite if it ends otherwise.
    probability
        How likely it is to affect an answer.
    delay
        Seconds between the pieces of an answer, or before it.
    channels
        The inputs that it affects, as text; empty for all.
    """

    kind: Kind
    begins: float = 0.0
    ends: float = math.inf
    times: float = math.inf
    probability: float = 1.0
    delay: float = 0.0
    channels: frozenset[str] = frozenset()

    def active(self, now: float) -> bool:
        """Whether it is in force."""
        return self.begins <= now < self.ends and self.times > 0

    def over(self, now: float) -> bool:
        """Whether it has ended for good."""
        return now >= self.ends or self.times <= 0

    def describe(self, now: float) -> str:
        """Return a short description."""
        words: list[str] = [self.kind]
        if self.channels:
            words.append("channel " + " ".join(sorted(self.channels)))
        if self.begins > now:
            words.append(f"in {self.begins - now:.1f} s")
        if math.isfinite(self.ends):
            words.append(f"for {self.ends - max(now, self.begins):.1f} s")
        if math.isfinite(self.times):
            words.append(f"answers left: {self.times:.0f}")
        if self.probability < 1:
            words.append(f"probability {self.probability:g}")
        return ", ".join(words)


@dataclass(frozen=True)
class Delivery:
    """How one answer is sent: pieces, each after a pause in seconds; then perhaps the connection is closed."""

    pieces: tuple[tuple[float, bytes], ...]
    hang_up: bool = False


class Faults:
    """The faults of one simulated instrument.

    Parameters
    ----------
    seed
        Sets what is random: which answers are affected, where they are split, what the noise is.
    """

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 (nothing secret)

    def __bool__(self) -> bool:
        """Whether there are any, in force now or later."""
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self._faults.append(fault)

    def clear(self, kind: Kind | None = None) -> None:
        """End the faults of a kind, or all."""
        self._faults = [fault for fault in self._faults if kind not in (None, fault.kind)]

    def listed(self, now: float) -> list[Fault]:
        """Return those that have not ended, in the order in which they were added."""
        self._faults = [fault for fault in self._faults if not fault.over(now)]
        return list(self._faults)

    def active(self, kind: Kind, now: float) -> Fault | None:
        """Return the first fault of a kind that is in force; `None` if there is none."""
        return next((fault for fault in self._faults if fault.kind == kind and fault.active(now)), None)

    def on_input(self, kind: Kind, channel: int | str, now: float) -> bool:
        """Whether a fault of readings affects an input now."""
        return any(
            fault.kind == kind and fault.active(now) and (not fault.channels or str(channel) in fault.channels)
            for fault in self._faults
        )

    def next_change(self, now: float) -> float:
        """Return when the next fault begins or ends; infinite if none does."""
        times = (time for fault in self._faults for time in (fault.begins, fault.ends))
        return min((time for time in times if time > now), default=math.inf)

    def deliver(self, answer: bytes, now: float) -> Delivery:
        """Return how an answer with its terminator is sent."""
        if self._hits(Kind.DROP, now):
            return Delivery((), hang_up=True)
        if self._hits(Kind.GARBAGE, now):
            answer = self._noise(answer)
        slow = self._hits(Kind.SLOW, now)
        before = slow.delay if slow else 0.0
        split = self._hits(Kind.SPLIT, now)
        if split is None:
            return Delivery(((before, answer),))
        at = self._random.randint(1, len(answer) - 1)
        return Delivery(((before, answer[:at]), (split.delay, answer[at:])))

    def _hits(self, kind: Kind, now: float) -> Fault | None:
        fault = self.active(kind, now)
        if fault is None or self._random.random() >= fault.probability:
            return None
        fault.times -= 1
        return fault

    def _noise(self, answer: bytes) -> bytes:
        """Make an answer unreadable; no byte is ASCII, or one in 26 single-byte answers would still be a number."""
        text = answer.rstrip(b"\r\n")
        return bytes(self._random.choices(range(0x80, 0x100), k=max(len(text), 1))) + answer[len(text) :]


def parse_kind(text: str) -> Kind:
    """Read the name of a kind.

    Raises
    ------
    DeviceError
        If there is no such kind.
    """
    try:
        return Kind(text)
    except ValueError:
        near = difflib.get_close_matches(text, list(Kind), n=1)
        hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(Kind)}"
        raise DeviceError(f"there is no fault {text!r}: {hint}") from None


def parse(text: str, now: float, channels: Sequence[int | str]) -> Fault:
    """Read a fault as it is written, see :data:`GRAMMAR`.

    Parameters
    ----------
    text
        The fault, as a user writes it.
    now
        Seconds on the simulator's clock, which `after` counts from.
    channels
        The inputs of the instrument.

    Raises
    ------
    DeviceError
        If it cannot be read; the message names the word, and what to write instead.
    """
    name, *options = (word.strip() for word in text.split(","))
    kind = parse_kind(name)
    given: dict[str, list[str]] = {}
    for option in options:
        key, equals, value = option.partition("=")
        if not equals:
            raise DeviceError(f"{option!r}: write KEY=VALUE, for example for=10")
        if key not in _keys_of(kind):
            raise DeviceError(f"{key!r} means nothing for {kind}: write one of {', '.join(_keys_of(kind))}")
        if key in given and key != "channel":
            raise DeviceError(f"{key} is given twice")
        given.setdefault(key, []).append(value)
    numbers = {key: _number(key, values[0]) for key, values in given.items() if key != "channel"}
    begins = now + numbers.get("after", 0.0)
    lasts = numbers.get("for", _POWER_CYCLE if kind == Kind.POWER_CYCLE else math.inf)
    return Fault(
        kind,
        begins,
        begins + lasts,
        numbers.get("times", math.inf),
        numbers.get("probability", 1.0),
        numbers.get("delay", _DELAYS.get(kind, 0.0)),
        frozenset(_channel(value, channels) for value in given.get("channel", [])),
    )


def _keys_of(kind: Kind) -> list[str]:
    keys = ["after", "for"]
    if kind in OF_ANSWERS:
        keys += ["times", "probability"]
    if kind in _DELAYS:
        keys.append("delay")
    if kind in OF_READINGS:
        keys.append("channel")
    return keys


def _number(key: str, text: str) -> float:
    low, high, form = _NUMBERS.get(key, (0, 1e9, "seconds"))
    try:
        value = int(text) if key == "times" else float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise DeviceError(f"{key}={text}: write {form}, for example {key}=1")
    return value


def _channel(text: str, channels: Sequence[int | str]) -> str:
    names = [str(channel) for channel in channels]
    if text.upper() not in names:
        raise DeviceError(f"channel={text}: the instrument has the inputs {', '.join(names)}")
    return text.upper()
