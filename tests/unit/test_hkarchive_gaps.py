"""What agents published and the archive does not have is reported as gaps, by the numbers that agents give their samples."""

import errno
import json
import os

import pytest
from hk_recording import Clock
from so3g_referee import so3g_load

from livemon.agents.recording import Interruptions
from livemon.hkarchive import Recorder, gaps, load
from livemon.hkarchive import recorder as recording
from livemon.hkarchive.gaps import Gap, GapList

pytestmark = pytest.mark.slow

AGENT = "observatory.fake"
FEED = f"{AGENT}.feeds.temps"
FIELD = f"{FEED}.a"
FOREVER = (0.0, 4e9)


class Agent:
    """An agent that numbers its samples as our launcher's do; what it publishes may get lost on the way."""

    def __init__(self, clock, name="fake", counts=True):
        self.clock = clock
        self.address = f"observatory.{name}"
        self.counts = counts
        self.clock_ahead = 0.0
        self.restart()

    def restart(self):
        self.session, self.published = f"{self.clock.now}", 0

    @property
    def about(self):
        about = {"agent_address": self.address, "session_id": self.session, "agg_params": {}}
        return about | ({"published": {"temps": self.published}} if self.counts else {})

    def sample(self, value=1.0):
        """Read and publish one sample; return the message."""
        self.published += 1
        feed = self.about | {"address": f"{self.address}.feeds.temps", "feed_name": "temps", "record": True}
        return {
            "temps": {"block_name": "temps", "timestamps": [self.clock.now + self.clock_ahead], "data": {"a": [value]}}
        }, feed


class Lab:
    """A recorder and what its aggregator knows of interruptions, by a clock that the test moves."""

    def __init__(self, directory):
        self.clock = Clock()
        self.directory = directory
        self.interruptions = Interruptions(self.clock)
        self.start()

    def start(self):
        self.recorder = Recorder(self.directory, 3600.0, 10.0, self.clock, why=self.interruptions.why)

    def kill(self):
        """End the recorder's process: what was in memory is gone, and nothing is tidied up."""
        os.close(self.recorder._writer._descriptor)
        self.interruptions = Interruptions(self.clock)

    def restart(self):
        self.start()
        self.interruptions.begin(gaps.AGGREGATOR, self.recorder.written_before)
        self.clock.now += 0.001
        self.interruptions.end(gaps.AGGREGATOR)

    def pass_time(self, seconds, *agents, every=0.5, arrives=True):
        """Have agents read and publish for a while; what arrives is recorded, with a heartbeat each second and turns."""
        for turn in range(round(seconds / every)):
            self.clock.now += every
            for agent in agents:
                message = agent.sample()
                if arrives:
                    self.recorder.add(*message)
                    self.beat(agent)
            if arrives or turn % 2:
                self.recorder.run()

    def beat(self, agent):
        self.interruptions.beat(agent.address)
        self.recorder.hear(agent.about)

    @property
    def gaps(self):
        return GapList(self.directory).all()

    def missing(self, agent):
        """How many samples of an agent's present session so3g does not find in the archive that it published."""
        self.recorder.close()
        found = so3g_load([FIELD], *FOREVER, self.directory)[FIELD][0]
        return agent.published - len(found)


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path)


@pytest.fixture
def agent(lab):
    return Agent(lab.clock)


def test_an_archive_that_has_everything_has_no_gap(lab, agent):
    other = Agent(lab.clock, "other")
    lab.pass_time(60, agent, other)
    assert lab.recorder.lost == lab.recorder.gap == 0
    assert lab.gaps == []
    assert lab.missing(agent) == 0


def test_a_hole_of_one_feed_is_counted_and_told_though_the_others_go_on(lab, agent):
    other = Agent(lab.clock, "other")
    lab.pass_time(30, agent, other)
    begin = lab.clock.now
    for _ in range(20):
        agent.sample()
        lab.pass_time(0.5, other)
    lab.pass_time(20, agent, other)
    (gap,) = lab.gaps
    assert (gap.feed, gap.samples, gap.begin, gap.end) == (FEED, 20, begin, begin + 10.5)
    assert gap.reason == gaps.DISCONNECTED
    assert lab.recorder.lost == 20
    assert lab.recorder.gap == pytest.approx(10.5)
    assert lab.missing(agent) == 20


