"""Clocks that are set, while samples are archived: every sample once, for our reader and for so3g."""

import json
import subprocess

import numpy as np
from so3g_referee import PYTHON, so3g_load
from spt3g import core

from livemon.hkarchive import Recorder, load
from livemon.hkarchive.reader import pieces

START = 1_700_000_000.25
STEPS = [0.5, 5.0, 11.0, 60.0, 600.0]
RATE = 10
DECADE = 3e8


class Lab:
    """Agents at 10 Hz, each with a clock of its own, and a recorder; `machine` is by how much the recorder's clock is ahead."""

    def __init__(self, directory):
        self.passed = self.machine = 0.0
        self.recorder = Recorder(directory, seconds_per_file=200.0, seconds_per_frame=10.0, clock=self.clock)
        self.sent = {}

    def clock(self):
        return START + self.passed + self.machine

    def run(self, seconds, **offsets):
        """Let agents publish once a second; `offsets` says by how much the clock of each is ahead."""
        for _ in range(seconds):
            self.passed += 1
            for agent, offset in offsets.items():
                true = START + self.passed - np.arange(RATE)[::-1] / RATE
                self.publish(agent, (true + offset).tolist(), (true - START).tolist())
            self.recorder.run()

    def publish(self, agent, times, values, session="1"):
        feed = {"address": f"observatory.{agent}.feeds.f", "session_id": session, "record": True, "agg_params": {}}
        self.recorder.add({"b": {"block_name": "b", "timestamps": times, "data": {"a": values}}}, feed)
        self.sent.setdefault(agent, []).extend(zip(times, values, strict=True))


def check(lab, directory, start, end):
    """Compare what was sent in ``[start, end)`` with what is read, and the order of times within the blocks of each file."""
    fields = {f"observatory.{agent}.feeds.f.a": agent for agent in lab.sent}
    ours, theirs = load(list(fields), start, end, directory), so3g_load(list(fields), start, end, directory)
    for field, agent in fields.items():
        sent = sorted(sample for sample in lab.sent[agent] if start <= sample[0] < end)
        times, values = ours[field]
        assert (np.diff(times) >= 0).all(), field
        assert sorted(zip(times.tolist(), values.tolist(), strict=True)) == sent, field
        times, values = theirs[field]
        found = sorted(zip(np.round(times, 6).tolist(), map(float, values), strict=True))
        assert found == [(round(time, 6), value) for time, value in sent], field


def assert_ascending(directory):
    for path in directory.rglob("*.g3"):
        lasts = {}
        for frame in core.G3File(str(path)):
            if frame["hkagg_type"] != 2:
                continue
            for name, block in zip(frame["block_names"], frame["blocks"], strict=True):
                times = np.asarray(block.times, dtype=np.int64)
                key = frame["prov_id"], name
                assert (np.diff(times) >= 0).all(), key
                assert times[0] >= lasts.get(key, 0), key
                assert set(block.keys()) == {"a"}
                lasts[key] = times[-1]


def test_an_agents_clock_that_steps_back_loses_no_sample(tmp_path):
    lab = Lab(tmp_path)
    steps = {f"by_{step:g}".replace(".", "_"): step for step in STEPS}
    lab.run(100, **dict.fromkeys(steps, 0.0))
    lab.run(100, **{agent: -step for agent, step in steps.items()})
    lab.recorder.close()
    assert lab.recorder.dropped["duplicate"] == 0
    assert_ascending(tmp_path)
    check(lab, tmp_path, START - 700, START + 300)
    assert all(about["set_back"] == 1 for about in lab.recorder.status()["providers"].values())


def test_the_machines_clock_that_steps_back_loses_no_sample(tmp_path):
    everywhere = Lab(tmp_path)
    for step in STEPS:
        lab = Lab(tmp_path)
        agent = f"by_{step:g}".replace(".", "_")
        lab.run(60, **{agent: 0.0})
        lab.machine = -step
        lab.run(60, **{agent: -step})
        lab.recorder.close()
        everywhere.sent |= lab.sent
    assert_ascending(tmp_path)
    check(everywhere, tmp_path, START - 700, START + 300)


def test_a_clock_that_was_ahead_for_a_while_harms_no_sample_before_or_after(tmp_path):
    """By ten seconds, by ten years, by a single stamp: so3g finds all of the present, also if not asked for the future."""
    lab = Lab(tmp_path)
    agents = {"by_60": 60.0, "by_600": 600.0, "by_years": DECADE}
    lab.run(33, **dict.fromkeys(agents, 0.0), once=0.0)
    lab.run(30, **agents, once=0.0)
    for ahead in (DECADE, 2 * DECADE):
        lab.passed += 1
        lab.publish("once", [START + lab.passed - 0.1, START + ahead, START + lab.passed], [1.0, 2.0, 3.0])
    lab.run(64, **dict.fromkeys(agents, 0.0), once=0.0)
    lab.recorder.close()
    assert_ascending(tmp_path)
    check(lab, tmp_path, START - 10, START + 800)
    times, values = load(["observatory.by_years.feeds.f.a"], START, START + 2 * DECADE, tmp_path)[
        "observatory.by_years.feeds.f.a"
    ]
    assert times.size == values.size == len(lab.sent["by_years"])


