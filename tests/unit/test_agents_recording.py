"""How the recording goes, and what interrupts it, by a clock that the test moves."""

import pytest

from livemon.agents.recording import KEPT, Interruptions, Recording
from livemon.hkarchive import Recorder
from livemon.hkarchive.gaps import AGGREGATOR, DISCONNECTED, ROUTER

NOW = 1.8e9
FEED = {"address": "observatory.fake.feeds.temps", "session_id": "1", "record": True, "agg_params": {}}


class Lab:
    def __init__(self, directory):
        self.time = NOW
        self.directory = directory

    def clock(self):
        return self.time

    def recording(self):
        return Recording(self.clock)

    def recorder(self):
        return Recorder(self.directory, 3600.0, 10.0, self.clock)

    def message(self):
        return {"temps": {"block_name": "temps", "timestamps": [self.time], "data": {"a": [1.0]}}}, FEED


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


def test_the_lag_is_that_of_the_oldest_sample_in_memory(lab):
    state, recorder = lab.recording(), lab.recorder()
    state.began()
    assert state.lag(None, messages_wait=False) == 0
    recorder.add(*lab.message())
    lags = []
    for _ in range(12):
        recorder.run()
        state.turned()
        lags.append(state.lag(recorder, messages_wait=False))
        lab.time += 1
    assert lags == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0]  # on the disk after ten seconds, and nothing came since


def test_the_lag_grows_while_the_disk_takes_nothing(lab, monkeypatch):
    state, recorder = lab.recording(), lab.recorder()
    state.began()

    def full(_content):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(recorder._writer, "write", full)
        for _ in range(60):
            recorder.add(*lab.message())
            recorder.run()
            state.turned()
            lab.time += 1
    assert state.lag(recorder, messages_wait=False) == 60
    recorder.run()
    state.turned()
    assert state.lag(recorder, messages_wait=False) < 10


def test_messages_that_nobody_takes_lag(lab):
    state = lab.recording()
    state.began()
    lab.time += 30
    assert state.lag(None, messages_wait=True) == 30
    assert state.lag(None, messages_wait=False) == 0


def test_a_recording_that_does_not_run_lags_more_and_more(lab):
    state = lab.recording()
    lab.time += 7
    assert state.lag(None, messages_wait=False) == 7
    state.began()
    lab.time += 100
    state.ended()
    lab.time += 20
    assert state.lag(None, messages_wait=False) == 20


FEED_OF_FAKE = FEED["address"]
AGENT = "observatory.fake"


@pytest.fixture
def interruptions(lab):
    return Interruptions(lab.clock)


def test_what_lasted_longest_explains_a_gap(lab, interruptions):
    interruptions.begin(AGGREGATOR, NOW - 50)
    interruptions.end(AGGREGATOR)
    interruptions.begin(ROUTER)
    interruptions.begin(ROUTER)  # it is away already
    lab.time += 20
    assert interruptions.why(FEED_OF_FAKE, NOW - 5, lab.time) == ROUTER, "also while it lasts"
    interruptions.end(ROUTER)
    interruptions.end(ROUTER)
    assert interruptions.why(FEED_OF_FAKE, NOW - 5, lab.time) == ROUTER
    assert interruptions.why(FEED_OF_FAKE, NOW - 40, lab.time) == AGGREGATOR
    assert interruptions.why(FEED_OF_FAKE, NOW + 21, lab.time + 60) is None
    assert interruptions.why(FEED_OF_FAKE, NOW - 80, NOW - 51) is None


def test_an_agent_whose_heartbeats_did_not_come_was_not_connected(lab, interruptions):
    for _ in range(10):
        lab.time += 1
        interruptions.beat(AGENT)
        interruptions.beat("observatory.other")
    for _ in range(30):
        lab.time += 1
        interruptions.beat("observatory.other")
    assert interruptions.why(FEED_OF_FAKE, lab.time - 20, lab.time) == DISCONNECTED, "its heartbeat may come later"
    interruptions.beat(AGENT)
    assert interruptions.why(FEED_OF_FAKE, lab.time - 20, lab.time) == DISCONNECTED
    assert interruptions.why("observatory.other.feeds.x", lab.time - 20, lab.time) is None
    assert interruptions.why("observatory.unheard.feeds.x", lab.time - 20, lab.time) is None
    lab.time += 3
    interruptions.beat(AGENT)
    assert interruptions.why(FEED_OF_FAKE, lab.time - 2, lab.time) is None


def test_heartbeats_of_invented_agents_take_little_memory(lab, interruptions):
    for number in range(3 * KEPT):
        interruptions.beat(f"observatory.agent{number}")
        lab.time += 10
        interruptions.beat(f"observatory.agent{number}")
    assert len(interruptions._beats) == len(interruptions._silences) == KEPT
