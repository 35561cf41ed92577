"""What people read of an alarm while it fires and when it is over, filled in by Go's own templates as Grafana's server does it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from course_source import Course, Lab
from go_program import answers
from grafana_alerting import RELEASES, Rule

from livemon.bridge.app import create_app
from plugins.plugin_utils.inventory.grafana import alerting
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.kinds import KINDS
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.grafana.rules import rules_of
from plugins.plugin_utils.inventory.grafana.sentences import SENTENCES

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "192.0.2.1", "description": "Dilution fridge"}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "address": "192.0.2.2"}
PLATE = {
    "label": "4K plate",
    "frozen_after": "10m",
    "alarms": [
        {"above": 5.0},
        {"below": 3.0, "summary": "Heat switch"},
        {"rising": 0.5, "per": "minute"},
        {"outside": [1100, 1400], "of": "sensor"},
    ],
}
SITE = {
    "instruments": [FRIDGE | {"channels": {2: PLATE, 3: None}}, DIODES | {"channels": {1: None}}],
    "dead_mans_switch": True,
}
STAGE = "observatory.control.feeds.temperatures.Channel_02"
AGENT = "observatory.control.agent"
ARCHIVE, MACHINE = "observatory.aggregator.feeds.archive", "livemon.sensors"
RULES = {rule["uid"]: rule for group in alerting.document(SITE)["groups"] for rule in group["rules"]}


def fill(given: list[dict]) -> list[str]:
    """Fill in texts, each with labels and the values of its rule's expressions, `null` where one is no number."""
    found = answers("annotations", given)
    assert [each.get("error") for each in found] == [None] * len(given)
    return [each["text"] for each in found]


def step(at: int, before: float | None, then: float | None, back: int | None = None) -> Course:
    return lambda second: then if second >= at and (back is None or second < back) else before


@dataclass(frozen=True)
class Told:
    """What is read of an alarm at one second of a lab's course, and at a later one."""

    alarm: str
    courses: dict[str, Course]
    firing: tuple[int, str]
    over: tuple[int, str]


