"""Frames, files, rescue, and reading back: with our reader and with so3g."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hk_recording import FEED, FIELD, START, Clock, publish
from so3g_referee import so3g_load
from spt3g import core

from livemon.errors import TimeRangeError, UnknownFieldError
from livemon.hkarchive import Recorder, frames, load, scan, writer
from livemon.hkarchive.damage import Frames
from livemon.hkarchive.samples import Batch


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def recorder(tmp_path, clock):
    return Recorder(tmp_path, seconds_per_file=60.0, seconds_per_frame=5.0, clock=clock)


def published(path):
    return sorted(file.relative_to(path) for file in path.rglob("*") if file.is_file())


@pytest.mark.parametrize("time", [1_700_000_000.0, 1_700_000_000.123456, 1_763_887_543.9999998, 0.1])
def test_times_survive_the_10_ns_grid(time):
    assert frames.unix_times(frames.ticks(np.array([time])))[0] == pytest.approx(time, abs=5e-9)
    if time > 1e9:
        assert frames.unix_times(frames.ticks(np.array([time])))[0] == time


def test_frames_follow_the_layout():
    session = frames.session_frame(7, START, "HK data")
    assert (session["hkagg_type"], session["hkagg_version"], session["session_id"]) == (0, 2, 7)
    assert session["start_time"] == START
    status = frames.status_frame(7, START, {3: "observatory.x.feeds.y"})
    assert status["hkagg_type"] == 1
    assert {e["prov_id"].value: e["description"].value for e in status["providers"]} == {3: "observatory.x.feeds.y"}
    blocks = {"b": Batch([START], {"a": [True], "s": ["é\ud800"]})}
    data = frames.data_frame(7, START, number=3, address="x", agent_session="1.0", blocks=blocks)
    assert (data["hkagg_type"], data["prov_id"], data["provider_session_id"]) == (2, 3, "1.0")
    assert list(data["block_names"]) == ["b"]
    assert isinstance(data["blocks"][0]["a"], core.G3VectorBool)
    assert list(data["blocks"][0]["s"]) == ["é\\ud800"]


def test_session_ids_differ_and_fit_spt3g():
    ids = {frames.new_session_id(START) for _ in range(50)}
    assert len(ids) == 50
    assert all(core.G3Int(i).value == i for i in ids)


def test_encoded_frames_are_what_spt3g_writes(tmp_path):
    frame = frames.status_frame(1, START, {1: "a"})
    core.G3Writer(str(tmp_path / "x.g3")).Process(frame)
    assert (tmp_path / "x.g3").read_bytes() == frames.encode(frame)


def test_a_file_has_no_final_name_before_it_is_whole(recorder, clock, tmp_path):
    publish(recorder, clock, seconds=10)
    part = Path("17000/1700000006.g3.part")
    assert published(tmp_path) == [part]
    assert recorder.status()["current_file"] == str(tmp_path / part)
    clock.now += 60
    recorder.run()
    assert published(tmp_path) == [Path("17000/1700000006.g3")]
    assert recorder.status()["current_file"] is None


def test_samples_are_on_disk_after_the_seconds_of_a_frame(recorder, clock, tmp_path):
    publish(recorder, clock, seconds=5)
    assert published(tmp_path) == []
    publish(recorder, clock, seconds=1)
    assert load([FIELD], START, START + 100, tmp_path)[FIELD][0].size == 6


def test_what_was_recorded_is_read_back(recorder, clock, tmp_path):
    publish(recorder, clock, a=[1, 2.5, 3], ok=[True, False, True], state=["on", "off", "on"])
    recorder.close()
    prefix = FEED["address"]
    found = load([f"{prefix}.a", f"{prefix}.ok", f"{prefix}.state"], START, START + 10, tmp_path)
    times = [START + 1, START + 2, START + 3]
    for (found_times, values), expected in zip(
        found.values(), ([1.0, 2.5, 3.0], [True, False, True], ["on", "off", "on"]), strict=True
    ):
        assert found_times.tolist() == times
        assert values.tolist() == expected
    assert scan(START, START + 3, tmp_path)[f"{prefix}.a"].count == 2


def test_ranges_are_half_open_and_faults_named(recorder, clock, tmp_path):
    publish(recorder, clock, seconds=4)
    recorder.close()
    assert load([FIELD], START + 1, START + 3, tmp_path)[FIELD][1].tolist() == [0.0, 1.0]
    times, values = load([FIELD], START + 50, START + 60, tmp_path)[FIELD]
    assert times.size == values.size == 0
    with pytest.raises(UnknownFieldError, match="no field 'observatory"):
        load(["observatory.x"], START, START + 9, tmp_path)
    with pytest.raises(TimeRangeError, match="before it starts"):
        load([FIELD], START + 9, START, tmp_path)
    assert scan(START - 1e6, START - 9e5, tmp_path) == {}


def test_an_empty_archive_has_no_field_and_no_file(tmp_path):
    assert scan(START, START + 1, tmp_path) == {}
    with pytest.raises(UnknownFieldError, match="no field 'observatory"):
        load([FIELD], START, START + 1, tmp_path)


def test_so3g_reads_it_all(recorder, clock, tmp_path):
    """The cases that make so3g cut, skip or refuse samples when they are stored as upstream stores them."""
    publish(recorder, clock, a=[1] * 7, ok=[True] * 7, state=["on"] * 7)  # integers first, over more than a frame
    publish(recorder, clock, a=[0.5] * 7, ok=[False] * 7, state=["off"] * 7)
    publish(recorder, clock, a=[2.5] * 7, ok=[0.25] * 7, state=["idle"] * 7)  # another kind
    publish(recorder, clock, a=[3.5] * 7, ok=[True] * 7, state=["on"] * 7, late=[9.0] * 7)  # a new field
    clock.now += 60
    recorder.run()
    publish(recorder, clock, a=[4.5] * 7, ok=[True] * 7, state=["on"] * 7, late=[10.0] * 7)  # a new file
    recorder.close()
    assert len(published(tmp_path)) == 2
    fields = [f"{FEED['address']}.{key}" for key in ("a", "ok", "ok_number", "state", "late")]
    theirs = so3g_load(fields, START, START + 1000, tmp_path)
    ours = load(fields, START, START + 1000, tmp_path)
    assert theirs.keys() == ours.keys()
    for field in fields:
        times, values = theirs[field]
        assert times == pytest.approx(ours[field][0].tolist(), abs=1e-6)
        assert values == list(map(str, ours[field][1]))
    assert ours[fields[0]][1].tolist() == [1.0] * 7 + [0.5] * 7 + [2.5] * 7 + [3.5] * 7 + [4.5] * 7
    assert ours[fields[4]][1].tolist() == [9.0] * 7 + [10.0] * 7


def test_a_restarted_agent_is_a_new_provider_also_inside_one_frame(recorder, clock, tmp_path):
    publish(recorder, clock, a=[1.0, 2.0])
    publish(recorder, clock, feed=FEED | {"session_id": "later"}, a=[3.0, 4.0], b=[5.0, 6.0])
    recorder.close()
    fields = [FIELD, f"{FEED['address']}.b"]
    theirs = so3g_load(fields, START, START + 100, tmp_path)
    assert [float(v) for v in theirs[FIELD][1]] == [1.0, 2.0, 3.0, 4.0]
    assert [float(v) for v in theirs[fields[1]][1]] == [5.0, 6.0]


def test_duplicates_and_malformed_messages_are_counted(recorder, clock):
    publish(recorder, clock, a=[1.0, 2.0])
    recorder.add({"temps": {"timestamps": [START + 1, START + 2], "data": {"a": [1.0, 2.0]}}}, FEED)
    recorder.add({"temps": 3}, FEED)
    recorder.add({"temps": {"timestamps": [START + 9], "data": {"a": [10**400]}}}, FEED)
    recorder.add("x", FEED | {"record": False})
    recorder.add("x", FEED | {"agg_params": {"exclude_aggregator": True}})
    status = recorder.status()
    assert status["dropped"] == {"duplicate": 2, "malformed": 2}
    assert "block 'temps'" in status["problems"][FEED["address"]]
    assert status["providers"][FEED["address"]]["samples"] == 2
    json.dumps(status)


def test_a_feed_with_a_strange_description_harms_nobody(recorder, clock):
    publish(recorder, clock, feed=FEED | {"address": "strange", "agg_params": "frame_length"}, a=[1.0])
    publish(recorder, clock, a=[1.0])
    assert recorder.status()["dropped"]["malformed"] == 1
    assert "no attribute 'get'" in recorder.status()["problems"]["strange"]
    assert recorder.status()["providers"][FEED["address"]]["samples"] == 1


def test_the_whole_blocks_of_a_malformed_message_are_written(recorder, clock, tmp_path):
    clock.now += 1.0
    good, bad = ({"timestamps": [clock.now], "data": {key: [value]}} for key, value in {"a": 1.0, "b": 10**400}.items())
    recorder.add({"good": good, "bad": bad}, FEED)
    clock.now += 10.0
    recorder.run()
    assert recorder.status()["dropped"]["malformed"] == 1
    assert load([FIELD], START, START + 100, tmp_path)[FIELD][1].tolist() == [1.0]


def test_a_clock_set_back_costs_nothing(recorder, clock, tmp_path):
    publish(recorder, clock, seconds=3)
    clock.now += 1e6
    publish(recorder, clock, seconds=3)
    clock.now -= 1e6
    publish(recorder, clock, seconds=3)
    recorder.close()
    assert recorder.dropped["duplicate"] == 0
    assert scan(START - 10, START + 2e6, tmp_path)[FIELD].count == 9


def test_names_are_unique(tmp_path, clock):
    two = [Recorder(tmp_path, seconds_per_frame=0.0, clock=clock) for _ in range(2)]
    for each in two:
        publish(each, clock, seconds=1)
        clock.now -= 1.0
    assert len(published(tmp_path)) == 2
    for each in two:
        each.close()
    third = Recorder(tmp_path, seconds_per_frame=0.0, clock=clock)
    assert third.rescued == []
    publish(third, clock, seconds=1)
    third.close()
    assert len(published(tmp_path)) == 3
    assert all(path.suffix == ".g3" for path in published(tmp_path))


def test_a_living_recorders_file_is_not_rescued(recorder, clock, tmp_path):
    publish(recorder, clock, seconds=10)
    assert Recorder(tmp_path, clock=clock).rescued == []
    assert recorder.current_file.exists()


def test_rescue_keeps_whole_frames_wherever_the_file_was_cut(recorder, clock, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda _: None)  # hundreds of files, and no power cut while they are looked at
    publish(recorder, clock, seconds=18)
    content = recorder.current_file.read_bytes()
    name = recorder.current_file.name
    ends = [whole.end for whole in Frames(content)]
    assert len(ends) == 5
    assert ends[-1] == len(content)
    for size in range(0, len(content) + 1, 7):
        directory = tmp_path / f"cut{size}"
        (directory / "17000").mkdir(parents=True)
        part = directory / "17000" / name
        part.write_bytes(content[:size])
        (rescued,) = writer.rescue(directory)
        whole = sum(end <= size for end in ends)
        assert rescued.frames == whole, size
        if whole:
            assert rescued.path.read_bytes() == content[: ends[whole - 1]]
            assert rescued.torn_bytes == size - ends[whole - 1]
            assert len(list(core.G3File(str(rescued.path)))) == whole
        assert not part.exists()
        assert list(writer.rescue(directory)) == []


def test_rescue_overwrites_no_finished_file(recorder, clock, tmp_path):
    """A backup of a running recorder's archive, brought back, has an older copy beside the finished file."""
    publish(recorder, clock, seconds=10)
    part = recorder.current_file
    older = part.read_bytes()
    publish(recorder, clock, seconds=10)
    recorder.close()
    final = part.with_suffix("")
    content = final.read_bytes()
    part.write_bytes(older[:-100])
    (rescued,) = writer.rescue(tmp_path)
    assert (rescued.copy_of, final.read_bytes()) == (final, content)
    assert published(tmp_path) == [final.relative_to(tmp_path)]