def test_one_missed_message_is_a_gap(lab, agent):
    lab.pass_time(20, agent)
    lab.pass_time(0.5, agent, arrives=False)
    lab.pass_time(20, agent)
    assert [(gap.samples, gap.seconds, gap.reason) for gap in lab.gaps] == [(1, 1.0, gaps.UNKNOWN)]


def test_an_outage_of_the_router_is_told_for_each_feed_and_is_one_gap_in_length(lab, agent):
    agents = [agent, Agent(lab.clock, "other")]
    lab.pass_time(30, *agents)
    lab.interruptions.begin(gaps.ROUTER)
    lab.pass_time(60, *agents, arrives=False)
    lab.interruptions.end(gaps.ROUTER)
    lab.pass_time(20, *agents)
    assert [(gap.feed, gap.samples, gap.reason) for gap in lab.gaps] == [
        (f"{each.address}.feeds.temps", 120, gaps.ROUTER) for each in agents
    ]
    assert lab.recorder.lost == 240
    assert lab.recorder.gap == pytest.approx(60.5)


def test_a_gap_is_measured_by_its_samples_not_by_a_file_that_was_touched(lab, agent, monkeypatch):
    """A full disk for 60 s, and the aggregator killed 30 s in: 50.7 s were missing and 31 s were reported."""
    lab.pass_time(35, agent)
    last = load([FIELD], *FOREVER, lab.directory)[FIELD][0][-1]
    with monkeypatch.context() as full:
        full.setattr(os, "write", no_space)
        lab.pass_time(30, agent)
        (part,) = lab.directory.glob("*/*.part")
        os.utime(part, (lab.clock.now, lab.clock.now))  # as a failed write leaves it
        lab.kill()
        lab.pass_time(10, agent, arrives=False)
        lab.restart()
        first = lab.clock.now + 0.5
        lab.pass_time(20, agent)
    lab.pass_time(20, agent)
    (gap,) = lab.gaps
    assert (gap.begin, gap.end) == (last, pytest.approx(first))
    assert gap.seconds > 40
    assert gap.reason == gaps.AGGREGATOR
    assert lab.recorder.gap == pytest.approx(gap.seconds)
    assert gap.samples == lab.recorder.lost == lab.missing(agent)


def test_ten_kills_before_the_first_frame_are_one_gap_of_their_whole_length(lab, agent):
    """An aggregator killed every 3 to 16 s archived nothing for 101.9 s, and 96.7 s were reported."""
    lab.pass_time(30, agent)
    last = load([FIELD], *FOREVER, lab.directory)[FIELD][0][-1]
    lab.kill()
    for _ in range(10):
        lab.pass_time(2, agent, arrives=False)
        lab.restart()
        lab.pass_time(8, agent)
        lab.interruptions = Interruptions(lab.clock)
    lab.restart()
    lab.pass_time(20, agent)
    (gap,) = lab.gaps
    assert gap.begin == last
    assert gap.seconds == pytest.approx(gap.samples * 0.5 + 0.5, abs=0.1)
    assert gap.seconds > 100
    assert gap.samples == lab.missing(agent)


def test_a_recorder_that_was_killed_goes_on_counting_where_the_archive_ends(lab, agent):
    lab.pass_time(33, agent)
    lab.kill()
    lab.restart()
    lab.pass_time(20, agent)
    (gap,) = lab.gaps
    assert (gap.samples, gap.reason) == (lab.missing(agent), gaps.AGGREGATOR)
    assert gap.samples > 0


def test_a_restart_forgets_no_gap_and_tells_none_twice(lab, agent):
    lab.pass_time(20, agent)
    lab.pass_time(5, agent, arrives=False)
    lab.pass_time(20, agent)
    before, length = lab.gaps, lab.recorder.gap
    lab.recorder.close()
    lab.start()
    lab.pass_time(30, agent)
    assert lab.gaps == before
    assert lab.recorder.gap == length
    assert lab.recorder.lost == 0, "it counts from when the recording began"


def test_a_list_that_was_deleted_has_the_newest_file_s_gaps_again(lab, agent):
    lab.pass_time(20, agent)
    lab.pass_time(5, agent, arrives=False)
    lab.pass_time(20, agent)
    before = lab.gaps
    (lab.directory / gaps.LIST).unlink()
    lab.recorder.close()
    lab.start()
    lab.recorder.run()
    assert lab.gaps == before != []


