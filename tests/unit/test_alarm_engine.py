"""What the bridge's judgement does at the edges: limits, clocks, late samples, restarts, an inventory that changes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable

import pytest
import yaml
from course_source import BEGIN, Course, Lab

from livemon.alarms.definition import TESTS, read
from livemon.alarms.judgement import SEEN_FOR, State, judge, restored, saved
from livemon.alarms.measures import Increase, Moment, Rise
from livemon.alarms.sentences import sentence
from livemon.alarms.tracks import Track
from livemon.alarms.watch import AlarmWatch
from livemon.bridge.catalogue import Catalogue
from livemon.errors import ConfigError, RouterError

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "address": "172.16.127.193", "channels": {1: None}}
STAGE = "observatory.control.feeds.temperatures.Channel_02_T"
WARM, COLD, SILENT = "control:2:above:critical", "control:2:below:critical", "control:2:silent"


def lab_with(*alarms: dict, label: str = "4K plate") -> dict:
    return {"instruments": [FRIDGE | {"channels": {2: {"label": label, "alarms": list(alarms)}}}]}


AT_ONCE = lab_with({"above": 5.0, "for": "0s"})
AFTER_A_MINUTE = lab_with({"above": 5.0})


def step(at: float, before: float | None = 4.0, then: float | None = 6.0, back: float = math.inf) -> Course:
    return lambda second: then if at <= second < back else before


# --- a limit -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "limits", "values", "fires"),
    [
        ("above", 5.0, [5.0], False),
        ("above", 5.0, [math.nextafter(5.0, 6)], True),
        ("above", 0.3, [0.1 + 0.2], True),
        ("above", 0, [0], False),
        ("below", 5.0, [5.0], False),
        ("below", 5.0, [math.nextafter(5.0, 4)], True),
        ("below", 0.0, [-0.0], False),
        ("outside", [1.0, 2.0], [1.0, 2.0], False),
        ("outside", [1.0, 2.0], [math.nextafter(1.0, 0)], True),
        ("outside", [1.0, 2.0], [math.nextafter(2.0, 3)], True),
        ("above", 5.0, [math.nan, math.inf, -math.inf], False),
        ("below", 5.0, [math.nan, math.inf, -math.inf], False),
        ("outside", [1.0, 2.0], [math.nan, math.inf], False),
        ("above", 1e300, [1e301], True),
    ],
)
def test_a_limit_itself_is_not_beyond_and_what_is_no_number_is_compared_with_nothing(test, limits, values, fires):
    (alarm,) = read([{"id": "a", "rule": "r", "measure": {"kind": "value", "path": "p"}, test: limits}], "site")
    track = Track()
    track.take([(BEGIN + number, value) for number, value in enumerate(values)], 600, positive=False)
    states: dict[str, State] = {}
    judge([alarm], states, lambda _path: track, Moment(BEGIN + 10, BEGIN - 100))
    assert states["a"].firing == fires


@pytest.mark.parametrize("value", [0.0, -1.0, math.nan])
def test_a_372_out_of_range_is_not_cold(value):
    lab = Lab(lab_with({"below": 3.0, "for": "0s"}), {STAGE: step(10, 4.0, value)}, only=[COLD])
    lab.run(300)
    assert lab.firing == []


@pytest.mark.parametrize("value", [0.0, math.nan, None])
def test_an_alarm_that_fires_is_not_over_by_what_is_no_reading(value):
    lab = Lab(AT_ONCE, {STAGE: lambda second: 4.0 if second < 10 else 6.0 if second < 60 else value}, only=[WARM])
    lab.run(3600)
    assert lab.firing == [WARM]
    assert lab.watch.states[WARM].value == 6.0
    assert lab.watch.states[WARM].age == pytest.approx(3600 - 59)


@pytest.mark.parametrize(
    ("test", "inside", "values", "worst"),
    [
        ({"above": 5.0}, 4.0, [5.5, 7.0, 6.0], 7.0),
        ({"below": 3.0}, 4.0, [2.5, 1.0, 2.0], 1.0),
        ({"outside": [3.0, 5.0]}, 4.0, [5.5, 1.0, 6.0], 1.0),
    ],
)
def test_an_excursion_is_told_with_its_worst_value(test, inside, values, worst):
    lab = Lab(
        lab_with(test | {"for": "0s"}),
        {STAGE: lambda second: values[int(second) - 20] if 20 <= second < 23 else inside},
    )
    lab.until(30)
    (name,) = lab.firing
    assert lab.watch.states[name].value == worst
    lab.until(20 + SEEN_FOR)
    assert lab.firing == [name]
    lab.until(30 + SEEN_FOR)
    assert lab.firing == []
    assert lab.watch.states[name].value == inside


def test_an_alarm_flickers_no_more_often_than_it_is_told():
    """Around its limit, where every other sample is beyond."""
    lab = Lab(AT_ONCE, {STAGE: lambda second: 5.1 if second > 0 and second % 40 < 2 else 4.9}, only=[WARM])
    lab.run(50)
    for _ in range(100):
        lab.run(7)
        assert lab.firing == [WARM]


@pytest.mark.parametrize("over", [416.0, 1800.0])
@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_rise_is_right_whichever_visits_of_a_scan_are_missing(over, missing):
    cycle, mean, per_minute = 208, 416.0, 0.3
    length = over + 2 * mean
    visits = list(range(0, int(length), cycle))
    told = []
    for first in range(len(visits) + 1):
        there = visits[:first] + visits[first + missing :]
        times = [BEGIN + begin + 3 + 0.114 * number for begin in there for number in range(88)]
        track = Track()
        track.take([(when, 4 + per_minute * (when - BEGIN) / 60) for when in times], length, positive=True)
        rise = Rise("path", over, mean, per=60.0, positive=True)
        told += [by for _, by in rise.readings(lambda _path, of=track: of, Moment(BEGIN + length, BEGIN))]
    assert len(told) > 1
    assert told == pytest.approx([per_minute] * len(told), rel=1e-6)


def test_a_counter_that_begins_anew_has_counted_what_it_says():
    track = Track()
    track.take([(BEGIN, 5.0), (BEGIN + 10, 7.0), (BEGIN + 20, 4.0), (BEGIN + 30, 4.0)], 1800, positive=False)
    assert Increase("path", 1800).readings(lambda _path: track, Moment(BEGIN + 31, BEGIN)) == [(BEGIN + 31, 6.0)]


def test_of_two_means_of_nearly_the_same_time_no_rise_is_told():
    track = Track()
    track.take([(BEGIN + 410 + number, 4 + 0.01 * (-1) ** number) for number in range(13)], 1248, positive=True)
    assert Rise("path", 416.0, 416.0, per=60.0).readings(lambda _path: track, Moment(BEGIN + 832, BEGIN)) == []


# --- samples that are late, and clocks ---------------------------------------------------------------------------------------


def test_one_spike_wakes_nobody_though_samples_are_late_by_a_minute():
    """It counted as if it had lasted for as long as it was late."""
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(100, back=101)}, steps={STAGE: 10}, only=[WARM])
    lab.late = 70
    for _ in range(200):
        lab.run(2)
        assert lab.firing == []


@pytest.mark.parametrize("late", [0, 20, 70])
def test_samples_that_are_late_are_judged_when_they_come(late):
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(100)}, only=[WARM])
    lab.late = late
    lab.until(100 + late + 50)
    assert lab.firing == []
    lab.until(100 + late + 70)
    assert lab.firing == [WARM]


@pytest.mark.parametrize("by", [3600, -3600, 86400 * 400, -20, 20])
def test_a_clock_that_is_set_fires_and_ends_nothing(by):
    settings = {"instruments": [AT_ONCE["instruments"][0], DIODES], "ocs_agents": []}
    lab = Lab(settings, {STAGE: step(10)})
    lab.until(101)
    assert lab.firing == [WARM]
    lab.clock_is_off = by
    for _ in range(300):
        lab.run(2)
        assert lab.firing == [WARM]


@pytest.mark.parametrize("by", [3600, -3600])
def test_what_happens_after_a_clock_was_set_is_told_in_time(by):
    settings = {"instruments": [AFTER_A_MINUTE["instruments"][0], DIODES]}
    lab = Lab(settings, {STAGE: step(150)})
    lab.until(101)
    lab.clock_is_off = by
    lab.until(150 + 50)
    assert lab.firing == []
    lab.until(150 + 70)
    assert lab.firing == [WARM]
    lab.stopped = {"ls240"}
    lab.run(55)
    assert lab.firing == [WARM, "ls240:away"]


def test_a_clock_that_is_set_while_an_alarm_is_beginning_does_not_delay_it():
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(100)}, only=[WARM])
    lab.until(130)
    lab.clock_is_off = -3600
    lab.until(170)
    assert lab.firing == [WARM]


def set_back(lab: Lab, whose: str, by: float) -> None:
    """Set a clock back: the machine's, an agent's, or that of an agent which was ahead."""
    if whose == "machine":
        lab.clock_is_off -= by
    else:
        lab.agents_are_off = -by if whose == "agent" else 0.0


@pytest.mark.parametrize("by", [5, 20, 55, 200])
@pytest.mark.parametrize("whose", ["machine", "agent", "agent ahead"])
def test_what_comes_after_a_clock_was_set_back_is_judged_when_it_comes(whose, by):
    """It was not before the clock had caught up: nothing is newer than what was judged."""
    lab = Lab(AT_ONCE, {STAGE: step(120)}, only=[WARM])
    lab.agents_are_off = by if whose == "agent ahead" else 0.0
    lab.until(101.5)
    set_back(lab, whose, by)
    lab.until(119)
    assert lab.firing == []
    lab.until(125)
    assert lab.firing == [WARM]


@pytest.mark.parametrize("by", [20, 200, 3000])
def test_an_agent_whose_clock_is_ahead_is_judged_when_its_samples_come(by):
    lab = Lab(AT_ONCE, {STAGE: step(120, back=200)}, only=[WARM])
    lab.agents_are_off = by
    lab.until(119)
    assert lab.firing == []
    lab.until(125)
    assert lab.firing == [WARM]
    lab.until(205 + SEEN_FOR)
    assert lab.firing == []


@pytest.mark.parametrize("by", [20, 55, 200])
@pytest.mark.parametrize("whose", ["machine", "agent", "agent ahead"])
def test_what_was_measured_before_a_clock_was_set_back_does_not_fire_again(whose, by):
    lab = Lab(AT_ONCE, {STAGE: step(60, back=104)}, only=[WARM])
    lab.agents_are_off = by if whose == "agent ahead" else 0.0
    lab.until(101.5)
    assert lab.firing == [WARM]
    set_back(lab, whose, by)
    lab.until(110 + SEEN_FOR)
    for _ in range(150):
        lab.run(2)
        assert lab.firing == []


# --- restarts ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    return tmp_path / "alarms.json"


def restart(lab: Lab, away: int = 10) -> None:
    lab.stop_bridge()
    lab.run(away)
    lab.start_bridge()
    lab.run(2)


@pytest.mark.parametrize("away", [4, 100, 7200])
def test_a_bridge_that_is_restarted_knows_what_fires(file, away):
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(10)}, only=[WARM], file=file)
    lab.until(100)
    since = lab.watch.states[WARM].since
    restart(lab, away)
    assert lab.firing == [WARM]
    assert lab.watch.states[WARM].since == since


def test_a_value_that_only_the_bridge_remembers_is_told_with_its_age(file):
    """Agent and archive were away, nodes and bridge were restarted: the value of before was told as that of now."""
    lab = Lab(AT_ONCE, {STAGE: lambda second: 6.0 if second < 20 else None}, only=[WARM], file=file)
    lab.until(100)
    assert lab.firing == [WARM]
    lab.stop_bridge()
    lab.lose()
    for channel in lab.source.channels.values():
        channel.times.clear(), channel.values.clear()
    lab.run(400)
    lab.start_bridge()
    lab.run(4)
    state = lab.watch.states[WARM]
    assert (state.firing, state.value) == (True, 6.0)
    assert state.age > 400


def test_a_silence_that_fires_is_not_over_when_the_bridge_is_restarted(file):
    """The age was that of the new process."""
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(10, 4.0, None)}, only=[SILENT], file=file)
    lab.until(900)
    assert lab.firing == [SILENT]
    restart(lab)
    for _ in range(200):
        lab.run(2)
        assert lab.firing == [SILENT]
        assert lab.watch.states[SILENT].value == pytest.approx(lab.second - 9, abs=2)


def test_a_silence_is_told_as_long_as_it_is_though_the_bridge_has_only_begun():
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(-500, 4.0, None)}, only=[SILENT])
    while not lab.firing:
        lab.run(2)
    assert lab.watch.states[SILENT].value == pytest.approx(lab.second + 501, abs=2)


def test_an_alarm_that_is_beginning_goes_on_through_a_restart(file):
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(100)}, only=[WARM], file=file)
    lab.until(140)
    restart(lab, 6)
    lab.until(170)
    assert lab.firing == [WARM]


def test_a_limit_that_must_last_for_long_is_told_in_time_through_a_restart(file):
    lab = Lab(lab_with({"above": 5.0, "for": "40m"}), {STAGE: step(100)}, only=[WARM], file=file)
    lab.until(100 + 35 * 60)
    restart(lab)
    lab.until(100 + 39 * 60)
    assert lab.firing == []
    lab.until(100 + 40 * 60 + 10)
    assert lab.firing == [WARM]


def test_what_was_beyond_before_the_first_bridge_is_told_only_if_it_is_still():
    gone = Lab(AT_ONCE, {STAGE: lambda second: 6.0 if second < -300 else 4.0}, only=[WARM])
    still = Lab(AT_ONCE, {STAGE: lambda _second: 6.0}, only=[WARM])
    assert (gone.firing, still.firing) == ([], [WARM])


def test_an_excursion_while_the_bridge_was_away_is_told(file):
    lab = Lab(lab_with({"above": 5.0, "for": "0s"}), {STAGE: step(200, back=203)}, only=[WARM], file=file)
    lab.until(100)
    file.write_text(json.dumps({"judged": BEGIN + 100, "states": {}}))
    lab.stop_bridge()
    lab.until(300)
    lab.start_bridge()
    lab.run(2)
    assert lab.firing == [WARM]
    lab.run(SEEN_FOR + 4)
    assert lab.firing == []


HALF = '{"judged": 1, "states": {"control:2:above:critical": {"beyond_since": 1.0}}}'


@pytest.mark.parametrize(
    "text",
    [HALF, "", "{", "[]", "{}", '{"judged": null, "states": {}}', '{"judged": 1, "states": {"a": {"firing": "x"}}}'],
)
def test_a_file_that_cannot_be_read_is_none(file, text):
    lab = Lab(AT_ONCE, {STAGE: step(10)}, only=[WARM], file=file)
    lab.stop_bridge()
    file.write_text(text)
    lab.start_bridge()
    lab.run(30)
    assert lab.firing == [WARM]
    assert json.loads(file.read_text())["states"][WARM]["firing"] is True


def test_states_are_the_same_after_they_were_saved():
    states = {
        "never": State(),
        "fires": State(True, 1.0, 2.0, 3.0, 0.5, False, 1.0, 1.5, 2.0, 2.0, 4.0, trips=True),
        "held back": State(held_back=True, explained=5.0, newest=0.0),
    }
    assert restored(json.loads(json.dumps(saved(states)))) == states


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path):
    lab = Lab(AT_ONCE, {STAGE: step(10)}, only=[WARM], file=tmp_path / "no such directory" / "alarms.json")
    lab.until(40)
    assert lab.firing == [WARM]


@pytest.mark.parametrize("has_archive", [True, False])
def test_a_node_that_is_restarted_ends_and_fires_nothing(has_archive):
    lab = Lab(lab_with({"above": 5.0, "for": "0s"}, {"below": 3.0, "for": "0s"}), {STAGE: step(10)})
    lab.until(100)
    lab.nodes_run = False
    lab.run(10)
    if not has_archive:
        lab.lose()
        for channel in lab.source.channels.values():
            channel.times.clear(), channel.values.clear()
    lab.nodes_run = True
    for _ in range(200):
        lab.run(2)
        assert lab.firing == [WARM]


def test_what_nodes_fill_their_memory_with_is_judged():
    """The limit was passed and left again while the nodes were away, and the archive had it."""
    lab = Lab(AT_ONCE, {STAGE: step(150, back=160)}, only=[WARM])
    lab.until(100)
    lab.nodes_run = False
    lab.until(400)
    lab.nodes_run = True
    lab.run(4)
    assert WARM in lab.firing
    lab.run(SEEN_FOR + 4)
    assert WARM not in lab.firing


def lab_whose_nodes_lack(course: Course, seconds: int = 6) -> tuple[Lab, Callable[[], None]]:
    """A lab whose nodes were restarted, and what fills the gap in their memory out of the archive: the seam comes later."""
    lab = Lab(AT_ONCE, {STAGE: course}, only=[WARM])
    lab.until(100)
    channel = lab.source.channels[STAGE]
    lab.nodes_run = False
    lab.run(seconds)
    missing = [(when, value) for _, each, when, value in lab._pending if each is channel]
    lab.lose()
    lab.nodes_run = True
    lab.run(14)

    def fill() -> None:
        samples = sorted([*zip(channel.times, channel.values, strict=True), *missing])
        channel.times[:], channel.values[:] = map(list, zip(*samples, strict=True))

    return lab, fill


def test_a_spike_while_nodes_were_restarted_is_told_once_the_archive_fills_the_gap():
    lab, fill = lab_whose_nodes_lack(step(102, back=104))
    assert lab.firing == []
    fill()
    lab.run(4)
    assert lab.firing == [WARM]
    assert lab.watch.states[WARM].value == 6.0
    lab.run(SEEN_FOR + 4)
    assert lab.firing == []


def test_what_fills_a_gap_ends_no_alarm():
    lab, fill = lab_whose_nodes_lack(step(106))
    assert lab.firing == [WARM]
    fill()
    for _ in range(50):
        lab.run(2)
        assert lab.firing == [WARM]
        assert lab.watch.states[WARM].value == 6.0


def test_samples_that_nodes_lose_and_get_again_are_not_judged_twice():
    lab = Lab(AT_ONCE, {STAGE: step(95, back=96)}, only=[WARM])
    lab.until(100)
    channel = lab.source.channels[STAGE]
    kept = list(channel.times), list(channel.values)
    channel.times.clear(), channel.values.clear()
    lab.run(6)
    channel.times[:0], channel.values[:0] = kept
    lab.until(96 + SEEN_FOR + 6)
    assert lab.firing == []


def test_a_source_that_fails_leaves_alarms_as_they_were():
    lab = Lab(AT_ONCE, {STAGE: step(10)}, only=[WARM])
    lab.until(50)

    def fails(*_arguments: object) -> None:
        raise RouterError("away")

    lab.source.fetch = fails
    lab.run(600)
    assert lab.firing == [WARM]
    assert lab.watch.judged == lab.now


def test_alarms_are_judged_without_nodes():
    class Nothing:
        connected = False
        hubless = 0.0
        inventory = Lab(AT_ONCE, only=["control:away"]).source.inventory

        @property
        def catalogue(self) -> None:
            raise RouterError("away")

    clock = [1000.0]
    watch = AlarmWatch(Nothing(), None, lambda: clock[0], lambda: clock[0])
    for _ in range(50):
        clock[0] += 2
        watch.look()
    assert [name for name, state in watch.states.items() if state.firing] == [
        "appliance:router_away",
        "appliance:nodes_silent",
    ]


@pytest.mark.parametrize(("hubless", "fires"), [(58, False), (64, True)])
def test_a_dead_hub_is_an_alarm(hubless, fires):
    """It was none: nobody was told that no node elsewhere could be found any more."""

    class WithoutHub:
        connected, hubless = True, 0.0
        inventory = Lab(AT_ONCE, only=["appliance:hub_away"]).source.inventory
        catalogue = Catalogue()

    source, clock = WithoutHub(), [1000.0]
    watch = AlarmWatch(source, None, lambda: clock[0], lambda: clock[0])
    for seconds in range(0, hubless + 1, 2):
        source.hubless = float(seconds)
        clock[0] += 2
        watch.look()
    assert watch.states["appliance:hub_away"].firing is fires
    source.hubless = 0.0
    for _ in range(30):
        clock[0] += 2
        watch.look()
    assert not watch.states["appliance:hub_away"].firing


# --- an inventory that changes -----------------------------------------------------------------------------------------------


def test_a_new_limit_is_judged_at_once_and_the_alarm_stays_the_same():
    lab = Lab(lab_with({"above": 5.0}), {STAGE: step(10)}, only=[WARM])
    lab.until(100)
    since = lab.watch.states[WARM].since
    lab.configure(lab_with({"above": 5.5}))
    lab.run(4)
    assert lab.firing == [WARM]
    assert lab.watch.states[WARM].since == since
    lab.configure(lab_with({"above": 7.0}))
    lab.run(SEEN_FOR + 4)
    assert lab.firing == []


@pytest.mark.parametrize(("limits", "course"), [([7.0], 6.0), ([5.5], 5.3), ([5.5, 7.0], 6.0)])
def test_a_limit_that_was_raised_above_the_last_reading_is_over_though_no_sample_comes(limits, course):
    """Sent as CRITICAL: 2.848 K, above 200 K."""
    lab = Lab(AT_ONCE, {STAGE: lambda second: 6.0 if second == 10 else course if second < 60 else None}, only=[WARM])
    lab.until(100)
    for limit in limits:
        lab.configure(lab_with({"above": limit, "for": "0s"}))
        lab.run(2)
        state = lab.watch.states[WARM]
        assert not state.firing or state.value > limit
    lab.run(SEEN_FOR + 4)
    assert lab.firing == []


def test_a_reading_between_where_an_alarm_begins_and_where_it_is_over_is_not_said_to_be_beyond_the_limit():
    lab = Lab(
        lab_with({"above": 5.0, "clears_at": 4.8, "for": "20s"}), {STAGE: step(10, 4.9, 5.1, back=11)}, only=[WARM]
    )
    (alarm,) = (each for each in lab.source.inventory.alarms if each.id == WARM)
    begin = "4K plate (control, channel 2): 4.9 K, above 4.8 K"
    told = []
    for _ in range(60):
        lab.run(2)
        state = lab.watch.states[WARM]
        told += [sentence(alarm, state)] if state.is_out else []
        limit = next(each for each in lab.source.alarms.as_dict()["alarms"] if each["id"] == WARM)["limit"]
        assert limit == (4.8 if state.is_out and state.value == 4.9 else 5.0)
    assert lab.firing == [WARM]
    assert {begin, f"{begin}; it alarms if that lasts for 20 s"} <= set(told)
    assert not [each for each in told if "4.9 K, above 5" in each]


def test_a_label_is_only_a_label():
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(10)}, only=[WARM])
    lab.until(100)
    lab.configure(lab_with({"above": 5.0}, label="Pot"))
    lab.run(2)
    assert lab.firing == [WARM]
    tags = next(each.tags for each in lab.source.catalogue.channels if each.path.endswith(f"{WARM}.state"))
    assert (tags["label"], tags["name"]) == ("Pot", WARM)


def test_an_alarm_that_is_gone_is_gone(file):
    lab = Lab(AFTER_A_MINUTE, {STAGE: step(10)}, only=[WARM], file=file)
    lab.until(100)
    lab._only = []
    lab.configure(lab_with())
    lab.run(4)
    assert lab.watch.states == {}
    assert [each.path for each in lab.source.catalogue.channels if each.path.startswith("alarms.")] == [
        "alarms.unjudged"
    ]
    assert json.loads(file.read_text())["states"] == {}


# --- what the bridge tells ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", [-8, -1, 0, 1, 60, 900])
def test_a_state_is_told_whatever_second_grafana_asks_until(later):
    """It asks until a whole second, and may do so after the next judgement; or judging hangs."""
    lab = Lab(AT_ONCE, {STAGE: step(10)}, only=[WARM])
    lab.until(100)
    end = math.floor(lab.watch.judged) + later
    for channel in lab.source.alarms.fields:
        times, values = lab.source.alarms.samples(channel, end - 120, end)
        assert end - 120 <= times[0] < end
        assert len(values) == 1


def test_of_an_hour_ago_nothing_is_told():
    lab = Lab(AT_ONCE, only=[WARM])
    state = next(each for each in lab.source.alarms.fields if each.name == "state")
    assert lab.source.alarms.samples(state, lab.now - 4000, lab.now - 3600)[0].size == 0


def test_a_large_laboratory_is_judged_in_time():
    """12 instruments of 16 channels at 1 Hz; the bridge looks every other second."""
    channels = {n: {"label": f"Stage {n}", "alarms": [{"above": 5.0}, {"below": 1.0}]} for n in range(1, 17)}
    lab = Lab(
        {
            "instruments": [
                FRIDGE | {"id": f"f{n}", "serial": f"S{n}", "address": f"192.0.2.{n}", "channels": channels}
                for n in range(12)
            ]
        },
        history=60,
        runs_for=4,
    )
    times = []
    for _ in range(15):
        lab.run(1)
        begin = time.thread_time()
        lab.watch.look()
        times.append(time.thread_time() - begin)
    assert len(lab.watch.states) == 12 * (16 * 4 + 3) + 16
    assert sorted(times)[len(times) // 2] < 0.15


# --- what a site file may say ------------------------------------------------------------------------------------------------

VALUE = {"id": "a", "rule": "r", "measure": {"kind": "value", "path": "p"}, "above": 5}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"id": "a.b"}, "site[0].id: write a name of letters"),
        ({"rule": None}, "site[0].rule: write a name of letters"),
        ({"below": 3}, f"site[0]: write one of {', '.join(TESTS)}"),
        ({"above": math.nan}, "site[0].above: write a number"),
        ({"above": "5"}, "site[0].above: write a number"),
        ({"hold": True}, "site[0].hold: write a number"),
        ({"measure": {"kind": "guess"}}, "site[0].measure: write {kind: ...}, one of value, rise"),
        ({"measure": {"kind": "value"}}, "site[0].measure: value needs path"),
        ({"measure": {"kind": "value", "path": "p", "x": 1}}, "site[0].measure: value has no x"),
        ({"held_back_by": ["b"]}, "site: a is held back by b, and there is no such alarm"),
        ({"held_back_by": "b"}, "site[0].held_back_by: write a list of texts"),
        ({"tags": {"channel": 2}}, "site[0].tags: write a text for each tag"),
        ({"abov": 5}, "site[0]: unknown key 'abov'"),
    ],
)
def test_a_mistake_in_the_alarms_of_a_site_file(change, fault):
    with pytest.raises(ConfigError) as error:
        read([VALUE | change], "site")
    assert str(error.value).startswith(fault)


@pytest.mark.parametrize("content", ["x", {"a": 1}, [5], [VALUE, VALUE]])
def test_a_site_file_has_a_list_of_alarms_each_of_its_own(content):
    with pytest.raises(ConfigError):
        read(yaml.safe_load(yaml.safe_dump(content)), "site")