CASES = [
    Told(
        "control:2:above:critical",
        {f"{STAGE}_T": step(10, 4.0, 5.4321987, 200)},
        (100, "4K plate (control, channel 2): 5.432 K, above 5 K"),
        (300, "4K plate (control, channel 2): 4 K, no longer above 5 K"),
    ),
    Told(
        "control:2:above:critical",
        {f"{STAGE}_T": lambda second: None if second >= 100 else step(10, 4.0, 6.0)(second)},
        (320, "4K plate (control, channel 2): 6 K, above 5 K, as measured 3m 41s ago"),
        (330, "4K plate (control, channel 2): 6 K, above 5 K, as measured 3m 51s ago"),
    ),
    Told(
        "control:2:below:critical",
        {f"{STAGE}_T": step(10, 4.0, 2.5, 200)},
        (100, "Heat switch: 2.5 K, below 3 K"),
        (300, "Heat switch: 4 K, no longer below 3 K"),
    ),
    Told(
        "control:2:sensor:outside:critical",
        {f"{STAGE}_R": step(10, 1200.0, 1500.0, 200)},
        (100, "4K plate (control, channel 2), sensor: 1500 ohm, above 1400 ohm"),
        (300, "4K plate (control, channel 2), sensor: 1200 ohm, in its range again"),
    ),
    Told(
        "control:2:sensor:outside:critical",
        {f"{STAGE}_R": step(10, 1200.0, 900.0, 200)},
        (100, "4K plate (control, channel 2), sensor: 900 ohm, below 1100 ohm"),
        (300, "4K plate (control, channel 2), sensor: 1200 ohm, in its range again"),
    ),
    Told(
        "control:2:rising:warning",
        {f"{STAGE}_T": lambda second: 4.0 + max(0.0, min(second, 400)) / 60},
        (400, "4K plate (control, channel 2): rises by 1 K per minute, faster than 0.5 K per minute"),
        (900, "4K plate (control, channel 2): rises by 0 K per minute, no faster than 0.5 K per minute"),
    ),
    Told(
        "control:2:rising:warning",
        {f"{STAGE}_T": lambda second: None if second > 400 else 4.0 + max(0.0, second) / 60},
        (400, "4K plate (control, channel 2): rises by 1 K per minute, faster than 0.5 K per minute"),
        (
            700,
            "4K plate (control, channel 2): rises by 1 K per minute, faster than 0.5 K per minute, as measured 5m 0s ago",
        ),
    ),
    Told(
        "control:2:silent",
        {f"{STAGE}_T": step(11, 4.0, None, 500)},
        (430, "4K plate (control, channel 2): no sample for 7m 0s"),
        (510, "4K plate (control, channel 2): samples come again"),
    ),
    Told(
        "control:2:invalid",
        {f"{STAGE}_T": step(10, 4.0, 0.0, 500)},
        (400, "4K plate (control, channel 2): samples have come for 6m 30s, but no valid reading"),
        (510, "4K plate (control, channel 2): valid readings again"),
    ),
    Told(
        "control:2:frozen",
        {f"{STAGE}_T": lambda second: 3.9123 if 10 <= second < 1700 else 4.0 + second % 2 / 1000},
        (1634, "4K plate (control, channel 2): every reading has been exactly 3.9123 K for 27m 4s"),
        (1710, "4K plate (control, channel 2): readings change again, 4 K"),
    ),
    Told(
        "control:unreachable",
        {f"{STAGE}_{name}": step(11, 4.0, None, 200) for name in "TR"}
        | {f"{STAGE[:-1]}3_{name}": step(11, 4.0, None, 200) for name in "TR"},
        (
            100,
            (
                "Dilution fridge (control): no sample of any channel for 1m 30s: "
                "the instrument does not answer, or its acquisition was stopped"
            ),
        ),
        (210, "Dilution fridge (control): samples come again"),
    ),
    Told(
        "control:away",
        {f"{AGENT}.connected": step(11, 1.0, 0.0, 200)},
        (76, "Dilution fridge (control): the agent is not running, no heartbeat for 1m 1s"),
        (210, "Dilution fridge (control): the agent is running again"),
    ),
    Told(
        "control:degraded",
        {f"{AGENT}.degraded": step(10, 0.0, 1.0, 500)},
        (370, "Dilution fridge (control): the agent has run for 6m 0s without doing its work"),
        (520, "Dilution fridge (control): the agent does its work again"),
    ),
    Told(
        "appliance:archive_lag",
        {f"{ARCHIVE}.lag": step(10, 2.0, 190.0, 200)},
        (100, "The archive is 3m 10s behind the samples"),
        (300, "The archive has caught up: it is 2s behind the samples"),
    ),
    Told(
        "appliance:archive_gap",
        {f"{ARCHIVE}.gap": step(10, 0.0, 95.0)},
        (20, "Samples of 1m 35s are missing from the archive, or may be"),
        (3700, "The archive has had no gap within the last hour"),
    ),
    Told(
        "appliance:archive_lost",
        {f"{ARCHIVE}.lost": step(10, 3.0, 20.0)},
        (20, "17 samples did not reach the archive within the last hour"),
        (3700, "All samples of the last hour reached the archive"),
    ),
    Told(
        "appliance:disk_free_GB",
        {f"{MACHINE}.disk_free": step(10, 80.0, 4.9, 200)},
        (100, "4.9 GB are left on the disk of the archive, less than 5 GB"),
        (300, "80 GB are left on the disk of the archive"),
    ),
    Told(
        "appliance:disk_used_percent",
        {f"{MACHINE}.disk_used": step(10, 80.0, 91.5, 200)},
        (100, "The disk of the archive is 91.5 % full, more than 90 %"),
        (300, "The disk of the archive is 80 % full"),
    ),
    Told(
        "appliance:clock_error_s",
        {f"{MACHINE}.clock_error": step(10, 0.02, 3.5, 400)},
        (350, "The clock may be 3.5 s off, more than 3 s"),
        (500, "The clock is off by 0.02 s at most"),
    ),
    Told(
        "appliance:clock_unsynchronized",
        {f"{MACHINE}.clock_synchronized": step(10, 1.0, 0.0, 2000)},
        (1900, "The clock has followed no time server for 31m 30s"),
        (2010, "The clock follows a time server again"),
    ),
    Told(
        "appliance:certificate_days",
        {f"{MACHINE}.certificate_days": step(10, 80.0, 13.0, 100)},
        (20, "A certificate ends in 13 days"),
        (200, "The next certificate ends in 80 days"),
    ),
]
STOPPED = [
    ("appliance:router_away", "router_runs", "The router has not answered for {}: nothing is read from any agent"),
    (
        "appliance:hub_away",
        "hub_runs",
        "The hub has not answered for {}: no data node that is new, or comes back, is found over the router",
    ),
    ("appliance:nodes_silent", "nodes_run", "The data nodes have been silent for {}: nothing new is shown and judged"),
    ("appliance:network_away", "network_is_up", "No instrument on the network has answered for {}"),
]
BACK = {
    "appliance:router_away": "The router answers again",
    "appliance:hub_away": "The hub answers again",
    "appliance:nodes_silent": "The data nodes answer again",
    "appliance:network_away": "Instruments on the network answer again",
}