@pytest.mark.parametrize("every", [60, 300], ids=["once a minute", "every five minutes"])
def test_a_slow_feed_has_no_gaps(lab, agent, every):
    for _ in range(10):
        lab.recorder.add(*agent.sample())
        for _ in range(every):
            lab.clock.now += 1.0
            lab.beat(agent)
            lab.recorder.run()
    assert lab.gaps == []
    assert lab.recorder.lost == 0


@pytest.mark.parametrize("counts", [True, False], ids=["counted", "foreign"])
def test_bursts_with_pauses_of_minutes_are_no_gaps(lab, counts):
    """A scanned 372: 88 samples, and then a pause of minutes."""
    agent = Agent(lab.clock, counts=counts)
    for _ in range(6):
        lab.pass_time(8.8, agent, every=0.1)
        for _ in range(200):
            lab.clock.now += 1.0
            lab.beat(agent)
            lab.recorder.run()
    assert lab.gaps == []


@pytest.mark.parametrize("counts", [True, False], ids=["counted", "foreign"])
def test_an_acquisition_that_somebody_stopped_is_no_gap(lab, counts):
    agent = Agent(lab.clock, counts=counts)
    lab.pass_time(60, agent)
    for _ in range(600):
        lab.clock.now += 1.0
        lab.beat(agent)
        lab.recorder.run()
    lab.pass_time(60, agent)
    assert lab.gaps == []


def test_what_was_published_last_is_told_though_nothing_comes_after_it(lab, agent):
    """A slow feed's one sample, or an acquisition that ended while the router was away."""
    lab.pass_time(20, agent)
    begin = lab.clock.now
    lab.pass_time(5, agent, arrives=False)
    for _ in range(60):
        lab.clock.now += 1.0
        lab.beat(agent)
        lab.recorder.run()
    (gap,) = lab.gaps
    assert (gap.samples, gap.begin, gap.end) == (10, begin, begin + 6)
    assert lab.recorder.lost == 10
    lab.pass_time(20, agent)
    assert lab.gaps == [gap]
    assert lab.missing(agent) == 10
    lab.start()
    lab.pass_time(20, agent)
    assert lab.gaps == [gap], "known after a restart, too"


def test_an_agent_that_was_restarted_is_told_as_that_and_lost_nothing_that_it_had_read(lab, agent):
    lab.pass_time(20, agent)
    begin = lab.clock.now
    lab.clock.now += 15.0
    agent.restart()
    lab.pass_time(20, agent)
    assert lab.gaps == [Gap(FEED, begin, begin + 15.5, 0, gaps.RESTARTED)]
    assert lab.recorder.lost == lab.recorder.gap == 0


def test_what_a_restarted_agent_published_before_it_was_heard_is_missing(lab, agent):
    lab.pass_time(20, agent)
    lab.clock.now += 5.0
    agent.restart()
    lab.pass_time(5, agent, arrives=False)
    lab.pass_time(20, agent)
    (gap,) = lab.gaps
    assert gap.samples == lab.recorder.lost == 10


def test_of_an_agent_that_was_restarted_while_the_router_was_away_nobody_knows_the_number(lab, agent):
    lab.pass_time(20, agent)
    lab.interruptions.begin(gaps.ROUTER)
    lab.pass_time(5, agent, arrives=False)
    agent.restart()
    lab.pass_time(5, agent, arrives=False)
    lab.interruptions.end(gaps.ROUTER)
    lab.pass_time(20, agent)
    (gap,) = lab.gaps
    assert (gap.samples, gap.reason, gap.is_loss) == (None, gaps.ROUTER, True)
    assert lab.recorder.lost == 10, "what is known of it"


def test_what_an_agent_published_before_the_archive_began_is_not_missing_from_it(tmp_path):
    clock = Clock()
    agent = Agent(clock)
    agent.published = 1000
    lab = Lab(tmp_path)
    lab.clock.now = agent.clock.now = clock.now + 3600
    agent.clock = lab.clock
    lab.start()
    lab.pass_time(30, agent)
    assert lab.gaps == []
    assert lab.recorder.lost == 0


