"""The aggregator: an OCS agent that records every feed that is to be recorded, also those of agents that start later.

It takes upstream's arguments and offers upstream's process ``record``, so that ``OCSClient``, ``ocs-client-cli`` and
ocs-web work with it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import txaio

txaio.use_twisted()

from ocs import ocs_agent, site_config
from twisted.internet.task import LoopingCall
from txaio.tx import start_logging

from livemon.agents.inbox import Inbox
from livemon.agents.recording import Interruptions, Recording, as_block, as_message
from livemon.hkarchive import Recorder
from livemon.hkarchive.gaps import AGGREGATOR, DISK, OVERFLOW, ROUTER, STOPPED

MAX_QUEUED_BYTES = 24 << 20
"""Memory for messages that wait for the recording thread, about a minute of 200 feeds; further ones are dropped and counted."""
TURN_SECONDS = 1.0
FEED = "archive"
TELL_EVERY = 5.0


class AggregatorAgent:
    """Hands feed messages from the network to a :class:`~livemon.hkarchive.Recorder` in the thread of ``record``.

    It has a feed of its own about the archive, every few seconds: ``lag`` (how long the oldest sample that is not on the disk has
    waited, seconds), ``lost`` (samples that are known to be missing since the recording began) and ``gap`` (length of the newest
    stretch in which samples of a feed are missing, or may be, seconds). The feed is recorded like any other, but its own samples do
    not cause further messages.

    Parameters
    ----------
    agent
        Registers the process and subscribes to the feeds.
    args
        As :func:`make_parser` and the site config give them.
    """

    def __init__(self, agent: ocs_agent.OCSAgent, args: argparse.Namespace) -> None:
        self.agent = agent
        self.log = agent.log
        self._args = args
        self._inbox = Inbox(MAX_QUEUED_BYTES)
        self._stopping = False
        self._recording = False
        self._overflowed = 0
        self._missed: dict[str, tuple[Any, int]] = {}
        self._most_lost = 0
        self._recorder: Recorder | None = None
        self._state = Recording()
        self._interruptions = Interruptions()
        self._has_recorded = False
        self._telling = LoopingCall(self._tell)
        agent.register_feed(FEED, record=True)
        agent.on("join", self._joined)
        agent.on("leave", self._left)
        agent.subscribe_on_start(self._receive, f"{args.address_root}..feeds.", options={"match": "wildcard"})
        agent.register_process("record", self.record, self._stop_record, startup=args.initial_state == "record")

    def _joined(self, *_: Any) -> None:
        self._interruptions.end(ROUTER)
        if not self._telling.running:
            self._telling.start(TELL_EVERY, now=False)

    def _left(self, *_: Any) -> None:
        """Note that no samples arrive, although the recording goes on."""
        self._interruptions.begin(ROUTER)
        if self._telling.running:
            self._telling.stop()

    def _tell(self) -> None:
        """Publish the state of the recording (reactor thread, so that a disk that hangs does not delay it)."""
        lag = self._state.lag(self._recorder, messages_wait=len(self._inbox) > 0)
        message = as_message(lag, self._lost(), self._recorder.gap if self._recorder else None)
        self.agent.publish_to_feed(FEED, message, from_reactor=True)
        if self._recording:
            # The router does not send a session what it has published itself.
            self._inbox.put((as_block(message), self.agent.feeds[FEED].encoded() | {"published": {}}))

    def _lost(self) -> int:
        """Return how many samples are known to be missing since the recording began; it never decreases."""
        now = self._recorder.lost if self._recorder else 0
        now += sum(samples for _, samples in tuple(self._missed.values()))
        self._most_lost = max(self._most_lost, now)
        return self._most_lost

    def _receive(self, event: Any) -> None:
        """Queue what a feed published (reactor thread)."""
        try:
            data, feed = event
            if feed["record"]:
                self._receive_samples(data, feed)
            elif feed["feed_name"] == "heartbeat":
                self._interruptions.beat(feed["agent_address"])
                if self._recording:
                    self._inbox.put((None, feed))
        except (KeyError, TypeError, ValueError):
            self.log.warn("ignored a message that is not in the format of an OCS feed")

    def _receive_samples(self, data: Any, feed: Any) -> None:
        if not self._recording:
            return
        self._interruptions.end(AGGREGATOR)
        if not self._inbox.put((data, feed)):
            self._overflowed += 1
            _, before = self._missed.get(feed["address"], (None, 0))
            self._missed[feed["address"]] = feed, before + _samples_in(data)

    @ocs_agent.param("test_mode", default=False, type=bool)
    def record(self, session: ocs_agent.OpSession, params: dict[str, Any]) -> tuple[bool, str]:
        """record(test_mode=False)

        **Process** - Record feeds to files until stopped.

        Parameters:
            test_mode (bool, optional): Take one turn only. Default is False.

        Notes:
            The session data has the state of the recording::

                >>> response.session['data']
                {"current_file": "/data/hk/16020/1602089117.g3.part",
                 "last_write": 1602089210.1, "write_error": None, "bytes_written": 81920,
                 "files_closed": 3, "files_rescued": 0,
                 "dropped": {"duplicate": 0}, "problems": {}, "lost": 0,
                 "providers": {
                    "observatory.ls240.feeds.temperatures": {
                        "last_refresh": 1602089118.8, "sessid": "1602088928.8", "stale": False,
                        "last_block_received": "temps", "last_sample": 1602089118.1,
                        "samples": 1200, "duplicates": 0, "set_back": 0}}}

            The file gets its final name, without ``.part``, when it is full or recording stops. The session is degraded
            as long as nothing can be written.
        """  # noqa: D400, D406, D407 - upstream's clients show it, in the format of upstream's own
        self._stopping = False
        self._discard()
        self._overflowed, self._missed, self._recorder = 0, {}, None
        self._most_lost = 0
        self._state.began()
        self._recording = (
            True  # what arrives while the recorder finishes the long file of a killed one waits in the queue
        )
        try:
            self._recorder = recorder = self._make_recorder(session)
            while True:
                self._inbox.wait(TURN_SECONDS)
                stopping = self._stopping
                self._take_turn(recorder)
                session.data = self._status(recorder)
                session.degraded = recorder.write_error is not None
                if stopping or params["test_mode"]:
                    break
        finally:
            self._recording = False
            self._state.ended()
            self._interruptions.begin(STOPPED)
        recorder.close()
        session.data = self._status(recorder)
        return True, "Aggregation has ended"

    def _take_turn(self, recorder: Recorder) -> None:
        """Hand everything that has arrived to the recorder, and have it do what is due."""
        for data, feed in self._inbox.take():
            if data is None:
                recorder.hear(feed)
            else:
                recorder.add(data, feed)
        missed, self._missed = self._missed, {}
        for feed, samples in tuple(missed.values()):
            recorder.miss(feed, samples, OVERFLOW)
        recorder.run()
        self._state.turned()
        if recorder.write_error is None:
            self._interruptions.end(DISK)
        else:
            self._interruptions.begin(DISK)

    def _make_recorder(self, session: ocs_agent.OpSession) -> Recorder:
        recorder = Recorder(
            Path(self._args.data_dir),
            float(self._args.time_per_file),
            float(self._args.frame_seconds),
            warn=lambda fault: self.log.warn("not archived: {fault}", fault=fault),
            why=self._interruptions.why,
        )
        self._explain(recorder.written_before)
        for rescued in recorder.rescued:
            if rescued.copy_of:
                session.add_message(f"removed {rescued.part}, an older copy of {rescued.copy_of}")
                continue
            outcome = f"now {rescued.path}" if rescued.path else "removed"
            session.add_message(
                f"finished {rescued.part}, left by a killed recorder: {rescued.frames} whole frames, "
                f"{rescued.torn_bytes} torn bytes dropped; {outcome}"
            )
            for hole in rescued.holes:
                session.add_message(f"{rescued.path}: {hole}. The damaged file is kept as {rescued.damaged}")
        return recorder

    def _explain(self, written_before: float | None) -> None:
        """Note why the archive was not written until now: another process had ended, or this one's recording was stopped."""
        if self._has_recorded:
            self._interruptions.end(STOPPED)
        else:
            self._interruptions.begin(AGGREGATOR, written_before)
        self._has_recorded = True

    def _discard(self) -> None:
        for _ in self._inbox.take():
            pass

    def _status(self, recorder: Recorder) -> dict[str, Any]:
        status = recorder.status() | {"lost": self._lost()}
        if self._overflowed:
            status["dropped"]["overflow"] = self._overflowed
        return status

    def _stop_record(self, session: ocs_agent.OpSession, params: dict[str, Any] | None) -> tuple[bool, str]:
        if session.status not in {"starting", "running"}:
            return False, "record process not currently running"
        session.set_status("stopping")
        self._recording = False
        self._stopping = True
        self._inbox.wake()
        return True, "Stopping aggregation"


