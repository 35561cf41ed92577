"""Files of which a part is damaged: what is kept, what is said of the rest, and what so3g reads of a repaired copy."""

import shutil
import struct
import warnings
from collections import namedtuple

import numpy as np
import pytest
from hk_recording import FEED, START, Clock, publish
from so3g_referee import so3g_load
from spt3g import core

from livemon.hkarchive import DamagedFileWarning, Recorder, load, scan, writer
from livemon.hkarchive.damage import Frames, Salvage

OTHER = FEED | {"address": "observatory.other.feeds.heater", "session_id": "3"}
FIELDS = [FEED["address"] + ".a", FEED["address"] + ".state", OTHER["address"] + ".power"]
END = START + 1000
NAME = "17000/1700000006.g3"
HEAD = 13
"""Bytes of a frame's head: flag (1), version (4), entries (4), type (4)."""

Recorded = namedtuple("Recorded", "content frames samples")


def _samples(frame):
    """``{(field, time, value as text)}`` of one frame of the undamaged file."""
    if frame["hkagg_type"] != 2:
        return set()
    return {
        (f"{frame['address']}.{field}", round(time.time / core.G3Units.s, 6), str(np.asarray(block[field])[row]))
        for block in frame["blocks"]
        for field in block.keys()  # noqa: SIM118
        for row, time in enumerate(block.times)
    }


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A file with two feeds, of which one comes later and whose agent starts again, so that status frames are in its middle."""
    directory, clock = tmp_path_factory.mktemp("recorded"), Clock()
    recorder = Recorder(directory, seconds_per_file=600.0, seconds_per_frame=5.0, clock=clock)
    publish(recorder, clock, a=[float(n) for n in range(18)], state=["on", "off"] * 9)
    for n in range(24):
        publish(recorder, clock, feed=OTHER | {"session_id": str(3 + n // 12)}, block="heater", power=[n / 7])
        publish(recorder, clock, a=[100.0 + n], state=["over range"])
    recorder.close()
    content = (directory / NAME).read_bytes()
    frames = list(Frames(content))
    assert [whole.frame["hkagg_type"] for whole in frames].count(1) == 3
    return Recorded(content, frames, [_samples(whole.frame) for whole in frames])


@pytest.fixture
def unsynced(monkeypatch):
    """Hundreds of files, and no power cut while they are looked at."""
    monkeypatch.setattr(writer.os, "fsync", lambda _: None)


def put(directory, content, name=NAME):
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def expected(recorded, damaged):
    kept = set().union(*(samples for n, samples in enumerate(recorded.samples) if n not in damaged))
    return {sample for sample in kept if sample[0] in FIELDS}


def as_samples(found):
    return {(f, round(float(t), 6), str(v)) for f, (times, values) in found.items() for t, v in zip(times, values)}  # noqa: B905


def quiet_load(directory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedFileWarning)
        return as_samples(load(FIELDS, START, END, directory))


def places(content, start, end):
    """Offsets of one byte of each kind in a frame."""
    (name_length,) = struct.unpack_from("<Q", content, start + HEAD)
    value = start + HEAD + 8 + name_length
    return {
        "byte order": start,
        "version": start + 1,
        "number of entries": start + 5,
        "type": start + 9,
        "length of a name": start + HEAD,
        "high byte of a length": start + HEAD + 7,
        "name": start + HEAD + 8,
        "length of a value": value,
        "first byte of a value": value + 8,
        "middle": (start + end) // 2,
        "last value": end - 5,
        "checksum": end - 2,
    }


def flipped(content, *offsets, bit=2):
    damaged = bytearray(content)
    for offset in offsets:
        damaged[offset] ^= 1 << bit
    return bytes(damaged)


def cases(recorded):
    """``{what: (content, numbers of the damaged frames)}``."""
    content, frames, _ = recorded
    found = {}
    for number, whole in enumerate(frames):
        for kind, offset in places(content, whole.start, whole.end).items():
            # All kinds in the first five frames (session, status, data) and in the second status; the middle of each.
            if number < 5 or whole.frame["hkagg_type"] == 1 or kind == "middle":
                found[f"{kind} of frame {number}"] = flipped(content, offset), {number}
    middle = len(frames) // 2
    between = frames[middle].start
    for what, garbage in {
        "noise": np.random.default_rng(1).bytes(777),
        "zeros": bytes(4096),
        "half": content[:40],
    }.items():
        found[f"{what} inserted"] = content[:between] + garbage + content[between:], set()
        found[f"{what} at the end"] = content + garbage, set()
        found[f"{what} in front"] = garbage + content, set()
    inside = (frames[middle].start + frames[middle].end) // 2
    found["a byte inserted"] = content[:inside] + b"x" + content[inside:], {middle}
    found["a byte removed"] = content[:inside] + content[inside + 1 :], {middle}
    cut, gone = frames[middle].start + 30, frames[middle + 2].start + 30
    found["zeros of a power cut"] = content[:cut] + bytes(gone - cut) + content[gone:], {middle, middle + 1, middle + 2}
    places_ = [(frames[n].start + frames[n].end) // 2 for n in (3, middle + 1)]
    found["two damaged places"] = flipped(content, *places_), {3, middle + 1}
    found["session and status gone"] = content[frames[2].start :], {0, 1}
    found["a second status gone"] = (
        b"".join(
            content[each.start : each.end] for n, each in enumerate(frames) if n == 0 or each.frame["hkagg_type"] != 1
        ),
        {1},
    )
    return found


def test_of_a_file_with_a_damaged_place_all_other_frames_are_kept(recorded, tmp_path, unsynced):
    """Loaded as it is, finished by a recorder that starts, and read by so3g: each time every sample but the damaged frames'."""
    wanted = {}
    for what, (content, damaged) in cases(recorded).items():
        samples = expected(recorded, damaged)
        put(tmp_path / what / "as it is", content)
        assert quiet_load(tmp_path / what / "as it is") == samples, what
        put(tmp_path / what, content, NAME + ".part")
        (rescued,) = writer.rescue(tmp_path / what)
        assert rescued.path.read_bytes() == b"".join(Salvage(content)), what
        assert as_samples(load(FIELDS, START, END, tmp_path / what)) == samples, what
        wanted[tmp_path / what] = samples
    for directory, samples in wanted.items():
        assert as_samples(so3g_load(FIELDS, START, END, directory)) == samples, directory


