"""A reading that never changes: a disabled input that repeats its last temperature, and whatever else looks like one and is not."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import test_bridge_derived
import yaml
from course_source import Course, Lab
from synchronous_bridge import FixedInventory
from test_bridge_derived import NOW
from test_bridge_derived import Lab as Nodes

from livemon.alarms.watch import AlarmWatch
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file as site_of

clock, looked = test_bridge_derived.clock, test_bridge_derived.looked

DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "address": "172.16.127.193"}
FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
PLATE = {"label": "4K plate", "frozen_after": "10m", "alarms": [{"above": 5.0, "for": "0s"}]}
SITE = {"instruments": [DIODES | {"channels": {1: PLATE}}]}
INPUT = "observatory.ls240.feeds.temperatures.Channel_1_T"
FROZEN = "ls240:1:frozen"
STOPS = 100


def alive(second: float) -> float:
    """Temperatures that change by the last digit that a 240 sends."""
    return 3.9 + round(math.sin(second) * 5) / 1000


def disabled(at: float = STOPS, back: float = math.inf) -> Course:
    """A 240 repeats the last temperature of an input that was disabled (socs issue 542)."""
    return lambda second: 3.9123 if at <= second < back else alive(second)


def watched(course: Course, **options: object) -> Lab:
    return Lab(SITE, {INPUT: course}, only=[FROZEN], **options)


# --- an input that is read all the time -----------------------------------------------------------------------------------


def test_a_disabled_input_that_repeats_its_last_temperature_is_told_with_that_and_for_how_long():
    lab = watched(disabled())
    lab.until(STOPS + 598)
    assert lab.firing == []
    lab.until(STOPS + 620)
    assert lab.firing == [FROZEN]
    state = lab.watch.states[FROZEN]
    assert (state.value, state.age) == (3.9123, 620)


def test_nothing_is_frozen_unless_the_inventory_asks_for_it():
    settings = {"instruments": [DIODES | {"channels": {1: None}}]}
    assert FROZEN not in [alarm.id for alarm in alarms_of(requested(settings))]


def test_a_single_other_reading_ends_it():
    lab = watched(disabled(back=STOPS + 800))
    lab.until(STOPS + 798)
    assert lab.firing == [FROZEN]
    lab.until(STOPS + 804)
    assert lab.firing == []


def test_readings_that_differ_in_the_last_bit_are_not_frozen():
    lab = watched(lambda second: math.nextafter(3.9123, 4) if second % 300 == 0 else 3.9123)
    lab.until(1500)
    assert lab.firing == []


@pytest.mark.parametrize("ends", [300, 900])
def test_a_channel_that_falls_silent_is_not_frozen_and_one_that_was_stays_so(ends):
    lab = watched(lambda second: disabled()(second) if second < ends else None)
    lab.until(3000)
    assert lab.firing == ([FROZEN] if ends - STOPS > 600 else [])


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_a_channel_without_a_valid_reading_is_invalid_and_not_frozen(value):
    lab = watched(lambda second: alive(second) if second < STOPS else value)
    lab.until(STOPS + 1500)
    assert lab.firing == []


@pytest.mark.parametrize("step", [60, 90])
def test_a_few_readings_that_happen_to_be_the_same_are_not_frozen(step):
    """Less than ten: the field comes from whoever sends it slowly."""
    lab = watched(disabled(at=-math.inf, back=step * 9), steps={INPUT: step}, history=0, runs_for=0)
    lab.until(step * 20)
    assert lab.firing == []
    assert lab.watch.states[FROZEN].value != 3.9123


@pytest.mark.parametrize("by", [3600, -3600])
def test_a_clock_that_is_set_freezes_nothing(by):
    lab = watched(disabled())
    lab.until(STOPS + 100)
    lab.clock_is_off = by
    lab.run(450)
    assert lab.firing == []
    lab.until(STOPS + 620)
    assert lab.firing == [FROZEN]


# --- restarts -------------------------------------------------------------------------------------------------------------


def restart(lab: Lab, away: int = 10) -> None:
    lab.stop_bridge()
    lab.run(away)
    lab.start_bridge()
    lab.run(2)


def test_a_bridge_that_has_just_begun_knows_from_the_nodes_that_a_reading_is_frozen():
    lab = watched(disabled(at=-2000), history=2400)
    lab.run(4)
    assert lab.firing == [FROZEN]


def test_a_restart_ends_nothing_and_counts_on(tmp_path):
    lab = watched(disabled(), file=tmp_path / "alarms.json")
    lab.until(STOPS + 900)
    assert lab.firing == [FROZEN]
    restart(lab)
    for _ in range(100):
        assert lab.firing == [FROZEN]
        assert lab.watch.states[FROZEN].value == 3.9123
        lab.run(10)


def test_a_restart_ends_nothing_though_the_nodes_have_lost_their_window(tmp_path):
    """All that is known then is the same reading: that it was another one before, nobody has said."""
    lab = watched(disabled(), file=tmp_path / "alarms.json")
    lab.until(STOPS + 900)
    lab.stop_bridge()
    for channel in lab.source.channels.values():
        channel.times.clear(), channel.values.clear()
    lab.run(30)
    lab.start_bridge()
    for _ in range(100):
        lab.run(10)
        assert lab.firing == [FROZEN]


def test_a_reading_that_changed_while_the_bridge_was_away_is_over(tmp_path):
    lab = watched(disabled(back=STOPS + 905), file=tmp_path / "alarms.json")
    lab.until(STOPS + 900)
    assert lab.firing == [FROZEN]
    restart(lab)
    assert lab.firing == []


# --- an input that a 372 scans, ten times a second while it is its turn ------------------------------------------------------

CYCLE, VISIT = 208.0, 88
"""Seconds from visit to visit of sixteen channels, and the samples of one."""
SCANNED = "observatory.control.feeds.temperatures.Channel_02_T"
CYCLES = 6


def visits(reading: Callable[[int, int], float], cycles: int = CYCLES) -> tuple[np.ndarray, np.ndarray]:
    """Samples of a scanned channel: `reading` says the value of a visit's sample, by their numbers."""
    numbers = [(visit, sample) for visit in range(cycles) for sample in range(VISIT)]
    times = NOW + np.array([visit * CYCLE + sample * 0.1 for visit, sample in numbers])
    return times, np.array([reading(*each) for each in numbers])