def test_the_first_samples_of_a_new_agent_can_be_missing(lab, agent):
    lab.pass_time(20, agent)
    newcomer = Agent(lab.clock, "new")
    begin = lab.clock.now
    lab.pass_time(5, newcomer, arrives=False)
    lab.pass_time(20, newcomer)
    (gap,) = lab.gaps
    assert (gap.feed, gap.begin, gap.end, gap.samples) == (f"{newcomer.address}.feeds.temps", begin, begin + 5.5, 10)


def test_a_recording_that_was_stopped_is_a_gap_and_no_loss(lab, agent):
    lab.pass_time(20, agent)
    lab.recorder.close()
    lab.interruptions.begin(gaps.STOPPED)
    lab.pass_time(0, agent)
    for _ in range(100):
        lab.clock.now += 0.5
        agent.sample()
    lab.start()
    lab.interruptions.end(gaps.STOPPED)
    lab.pass_time(20, agent)
    (gap,) = lab.gaps
    assert (gap.samples, gap.reason, gap.is_loss) == (100, gaps.STOPPED, False)
    assert lab.recorder.lost == lab.recorder.gap == 0


def test_what_the_disk_did_not_take_is_lost_at_once_and_a_gap_once_it_takes_some(lab, agent, monkeypatch):
    monkeypatch.setattr(recording, "MAX_UNWRITTEN_BYTES", 5000)
    lab.recorder._backlog.limit = 5000
    lab.pass_time(20, agent)
    with monkeypatch.context() as full:
        full.setattr(os, "write", no_space)
        lab.pass_time(200, agent)
        lost = lab.recorder.lost
        assert lost == lab.recorder.dropped["not written"] > 0
        assert lab.gaps == []
    lab.pass_time(20, agent)
    (gap,) = lab.gaps
    assert (gap.samples, gap.reason) == (lost, gaps.DISK)
    assert lab.recorder.lost == lost
    assert lab.missing(agent) == lost


def test_what_was_dropped_before_the_recorder_is_lost_at_once(lab, agent):
    lab.pass_time(20, agent)
    _, feed = agent.sample()
    lab.recorder.miss(feed, 1, gaps.OVERFLOW)
    assert lab.recorder.lost == 1
    lab.clock.now += 0.5
    lab.pass_time(20, agent)
    assert [(gap.samples, gap.reason) for gap in lab.gaps] == [(1, gaps.OVERFLOW)]
    assert lab.recorder.lost == 1


def test_a_message_that_is_too_large_is_a_gap(lab, agent):
    lab.pass_time(20, agent)
    lab.clock.now += 0.5
    lab.recorder.add(*agent.sample("x" * (recording.MAX_PENDING_BYTES + 1)))
    assert lab.recorder.lost == 1
    lab.pass_time(20, agent)
    assert [(gap.samples, gap.reason) for gap in lab.gaps] == [(1, gaps.TOO_LARGE)]


def test_of_a_foreign_agent_a_pause_that_an_outage_explains_is_a_gap_of_unknown_number(lab):
    agent = Agent(lab.clock, counts=False)
    lab.pass_time(60, agent)
    begin = lab.clock.now
    lab.interruptions.begin(gaps.ROUTER)
    lab.pass_time(20, agent, arrives=False)
    lab.interruptions.end(gaps.ROUTER)
    lab.pass_time(20, agent)
    assert lab.gaps == [Gap(FEED, begin, begin + 20.5, None, gaps.ROUTER)]
    assert lab.recorder.lost == 0
    assert lab.recorder.gap == pytest.approx(20.5)


def test_a_foreign_agent_s_slow_feed_has_no_gap_by_a_short_outage(lab):
    agent = Agent(lab.clock, counts=False)
    lab.pass_time(600, agent, every=60.0)
    lab.interruptions.begin(gaps.ROUTER)
    lab.clock.now += 20.0
    lab.interruptions.end(gaps.ROUTER)
    lab.clock.now += 40.0
    lab.pass_time(180, agent, every=60.0)
    assert lab.gaps == []


def test_two_agents_of_one_name_are_no_losses(lab, agent):
    twin = Agent(lab.clock)
    twin.session, twin.clock_ahead = f"{lab.clock.now + 0.25}", 0.125
    lab.pass_time(60, agent, twin)
    assert lab.recorder.lost == 0
    assert [gap.samples for gap in lab.gaps] == [0]