SCAN = """
import json, sys
from pathlib import Path
from so3g import hk
directory, field, ranges = json.loads(sys.argv[1])
scanner = hk.HKArchiveScanner()
for path in sorted(Path(directory).rglob("*.g3")):
    scanner.process_file(str(path))
archive = scanner.finalize()
found = [archive.simple(field, start, end)[0].tolist() for start, end in ranges]
print(json.dumps([sorted(archive.get_fields()[0]), found]))
"""


def test_so3g_finds_the_fields_by_their_names_and_any_range_up_to_a_frame_at_its_edges(tmp_path):
    lab = Lab(tmp_path)
    lab.run(100, agent=0.0)
    lab.run(150, agent=-60.0)
    lab.recorder.close()
    ranges = [
        (START + begin + 0.05, START + begin + length + 0.05) for begin in range(0, 190, 9) for length in (30, 70)
    ]
    field = "observatory.agent.feeds.f.a"
    answer = subprocess.run(
        [PYTHON, "-W", "ignore", "-c", SCAN, json.dumps([str(tmp_path), field, ranges])],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-2000:]
    fields, found = json.loads(answer.stdout.splitlines()[-1])
    assert fields == [field]
    stamps = sorted(round(time, 6) for time, _ in lab.sent["agent"])
    for (start, end), times in zip(ranges, found, strict=True):
        inside = [time for time in sorted(times) if start + 10 <= time < end - 10]
        assert np.round(inside, 6).tolist() == [time for time in stamps if start + 10 <= time < end - 10]
        assert [round(time, 6) for time in load([field], start, end, tmp_path)[field][0]] == [
            time for time in stamps if start <= time < end
        ]


def test_two_agents_that_publish_one_block_lose_nothing(tmp_path):
    lab = Lab(tmp_path)
    for _ in range(25):
        lab.passed += 1
        ends = START + lab.passed
        for session, lag in (("1", 0.0), ("2", 0.55)):
            times = (ends - lag - np.arange(RATE)[::-1] / RATE).tolist()
            lab.publish("agent", times, [lab.passed + lag] * RATE, session)
        lab.recorder.run()
    lab.recorder.close()
    assert_ascending(tmp_path)
    check(lab, tmp_path, START - 10, START + 100)


def test_what_is_delivered_twice_is_archived_once(tmp_path):
    lab = Lab(tmp_path)
    lab.run(30, agent=0.0)
    again = lab.sent["agent"][-70:]
    before = list(lab.sent["agent"])
    for first in range(0, len(again), RATE):
        times, values = zip(*again[first : first + RATE], strict=True)
        lab.publish("agent", list(times), list(values))
    lab.sent["agent"] = before
    lab.run(5, agent=0.0)
    lab.recorder.close()
    assert lab.recorder.dropped["duplicate"] == len(again)
    assert lab.recorder.status()["providers"]["observatory.agent.feeds.f"]["set_back"] == 0
    assert_ascending(tmp_path)
    check(lab, tmp_path, START - 10, START + 100)


def test_what_two_recorders_wrote_is_loaded_once(tmp_path):
    for _ in range(2):
        lab = Lab(tmp_path)
        lab.run(20, agent=0.0)
        lab.recorder.close()
    times, values = load(["observatory.agent.feeds.f.a"], START - 10, START + 100, tmp_path)[
        "observatory.agent.feeds.f.a"
    ]
    assert list(zip(times.tolist(), values.tolist(), strict=True)) == lab.sent["agent"]


def test_a_clock_that_runs_backwards_fills_no_memory_and_no_archive_with_blocks(tmp_path):
    lab = Lab(tmp_path)
    for number in range(100):
        lab.publish("slowly", [START - number], [float(number)])
    lab.publish("at_once", [START - number for number in range(1000)], [float(number) for number in range(1000)])
    lab.recorder.close()
    assert_ascending(tmp_path)
    names = {
        name
        for path in tmp_path.rglob("*.g3")
        for frame in core.G3File(str(path))
        for name in frame.get("block_names", [])
    }
    assert len(names) < 20
    check(lab, tmp_path, START - 2000, START + 10)


def test_the_archive_tells_what_the_agent_calls_the_block(tmp_path):
    lab = Lab(tmp_path)
    lab.run(10, agent=0.0)
    lab.run(10, agent=-5.0)
    lab.recorder.close()
    found = list(pieces({"observatory.agent.feeds.f"}, START - 10, START + 100, tmp_path))
    assert {piece.block for piece in found} == {"b"}
    assert sum(piece.times.size for piece in found) == len(lab.sent["agent"])
