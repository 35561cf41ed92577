"""How the recording goes: lag, losses and gaps, by a clock that the test moves."""

import os
from types import SimpleNamespace

import pytest

from livemon.agents.recording import Recording, last_write, lost_samples
from livemon.hkarchive import Recorder

NOW = 1.8e9
FEED = {"address": "observatory.fake.feeds.temps", "session_id": "1", "record": True, "agg_params": {}}


class Lab:
    def __init__(self, directory):
        self.time = NOW
        self.directory = directory

    def clock(self):
        return self.time

    def recording(self, last=None):
        return Recording(last, self.clock)

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
        state.turned(recorder, 0)
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
            state.turned(recorder, 0)
            lab.time += 1
    assert state.lag(recorder, messages_wait=False) == 60
    recorder.run()
    state.turned(recorder, 0)
    assert state.lag(recorder, messages_wait=False) < 10
    assert state.gap == 0, "nothing was lost"


def test_what_the_disk_did_not_take_is_a_gap(lab):
    state, recorder = lab.recording(), SimpleNamespace(write_error="full", waiting_since=NOW)
    state.began()
    state.turned(recorder, 0)
    lab.time += 300
    state.turned(recorder, 500)
    assert state.gap == 0, "it is not over"
    recorder.write_error = None
    state.turned(recorder, 500)
    assert state.gap == 300
    lab.time += 10
    state.turned(recorder, 500)
    assert state.gap == 300


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


@pytest.mark.parametrize(
    ("last", "gap"), [(None, 0), (NOW - 90, 95), (NOW + 1000, 0)], ids=["first", "again", "a clock set back"]
)
def test_the_gap_since_the_last_recording(lab, last, gap):
    state = lab.recording(last)
    state.began()
    assert state.gap == 0, "it is not over before something comes"
    lab.time += 5
    state.received()
    assert state.gap == gap
    lab.time += 5
    state.received()
    assert state.gap == gap


def test_the_newest_interruption_counts(lab):
    state = lab.recording(NOW - 1000)
    state.began()
    state.received()
    state.interrupted()
    lab.time += 8
    state.interrupted()  # the router went again before anything came
    lab.time += 4
    state.received()
    assert state.gap == 12
    state.ended()
    lab.time += 3
    state.began()
    lab.time += 1
    state.received()
    assert state.gap == 4


def test_what_is_lost():
    assert lost_samples({"duplicate": 9, "malformed": 3, "not written": 4, "overflow": 2}) == 6
    assert lost_samples({}) == 0


def test_when_the_archive_was_written_last(tmp_path):
    assert last_write(tmp_path) is None
    for name, time in (
        ("16020/1602000000.g3", 1602000100),
        ("16021/1602100000.g3.part", 1602100200),
        ("notes/x.g3", 2e9),
    ):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_bytes(b"")
        os.utime(path, (time, time))
    assert last_write(tmp_path) == 1602100200