@pytest.mark.parametrize(
    "published",
    [
        None,
        7,
        [],
        {"temps": None},
        {"temps": "8"},
        {"temps": -5},
        {"temps": True},
        {"temps": 1.5},
        {"temps": 1 << 80},
        {"other": 3},
    ],
    ids=str,
)
def test_what_is_no_count_keeps_no_sample_out(lab, agent, published):
    for _ in range(30):
        lab.clock.now += 1.0
        data, feed = agent.sample()
        lab.recorder.add(data, feed | {"published": published})
        lab.recorder.hear(agent.about | {"published": published})
        lab.recorder.run()
    lab.recorder.close()
    assert len(load([FIELD], *FOREVER, lab.directory)[FIELD][0]) == 30
    assert lab.recorder.dropped["malformed"] == 0


@pytest.mark.parametrize("session", ["nan", "inf", "-inf", "no time"])
def test_a_session_that_began_at_no_time_hides_no_gap(lab, agent, session):
    """OCS's session ids are times, but a session id is a text that other programs write."""
    agent.session, agent.published = session, 999
    lab.pass_time(20, agent)
    lab.pass_time(20, agent, arrives=False)
    lab.pass_time(20, agent)
    assert [(gap.feed, gap.samples) for gap in lab.gaps] == [(FEED, 40)]
    assert lab.recorder.gap == pytest.approx(20.5)
    assert lab.recorder.lost == 40


def test_a_list_that_cannot_be_written_waits(lab, agent, monkeypatch):
    lab.pass_time(20, agent)
    lab.pass_time(5, agent, arrives=False)
    with monkeypatch.context() as broken:
        broken.setattr(GapList, "add", no_space)
        lab.pass_time(20, agent)
    assert lab.gaps == []
    lab.recorder.run()
    assert [gap.samples for gap in lab.gaps] == [10]


def test_a_clock_that_was_set_back_leaves_the_old_file_out(lab, agent):
    lab.pass_time(30, agent)
    lab.recorder.close()
    agent_before = agent.session
    lab.clock.now -= 7200.0
    lab.start()
    assert agent.session == agent_before
    lab.pass_time(30, agent)
    assert lab.gaps == []


def no_space(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_the_list_passes_over_what_is_not_a_gap_and_takes_more_behind_a_torn_line(tmp_path):
    first, second = Gap("f", 1.0, 2.0, 3, "r"), Gap("f", 4.0, 5.0, None, "r")
    GapList(tmp_path).add([first])
    with (tmp_path / gaps.LIST).open("a") as file:
        file.write('{"feed": "f", "begin": "x"}\n[]\nnull\n{"feed": "f", "beg')
    GapList(tmp_path).add([second])
    assert GapList(tmp_path).all() == [first, second]
    assert GapList(tmp_path).between(2.5, 4.5) == [second]
    assert GapList(tmp_path / "nowhere").all() == []


def test_the_later_line_of_one_gap_counts(tmp_path):
    short, long = Gap("f", 1.0, 2.0, 3, "r"), Gap("f", 1.0, 9.0, 30, "r")
    for _ in range(2):
        GapList(tmp_path).add([short])
        GapList(tmp_path).add([long])
    assert GapList(tmp_path).all() == [long]


def test_the_list_is_bounded(tmp_path):
    few = GapList(tmp_path, most_bytes=20_000)
    for number in range(50):
        few.add([Gap("f", number + n / 100, number + 0.5, 3, "r") for n in range(20)])
    assert (tmp_path / gaps.LIST).stat().st_size < 22_000
    assert GapList(tmp_path).all()[-1].begin == pytest.approx(49.19)
    for line in (tmp_path / gaps.LIST).read_text().splitlines():
        json.loads(line)


def test_gaps_that_follow_each_other_within_seconds_are_one():
    times = [(1.0, 2.0), (3.0, 4.0), (30.0, 31.0)]
    found = gaps.merged([Gap("f", begin, end, 5, "r") for begin, end in times], within=10.0)
    assert found == [Gap("f", 1.0, 4.0, 10, "r"), Gap("f", 30.0, 31.0, 5, "r")]