def _samples_in(data: Any) -> int:
    try:
        return sum(len(block["timestamps"]) for block in data.values())
    except (AttributeError, KeyError, TypeError):
        return 0


def make_parser() -> argparse.ArgumentParser:
    """Build the parser of the arguments: upstream's, and ``--frame-seconds``."""
    parser = argparse.ArgumentParser()
    group = parser.add_argument_group("Agent Options")
    group.add_argument("--data-dir", required=True, help="Directory of the archive.")
    group.add_argument(
        "--initial-state", default="record", choices=["idle", "record"], help="What to do at start. Default: record."
    )
    group.add_argument("--time-per-file", type=float, default=3600.0, help="Seconds in one file. Default: 3600.")
    group.add_argument(
        "--frame-seconds",
        type=float,
        default=10.0,
        help="Seconds that samples wait in memory before they are written, which a crash can cost. Default: 10.",
    )
    return parser


def main(args: Sequence[str] | None = None) -> None:
    """Run the agent, as ``livemon agent`` does."""
    start_logging(level=os.environ.get("LOGLEVEL", "info"))
    arguments = site_config.parse_args(agent_class="AggregatorAgent", parser=make_parser(), args=args)
    agent, runner = ocs_agent.init_site_agent(arguments)
    AggregatorAgent(agent, arguments)
    runner.run(agent, auto_reconnect=True)
