"""A sensor that is silent, or reads nothing valid, alarms over the bridge's own ages, whatever has gone: sensor, node or socket."""

from __future__ import annotations

import pytest
import test_bridge_derived
from grafana_alerting import WRAPPED, Rule
from livemon_inventory import alerting
from test_bridge_derived import NOW, FixedSite, Lab

from livemon.bridge.app import create_app

clock, looked = test_bridge_derived.clock, test_bridge_derived.looked

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "channels": {2: {"label": "4K plate"}},
}
PATHS = [f"observatory.control.feeds.temperatures.Channel_0{number}_T" for number in (2, 3)]
SITE = """
agents:
- id: control
  node: LSA22YG
  feeds:
    temperatures:
      Channel_02_T: {channel: "2", label: 4K plate, unit: K, quantity: temperature, expected: true}
      Channel_03_T: {channel: "3", unit: K, quantity: temperature}
"""
STEP = 5.0
STOPS = 10
"""The minute in which something happens."""
MINUTES = 40


class Fridge(Lab):
    """Two channels, read every few seconds until something happens to one of them, or to all."""

    def __init__(self, what: str) -> None:
        super().__init__(channel_02_t=PATHS[0], channel_03_t=PATHS[1])
        self.what = what
        self.go_on(0)

    def go_on(self, minute: float) -> None:
        happened = minute >= STOPS
        self.gone = self.what == "never" or (happened and self.what == "node")
        self.away = happened and self.what == "socket"
        for name in self.fields:
            until = STOPS if self.what == "sensor" and name == "channel_02_t" else minute
            count = int(min(until, minute) * 60 / STEP) + 1
            times = [NOW + number * STEP - 0.5 for number in range(count)]
            invalid = self.what == "range" and name == "channel_02_t"
            self.put(name, times, [0.0 if invalid and time >= NOW + STOPS * 60 else 4.0 for time in times])


@pytest.fixture
def watch(looked, clock, monkeypatch):
    """Evaluate an alarm of the fridge each minute, over a bridge that has a router to which no other node is known."""
    steady = [0.0]
    monkeypatch.setattr("livemon.bridge.source.time.monotonic", lambda: steady[0])

    def follow(lab, alarm, version="13"):
        source = looked(lab, FixedSite(SITE))
        source._routed.session = object()
        source._look_routed = lambda: test_bridge_derived._called(dict)
        source._derived._began = NOW - 1
        source._looked.set()
        (about,) = [
            rule
            for group in alerting.document({"instruments": [FRIDGE]})["groups"]
            for rule in group["rules"]
            if rule["uid"] == f"livemon-control-2-{alarm}"
        ]
        rule = Rule(about, create_app(source).test_client(), version)
        states = []
        for minute in range(MINUTES):
            clock.now, steady[0] = NOW + 60.0 * minute, 60.0 * minute
            lab.go_on(minute)
            source.refresh()
            states.append(rule.evaluate(clock.now))
        return rule, [minute for minute, state in enumerate(states) if state == "Alerting"]

    return follow


@pytest.mark.parametrize("version", sorted(WRAPPED))
@pytest.mark.parametrize(
    ("what", "alarm", "fires"),
    [
        ("sensor", "silent", STOPS + 6),
        ("node", "silent", STOPS + 6),
        ("socket", "silent", STOPS + 6),
        ("range", "invalid", STOPS + 5),
        ("range", "silent", None),
        ("sensor", "invalid", None),
        ("nothing", "silent", None),
        ("nothing", "invalid", None),
    ],
)
def test_what_happens_to_a_sensor_fires_and_never_looks_resolved(what, alarm, fires, version, watch):
    _, firing = watch(Fridge(what), alarm, version)
    if fires is None:
        assert firing == []
    else:
        assert abs(firing[0] - fires) <= 1
        assert firing == list(range(firing[0], MINUTES))


def test_a_channel_that_was_never_heard_is_silent(watch):
    rule, firing = watch(Fridge("never"), "silent")
    assert firing[0] in (6, 7)
    (labels,) = rule.instances
    assert ("channel", "2") in labels  # it fires by the channel's age, not for want of an answer
