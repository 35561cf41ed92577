"""The aggregator between network and recorder, without a network."""

import time
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from livemon import hkarchive
from livemon.agents import aggregator

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
        def __init__(self, *args):
            super().__init__(*args)
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
    assert agent._drain() == []


def test_messages_beyond_the_queue_are_counted(agent, monkeypatch):
    monkeypatch.setattr(agent._messages, "maxsize", 2)
    agent._recording = True
    for value in range(5):
        agent._receive(message(float(value)))
    assert agent._overflowed == 3
