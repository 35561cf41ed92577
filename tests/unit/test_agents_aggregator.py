"""The aggregator between network and recorder, without a network."""

import json
import threading
import time
import tracemalloc
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from livemon import hkarchive
from livemon.agents import aggregator
from livemon.agents.inbox import Inbox, footprint
from livemon.hkarchive.gaps import GapList

FEED = {"address": "observatory.fake.feeds.temps", "session_id": "1", "record": True, "agg_params": {}}


def message(value):
    return {"temps": {"block_name": "temps", "timestamps": [time.time()], "data": {"a": [value]}}}, FEED


@pytest.fixture
def agent(tmp_path):
    args = SimpleNamespace(
        data_dir=tmp_path, time_per_file=3600.0, frame_seconds=10.0, address_root="observatory", initial_state="record"
    )
    return aggregator.AggregatorAgent(Mock(), args)


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch):
    monkeypatch.setattr(aggregator, "TURN_SECONDS", 0.0)


def test_what_comes_while_a_killed_recorders_file_is_finished_is_recorded(agent, tmp_path, monkeypatch):
    class SlowRecorder(hkarchive.Recorder):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            agent._receive(message(2.0))

    monkeypatch.setattr(aggregator, "Recorder", SlowRecorder)
    agent._receive(message(1.0))  # before recording was wanted
    assert agent.record(Mock(), {"test_mode": True}) == (True, "Aggregation has ended")
    agent._receive(message(3.0))  # after it
    now = time.time()
    field = FEED["address"] + ".a"
    assert hkarchive.load([field], now - 60, now + 60, tmp_path)[field][1].tolist() == [2.0]


@pytest.mark.parametrize("event", ["text", ({},), ({}, []), ({}, {"record": 1}, 3), ({}, {}), None])
def test_what_is_no_feed_message_is_passed_over(agent, event):
    agent._recording = True
    agent._receive(event)
    assert len(agent._inbox) == 0


def test_messages_beyond_the_inbox_are_counted(agent, monkeypatch):
    monkeypatch.setattr(agent._inbox, "limit", 2.5 * footprint(message(0.0)))
    agent._recording = True
    for value in range(5):
        agent._receive(message(float(value)))
    assert agent._overflowed == 3
    assert agent._lost() == 3


def test_the_inbox_is_bounded_by_the_memory_of_its_messages(agent, monkeypatch):
    """20,000 messages of 1,000 fields were 4 GB in a container of 256 MB."""
    limit = 2 << 20
    monkeypatch.setattr(agent._inbox, "limit", limit)
    agent._recording = True
    wide = {f"channel_{n:03}": [n + 0.5] for n in range(1000)}
    texts = [json.dumps(({"temps": {"timestamps": [float(n)], "data": wide}}, FEED)) for n in range(30)]
    tracemalloc.start()
    try:
        for text in texts:
            agent._receive(json.loads(text))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert agent._overflowed > 0
    assert limit / 2 < taken < 1.2 * limit
    assert agent._overflowed + len(agent._inbox) == 30


def test_a_message_that_is_too_large_keeps_nobody_elses_out(agent):
    agent._recording = True
    agent._receive(message("x" * aggregator.MAX_QUEUED_BYTES))
    agent._receive(message(1.0))
    assert (agent._overflowed, len(agent._inbox)) == (1, 1)


def test_the_recording_thread_does_not_wait_for_its_turn_when_messages_pile_up():
    inbox = Inbox(10 * footprint("message"))
    waited = threading.Thread(target=inbox.wait, args=(60.0,))
    waited.start()
    for _ in range(6):
        assert inbox.put("message")
    waited.join(10.0)
    assert not waited.is_alive(), "waited longer than 10 s although the inbox was half full"
    assert list(inbox.take()) == ["message"] * 6
    inbox.wake()
    inbox.wait(60.0)


def test_what_cannot_be_archived_is_told_once_in_the_log(agent, tmp_path):
    agent.record(Mock(), {"test_mode": True})  # so that the recorder exists with the agent's log
    for _ in range(3):
        agent._recorder.add({"temps": 3}, FEED)
    assert [call.kwargs["fault"] for call in agent.log.warn.call_args_list] == [
        f"{FEED['address']}: malformed: block 'temps': TypeError: 'int' object is not subscriptable"
    ]
    assert agent._recorder.dropped["malformed"] == 3


SESSION = str(time.time() + 60)
"""Of an agent that began after the archive did."""


def numbered(value, published):
    """A message of an agent of our launcher, which says how many samples it has published."""
    data, feed = message(value)
    about = {"feed_name": "temps", "agent_address": "observatory.fake", "published": {"temps": published}}
    return data, feed | about | {"session_id": SESSION}


def heartbeat(published):
    about = {"agent_address": "observatory.fake", "session_id": SESSION, "published": {"temps": published}}
    return {"acq": 3}, {
        "feed_name": "heartbeat",
        "record": False,
        "address": "observatory.fake.feeds.heartbeat",
    } | about


def test_an_outage_that_cost_samples_is_in_lost_and_gap(agent, tmp_path):
    """2,178 of 3,934 samples were missing after an outage, and `lost` was 0."""
    agent._recording = True
    agent._recorder = recorder = agent._make_recorder(Mock())
    for published in [*range(1, 1757), *range(3935, 3945)]:
        agent._receive(numbered(1.0, published))
    agent._take_turn(recorder)
    recorder.close()
    assert agent._lost() == 2178
    assert recorder.gap > 0
    (gap,) = GapList(tmp_path).all()
    assert (gap.feed, gap.samples) == (FEED["address"], 2178)


def test_what_it_tells_has_no_gap_before_it_knows_of_any(agent):
    agent._tell()
    (_, published), _ = agent.agent.publish_to_feed.call_args
    assert published["data"].keys() == {"lag", "lost"}
    agent._recorder = agent._make_recorder(Mock())
    agent._tell()
    (_, published), _ = agent.agent.publish_to_feed.call_args
    assert published["data"].keys() == {"lag", "lost", "gap"}


def test_a_heartbeat_tells_of_samples_that_never_came(agent):
    agent._recording = True
    agent._recorder = recorder = agent._make_recorder(Mock())
    agent._receive(numbered(1.0, 5))
    agent._receive(heartbeat(9))
    agent._take_turn(recorder)
    (account,) = recorder._ledger._accounts[FEED["address"]].values()
    assert (account.received, account.announced) == (5, 9)


def test_lost_never_falls_while_the_recording_goes_on(agent):
    agent._recording = True
    agent._recorder = recorder = agent._make_recorder(Mock())
    agent._inbox.limit = 0
    lost = []
    for published in range(1, 20):
        agent._receive(numbered(1.0, published))
        lost.append(agent._lost())
        agent._take_turn(recorder)
        lost.append(agent._lost())
    assert lost == sorted(lost)
    assert lost[-1] == 19
