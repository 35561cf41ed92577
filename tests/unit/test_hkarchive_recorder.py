"""A recorder with more than it can keep in memory, and with unforeseen names and values."""

import errno
import json
import os
import tracemalloc

import pytest
from hk_recording import FEED, FIELD, START, Clock, publish
from so3g_referee import so3g_load
from spt3g import core

from livemon.hkarchive import Recorder, frames, load, names, scan
from livemon.hkarchive import recorder as recording
from livemon.nodes.refill import pieces

NOISY = FEED | {"address": "observatory.noisy.feeds.log"}
TEXT = NOISY["address"] + ".text"
END = START + 1000


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def warned():
    return []


@pytest.fixture
def recorder(tmp_path, clock, warned):
    return Recorder(tmp_path, seconds_per_file=600.0, seconds_per_frame=5.0, clock=clock, warn=warned.append)


def add(recorder, clock, feed=FEED, block="temps", **fields):
    """A message of one sample without a turn of the recorder."""
    clock.now += 0.01
    data = {name: [value] for name, value in fields.items()}
    recorder.add({block: {"block_name": block, "timestamps": [clock.now], "data": data}}, feed)


def no_space(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_backlog_larger_than_the_memory_for_frames_is_written_not_dropped(tmp_path, clock, monkeypatch):
    """As after a disk that hung: all of it comes in one turn, and the disk takes it."""
    monkeypatch.setattr(recording, "MAX_UNWRITTEN_BYTES", 1 << 20)
    recorder = Recorder(tmp_path, clock=clock)
    for n in range(20):
        add(recorder, clock, NOISY, text=f"{n:04}" + "x" * 100_000)
        add(recorder, clock, a=float(n))
    recorder.run()
    recorder.close()
    assert recorder.dropped["not written"] == 0
    assert load([FIELD], START, END, tmp_path)[FIELD][1].tolist() == list(map(float, range(n + 1)))
    assert [text[:4] for text in load([TEXT], START, END, tmp_path)[TEXT][1]] == [f"{i:04}" for i in range(n + 1)]


def test_samples_that_wait_for_their_frame_are_bounded_by_bytes(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(recording, "MAX_PENDING_BYTES", 1 << 19)
    recorder = Recorder(tmp_path, clock=clock)
    fields = {f"channel_{n:03}": n + 0.5 for n in range(100)}
    feeds = [FEED | {"address": f"observatory.fake{n}.feeds.temps"} for n in range(10)]
    tracemalloc.start()
    try:
        for _ in range(60):
            for feed in feeds:
                add(recorder, clock, feed, **fields)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    recorder.close()
    assert peak < 3 << 20
    assert {span.count for span in scan(START, END, tmp_path).values()} == {60}


def test_one_enormous_message_costs_nobody_else_a_sample(recorder, clock, warned, tmp_path):
    publish(recorder, clock, a=[1.0, 2.0])
    add(recorder, clock, NOISY, text="x" * (100 << 20))
    publish(recorder, clock, a=[3.0])
    recorder.close()
    assert load([FIELD], START, END, tmp_path)[FIELD][1].tolist() == [1.0, 2.0, 3.0]
    assert recorder.dropped["too large"] == 1
    assert len(warned) == 1
    assert warned[0].startswith("observatory.noisy.feeds.log: too large: a message of 1048577")


def test_a_feed_that_fills_the_memory_while_the_disk_is_full_loses_its_own(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(recording, "MAX_UNWRITTEN_BYTES", 1 << 20)
    recorder = Recorder(tmp_path, seconds_per_frame=5.0, clock=clock)
    monkeypatch.setattr(os, "write", no_space)
    for n in range(40):
        add(recorder, clock, NOISY, text=f"{n:02}" + "x" * 100_000)
        publish(recorder, clock, a=[float(n)])
    recorder.run()
    monkeypatch.undo()
    recorder.close()
    assert load([FIELD], START, END, tmp_path)[FIELD][1].tolist() == list(map(float, range(40)))
    texts = [int(text[:2]) for text in load([TEXT], START, END, tmp_path)[TEXT][1]]
    assert 0 < len(texts) < 11
    assert texts == list(range(40 - len(texts), 40))
    assert recorder.dropped["not written"] == 40 - len(texts)


def test_a_disk_with_room_for_a_part_of_the_backlog_takes_that_part(tmp_path, clock, monkeypatch):
    monkeypatch.setattr(recording, "WRITE_BYTES", 100_000)
    recorder = Recorder(tmp_path, seconds_per_frame=0.0, clock=clock)
    publish(recorder, clock, a=[0.0])
    real, room = os.write, [550_000]

    def little_room(descriptor, content):
        if len(content) > room[0]:
            no_space()
        room[0] -= len(content)
        return real(descriptor, content)

    for n in range(20):
        add(recorder, clock, NOISY, text=f"{n:02}" + "x" * 90_000)
        recorder._make_frames()
    monkeypatch.setattr(os, "write", little_room)
    recorder.run()
    assert recorder.write_error
    assert [text[:2] for text in load([TEXT], START, END, tmp_path)[TEXT][1]] == ["00", "01", "02", "03", "04", "05"]
    monkeypatch.undo()
    recorder.close()
    assert load([TEXT], START, END, tmp_path)[TEXT][0].size == 20
    assert recorder.dropped["not written"] == 0


STRANGE = ["50K.plate", "50K_plate", "50K[plate", "T[mK]", "T(mK)", "Ch 1 (K)", "Ch_1_K", "µ", "", "_", "a\nb", "b\ud800", "b\\ud800",
           '"q"', "x" * 300, "x" * 299 + "y"]  # fmt: skip


def test_fields_of_any_name_are_archived_under_a_name_of_their_own(recorder, clock, tmp_path):
    """`load` knows them by both names, so3g by the archive's; two never become one."""
    feed = FEED | {"address": "observatory.old.feeds.my.feed [1]"}
    publish(recorder, clock, feed=feed, **{name: [float(n), n + 0.5] for n, name in enumerate(STRANGE)})
    recorder.close()
    prefix = feed["address"]
    ours = load([f"{prefix}.{name}" for name in STRANGE], START, END, tmp_path)
    assert [values.tolist() for _, values in ours.values()] == [[float(n), n + 0.5] for n in range(len(STRANGE))]
    assert set(scan(START, END, tmp_path)) == {f"{prefix}.{name}" for name in STRANGE}
    (piece,) = pieces({prefix}, START, END, tmp_path)
    assert set(piece.columns) == set(STRANGE)
    in_archive = [f"{prefix}.{names.archived(name)}" for name in STRANGE]
    for found in (so3g_load(in_archive, START, END, tmp_path), so3g_load(None, START, END, tmp_path)):
        assert {field: [float(value) for value in values] for field, (_, values) in found.items()} == {
            field: [float(n), n + 0.5] for n, field in enumerate(in_archive)
        }
    again = load(in_archive, START, END, tmp_path)
    assert [values.tolist() for _, values in again.values()] == [values.tolist() for _, values in ours.values()]


@pytest.mark.parametrize("name", ["a", "Channel_1_T", "_x", "__Y2", "x" * 255])
def test_a_name_that_ocs_allows_is_the_archives(name):
    assert names.archived(name) == name


@pytest.mark.parametrize("name", STRANGE)
def test_the_archives_name_is_one_that_ocs_allows(name):
    from ocs.ocs_feed import Feed

    assert Feed.verify_data_field_string(names.archived(name))


def test_fields_of_an_archive_from_before_names_were_cleaned_are_found(tmp_path):
    data = frames.data_frame(
        1,
        START,
        number=1,
        address=FEED["address"],
        agent_session="1",
        blocks={"b": frames.Batch([START], {"a": [7.0]})},
    )
    samples = core.G3TimesampleMap()
    samples.times = data["blocks"][0].times
    samples["50K.plate"] = core.G3VectorDouble([7.0])
    del data["blocks"]
    data["blocks"] = core.G3VectorFrameObject([samples])
    (tmp_path / "17000").mkdir()
    status = frames.encode(frames.status_frame(1, START, {1: FEED["address"]}))
    (tmp_path / "17000" / "1700000000.g3").write_bytes(status + frames.encode(data))
    field = FEED["address"] + ".50K.plate"
    assert load([field], START, END, tmp_path)[field][1].tolist() == [7.0]


def deep(levels):
    value = 1.0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("data", "feed"),
    [
        ({"b\ud800": {"timestamps": [START], "data": {"a": [1.0]}}}, {}),
        ({"b": {"timestamps": [START], "data": {"a\ud800": [1.0], 3: [2.0], None: [3.0]}}}, {}),
        ({"b": {"timestamps": [START], "data": {"a": [10**400]}}}, {}),
        ({"b": {"timestamps": [START, START + 1], "data": {"a": ["x", 10**5000]}}}, {}),
        ({"b": {"timestamps": [START], "data": {"a": [deep(3000)]}}}, {}),
        ({"b": {"timestamps": [START], "data": {"a": [b"\xff"], "b": ["\0\ud800"], "c": [{}], "d": [None]}}}, {}),
        ({"b": {"timestamps": [START], "data": {"a": [float("nan")], "b": [float("inf")]}}}, {}),
        ({"b": {"timestamps": [START], "data": {"a": [1.0]}}}, {"address": "observatory.\ud800.feeds.x"}),
        ({"b": {"timestamps": [START], "data": {"a": [1.0]}}}, {"session_id": "\ud800"}),
        ({"b": {"timestamps": [START], "data": {"a": [1.0]}}}, {"agg_params": {"fresh_time": "soon"}}),
        ({"b": {"timestamps": [START], "data": {"a": [1.0]}}}, {"agg_params": {"fresh_time": 10**400}}),
        ({"b": {"timestamps": [START], "data": {"a": [1.0]}}}, None),
        ({"b": {"timestamps": [START], "data": {"a": [1.0]}}}, [1]),
        (None, {}),
        ({"x" * 10_000: 3}, {}),
    ],
)
def test_no_message_ends_the_recording_of_the_others(recorder, clock, tmp_path, data, feed):
    publish(recorder, clock, a=[1.0, 2.0])
    recorder.add(data, NOISY | feed if isinstance(feed, dict) else feed)
    publish(recorder, clock, a=[3.0] * 7)
    recorder.close()
    assert load([FIELD], START, END, tmp_path)[FIELD][1].tolist() == [1.0, 2.0] + [3.0] * 7
    status = json.dumps(recorder.status(), ensure_ascii=False).encode()  # as it goes to clients
    assert len(status) < 5000
    assert FIELD in so3g_known(tmp_path)


def so3g_known(directory):
    """The fields of the archive by spt3g's own reader, which so3g uses."""
    found = set()
    for path in directory.rglob("*.g3"):
        for frame in core.G3File(str(path)):
            if frame["hkagg_type"] == 2:
                found |= {f"{frame['address']}.{name}" for block in frame["blocks"] for name in block.keys()}  # noqa: SIM118
    return found


def test_what_no_frame_can_be_made_of_costs_its_own_feed_only_and_is_told_once(recorder, clock, warned, tmp_path):
    """Two names that are one in the archive: made on purpose, for no agent would."""
    both = {"50K.plate": [1.0] * 7, names.archived("50K.plate"): [2.0] * 7}
    for _ in range(2):
        publish(recorder, clock, feed=NOISY, **both)
        publish(recorder, clock, a=[1.0] * 7)
    recorder.close()
    assert load([FIELD], START, END, tmp_path)[FIELD][0].size == 14
    assert recorder.dropped["not archived"] == 14
    assert len(warned) == 1
    assert "not archived: two fields would be K_plate_fe592402d8 in the archive" in warned[0]
    assert warned[0].split(": ", 2)[2] == recorder.problems[NOISY["address"]]