def test_a_file_that_was_cut_anywhere_is_finished_with_its_whole_frames(recorded, tmp_path, unsynced):
    content, frames, _ = recorded
    first = next(n for n, samples in enumerate(recorded.samples) if any(s[0] == FIELDS[2] for s in samples))
    sizes = np.linspace(frames[first].end, len(content), 200).astype(int)
    wanted = {}
    for size in map(int, sizes):
        directory = tmp_path / str(size)
        put(directory, content[:size], NAME + ".part")
        (rescued,) = writer.rescue(directory)
        damaged = {n for n, whole in enumerate(frames) if whole.end > size}
        assert rescued.holes == ()
        assert rescued.torn_bytes == size - max(whole.end for whole in frames if whole.end <= size)
        wanted[directory] = expected(recorded, damaged)
        assert as_samples(load(FIELDS, START, END, directory)) == wanted[directory], size
    for directory, samples in wanted.items():
        assert as_samples(so3g_load(FIELDS, START, END, directory)) == samples, directory


@pytest.mark.parametrize("bit", [0, 7])
def test_no_flipped_bit_passes_for_data(recorded, bit):
    """Whatever byte it is in: each frame that is read is one that was written, and all but one are read."""
    content = recorded.content[: recorded.frames[3].end]
    written = [content[whole.start : whole.end] for whole in recorded.frames[:4]]
    for offset in range(len(content)):
        damaged = flipped(content, offset, bit=bit)
        read = [damaged[whole.start : whole.end] for whole in Frames(damaged)]
        assert len(read) == 3, offset
        assert set(read) < set(written), offset