@pytest.mark.parametrize("damaged", [False, True])
def test_what_a_finished_file_does_not_have_is_rescued_under_a_name_of_its_own(recorder, clock, tmp_path, damaged):
    publish(recorder, clock, seconds=20)
    part = recorder.current_file
    content = part.read_bytes()
    recorder.close()
    final = part.with_suffix("")
    shorter = content[: len(content) // 2]
    final.write_bytes(shorter)
    part.write_bytes(content.replace(b"observatory", b"observatorx", 1) if damaged else content)
    (rescued,) = writer.rescue(tmp_path)
    assert rescued.path == final.with_name(f"{int(final.stem) + 1}.g3")
    assert final.read_bytes() == shorter
    assert not part.exists()
    assert damaged or rescued.path.read_bytes() == content
    assert list(writer.rescue(tmp_path)) == []


def test_a_file_that_cannot_be_rescued_keeps_nobody_from_recording(clock, tmp_path):
    """As one restored from a backup by root, which the recorder may not open."""
    odd = tmp_path / "17000" / "1699999999.g3.part"
    odd.mkdir(parents=True)  # which cannot be opened for writing, not even by root
    recorder = Recorder(tmp_path, seconds_per_frame=5.0, clock=clock)
    publish(recorder, clock, seconds=6)
    assert recorder.status()["problems"] == {str(odd): "cannot be finished: Is a directory"}
    assert recorder.status()["files_rescued"] == 0
    assert recorder.current_file is not None


@pytest.mark.parametrize("tail", [b"\0" * 4096, b"\xff" * 100, os.urandom(300)], ids=["zeros", "ones", "noise"])
def test_rescue_drops_what_a_power_cut_leaves_behind_the_frames(recorder, clock, tmp_path, tail):
    publish(recorder, clock, seconds=8)
    part = tmp_path / "other" / "17000" / "1700000000.g3.part"
    part.parent.mkdir(parents=True)
    content = recorder.current_file.read_bytes()
    part.write_bytes(content + tail)
    (rescued,) = writer.rescue(tmp_path / "other")
    assert rescued.path.read_bytes() == content
    assert rescued.torn_bytes == len(tail)


def test_a_full_disk_costs_nothing_while_memory_lasts(recorder, clock, tmp_path, monkeypatch):
    publish(recorder, clock, seconds=6)
    real = os.write

    def full_after_ten_bytes(descriptor, content):
        if len(content) > 10:
            return real(descriptor, content[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full_after_ten_bytes)
    publish(recorder, clock, seconds=12)
    assert "No space left on device" in recorder.status()["write_error"]
    assert load([FIELD], START, START + 100, tmp_path)[FIELD][0].size == 6
    monkeypatch.undo()
    publish(recorder, clock, seconds=12)
    recorder.close()
    assert recorder.status()["write_error"] is None
    assert load([FIELD], START, START + 100, tmp_path)[FIELD][0].size == 30


def no_space(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_stopping_on_a_full_disk_publishes_what_is_written(recorder, clock, tmp_path, monkeypatch):
    publish(recorder, clock, seconds=8)
    monkeypatch.setattr(os, "write", no_space)
    with pytest.raises(OSError, match="1 frames could not be written: No space left on device"):
        recorder.close()
    assert published(tmp_path) == [Path("17000/1700000006.g3")]
    assert load([FIELD], START, START + 100, tmp_path)[FIELD][0].size == 6


def test_after_its_file_was_removed_a_recorder_begins_another(recorder, clock, tmp_path):
    publish(recorder, clock, seconds=6)
    recorder.current_file.unlink()
    clock.now += 60
    recorder.run()
    assert "No such file" in recorder.status()["write_error"]
    publish(recorder, clock, seconds=6)
    assert recorder.status()["write_error"] is None
    assert load([FIELD], START, START + 100, tmp_path)[FIELD][0].size == 6


def test_a_file_system_without_locks_is_not_littered(recorder, clock, tmp_path, monkeypatch):
    def no_locks(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(writer.fcntl, "flock", no_locks)
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    publish(recorder, clock, seconds=10)
    assert "No locks available" in recorder.status()["write_error"]
    assert published(tmp_path) == []
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    monkeypatch.undo()
    publish(recorder, clock, seconds=1)
    assert load([FIELD], START, START + 100, tmp_path)[FIELD][0].size == 6


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere is not a directory"):
        Recorder(tmp_path / "nowhere")
