"""A sensor that is silent, or reads nothing valid, alarms over the bridge's own source, whatever has gone: sensor, node or socket."""

from __future__ import annotations

import pytest
import test_bridge_derived
import yaml
from synchronous_bridge import FixedInventory, LonelySession
from test_bridge_derived import NOW, Lab

from livemon.alarms.watch import AlarmWatch
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file as site_of

clock, looked = test_bridge_derived.clock, test_bridge_derived.looked

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "channels": {2: {"label": "4K plate", "alarm_above_K": 3.0}},
}
PATHS = [f"observatory.control.feeds.temperatures.Channel_0{number}_T" for number in (2, 3)]
CONNECTED = "observatory.control.agent.connected"
DISK = "livemon.sensors.disk_used"
STEP = 5.0
STOPS = 10
"""The minute in which something happens."""
MINUTES = 30


class Fridge(Lab):
    """Two channels, read every few seconds until something happens to one of them, or to all; the machine's own node goes on."""

    def __init__(self, what: str) -> None:
        super().__init__(channel_02_t=PATHS[0], channel_03_t=PATHS[1], disk_used=DISK, control=CONNECTED)
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
            invalid = {"range": 0.0, "wire": float("nan")}.get(self.what) if name == "channel_02_t" else None
            self.put(name, times, [4.0 if invalid is None or time < NOW + STOPS * 60 else invalid for time in times])


@pytest.fixture
def watch(looked, clock):
    """Judge the alarms of the fridge over a source that has a router to which no other node is known; return minutes by alarm."""
    text = yaml.safe_dump(site_of([FRIDGE], [], alarms_of(requested({"instruments": [FRIDGE]}))))

    def follow(lab):
        bridge = looked(lab, FixedInventory(text), LonelySession())
        watch = AlarmWatch(bridge.source, None, lambda: clock.now, bridge.clock.seconds)
        firing: dict[str, list[float]] = {}
        for tick in range(MINUTES * 6):
            clock.now = NOW + 10.0 * tick
            bridge.clock.advance(10.0 * tick - bridge.clock.seconds())
            lab.go_on(tick / 6)
            bridge.look()
            watch.look()
            for name, state in watch.states.items():
                if state.firing:
                    firing.setdefault(name, []).append(tick / 6)
        return firing

    return follow


SILENT, INVALID, WARM = "control:2:silent", "control:2:invalid", "control:2:above:critical"
NODES = "appliance:nodes_silent"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "alarm", "fires"),
    [
        ("sensor", SILENT, STOPS + 6),
        # All nodes: that explains that the sensor is silent.
        ("node", NODES, STOPS + 0.7),
        ("socket", NODES, STOPS + 0.7),
        ("node", SILENT, None),
        ("socket", SILENT, None),
        ("range", INVALID, STOPS + 5),
        ("range", SILENT, None),
        ("wire", INVALID, STOPS + 5),
        ("wire", SILENT, None),
        ("sensor", INVALID, None),
        ("nothing", SILENT, None),
        ("nothing", INVALID, None),
        ("nothing", NODES, None),
        *((what, WARM, 1) for what in ("sensor", "node", "socket", "range", "wire")),
    ],
)
def test_what_happens_to_a_sensor_fires_and_never_looks_over(what, alarm, fires, watch):
    firing = watch(Fridge(what)).get(alarm, [])
    if fires is None:
        assert firing == []
    else:
        assert abs(firing[0] - fires) <= 0.5
        assert len(firing) == round((MINUTES - firing[0]) * 6)


def test_a_channel_that_was_never_heard_is_silent(watch):
    lab = Fridge("nothing")
    del lab.fields["channel_02_t"]
    lab.samples_of.pop("channel_02_t")
    firing = watch(lab)
    assert abs(firing[SILENT][0] - 6) <= 0.5
