"""A node's history: from a real archive into its window."""

import numpy as np
import pytest
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock

from livemon.hkarchive import Recorder
from livemon.nodes import refill
from livemon.nodes.feed import FeedNode
from livemon.nodes.refill import Archive
from livemon.sisock.datanode import DataRequest

NOW = 1_700_000_000.0
ALL = DataRequest(["channel_1_t"], NOW - 3600, NOW + 1)
FEED = "observatory.ls240.feeds.temperatures"


@pytest.fixture
def archive(tmp_path, clock):
    """An hour and more of one field, half of it with a second one, a text and a truth value; the last file is still open."""
    now = [NOW - 5000]
    recorder = Recorder(tmp_path, seconds_per_file=600, seconds_per_frame=10, clock=lambda: now[0])
    for second in range(5000):
        now[0] = NOW - 5000 + second
        data = {"Channel_1_T": [float(second)], "ok": [second % 2 == 0], "note": [f"n{second}"]}
        if second >= 2500:
            data["Channel_2_T"] = [-float(second)]
        block = {"block_name": "temps", "timestamps": [now[0]], "data": data}
        recorder.add({"temps": block}, {"address": FEED, "record": True, "session_id": "1", "agg_params": {}})
        recorder.run()
    yield Archive(tmp_path, clock)
    recorder.close()


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test advances; what runs in a thread runs at once."""
    clock = Clock()
    monkeypatch.setattr(refill.threads, "deferToThread", maybeDeferred)
    return clock


@pytest.fixture
def node():
    return FeedNode("LSA21OQ", "Diodes", target="ls240", window=3600, clock=lambda: NOW)


def send(node, times, **data):
    node.receive(FEED, [{"temps": {"timestamps": times, "data": data}}, {}])


def test_a_node_has_its_window_when_it_is_prepared(archive, clock, node):
    ready = []
    node.prepare(archive).addCallback(ready.append)
    clock.advance(refill.GATHER)
    assert ready
    times, values, _, _ = node.blocks[f"{FEED}.temps"].envelope(["Channel_1_T"], 0, NOW, 0)
    archived = np.arange(NOW - 3600, NOW - 10)
    np.testing.assert_array_equal(times[: archived.size], archived)
    np.testing.assert_array_equal(values[0], times - NOW + 5000)
    fields, _ = node.get_fields()
    assert {key: about["type"] for key, about in fields.items()} == {
        "channel_1_t": "number",
        "channel_2_t": "number",
        "ok": "bool",
        "note": "string",
    }
    assert node.get_last()["note"][1] == f"n{int(times[-1] - NOW + 5000)}"


def test_live_samples_that_came_meanwhile_stay_and_go_on(archive, clock, node):
    send(node, [NOW - 1, NOW], Channel_1_T=[4999.0, 7.0], ok=[True, True], note=["a", "b"], Channel_2_T=[1.0, 1.0])
    node.prepare(archive)
    clock.advance(refill.GATHER)
    send(node, [NOW + 1], Channel_1_T=[8.0], ok=[True], note=["c"], Channel_2_T=[1.0])
    block = node.blocks[f"{FEED}.temps"]
    assert len(node.blocks) == 1
    assert block.times[0] == NOW - 3599
    assert block.values("Channel_1_T")[-2:].tolist() == [7, 8]
    assert (np.diff(block.times) > 0).all()
    assert node.get_last()["note"] == (NOW + 1, "c")


def test_the_seam_is_mended_once_the_archive_has_it_and_nothing_there_is_final_before(archive, clock, node):
    class Growing(Archive):
        """An archive without the last minute when it is first asked."""

        asked = 0

        def _gather(self, feeds, start):
            found = super()._gather(feeds, start)
            self.asked += 1
            if self.asked == 1:
                return {
                    key: (times[times < NOW - 60], {name: column[times < NOW - 60] for name, column in data.items()})
                    for key, (times, data) in found.items()
                }
            return found

    node.prepare(Growing(archive.directory, clock))
    clock.advance(refill.GATHER)
    send(node, [NOW], Channel_1_T=[5000.0])
    (timeline,) = node.samples(ALL)
    assert timeline.finalized_until == NOW - 61
    assert np.diff(timeline.times).max() > 59
    clock.advance(refill.SEAM)
    clock.advance(refill.GATHER)
    (timeline,) = node.samples(ALL)
    assert np.diff(timeline.times).max() < 12
    assert timeline.finalized_until == NOW


@pytest.mark.parametrize("step", [0.5, 5, 60, 600])
@pytest.mark.parametrize("ahead", [False, True])
def test_a_clock_that_was_set_back_leaves_no_hole_and_no_sample_twice_at_the_seam(clock, tmp_path, step, ahead):
    """Both passes come from the archive, and live samples are sorted into them."""
    passed, sent = [0.0], []
    recorder = Recorder(tmp_path, seconds_per_frame=10, clock=lambda: NOW + passed[0])
    node = FeedNode("LSA21OQ", "Diodes", target="ls240", window=3600, clock=lambda: NOW + passed[0])

    def tick():
        passed[0] += 1
        stamp = NOW + passed[0] + (step * ahead if passed[0] <= 100 else step * ahead - step) + 0.01 * (passed[0] > 100)
        message = {"temps": {"block_name": "temps", "timestamps": [stamp], "data": {"a": [passed[0]]}}}
        recorder.add(message, {"address": FEED, "record": True, "session_id": "1", "agg_params": {}})
        recorder.run()
        sent.append((stamp, passed[0]))
        return message

    for _ in range(150):
        tick()
    node.prepare(Archive(tmp_path, clock))
    for _ in range(10):
        node.receive(FEED, [tick(), {}])
    clock.advance(refill.GATHER)
    for _ in range(15):
        node.receive(FEED, [tick(), {}])
    clock.advance(refill.SEAM)
    clock.advance(refill.GATHER)
    (block,) = node.blocks.values()
    assert list(zip(block.times.tolist(), block.values("a").tolist(), strict=True)) == sorted(sent)
    assert node.get_last() == {"a": sent[-1]}
    assert node.status()["counts"] == {}
    recorder.close()


def test_an_archive_that_cannot_be_read_costs_only_the_history(clock, node, tmp_path, monkeypatch):
    def broken(*_):
        raise OSError("disk gone")

    monkeypatch.setattr(Archive, "_gather", broken)
    ready = []
    node.prepare(Archive(tmp_path, clock)).addCallback(ready.append)
    clock.advance(refill.GATHER)
    assert ready
    send(node, [NOW], Channel_1_T=[1.0])
    assert node.get_last() == {"channel_1_t": (NOW, 1)}


def test_nodes_that_start_together_read_the_archive_once(archive, clock, node):
    readings = []
    gather = archive._gather
    archive._gather = lambda *arguments: readings.append(1) or gather(*arguments)
    other = FeedNode("B", "", target="other", window=60, clock=lambda: NOW)
    node.prepare(archive)
    other.prepare(archive)
    clock.advance(refill.GATHER)
    assert len(readings) == 1
    assert node.blocks
    assert not other.blocks


def recorded(directory, clock, *messages):
    recorder = Recorder(directory)
    for times, data in messages:
        block = {"block_name": "temps", "timestamps": times, "data": data}
        recorder.add({"temps": block}, {"address": FEED, "record": True, "session_id": "1", "agg_params": {}})
    recorder.close()
    return Archive(directory, clock)


@pytest.mark.parametrize("live_first", [False, True])
def test_numbers_that_followed_a_text_come_back_under_their_own_name(tmp_path, clock, node, live_first):
    """In the archive they are `v_number`."""
    times = [NOW - 30, NOW - 29, NOW - 28]
    archive = recorded(tmp_path, clock, (times, {"v": ["over range", 1.5, 2.5], "a": [1.0, 2.0, 3.0]}))
    if live_first:
        send(node, [NOW - 10], v=[4.0], a=[4.0])
    node.prepare(archive)
    clock.advance(refill.GATHER)
    if not live_first:
        send(node, [NOW - 10], v=[4.0], a=[4.0])
    clock.advance(refill.SEAM)
    clock.advance(refill.GATHER)
    data = node.get_data(["v", "a"], NOW - 40, NOW)["data"]
    assert data == {"v": [None, 1.5, 2.5, 4.0], "a": [1.0, 2.0, 3.0, 4.0]}
    assert {info.path for info in node.fields.values()} == {f"{FEED}.v", f"{FEED}.a"}


def test_a_field_that_its_agent_calls_so_keeps_its_name(tmp_path, clock, node):
    archive = recorded(tmp_path, clock, ([NOW - 30, NOW - 29], {"pump": ["a", "b"], "pump_number": [1.0, 2.0]}))
    node.prepare(archive)
    clock.advance(refill.GATHER)
    assert node.get_data(["pump_number"], NOW - 40, NOW)["data"]["pump_number"] == [1, 2]
    assert node.get_last()["pump"] == (NOW - 29, "b")


def test_texts_of_the_archive_do_not_keep_live_numbers_from_their_history(tmp_path, clock, node):
    send(node, [NOW - 10], v=[4.0], a=[4.0])
    node.prepare(recorded(tmp_path, clock, ([NOW - 30], {"v": ["over range"], "a": [1.0]})))
    clock.advance(refill.GATHER)
    assert node.get_data(["v", "a"], NOW - 40, NOW)["data"] == {"v": [None, 4.0], "a": [1.0, 4.0]}
