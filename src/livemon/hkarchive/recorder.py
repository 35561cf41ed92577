"""From feed messages to files: one session of recording. No network, no threads; times from the given clock."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livemon.hkarchive import frames
from livemon.hkarchive.backlog import Backlog, EncodedFrame
from livemon.hkarchive.gaps import DISK, NOT_ARCHIVED, TOO_LARGE, Gap, GapList
from livemon.hkarchive.ledger import Ledger, Span, Why
from livemon.hkarchive.names import printable
from livemon.hkarchive.resume import stopped
from livemon.hkarchive.samples import Batch, Provider, parse
from livemon.hkarchive.writer import ArchiveWriter, rescue

DESCRIPTION = "HK data"
MAX_UNWRITTEN_BYTES = 64 << 20
"""Frames that could not be written wait in memory, up to this many bytes."""
MAX_PENDING_BYTES = 16 << 20
"""Samples wait for their frames up to this many bytes of memory; then frames are made early. No message may be larger."""
WRITE_BYTES = 4 << 20
"""Frames are written in portions of this many bytes: a disk with room for some of them gets some."""
NUMBER_BYTES = 32
"""What a number takes in a list."""
_NUMBERS = frozenset({float, int, bool})
MAX_TOLD = 200
"""How many faults, each of another feed or kind, are reported; all are counted."""
LONGEST_FAULT = 300


@dataclass
class _Entry:
    """A provider of the current status frame."""

    number: int
    agent_session: str
    provider: Provider
    fresh_seconds: float
    last_refresh: float = 0.0
    spans: list[Span] = field(default_factory=list)
    """The samples that wait for their frame, by the numbers that the agent gave them."""


class Recorder:
    """Writes what feeds publish to a house-keeping archive.

    On creation it first finishes the files that a killed recorder left (`rescued` lists them). A file is opened with
    the first data, and closed after `seconds_per_file`. What agents published and the archive does not have is reported as gaps
    (:class:`livemon.hkarchive.gaps.Gap`), in the frames and in the archive's :class:`livemon.hkarchive.gaps.GapList`; a recorder
    continues where the previous one stopped.

    Parameters
    ----------
    data_dir
        Directory of the archive; must exist and be writable.
    seconds_per_file
        Age at which a file gets its final name and the next one begins.
    seconds_per_frame
        How long samples wait in memory, at most, before they are written: what a crash can cost.
    clock
        The time, UNIX seconds.
    warn
        Called with a message about what cannot be archived, once for each feed and kind of fault.
    why
        Returns why a feed was silent.

    Raises
    ------
    OSError
        If `data_dir` is missing or not accessible.
    """

    def __init__(
        self,
        data_dir: Path,
        seconds_per_file: float = 3600.0,
        seconds_per_frame: float = 10.0,
        clock: Callable[[], float] = time.time,
        *,
        warn: Callable[[str], None] = lambda _: None,
        why: Why = lambda *_: None,
    ) -> None:
        if not data_dir.is_dir():
            raise FileNotFoundError(f"{data_dir} is not a directory")
        if not os.access(data_dir, os.W_OK | os.X_OK):
            raise PermissionError(f"{data_dir} is not writable for uid {os.getuid()}")
        self.dropped: Counter[str] = Counter()
        self.last_write: float | None = None
        self.write_error: str | None = None
        found = list(rescue(data_dir))
        self.rescued = [file for file in found if file.fault is None]
        self.problems = {str(file.part): f"cannot be finished: {file.fault}" for file in found if file.fault}
        self._clock = clock
        self._warn = warn
        self._told: set[tuple[str, str]] = set()
        self._started = clock()
        self._session_id = frames.new_session_id(self._started)
        self._seconds_per_frame = seconds_per_frame
        self._writer = ArchiveWriter(data_dir, seconds_per_file, self._preamble, clock)
        self._entries: dict[str, _Entry] = {}
        self._numbers = 0
        self._status_due = False
        self._frame_started: float | None = None
        self._pending_bytes = 0
        self._backlog = Backlog(MAX_UNWRITTEN_BYTES)
        self._unwritten_since: float | None = None
        before = stopped(data_dir, self._started)
        self.written_before = before.written
        """When the previous recorder last wrote, UNIX seconds; `None` if there was none."""
        self._file_number = int((before.accounts or {}).get("file", 0))
        self._ledger = Ledger(self._started, why, before.accounts)
        self._reckoning = self._ledger.reckon(())
        self._gaps = GapList(data_dir)
        self._unlisted: list[Gap] = before.gaps

    @property
    def lost(self) -> int:
        """How many samples are known to be missing from the archive, without those that were not to be recorded."""
        return self._ledger.missing

    @property
    def gap(self) -> float:
        """Length of the newest stretch in which samples of any feed are missing, or may be, seconds; 0 if there was none."""
        return self._ledger.gap

    @property
    def current_file(self) -> Path | None:
        """The file being written, `None` before the first frame."""
        return self._writer.path

    @property
    def waiting_since(self) -> float | None:
        """When the oldest sample that is not on the disk arrived, UNIX seconds; `None` if all are."""
        return self._unwritten_since if self._backlog else self._frame_started

    def add(self, data: Any, feed: Mapping[str, Any]) -> None:
        """Take one message of a feed: its data and its description, as OCS publishes the two.

        A feed that is not to be recorded (``record`` false, or ``exclude_aggregator``) is ignored. Nothing is raised,
        whatever the message contains. What cannot be archived is counted in `dropped`: ``malformed`` messages, and samples
        that were in ``too large`` ones or of which no frame could be made (``not archived``). The first fault of each feed is
        kept in `problems`.
        """
        address = "unknown feed"
        try:
            address = printable(str(feed.get("address")))
            parameters = feed.get("agg_params") or {}
            if not feed.get("record") or parameters.get("exclude_aggregator"):
                return
            blocks = parse(data)
            size = _memory(blocks)
            if size > MAX_PENDING_BYTES:
                samples = _rows(blocks)
                self._ledger.refuse(feed, samples, TOO_LARGE, self._clock())
                self._refuse(
                    address,
                    "too large",
                    samples,
                    f"a message of {size} bytes; at most {MAX_PENDING_BYTES} are archived",
                )
                return
            session = printable(str(feed.get("session_id")))
            entry = self._entry(address, session, float(parameters.get("fresh_time", 180.0)))
            if self._frame_started is None:  # before the samples: the first blocks of a malformed message may be whole
                self._frame_started = self._clock()
            self._pending_bytes += size
            before = entry.provider.duplicates
            first, last = _interval(blocks)
            rows = _rows(blocks)
            entry.provider.add(blocks)
            if rows:
                self._ledger.receive(entry.spans, feed, (first, last), rows, self._clock())
        except Exception as error:  # one agent's message must not end the recording of the others
            self._refuse(address, "malformed", 1, str(error) or type(error).__name__)
            return
        self.dropped["duplicate"] += entry.provider.duplicates - before
        entry.last_refresh = self._clock()
        if self._pending_bytes > MAX_PENDING_BYTES:
            self._make_frames()
            self._write()

    def hear(self, description: Mapping[str, Any]) -> None:
        """Take the description of a heartbeat: it has how many samples its agent has published (``published``, by feed)."""
        self._ledger.hear(description, self._clock())

    def miss(self, feed: Mapping[str, Any], rows: int, reason: str) -> None:
        """Note that a message with `rows` samples of a feed cannot be taken, and why."""
        self._ledger.refuse(feed, rows, reason, self._clock())

    def run(self) -> None:
        """Do what is due: write frames, close the file. Call it about once a second."""
        if self._frame_started is not None:
            age = self._clock() - self._frame_started
            if not 0 <= age < self._seconds_per_frame:
                self._make_frames()
        self._note_tails()
        self._write()
        self._rotate()

    def close(self) -> None:
        """Write everything and give the file its final name.

        Raises
        ------
        OSError
            If the last samples could not be written; the file has its final name nevertheless, with all before them.
        """
        self._make_frames()
        self._write()
        self._writer.close()
        if self._backlog:
            raise OSError(f"{len(self._backlog)} frames could not be written: {self.write_error}")

    def status(self) -> dict[str, Any]:
        """Return the state of the recording, as JSON types.

        ``current_file`` and ``providers`` (by feed address: ``last_refresh``, ``sessid``, ``stale``,
        ``last_block_received``) are those of upstream's aggregator. In addition each provider has ``samples``, ``duplicates``,
        ``set_back`` (how often a sample was older than the one before it) and ``last_sample`` (its time), and all together have
        ``dropped`` by reason, ``problems`` by feed or file, ``last_write``, ``write_error``, ``bytes_written``,
        ``files_closed``, ``files_rescued``. Times in UNIX seconds.
        """
        now = self._clock()
        return {
            "current_file": str(self.current_file) if self.current_file else None,
            "last_write": self.last_write,
            "write_error": self.write_error,
            "bytes_written": self._writer.bytes_written,
            "files_closed": self._writer.files_closed,
            "files_rescued": len(self.rescued),
            "dropped": dict(self.dropped),
            "problems": dict(self.problems),
            "providers": {
                address: {
                    "last_refresh": entry.last_refresh,
                    "sessid": entry.agent_session,
                    "stale": now - entry.last_refresh > entry.fresh_seconds,
                    "last_block_received": printable(entry.provider.last_block or "") or None,
                    "last_sample": entry.provider.last_time,
                    "samples": entry.provider.samples,
                    "duplicates": entry.provider.duplicates,
                    "set_back": entry.provider.set_back,
                }
                for address, entry in self._entries.items()
            },
        }

    def _entry(self, address: str, agent_session: str, fresh_seconds: float) -> _Entry:
        """Return the provider of a feed; it gets a new number if its agent restarted (blocks may have changed) or it is crowded."""
        known = self._entries.get(address)
        if known is not None and known.agent_session == agent_session and not known.provider.crowded:
            return known
        if known is None:
            provider = Provider(address, self._clock)
        else:
            self._make_frames()
            provider = known.provider
            provider.forget_layout()
        self._numbers += 1
        self._entries[address] = entry = _Entry(self._numbers, agent_session, provider, fresh_seconds)
        self._status_due = True
        return entry

    def _preamble(self) -> bytes:
        """Return the session and the status frame with which every file begins."""
        self._status_due = False
        self._file_number += 1
        session = frames.session_frame(self._session_id, self._started, DESCRIPTION)
        return frames.encode(session) + frames.encode(self._status_frame())

    def _status_frame(self) -> Any:
        # Frames of a provider whose agent has restarted may still wait under its old number.
        addresses = self._backlog.providers | {entry.number: address for address, entry in self._entries.items()}
        accounts = {"file": self._file_number} | self._ledger.positions(self._reckoning)
        return frames.status_frame(self._session_id, self._clock(), addresses, accounts, self._reckoning.gaps)

    def _make_frames(self) -> None:
        """Turn all pending samples into encoded frames, ready to be written."""
        if not self._backlog:
            self._unwritten_since = self._frame_started
        self._frame_started, self._pending_bytes = None, 0
        now = self._clock()
        for address, entry in self._entries.items():
            spans, entry.spans = entry.spans, []
            if entry.provider.empty:
                self._count_missing(address, spans)
                continue
            blocks = entry.provider.take()
            count = sum(len(block.times) for block in blocks.values())
            try:
                frame = frames.data_frame(
                    self._session_id,
                    now,
                    number=entry.number,
                    address=address,
                    agent_session=entry.agent_session,
                    blocks=blocks,
                    published=spans[-1].last if spans and spans[-1].account.counted else None,
                )
                content = frames.encode(frame)
            except Exception as error:  # whatever it is, it must not cost other feeds their samples
                self._refuse(address, "not archived", count, str(error) or type(error).__name__)
                self._ledger.drop(spans, NOT_ARCHIVED)
                continue
            self._backlog.append(EncodedFrame(content, count, entry.number, address, tuple(spans)))

    def _note_tails(self) -> None:
        """Report samples as missing after which none have come."""
        tails = self._ledger.tails(self._clock())
        if tails:
            self._make_frames()
        for span in tails:
            self._count_missing(span.account.address, [span])

    def _count_missing(self, address: str, spans: Sequence[Span]) -> None:
        """Count spans for which no frame is written: their samples are missing, or are all duplicates."""
        if spans:
            self._backlog.append(EncodedFrame(b"", 0, 0, address, tuple(spans)))

    def _refuse(self, address: str, reason: str, count: int, fault: str) -> None:
        """Count what is not archived, and report the first of each feed and reason."""
        self.dropped[reason] += count
        if (address, reason) in self._told or len(self._told) >= MAX_TOLD:
            return
        self._told.add((address, reason))
        fault = printable(fault[:LONGEST_FAULT])
        self.problems.setdefault(address, fault)
        self._warn(f"{address}: {reason}: {fault}")

    def _write(self) -> None:
        """Write what is waiting. What cannot be written goes on waiting, as far as there is memory for it."""
        while self._backlog:
            batch = self._backlog.oldest(WRITE_BYTES)
            self._reckoning = self._ledger.reckon(span for frame in batch for span in frame.spans)
            # A file that is opened by this write begins with the status anyway.
            is_due = (self._status_due or self._reckoning.gaps) and self.current_file
            status = frames.encode(self._status_frame()) if is_due else b""
            try:
                self._writer.write(status + b"".join(frame.content for frame in batch))
            except OSError as error:
                self.write_error = f"{error.strerror}: {self.current_file or self._writer.data_dir}"
                for frame in self._backlog.trim():
                    self.dropped["not written"] += frame.samples
                    self._ledger.drop(frame.spans, DISK)
                return
            self._backlog.remove_oldest(len(batch))
            self._settle()
            self._status_due = False
            self.write_error = None
            self.last_write = self._clock()
        self._list_gaps()

    def _settle(self) -> None:
        """Make the reckoning count: its spans are on the disk."""
        self._ledger.settle(self._reckoning)
        self._unlisted += self._reckoning.gaps
        self._reckoning = self._ledger.reckon(())

    def _list_gaps(self) -> None:
        """Add new gaps to the list; they are in the frames already, and what cannot be written waits."""
        if not self._unlisted:
            return
        try:
            self._gaps.add(self._unlisted)
        except OSError:
            return
        self._unlisted = []

    def _rotate(self) -> None:
        try:
            self._writer.rotate_if_due()
        except OSError as error:
            self.write_error = f"{error.strerror}: {self.current_file}"


def _rows(blocks: Sequence[tuple[str, Batch]]) -> int:
    return sum(len(block.times) for _, block in blocks)


def _interval(blocks: Sequence[tuple[str, Batch]]) -> tuple[float, float]:
    """Return the times of the earliest and the latest sample of a message; both are 0 if it has none."""
    firsts, lasts = [block.times[0] for _, block in blocks], [block.times[-1] for _, block in blocks]
    return min(firsts, default=0.0), max(lasts, default=0.0)


def _memory(blocks: Sequence[tuple[str, Batch]]) -> int:
    """Return how many bytes of memory the samples of a message take until they are in a frame."""
    return sum(
        NUMBER_BYTES * len(block.times) * (1 + len(block.columns))
        + sum(
            sys.getsizeof(value) for column in block.columns.values() for value in column if type(value) not in _NUMBERS
        )
        for _, block in blocks
    )