def test_the_time_that_is_told_is_that_of_the_samples_that_are_missing(recorded):
    for number, whole in enumerate(recorded.frames):
        lost = [time for _, time, _ in recorded.samples[number]]
        if lost:
            frames = Frames(flipped(recorded.content, whole.end - 2))
            assert len(list(frames)) == len(recorded.frames) - 1
            (hole,) = frames.holes
            assert (hole.after or 0.0) <= min(lost), number
            assert max(lost) <= (hole.before or END), number


def test_load_says_what_is_missing_where_and_of_what_time(recorded, tmp_path):
    number = next(n for n, whole in enumerate(recorded.frames) if n > 6 and whole.frame["hkagg_type"] == 2)
    hole = recorded.frames[number]
    path = put(tmp_path, flipped(recorded.content, hole.end - 2))
    for read in (lambda: load(FIELDS[:1], START, END, tmp_path), lambda: scan(START, END, tmp_path)):
        with pytest.warns(DamagedFileWarning) as caught:
            read()
        (warning,) = caught
        assert warning.message.path == path
        (found,) = warning.message.holes
        assert (found.start, found.end) == (hole.start, hole.end)
        lost = [time for _, time, _ in recorded.samples[number]]
        assert found.after <= min(lost)
        assert max(lost) <= found.before
        assert found.before - found.after <= 2 * 6.0  # two turns of the recorder
        text = str(warning.message)
        assert f"{path}: {hole.end - hole.start} bytes from byte {hole.start} on are damaged" in text
        assert "samples recorded between 2023-11-14 22:1" in text
        assert f"`livemon archive repair {path}`" in text


def test_nothing_is_said_of_a_whole_file_or_of_one_that_is_being_written(recorded, tmp_path):
    put(tmp_path / "whole", recorded.content)
    put(tmp_path / "written", recorded.content[:-11], NAME + ".part")
    for directory in (tmp_path / "whole", tmp_path / "written"):
        load(FIELDS, START, END, directory)  # a warning is an error in tests


def test_a_recorder_says_what_a_damaged_file_had_lost_and_keeps_it(recorded, tmp_path):
    content = flipped(recorded.content, recorded.frames[4].end - 2)
    put(tmp_path, content + b"torn", NAME + ".part")
    (rescued,) = Recorder(tmp_path, clock=Clock()).rescued
    assert rescued.frames == len(recorded.frames) - 1
    assert rescued.torn_bytes == 4
    assert [(hole.start, hole.end) for hole in rescued.holes] == [(recorded.frames[4].start, recorded.frames[4].end)]
    assert rescued.damaged == tmp_path / (NAME + ".damaged")
    assert rescued.damaged.read_bytes() == content + b"torn"
    assert sorted(path.name for path in rescued.path.parent.iterdir()) == ["1700000006.g3", "1700000006.g3.damaged"]
    assert list(writer.rescue(tmp_path)) == []


def test_a_rescue_that_the_disk_refuses_leaves_the_file_for_the_next_start(recorded, tmp_path, monkeypatch):
    content = flipped(recorded.content, recorded.frames[4].end - 2)
    part = put(tmp_path, content, NAME + ".part")

    def no_space(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writer.os, "fsync", no_space)
    (rescued,) = writer.rescue(tmp_path)
    assert rescued.fault == "No space left on device"
    assert [path.name for path in part.parent.iterdir()] == [part.name]
    assert part.read_bytes() == content
    monkeypatch.undo()
    (rescued,) = writer.rescue(tmp_path)
    assert rescued.frames == len(recorded.frames) - 1


def test_a_file_that_is_larger_than_what_is_read_of_it_at_a_time(recorded, tmp_path):
    """A frame across the border of two windows, a header across it, and a hole of several."""
    frames = [recorded.content[whole.start : whole.end] for whole in recorded.frames]
    for shift in range(0, 14, 3):
        gap = bytes((1 << 20) - len(b"".join(frames[:2])) - 7 + shift) + bytes(1 << 20)
        put(tmp_path, b"".join(frames[:2]) + gap + b"".join(frames[2:]))
        assert quiet_load(tmp_path) == expected(recorded, set()), shift
    shutil.rmtree(tmp_path)
