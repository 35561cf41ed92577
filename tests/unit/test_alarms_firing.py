"""Each kind of alarm fires when it is to and is over when it is to, over the bridge's own answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from grafana_alerting import WRAPPED, EvaluationError, Rule
from livemon_inventory import alerting
from livemon_inventory.uids import uid
from memory_source import MemorySource, Samples

from livemon.bridge.app import create_app

BEGIN = 1_700_000_040
"""UNIX seconds, a whole minute; the lab has run for a day by then."""
STAGE = "observatory.control.feeds.temperatures.Channel_02"
FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
NOISE = [0.4, -0.8, 0.1, 0.9, -0.3, -0.6, 0.7, -0.4]
Course = Callable[[float], float | None]


def plate(*alarms: dict, **options: object) -> dict:
    """The settings of a lab with one listed channel."""
    return {"instruments": [FRIDGE | {"channels": {2: {"label": "4K plate", "alarms": list(alarms), **options}}}]}


def noisy(course: Course, by: float = 0.02) -> Course:
    return lambda minute: course(minute) + by * NOISE[int(minute * 12) % len(NOISE)]


def ramp(start: float, per_minute: float, begin: float = 0.0, end: float = math.inf) -> Course:
    return lambda minute: start + per_minute * max(0.0, min(minute, end) - begin)


def while_(begin: float, end: float, inside: float | None, outside: float | None) -> Course:
    return lambda minute: inside if begin <= minute < end else outside


def age_of(silent_from: float, silent_to: float) -> Course:
    """The age of a channel whose sensor is read every five seconds, but for some minutes."""
    return lambda minute: (minute - silent_from) * 60 if silent_from <= minute < silent_to else 3.0


@dataclass(frozen=True)
class Scenario:
    """`alarm` fires within a minute of `fires` (minutes; never if `None`) and is over within one of `ends`."""

    alarm: str
    courses: dict[str, Course]
    fires: float | None
    ends: float | None = None
    settings: dict | None = None
    minutes: int = 60
    step: int = 5


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
AGENT = "observatory.control.agent"
GAP = "observatory.aggregator.feeds.archive.gap"
SCENARIOS = {
    "a stage warms up": Scenario(
        "control-2-above-critical", {f"{STAGE}_T": noisy(ramp(4.0, 0.1, begin=10, end=30))}, 21, minutes=70
    ),
    "a stage warms up and is cold again": Scenario(
        "control-2-above-critical", {f"{STAGE}_T": while_(20, 40, 6.0, 4.0)}, 21, 40
    ),
    "one spike wakes nobody": Scenario("control-2-above-critical", {f"{STAGE}_T": while_(20, 20.5, 300.0, 4.0)}, None),
    "a stage stays below its limit": Scenario("control-2-above-critical", {f"{STAGE}_T": noisy(ramp(4.9, 0))}, None),
    "a stage is too cold": Scenario(
        "control-2-below-critical", {f"{STAGE}_T": while_(20, 40, 2.0, 4.0)}, 21, 40, plate(alarm_below_K=3.0)
    ),
    "a limit holds for as long as it is told to": Scenario(
        "control-2-above-warning",
        {f"{STAGE}_T": while_(10, 40, 4.7, 4.0)},
        20,
        40,
        plate({"above": 4.6, "severity": "warning", "for": "10m"}),
    ),
    "a sensor leaves its range": Scenario(
        "control-2-sensor-outside-critical",
        {f"{STAGE}_R": while_(20, 40, 1500.0, 1200.0)},
        21,
        40,
        plate({"outside": [1100, 1400], "of": "sensor"}),
    ),
    "a sensor is in its range": Scenario(
        "control-2-sensor-outside-critical",
        {f"{STAGE}_R": ramp(1200, 0)},
        None,
        settings=plate({"outside": [1100, 1400], "of": "sensor"}),
    ),
    "a 372 that scans for long is compared all the same": Scenario(
        "control-2-above-critical", {f"{STAGE}_T": while_(20, 60, 6.0, 4.0)}, 24, step=208, minutes=50
    ),
    "a slow rise": Scenario(
        "control-2-rising-warning",
        {f"{STAGE}_T": noisy(ramp(4.0, 1 / 60, begin=20, end=80))},
        37,
        95,
        plate({"rising": 0.5, "per": "hour"}),
        minutes=140,
    ),
    "a slower rise": Scenario(
        "control-2-rising-warning",
        {f"{STAGE}_T": noisy(ramp(4.0, 0.4 / 60, begin=20))},
        None,
        settings=plate({"rising": 0.5, "per": "hour"}),
        minutes=140,
    ),
    "cooling is no rise": Scenario(
        "control-2-rising-warning",
        {f"{STAGE}_T": noisy(ramp(300.0, -1.0))},
        None,
        settings=plate({"rising": 0.5, "per": "hour"}),
    ),
    "a fast rise": Scenario(
        "control-2-rising-critical",
        {f"{STAGE}_T": noisy(ramp(4.0, 1.0, begin=20, end=40))},
        24,
        43,
        plate({"rising": 0.5, "per": "minute", "severity": "critical"}),
        minutes=90,
    ),
    "a sensor falls silent": Scenario("control-2-silent", {f"age.{STAGE}_T": age_of(10, 40)}, 16, 40),
    "a 372 is between two readings": Scenario("control-2-silent", {f"age.{STAGE}_T": lambda m: m * 60 % 208}, None),
    "the age is gone": Scenario("control-2-silent", {f"age.{STAGE}_T": while_(20, 99, None, 3.0)}, 22),
    "nothing was ever heard": Scenario("control-2-silent", {}, 0),
    "a sensor reads nothing valid": Scenario(
        "control-2-invalid", {f"invalid.{STAGE}_T": while_(20, 40, 1.0, 0.0)}, 25, 40
    ),
    "an invalid reading is no temperature": Scenario(
        "control-2-above-critical", {f"{STAGE}_T": while_(20, 99, None, 4.0)}, None
    ),
    "a pressure rises": Scenario(
        "gauge-pressure-Channel_1-above-critical",
        {"observatory.gauge.feeds.pressure.Channel_1": while_(20, 40, 2e-3, 1e-6)},
        21,
        40,
        GAUGE,
    ),
    "a feed is silent": Scenario(
        "gauge-pressure-silent", {"age.observatory.gauge.feeds.pressure.Channel_1": age_of(10, 40)}, 20, 40, GAUGE
    ),
    "an agent is away": Scenario("control-away", {f"{AGENT}.connected": while_(20, 40, 0.0, 1.0)}, 22, 40),
    "an agent never came": Scenario("control-away", {}, 2),
    "an agent is restarted": Scenario("control-away", {f"{AGENT}.connected": while_(20, 21, 0.0, 1.0)}, None),
    "an agent is degraded": Scenario("control-degraded", {f"{AGENT}.degraded": while_(20, 40, 1.0, 0.0)}, 25, 40),
    "the archive falls behind": Scenario(
        "appliance-archive_lag",
        {"observatory.aggregator.feeds.archive.lag": lambda m: max(2.0, min(m - 10, 40 - m) * 60)},
        14,
        39,
    ),
    "the archive had a gap": Scenario("appliance-archive_gap", {GAP: while_(20, 200, 95.0, 0.0)}, 20, 80, minutes=120),
    "the archive has another gap": Scenario(
        "appliance-archive_gap", {GAP: while_(100, 200, 70.0, 300.0)}, 100, 160, minutes=200
    ),
    "an old gap is forgotten": Scenario("appliance-archive_gap", {GAP: while_(20, 200, 0.0, 300.0)}, None),
    "a gap that is no longer than allowed": Scenario("appliance-archive_gap", {GAP: while_(20, 200, 40.0, 0.0)}, None),
    "the recording was away for hours": Scenario(
        "appliance-archive_gap",
        {GAP: lambda minute: 0.0 if minute < -130 else None if minute < 10 else 8400.0},
        10,
        70,
        minutes=100,
    ),
    "the archive lost samples": Scenario(
        "appliance-archive_lost",
        {"observatory.aggregator.feeds.archive.lost": while_(20, 200, 17.0, 0.0)},
        20,
        50,
        minutes=80,
    ),
    "a new recording has lost nothing": Scenario(
        "appliance-archive_lost", {"observatory.aggregator.feeds.archive.lost": while_(20, 200, 0.0, 17.0)}, None
    ),
    "the disk fills": Scenario("appliance-disk_free_GB", {"livemon.sensors.disk_free": ramp(9.0, -0.2, end=40)}, 22),
    "the disk is used": Scenario(
        "appliance-disk_used_percent", {"livemon.sensors.disk_used": ramp(80.0, 0.5, end=40)}, 22
    ),
    "the time servers do not answer": Scenario(
        "appliance-clock_error_s",
        {
            "livemon.sensors.clock_error": lambda minute: 2.4 + 0.03 * minute if minute < 40 else 0.02,
            "livemon.sensors.clock_synchronized": while_(0, 100, 1.0, 1.0),
        },
        26,
        40,
    ),
    "a clock that nobody keeps has an alarm of its own": Scenario(
        "appliance-clock_error_s",
        {
            "livemon.sensors.clock_error": while_(0, 100, 16.0, 16.0),
            "livemon.sensors.clock_synchronized": while_(0, 100, 0.0, 0.0),
        },
        None,
    ),
    "the clock is free": Scenario(
        "appliance-clock_unsynchronized", {"livemon.sensors.clock_synchronized": while_(10, 50, 0.0, 1.0)}, 40, 50
    ),
    "a certificate ends": Scenario(
        "appliance-certificate_days", {"livemon.sensors.certificate_days": ramp(14.01, -1 / 1440)}, 15
    ),
    "the data nodes are silent": Scenario(
        "appliance-nodes_silent", {"age.livemon.sensors.disk_used": age_of(20, 40)}, 26, 40
    ),
    "the bridge answers": Scenario("appliance-bridge_away", {}, None),
    "Grafana is alive": Scenario("watchdog", {}, 0, settings=plate() | {"dead_mans_switch": True}),
}


def rule_of(scenario: Scenario) -> dict:
    return rule_called(scenario.alarm, scenario.settings or plate(alarm_above_K=5.0))


def rule_called(alarm: str, settings: dict) -> dict:
    (rule,) = [
        rule for group in alerting.document(settings)["groups"] for rule in group["rules"] if rule["uid"] == uid(alarm)
    ]
    return rule


def bridge_over(courses: dict[str, Course], minutes: int, step: int) -> object:
    """A bridge whose nodes have had these values for a day, and go on."""
    before = 24 * 60
    series = []
    for path, course in courses.items():
        moments = [number * step / 60 - before for number in range((before + minutes) * 60 // step + 1)]
        series.append(Samples(path, BEGIN - before * 60, step, [course(moment) for moment in moments]))
    return create_app(MemorySource(series, nulls=False)).test_client()


@pytest.mark.parametrize("version", sorted(WRAPPED))
@pytest.mark.parametrize("name", SCENARIOS)
def test_an_alarm_fires_and_is_over(name, version):
    scenario = SCENARIOS[name]
    rule = Rule(rule_of(scenario), bridge_over(scenario.courses, scenario.minutes, scenario.step), version)
    firing = [
        minute
        for minute in range(scenario.minutes)
        # Grafana evaluates somewhere within the minute.
        if rule.evaluate(BEGIN + 60 * minute + 7) == "Alerting"
    ]
    if scenario.fires is None:
        assert firing == []
        return
    assert firing, "it never fired"
    assert abs(firing[0] - scenario.fires) <= 1, firing
    last = scenario.minutes if scenario.ends is None else scenario.ends
    assert abs(firing[-1] + 1 - last) <= 1, firing
    assert firing == list(range(firing[0], firing[-1] + 1)), "it was over in between"


def states(rule: Rule, minutes: range) -> list[str]:
    return [rule.evaluate(BEGIN + 60 * minute) for minute in minutes]


HYSTERESIS = plate({"above": 5.0, "clears_at": 4.5, "for": "0s"})


@pytest.mark.parametrize(("version", "over"), [("9.4", 20), ("13", 25)])
def test_an_alarm_is_over_where_it_is_to_be_as_far_as_grafana_knows(version, over):
    courses = {f"{STAGE}_T": lambda minute: 4.0 + 0.1 * minute if minute < 15 else 5.5 - 0.1 * (minute - 15)}
    rule = Rule(rule_called("control-2-above-critical", HYSTERESIS), bridge_over(courses, 40, 5), version)
    firing = [minute for minute, state in enumerate(states(rule, range(40))) if state == "Alerting"]
    assert firing[0] in (10, 11)
    assert firing[-1] in (over - 1, over)


class NoBridge:
    """What Grafana finds where the bridge is away."""

    status_code, text = 502, "bad gateway"

    def post(self, *_arguments: object, **_keywords: object) -> NoBridge:
        return self


def test_one_alarm_tells_that_the_bridge_is_away():
    settings = {"instruments": [FRIDGE | {"channels": {n: {"alarm_above_K": 5.0} for n in range(1, 17)}}]}
    rules = [Rule(rule, NoBridge()) for group in alerting.document(settings)["groups"] for rule in group["rules"]]
    firing = [rule.about["uid"] for rule in rules if states(rule, range(10))[-1] == "Alerting"]
    assert firing == ["livemon-appliance-bridge_away"]


def test_an_instrument_without_listed_channels_is_silent_when_its_youngest_channel_is():
    settings = {"instruments": [{"model": 240, "id": "ls240", "serial": "LSA21OQ"}]}
    paths = [f"age.observatory.ls240.feeds.temperatures.Channel_{n}_T" for n in (1, 2)]
    courses = {paths[0]: age_of(0, 99), paths[1]: age_of(20, 40)}
    rule = Rule(rule_called("ls240-silent", settings), bridge_over(courses, 60, 5))
    firing = [minute for minute, state in enumerate(states(rule, range(60))) if state == "Alerting"]
    assert firing[0] in (25, 26)
    assert firing[-1] in (39, 40)


def test_series_with_the_same_labels_are_an_error_as_in_grafana():
    rule = rule_called("control-2-silent", plate())
    twice = {"target": "x A", "tags": {}, "datapoints": [[1.0, BEGIN]]}

    class Bridge:
        status_code = 200

        def post(self, *_arguments: object, **_keywords: object) -> Bridge:
            return self

        def get_json(self) -> list:
            return [twice, twice]

    with pytest.raises(EvaluationError, match="cannot uniquely be identified"):
        Rule(rule, Bridge())._results(BEGIN)
