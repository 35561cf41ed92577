"""How often a feed publishes, and that what it publishes is every sample, once and in order."""

from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock
from twisted.python import threadable

from livemon.agents import coalescing
from livemon.agents.coalescing import EVERY, CoalescedFeed
from livemon.agents.feeds import CheckedFeed
from livemon.agents.publishable import MOST_BYTES


class Agent:
    """What a feed knows of its agent."""

    agent_address, agent_session_id, class_name = "observatory.x", "1", "X"
    log = SimpleNamespace(error=lambda text: None)

    def __init__(self):
        self.published = []

    def publish(self, address, message):
        blocks, _about = message
        self.published.append({name: block | {"data": dict(block["data"])} for name, block in blocks.items()})

    @property
    def times(self):
        return [block["timestamps"] for blocks in self.published for block in blocks.values()]


@pytest.fixture
def clock(monkeypatch):
    monkeypatch.setattr(threadable, "ioThread", threadable.getThreadID())
    clock = Clock()
    monkeypatch.setattr(coalescing, "reactor", clock)
    return clock


@pytest.fixture
def agent():
    return Agent()


def publish(feed, time, block="b", value=1.0):
    feed.publish_message({"block_name": block, "timestamp": time, "data": {"a": value}})


def test_a_sample_after_a_pause_goes_out_at_once(clock, agent):
    feed = CoalescedFeed(agent, "f", record=True)
    for time in range(3):
        publish(feed, time)
        assert agent.times[-1] == [time]
        clock.advance(EVERY)
    assert len(agent.published) == 3


def test_samples_that_come_fast_share_messages_and_none_is_lost(clock, agent):
    """Four agents of 500 samples a second were 2,000 messages a second, by which all lost their sessions."""
    feed = CoalescedFeed(agent, "f", record=True)
    for number in range(1000):
        publish(feed, number / 1000)
        clock.advance(1e-3)
    clock.advance(EVERY)
    assert [time for times in agent.times for time in times] == [number / 1000 for number in range(1000)]
    assert len(agent.published) <= 1 / EVERY + 1


def test_the_blocks_of_a_feed_wait_together(clock, agent):
    feed = CoalescedFeed(agent, "f", record=True)
    publish(feed, 1, "b")
    publish(feed, 1, "c")
    publish(feed, 2, "c")
    clock.advance(EVERY)
    assert [sorted(blocks) for blocks in agent.published] == [["b"], ["c"]]
    assert agent.published[1]["c"]["timestamps"] == [1, 2]


def test_many_samples_at_a_time_are_not_held_back_and_stay_in_order(clock, agent):
    feed = CoalescedFeed(agent, "f", record=True)
    publish(feed, 1)
    publish(feed, 2)
    feed.publish_message({"block_name": "b", "timestamps": [3, 4], "data": {"a": [3.0, 4.0]}})
    assert agent.times == [[1], [2], [3, 4]]


def test_what_waits_never_becomes_larger_than_a_message_may_be(clock, agent):
    feed = CheckedFeed(agent, "f", record=True)
    for time in range(4):
        publish(feed, time, value="x" * (2 * MOST_BYTES // 5))
    clock.advance(EVERY)
    assert agent.times == [[0], [1, 2], [3]]


def test_an_agent_that_buffers_by_itself_is_left_to_it(clock, agent):
    feed = CoalescedFeed(agent, "f", record=True, buffer_time=3600)
    publish(feed, 1)
    clock.advance(60)
    assert agent.published == []


def test_what_is_not_recorded_is_published_as_it_is(clock, agent):
    sent = []
    agent.publish = lambda address, message: sent.append(message[0])
    feed = CoalescedFeed(agent, "heartbeat")
    for number in range(3):
        feed.publish_message({"acq": number})
    assert sent == [{"acq": 0}, {"acq": 1}, {"acq": 2}]
