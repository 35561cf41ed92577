"""What each feed published, as its agent counts it, compared with what is in the archive. No I/O.

Agents of our launcher number their samples: every message says how many samples of each feed the agent has published, including those
in the message (:mod:`livemon.agents.feeds`). A frame covers one or more :class:`Span` of these numbers, and what lies between two
spans that are on the disk is missing. The length of a feed's pauses means nothing: it may be slow, scanned, or stopped on purpose.

Other agents do not number their samples. These are numbered as they arrive, so that what the recorder itself drops is known; that
others did not arrive is assumed only after an unusually long pause of the feed, and only if a known interruption explains it.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from livemon.hkarchive.gaps import DELIBERATE, DISCONNECTED, RESTARTED, UNKNOWN, Gap, merged

MERGE = 10.0
"""Gaps of one feed and reason that are less than this many seconds apart are reported as one."""
TAIL_AFTER = 30.0
"""Seconds after which samples that only a heartbeat has counted are reported as missing, if none come after them."""
SHORTEST_PAUSE = 10.0
PAUSES = 3.0
"""A pause of a feed that is not counted is a gap if it exceeds `SHORTEST_PAUSE` and its longest recent pause by this factor."""
LATELY = 256
"""How many messages count as recent: about two rounds of a scanner."""
FORGOTTEN_AFTER = 30 * 86400.0
"""Seconds of silence after which a feed is treated as a new one."""
MOST_SAMPLES = 1 << 53
MOST_FEEDS = 2000
MOST_SESSIONS = 4
"""Per feed: otherwise two agents of the same name would be reported as endless losses."""


@dataclass
class Dropped:
    """Samples that arrived and are not archived: the `samples` numbers before `last`."""

    last: int
    samples: int
    reason: str


Why = Callable[[str, float, float], str | None]
"""Takes a feed's address and two times (UNIX seconds, this machine's clock) between which it was silent; returns why, or `None`."""


@dataclass(eq=False)
class Account:
    """The numbers of one feed in one session of its agent.

    `stored` is the number up to which samples are on the disk or reported as missing, `stored_time` the time of the last of them
    (the agent's clock). `received` is the number of the newest that arrived, `announced` of the newest that was published, and
    `heard` is when the feed was last heard (this machine's clock). All times in UNIX seconds.
    """

    address: str
    session: str
    counted: bool
    stored: int = 0
    stored_time: float | None = None
    heard: float | None = None
    pause: float = 0.0
    before: Account | None = None
    """The account of the previous session, until the first span of this one is on the disk."""
    top_before: int = 0
    """The highest number of that session when this one began."""
    received: int = 0
    received_time: float | None = None
    announced: int = 0
    announced_at: float | None = None
    dropped: list[Dropped] = field(default_factory=list)
    """What arrived and will not be on the disk, until the gap is reported."""
    pauses: deque[float] = field(default_factory=lambda: deque(maxlen=LATELY))

    def __post_init__(self) -> None:
        self.received, self.received_time, self.announced = self.stored, self.stored_time, self.stored

    @property
    def top(self) -> int:
        """The highest number that a message or a heartbeat has had."""
        return max(self.announced, self.received)

    def drop(self, first: int, last: int, reason: str) -> None:
        """Note that samples which had arrived will not be on the disk."""
        newest = self.dropped[-1] if self.dropped else None
        if newest is not None and (newest.last, newest.reason) == (first, reason):
            newest.last, newest.samples = last, newest.samples + last - first
        else:
            self.dropped.append(Dropped(last, last - first, reason))


@dataclass
class Span:
    """Samples with the numbers from `first` up to but not including `last`, with times from `begin` to `end`.

    The feed was heard before them at `since`, `None` if never, and with them at `until`.
    """

    account: Account
    first: int
    last: int
    begin: float
    end: float
    since: float | None
    until: float
    uncounted: bool = False
    """Whether an unknown number of samples is missing before it."""


@dataclass
class Reckoning:
    """What is missing before some spans, and the accounts' state once these are on the disk."""

    lost: int
    gap: float
    gap_ends: float
    gaps: list[Gap] = field(default_factory=list)
    stored: dict[Account, tuple[int, float | None]] = field(default_factory=dict)
    tails: set[Account] = field(default_factory=set)
    """Accounts whose samples are missing up to the end; no frame will have their position."""


class Ledger:
    """The accounts of all feeds.

    Parameters
    ----------
    now
        When the recording began, UNIX seconds.
    why
        Returns the reason for a silence.
    known
        What :meth:`positions` returned when the archive was last written, if it was.
    """

    def __init__(self, now: float, why: Why, known: Mapping[str, Any] | None = None) -> None:
        known = known or {}
        self.since: float = known.get("since", now)
        """When the archive began to count, UNIX seconds. What agents had published before is not missing from it."""
        self.lost = 0
        """Samples that are missing from the archive, as far as they were counted and reported as gaps since this ledger began."""
        self.gap: float = known.get("gap", 0.0)
        """Length of the newest stretch in which samples of any feed are missing, or may be, seconds."""
        self._gap_ends: float = known.get("gap_ends", float("-inf"))
        self._why = why
        self._accounts: dict[str, dict[str, Account]] = {}
        for address, about in known.get("feeds", {}).items():
            if now - (about["heard"] or now) > FORGOTTEN_AFTER:
                continue
            account = Account(address, about["session"], **{key: about[key] for key in _KEPT})
            self._accounts[address] = {account.session: account}

    def positions(self, reckoning: Reckoning) -> dict[str, Any]:
        """Return how far each feed is in the archive, as JSON types, for the next :class:`Ledger` to begin with.

        That is the state before the frames that were reckoned, and after their gaps.
        """
        feeds = {}
        for sessions in self._accounts.values():
            if (account := _newest(sessions)) is None:
                continue
            about = {"session": account.session} | {key: getattr(account, key) for key in _KEPT}
            if account in reckoning.tails:
                about["stored"], about["stored_time"] = reckoning.stored[account]
            if about["stored_time"] is not None:
                feeds[account.address] = about
        about = {"since": self.since, "gap": reckoning.gap}
        return about | ({"gap_ends": reckoning.gap_ends} if reckoning.gap else {}) | {"feeds": feeds}

    @property
    def missing(self) -> int:
        """How many samples are known to be missing, including those that are not reported as gaps yet."""
        # Another thread may call this while a message is being taken.
        accounts = [each for sessions in tuple(self._accounts.values()) for each in tuple(sessions.values())]
        return self.lost + sum(dropped.samples for account in accounts for dropped in account.dropped)

    def receive(
        self, spans: list[Span], feed: Mapping[str, Any], times: tuple[float, float], rows: int, now: float
    ) -> None:
        """Note the samples of one message, which were taken: they extend the last span of a frame, or begin a new one.

        Parameters
        ----------
        spans
            The spans of the frame that the samples will be in.
        feed
            The feed's description, as OCS publishes it.
        times
            Times of the first and the last sample, UNIX seconds.
        rows
            Number of samples.
        now
            This machine's clock, UNIX seconds.
        """
        number = published(feed)
        if number is not None and number < 0:
            return
        account = self._account(feed, number, rows)
        if account is None:
            return
        first = account.received if number is None else number - rows
        uncounted = number is None and self._has_paused(account, times[0], now)
        span = spans[-1] if spans and spans[-1].account is account else None
        if span is not None and span.last == first and not uncounted:
            span.last, span.end = span.last + rows, max(times[1], span.end)
        else:
            since = account.heard if account.heard is not None or account.before is None else account.before.heard
            spans.append(Span(account, first, first + rows, *times, since, now, uncounted))
        account.received, account.received_time, account.heard = first + rows, times[1], now
        account.announced, account.announced_at = max(account.announced, account.received), None

    def hear(self, description: Mapping[str, Any], now: float) -> None:
        """Note how many samples an agent's feeds have published, by its heartbeat."""
        counts = description.get("published")
        if not isinstance(counts, Mapping):
            return
        for name in counts:
            feed = dict(description) | {
                "feed_name": name,
                "address": f"{description.get('agent_address')}.feeds.{name}",
            }
            number = published(feed)
            if number is None or number <= 0:
                continue
            account = self._account(feed, number, 0)
            if account is not None and number > account.announced:
                account.announced = number
                account.announced_at = account.announced_at or now

    def tails(self, now: float) -> list[Span]:
        """Return spans without samples for what only heartbeats have counted, if nothing has come after it for a while."""
        spans = []
        for sessions in self._accounts.values():
            for each in sessions.values():
                if each.announced_at is not None and now - each.announced_at >= TAIL_AFTER:
                    spans.append(
                        Span(
                            each, each.announced, each.announced, each.announced_at, each.announced_at, each.heard, now
                        )
                    )
                    each.received, each.received_time, each.announced_at = each.announced, each.announced_at, None
        return spans

    def drop(self, spans: Iterable[Span], reason: str) -> None:
        """Note that samples which had been received will not be on the disk."""
        for span in spans:
            span.account.drop(span.first, span.last, reason)

    def refuse(self, feed: Mapping[str, Any], rows: int, reason: str, now: float) -> None:
        """Note that the samples of one message were not received."""
        number = published(feed)
        if number is not None and number < 0:
            return
        account = self._account(feed, number, rows)
        if account is None:
            return
        last = account.received + rows if number is None else number
        account.drop(last - rows, last, reason)
        if number is None:
            account.received = last  # its numbers are ours

    def reckon(self, spans: Iterable[Span]) -> Reckoning:
        """Return what is missing before spans that are to be written now; :meth:`settle` makes it count."""
        reckoning = Reckoning(self.lost, self.gap, self._gap_ends)
        gaps: list[Gap] = []
        for span in spans:
            account = span.account
            stored, stored_time = reckoning.stored.get(account, (account.stored, account.stored_time))
            missing = max(span.first - stored, 0)
            before = account.before if account not in reckoning.stored else None
            if before is not None:
                archived, stored_time = reckoning.stored.get(before, (before.stored, before.stored_time))
                missing += max(account.top_before - archived, 0)
                reckoning.stored[before] = max(account.top_before, archived), stored_time
            if missing or span.uncounted or before is not None:
                gaps.append(self._gap(span, stored_time, missing, is_restart=before is not None))
                reckoning.lost += missing if gaps[-1].reason not in DELIBERATE else 0
            reckoning.stored[account] = max(span.last, stored), span.end
            if span.first == span.last:
                reckoning.tails.add(account)
        reckoning.gaps = merged(gaps, MERGE)
        _measure(reckoning)
        return reckoning

    def settle(self, reckoning: Reckoning) -> None:
        """Note that the spans of a reckoning are on the disk."""
        for account, (stored, stored_time) in reckoning.stored.items():
            account.dropped = [each for each in account.dropped if each.last > stored]
            account.stored, account.stored_time, account.before = stored, stored_time, None
        self.lost, self.gap, self._gap_ends = reckoning.lost, reckoning.gap, reckoning.gap_ends

    def _gap(self, span: Span, stored_time: float | None, missing: int, *, is_restart: bool) -> Gap:
        if stored_time is None:
            stored_time = max(_started(span.account.session), self.since)
        begin = min(stored_time, span.begin)
        since = span.since if span.since is not None else self.since
        reason = _reason_of_most(span, missing) or self._why(span.account.address, since, span.until)
        if is_restart and reason in {None, DISCONNECTED}:
            reason, is_restart = RESTARTED, False
        # How much an agent published before it ended, and was lost, is not known.
        samples = None if span.uncounted or is_restart else missing
        return Gap(span.account.address, begin, span.begin, samples, reason or UNKNOWN)

    def _account(self, feed: Mapping[str, Any], number: int | None, rows: int) -> Account | None:
        """Return the account of a feed in the session that its description names; `None` if there are too many feeds."""
        address, session = str(feed.get("address")), str(feed.get("session_id"))
        sessions = self._accounts.get(address)
        if sessions is None:
            if len(self._accounts) >= MOST_FEEDS:
                return None
            sessions = self._accounts[address] = {}
        known = sessions.get(session)
        if known is not None:
            return known
        before = _newest(sessions)
        account = Account(address, session, number is not None, before=before, top_before=before.top if before else 0)
        if before is None and number is not None and _started(session) < self.since:
            account = Account(address, session, counted=True, stored=number - rows)
        sessions[session] = account
        while len(sessions) > MOST_SESSIONS:
            sessions.pop(next(iter(sessions)))
        return account

    def _has_paused(self, account: Account, first: float, now: float) -> bool:
        """Whether a feed that is not counted was silent for longer than usual, and an interruption explains it."""
        if account.received_time is None:
            return False
        pause = first - account.received_time
        usual = max(account.pauses, default=account.pause)
        account.pauses.append(pause)
        is_long = bool(usual) and pause > max(PAUSES * usual, SHORTEST_PAUSE)
        if is_long and self._why(account.address, account.heard or now, now) is not None:
            account.pauses.pop()  # not a pause of the feed itself
            return True
        account.pause = max(account.pauses)
        return False


def _measure(reckoning: Reckoning) -> None:
    """Set the length of the newest gap; gaps that overlap count as one, whichever feeds they are of."""
    for gap in reckoning.gaps:
        if gap.is_loss:
            overlaps = gap.begin < reckoning.gap_ends
            reckoning.gap = max(reckoning.gap, gap.seconds) if overlaps else gap.seconds
            reckoning.gap_ends = max(reckoning.gap_ends, gap.end)


def _reason_of_most(span: Span, missing: int) -> str | None:
    """Return why the recorder dropped what is missing before a span, if it dropped most of it."""
    dropped: Counter[str] = Counter()
    for each in span.account.dropped:
        if each.last <= span.first:
            dropped[each.reason] += each.samples
    return max(dropped, key=dropped.__getitem__) if 2 * dropped.total() > missing > 0 else None


_KEPT = ("counted", "stored", "stored_time", "heard", "pause")


def published(feed: Mapping[str, Any]) -> int | None:
    """Return how many samples a feed has published, by its description.

    `None` if its agent does not count, and -1 if it does, but not for this feed.
    """
    counts = feed.get("published")
    if not isinstance(counts, Mapping):
        return None
    number = counts.get(feed.get("feed_name"), -1)
    return number if type(number) is int and 0 <= number < MOST_SAMPLES else -1


def _newest(sessions: dict[str, Account]) -> Account | None:
    return sessions[next(reversed(sessions))] if sessions else None


def _started(session: str) -> float:
    """Return when an agent's session began: its id is that time (OCS, ``OCSAgent.agent_session_id``); else minus infinity."""
    try:
        began = float(session)
    except ValueError:
        return float("-inf")
    return began if math.isfinite(began) else float("-inf")
