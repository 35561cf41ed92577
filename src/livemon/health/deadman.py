"""The dead-man's switch: an outside service is pinged while all is well, so that it notices when the appliance dies.

Logic only; who asks and pings over the network is handed in.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livemon.errors import LivemonError
from livemon.health.limits import age

WATCHDOG_EVERY = 60.0
"""Seconds between two pulses of Grafana's alarm path."""
PULSES_MISSED = 3
FAIL_AFTER = 3
"""Turns that something must be wrong before the outside is told so: a part that is restarted is back by then."""
_NUMBER = re.compile(r"\b\d+(\.\d+)?\b")


def reasons_for_silence(health: Mapping[str, Any]) -> list[str]:
    """Return why the outside service must not be pinged; empty when all is well.

    Parameters
    ----------
    health
        What the bridge's ``/api/health`` answers.
    """
    reasons = [] if health["well"] else list(health["problems"])
    silence = health["alarm_path"]["age"]
    if silence is None:
        reasons.append("the bridge has not heard Grafana's Watchdog alarm since it was started")
    elif silence > PULSES_MISSED * WATCHDOG_EVERY:
        reasons.append(f"the bridge has not heard Grafana's Watchdog alarm for {age(silence)}")
    return reasons


def persistently(
    attempt: Callable[[], str | None],
    seconds: float,
    steady: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str | None:
    """Attempt again and again, with growing pauses, as long as the next one begins within `seconds`; return the last fault."""
    deadline, pause = steady() + seconds, 1.0
    while (fault := attempt()) is not None and steady() + pause < deadline:
        sleep(pause)
        pause *= 2
    return fault


@dataclass
class Switch:
    """What one process of the switch knows; `turn` is to be called every few seconds.

    Parameters
    ----------
    ask
        Returns what ``/api/health`` answers; raises a LivemonError if it cannot be asked.
    ping
        Pings outside; returns what kept the ping from arriving, or `None`.
    fail
        Tells the outside that something is wrong, likewise; `None` where nobody wants to be told.
    say
        Takes a sentence for the log.
    """

    ask: Callable[[], Mapping[str, Any]]
    ping: Callable[[], str | None]
    say: Callable[[str], None]
    fail: Callable[[], str | None] | None = None
    clock: Callable[[], float] = time.time
    pinged: float | None = None
    """When the last ping arrived, UNIX seconds (UTC)."""
    fault: str | None = None
    """Why the last turn did not ping, or why its ping did not arrive."""
    _last: str | None = field(default=None, init=False)
    _turns_unwell: int = field(default=0, init=False)
    _told_outside: bool = field(default=False, init=False)

    def turn(self) -> None:
        """Look how things are, ping if all is well, and log what has changed."""
        try:
            reasons = reasons_for_silence(self.ask())
        except LivemonError as error:
            reasons = [str(error)]
        if reasons:
            self.fault = "; ".join(reasons)
            self._conclude(f"not pinging: {self.fault}")
            self._tell_outside()
            return
        self._turns_unwell, self._told_outside = 0, False
        self.fault = self.ping()
        if self.fault is None:
            self.pinged = self.clock()
            self._conclude("all is well: pinging")
        else:
            self._conclude(f"all is well here, but the ping does not arrive: {self.fault}")

    def _conclude(self, sentence: str) -> None:
        """Log a sentence unless it was the last one, but for its numbers: a silence grows longer at every turn."""
        without_numbers = _NUMBER.sub("", sentence)
        if without_numbers != self._last:
            self.say(sentence)
        self._last = without_numbers

    def _tell_outside(self) -> None:
        self._turns_unwell += 1
        if self.fail is not None and not self._told_outside and self._turns_unwell >= FAIL_AFTER:
            self._told_outside = self.fail() is None