def given(lab: Lab, alarm: str, release: str) -> dict:
    """What Grafana has for the summary of an alarm now."""
    asked = next(each.rule for each in lab.source.inventory.alarms if each.id == alarm)
    rules = {rule.asks: RULES[rule.uid] for rule in rules_of(requested(SITE))}
    rule = Rule(rules[asked], create_app(lab.source).test_client(), release)
    _, values = rule._results(rule.ask(lab.now))
    (labels,) = [labels for labels in values if dict(labels)["name"] == alarm]
    numbers = {letter: None if math.isnan(value) else value for letter, value in values[labels].items()}
    return {"text": rules[asked]["annotations"]["summary"], "labels": dict(labels), "values": numbers}


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.alarm} {case.firing[1]}")
def test_what_is_read_of_an_alarm(case, release):
    lab = Lab(SITE, case.courses, only=[case.alarm])
    asked, read = [], []
    for second, text in (case.firing, case.over):
        lab.until(second)
        asked.append(given(lab, case.alarm, release))
        read.append(text)
    assert fill(asked) == read


@pytest.mark.parametrize(("alarm", "part", "text"), STOPPED)
def test_what_is_read_of_a_part_that_is_stopped(alarm, part, text):
    site = SITE | {"instruments": [FRIDGE | {"channels": {3: None}}, DIODES | {"channels": {1: None}}]}
    lab = Lab(site, only=[alarm])
    setattr(lab, part, False)
    lab.run(65)
    asked = [given(lab, alarm, "13")]
    setattr(lab, part, True)
    lab.run(10)
    firing, over = fill([*asked, given(lab, alarm, "13")])
    assert firing in [text.format(f"1m {seconds}s") for seconds in range(8)]
    assert over == BACK[alarm]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "The bridge does not answer Grafana: no alarm can be judged, and all stay as they were"),
        ({"B": 1.2}, "The bridge answers Grafana again"),
        ({"B": 95.0}, "The bridge has judged no alarm for 1m 35s: all stay as they were"),
    ],
)
def test_what_is_read_of_the_bridge(values, text):
    rule = RULES["livemon-appliance-bridge_away"]
    assert fill([{"text": rule["annotations"]["summary"], "values": values}]) == [text]


def test_every_kind_of_alarm_is_among_them():
    kinds = {alarm.id: alarm.kind for alarm in alarms_of(requested(SITE))}
    told = {kinds[case.alarm] for case in CASES} | {alarm.partition(":")[2] for alarm, *_ in STOPPED} | {"bridge_away"}
    assert told == set(SENTENCES)
    assert set(KINDS) <= told


@pytest.mark.parametrize("value", [0.0, 5.4321987, 1e-9, 1e300, -3.0, None])
@pytest.mark.parametrize("what", ["summary", "description"])
def test_every_text_can_be_filled_in(what, value):
    asked = []
    for alarm in alarms_of(requested(SITE)):
        rules = {rule.asks: RULES[rule.uid] for rule in rules_of(requested(SITE))}
        for state in (0.0, 1.0, None):
            values = {"E": state, "F": value, "G": value, "H": value}
            asked.append(
                {"text": rules[alarm.rule]["annotations"][what], "labels": alarm.series_labels, "values": values}
            )
    asked += [{"text": rule["annotations"][what]} for rule in RULES.values()]
    for text in fill(asked):
        assert not any(each in text for each in ("{{", "}}", "<no value>", "$"))
    assert all(text.strip() for text in fill(asked[: -len(RULES)]))
