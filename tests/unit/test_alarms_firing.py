"""Each kind of alarm fires when it is to and is over when it is to, judged over courses of samples as the bridge gets them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pytest
from course_source import Course, Lab

from livemon.alarms.judgement import SEEN_FOR

pytestmark = pytest.mark.slow

STAGE = "observatory.control.feeds.temperatures.Channel_02"
FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
NOISE = [0.4, -0.8, 0.1, 0.9, -0.3, -0.6, 0.7, -0.4]
SEEN = SEEN_FOR / 60


def plate(*alarms: dict, **options: object) -> dict:
    """The settings of a lab with one listed channel."""
    return {"instruments": [FRIDGE | {"channels": {2: {"label": "4K plate", "alarms": list(alarms), **options}}}]}


def of_minutes(course: Course) -> Course:
    return lambda second: course(second / 60)


def noisy(course: Course, by: float = 0.02) -> Course:
    return lambda minute: course(minute) + by * NOISE[int(minute * 12) % len(NOISE)]


def ramp(start: float, per_minute: float, begin: float = 0.0, end: float = math.inf) -> Course:
    return lambda minute: start + per_minute * max(0.0, min(minute, end) - begin)


def while_(begin: float, end: float, inside: float | None, outside: float | None) -> Course:
    return lambda minute: inside if begin <= minute < end else outside


@dataclass(frozen=True)
class Scenario:
    """`alarm` fires within half a minute of `fires` (minutes; never if `None`) and is over within as much of `ends`."""

    alarm: str
    courses: dict[str, Course]
    fires: float | None
    ends: float | None = None
    settings: dict = field(default_factory=lambda: plate(alarm_above_K=5.0))
    minutes: int = 60
    step: int = 5
    history: int = 10
    tolerance: float = 0.5


GAUGE = {
    "ocs_agents": [
        {
            "agent_class": "PfeifferAgent",
            "id": "gauge",
            "feeds": ["pressure"],
            "silent_after": "10m",
            "alarms": [{"field": "pressure.Channel_1", "label": "OVC", "unit": "mbar", "above": 1e-3}],
        }
    ]
}
PRESSURE = "observatory.gauge.feeds.pressure.Channel_1"
AGENT = "observatory.control.agent"
ARCHIVE = "observatory.aggregator.feeds.archive"
MACHINE = "livemon.sensors"
SCENARIOS = {
    "a stage warms up": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": noisy(ramp(4.0, 0.1, begin=10, end=30))}, 21, minutes=40
    ),
    "a stage warms up and is cold again": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": while_(20, 40, 6.0, 4.0)}, 21, 40 + SEEN
    ),
    "one spike wakes nobody": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": while_(20, 20.5, 300.0, 4.0)}, None, minutes=30
    ),
    "one spike is told where for is 0s": Scenario(
        "control:2:above:critical",
        {f"{STAGE}_T": while_(20, 20.05, 300.0, 4.0)},
        20,
        20.05 + SEEN,
        plate({"above": 5.0, "for": "0s"}),
        step=1,
        tolerance=0.1,
        minutes=25,
    ),
    "a stage stays below its limit": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": noisy(ramp(4.9, 0))}, None, minutes=20
    ),
    "a stage is at its limit": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": while_(5, 99, 5.0, 4.0)}, None, minutes=20
    ),
    "a stage is just above its limit": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": while_(5, 99, math.nextafter(5.0, 6), 4.0)}, 6, minutes=20
    ),
    "a stage is too cold": Scenario(
        "control:2:below:critical",
        {f"{STAGE}_T": while_(20, 40, 2.0, 4.0)},
        21,
        40 + SEEN,
        plate(alarm_below_K=3.0),
    ),
    "a thermometer out of range is not too cold": Scenario(
        "control:2:below:critical", {f"{STAGE}_T": while_(20, 40, 0.0, 4.0)}, None, settings=plate(alarm_below_K=3.0)
    ),
    "a limit holds for as long as it is told to": Scenario(
        "control:2:above:warning",
        {f"{STAGE}_T": while_(10, 40, 4.7, 4.0)},
        20,
        40 + SEEN,
        plate({"above": 4.6, "severity": "warning", "for": "10m"}),
    ),
    "an alarm is over where it is to be": Scenario(
        "control:2:above:critical",
        {f"{STAGE}_T": lambda minute: 4.0 + 0.1 * minute if minute < 15 else 5.5 - 0.1 * (minute - 15)},
        10,
        25 + SEEN,
        plate({"above": 5.0, "clears_at": 4.5, "for": "0s"}),
        minutes=40,
    ),
    "a sensor leaves its range": Scenario(
        "control:2:sensor:outside:critical",
        {f"{STAGE}_R": while_(20, 40, 1500.0, 1200.0)},
        21,
        40 + SEEN,
        plate({"outside": [1100, 1400], "of": "sensor"}),
    ),
    "a sensor is in its range": Scenario(
        "control:2:sensor:outside:critical",
        {f"{STAGE}_R": ramp(1100, 30, end=10)},
        None,
        settings=plate({"outside": [1100, 1400], "of": "sensor"}),
        minutes=20,
    ),
    "a 372 that scans for long is compared all the same": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": while_(20, 60, 6.0, 4.0)}, 21.8, step=208, minutes=50
    ),
    "a slow rise": Scenario(
        "control:2:rising:warning",
        {f"{STAGE}_T": noisy(ramp(4.0, 1 / 60, begin=20, end=80))},
        37,
        96,
        plate({"rising": 0.5, "per": "hour"}),
        minutes=120,
        history=40,
        tolerance=2,
    ),
    "a slower rise": Scenario(
        "control:2:rising:warning",
        {f"{STAGE}_T": noisy(ramp(4.0, 0.4 / 60, begin=20))},
        None,
        settings=plate({"rising": 0.5, "per": "hour"}),
        minutes=90,
    ),
    "cooling is no rise": Scenario(
        "control:2:rising:warning",
        {f"{STAGE}_T": noisy(ramp(300.0, -1.0))},
        None,
        settings=plate({"rising": 0.5, "per": "hour"}),
    ),
    "a fast rise": Scenario(
        "control:2:rising:critical",
        {f"{STAGE}_T": noisy(ramp(4.0, 1.0, begin=20, end=40))},
        24,
        43.5 + SEEN,
        plate({"rising": 0.5, "per": "minute", "severity": "critical"}),
        tolerance=1,
    ),
    "a sensor falls silent": Scenario("control:2:silent", {f"{STAGE}_T": while_(10, 40, None, 4.0)}, 16, 40),
    "a 372 is between two readings": Scenario("control:2:silent", {}, None, step=208),
    "a channel was never heard": Scenario("control:2:silent", {f"{STAGE}_T": lambda _: None}, 4),
    "a sensor reads nothing valid": Scenario("control:2:invalid", {f"{STAGE}_T": while_(20, 40, 0.0, 4.0)}, 25, 40),
    "a sensor reads no number": Scenario("control:2:invalid", {f"{STAGE}_T": while_(20, 40, math.nan, 4.0)}, 25, 40),
    "one reading of a long scan is not valid": Scenario(
        "control:2:invalid", {f"{STAGE}_T": while_(19, 22, 0.0, 4.0)}, None, step=900, history=60
    ),
    "no samples are no invalid ones": Scenario("control:2:invalid", {f"{STAGE}_T": while_(20, 99, None, 4.0)}, None),
    "an invalid reading is no temperature": Scenario(
        "control:2:above:critical", {f"{STAGE}_T": while_(20, 99, math.nan, 4.0)}, None
    ),
    "a pressure rises": Scenario(
        "gauge:pressure:Channel_1:above:critical", {PRESSURE: while_(20, 40, 2e-3, 1e-6)}, 21, 40 + SEEN, GAUGE
    ),
    "a feed is silent": Scenario("gauge:pressure:silent", {PRESSURE: while_(10, 40, None, 1e-6)}, 20, 40, GAUGE),
    "an agent is away": Scenario("control:away", {f"{AGENT}.connected": while_(20, 40, 0.0, 1.0)}, 20.75, 40),
    "an agent never came": Scenario("control:away", {f"{AGENT}.connected": lambda _: 0.0}, 0),
    "an agent is restarted": Scenario("control:away", {f"{AGENT}.connected": while_(20, 20.5, 0.0, 1.0)}, None),
    "an agent is degraded": Scenario("control:degraded", {f"{AGENT}.degraded": while_(20, 40, 1.0, 0.0)}, 25, 40),
    "a degraded agent says nothing for a moment": Scenario(
        "control:degraded",
        {f"{AGENT}.degraded": lambda minute: None if 30 <= minute < 30.4 else float(minute >= 20)},
        25,
    ),
    "the archive falls behind": Scenario(
        "appliance:archive_lag",
        {f"{ARCHIVE}.lag": lambda minute: max(2.0, min(minute - 10, 40 - minute) * 60)},
        13,
        38 + SEEN,
    ),
    "the archive had a gap": Scenario(
        "appliance:archive_gap", {f"{ARCHIVE}.gap": while_(20, 200, 95.0, 0.0)}, 20, 80 + SEEN, minutes=100
    ),
    "the archive has another gap": Scenario(
        "appliance:archive_gap",
        {f"{ARCHIVE}.gap": while_(20, 100, 70.0, 300.0)},
        20,
        80 + SEEN,
        minutes=95,
        history=80,
    ),
    "an old gap is forgotten": Scenario(
        "appliance:archive_gap", {f"{ARCHIVE}.gap": while_(20, 200, 0.0, 300.0)}, None, history=80
    ),
    "a gap that is no longer than allowed": Scenario(
        "appliance:archive_gap", {f"{ARCHIVE}.gap": while_(20, 200, 9.0, 0.0)}, None
    ),
    "a gap of one missed frame": Scenario(
        "appliance:archive_gap", {f"{ARCHIVE}.gap": while_(20, 200, 10.5, 0.0)}, 20, 80 + SEEN, minutes=100
    ),
    "the recording was away for hours": Scenario(
        "appliance:archive_gap",
        {f"{ARCHIVE}.gap": lambda minute: 0.0 if minute < -130 else None if minute < 10 else 8400.0},
        10,
        70 + SEEN,
        minutes=80,
        history=140,
    ),
    "the archive lost samples": Scenario(
        "appliance:archive_lost", {f"{ARCHIVE}.lost": while_(20, 200, 17.0, 0.0)}, 20, 80 + SEEN, minutes=100
    ),
    "a new recording has lost nothing": Scenario(
        "appliance:archive_lost", {f"{ARCHIVE}.lost": while_(20, 200, 0.0, 17.0)}, None
    ),
    "the disk fills": Scenario("appliance:disk_free_GB", {f"{MACHINE}.disk_free": ramp(9.0, -0.2, end=40)}, 21),
    "the disk is used": Scenario("appliance:disk_used_percent", {f"{MACHINE}.disk_used": ramp(80.0, 0.5, end=40)}, 21),
    "the time servers do not answer": Scenario(
        "appliance:clock_error_s",
        {f"{MACHINE}.clock_error": lambda minute: 2.4 + 0.03 * minute if minute < 40 else 0.02},
        25,
        40 + SEEN,
    ),
    "a clock that nobody keeps has an alarm of its own": Scenario(
        "appliance:clock_error_s",
        {f"{MACHINE}.clock_error": ramp(16.0, 0), f"{MACHINE}.clock_synchronized": ramp(0.0, 0)},
        None,
    ),
    "the clock is free": Scenario(
        "appliance:clock_unsynchronized", {f"{MACHINE}.clock_synchronized": while_(10, 50, 0.0, 1.0)}, 40, 50
    ),
    "a certificate ends": Scenario(
        "appliance:certificate_days", {f"{MACHINE}.certificate_days": ramp(14.01, -1 / 1440)}, 14.5
    ),
    "an instrument without listed channels is silent": Scenario(
        "control:silent",
        {f"{STAGE}_T": while_(20, 40, None, 4.0)},
        27,
        40,
        {"instruments": [FRIDGE | {"silent_after": "7m", "unreachable_after": False}]},
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_an_alarm_fires_and_is_over(name):
    scenario = SCENARIOS[name]
    lab = Lab(
        scenario.settings,
        {path: of_minutes(course) for path, course in scenario.courses.items()},
        steps=dict.fromkeys((f"{STAGE}_T", f"{STAGE}_R", PRESSURE, *scenario.courses), scenario.step),
        only=[scenario.alarm],
        history=scenario.history * 60,
    )
    firing = []
    for minute in range(scenario.minutes * 30):
        lab.until(minute * 2)
        if scenario.alarm in lab.firing:
            firing.append(minute / 30)
    if scenario.fires is None:
        assert firing == []
        return
    assert firing, "it never fired"
    assert abs(firing[0] - scenario.fires) <= scenario.tolerance, firing[0]
    last = scenario.minutes if scenario.ends is None else scenario.ends
    assert abs(firing[-1] - last) <= scenario.tolerance, firing[-1]
    assert len(firing) == round((firing[-1] - firing[0]) * 30) + 1, "it was over in between"