@pytest.fixture
def judged(looked, clock):
    """Follow a scanned channel over the bridge's own source; return the seconds at which its alarm fires."""

    def follow(
        times: np.ndarray, values: np.ndarray, alarm: str = "control:2:frozen", *, begins: int = 0, after: str = "10m"
    ) -> list[float]:
        """The bridge begins at a second, and lives until the end of the visits."""
        fridge = FRIDGE | {"channels": dict.fromkeys(range(1, 17)) | {2: PLATE | {"frozen_after": after}}}
        text = yaml.safe_dump(site_of([fridge], [], alarms_of(requested({"instruments": [fridge]}))))
        nodes = Nodes(channel_02_t=SCANNED)
        end = int(times[-1] - NOW + CYCLE - (VISIT - 1) * 0.1)
        bridge = looked(nodes, FixedInventory(text))
        watch = AlarmWatch(bridge.source, None, lambda: clock.now, bridge.clock.seconds)
        firing = []
        for second in range(begins, end, 2):
            clock.now = NOW + second
            bridge.clock.advance(second - bridge.clock.seconds())
            known = times <= clock.now
            nodes.put("channel_02_t", times[known], values[known])
            bridge.look()
            watch.look()
            if watch.states[alarm].firing:
                firing.append(second)
        return firing

    return follow


def noise(visit: int, sample: int) -> float:
    return 3.9 + (visit * VISIT + sample) % 7 * 1e-5


def test_a_scanned_channel_is_frozen_at_the_visit_that_completes_the_time(judged):
    firing = judged(*visits(lambda visit, sample: 3.9123 if visit else noise(visit, sample)))
    assert firing[0] == pytest.approx(CYCLE * 4, abs=4)  # from the second visit on, 600 s are over at the fifth
    assert firing == list(range(firing[0], int(CYCLE * CYCLES), 2))


@pytest.mark.parametrize("sample", range(1, VISIT, 20))
def test_one_other_sample_of_a_visit_is_enough_whichever_it_is(judged, sample):
    """Of samples ten times a second the bridge lost some: extremes of pieces of time that one look ended and the next began."""
    assert judged(*visits(lambda visit, each: 3.9123 + (visit % 2 and each == sample) * 1e-5)) == []


@pytest.mark.parametrize("sample", range(21, VISIT, 20))
def test_a_spike_of_one_sample_among_ten_a_second_is_told(judged, sample):
    """With `for: 0s` a single sample is enough."""
    times, values = visits(lambda visit, each: 6.0 if (visit, each) == (2, sample) else noise(visit, each))
    assert judged(times, values, "control:2:above:critical")


@pytest.mark.parametrize(("differs", "fires"), [(None, True), (40, False)])
def test_a_bridge_that_begins_sees_one_other_sample_of_three_hours(judged, differs, fires):
    """It does not read every one of so many, but their extremes."""
    times, values = visits(lambda visit, sample: 3.9123 + ((visit, sample) == (differs, 33)) * 1e-5, cycles=60)
    assert bool(judged(times, values, begins=int(CYCLE * 58), after="3h")) == fires


def test_the_last_reading_of_before_that_opens_a_visit_freezes_nothing(judged):
    """As a 372 answers in its change pause."""
    assert judged(*visits(lambda visit, sample: noise(*((visit, sample) if sample > 20 else (0, 0))))) == []


# --- what an inventory may say --------------------------------------------------------------------------------------------

CHANNEL = "instruments[0] (id control).channels.2.frozen_after"


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("30m", None),
        (False, None),
        ({"after": "1h", "severity": "critical"}, None),
        (
            True,
            (
                "True is not a valid duration; write, for example, 10m, false to switch the alarm off, or "
                "{after: 10m, severity: critical}"
            ),
        ),
        (
            "6m",
            (
                "6m is too short to tell a frozen reading from a steady one, as control returns to a channel after 208 s; "
                "write 30m, or at least 416s"
            ),
        ),
        (
            {"severity": "critical"},
            "the time is missing; write, for example, {after: 30m, severity: critical}",
        ),
    ],
)
def test_a_mistake_in_when_a_channel_is_frozen(said, fault):
    channels = dict.fromkeys(range(1, 17)) | {2: {"frozen_after": said}}
    found = faults({"instruments": [FRIDGE | {"channels": channels}]})
    assert found == ([] if fault is None else [f"{CHANNEL}: {fault}"])


@pytest.mark.parametrize(
    ("instruments", "fault"),
    [
        ([DIODES | {"channels": {1: None}}], None),
        (
            [DIODES, FRIDGE],
            (
                "instrument_alarms.frozen_after: 2m is too short to tell a frozen reading from a steady one, "
                "as control returns to a channel after 208 s; write 30m, or at least 416s"
            ),
        ),
        ([DIODES, FRIDGE | {"frozen_after": "1h"}], None),
    ],
)
def test_what_is_said_for_all_instruments_must_do_for_the_slowest(instruments, fault):
    found = faults({"instruments": instruments, "instrument_alarms": {"frozen_after": "2m"}})
    assert found == ([] if fault is None else [fault])
