"""Whatever is stopped: an alarm that holds is not told as over, the culprit is told once and first, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from course_source import Lab
from grafana_alerting import MISSING, RELEASES, Grafana, Message, Rule

from livemon.bridge.app import create_app
from plugins.plugin_utils.inventory.grafana import alerting

pytestmark = pytest.mark.slow

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "channels": {
        2: {"label": "4K plate", "alarm_above_K": 5.0},
        3: {"label": "Still", "alarms": [{"above": 9.0, "for": "0s"}]},
    },
}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "address": "172.16.127.193", "channels": {1: None}}
PLATE, STILL = (f"observatory.control.feeds.temperatures.Channel_0{number}_T" for number in (2, 3))
SETTINGS = {
    "instruments": [FRIDGE, DIODES],
    "ocs_agents": [{"agent_class": "FakeDataAgent", "id": "fake1", "feeds": ["false_temperatures"]}],
    "dead_mans_switch": True,
}
WARM = "control:2:above:critical"
INTERVAL = 20
NAMED_WITHIN = 90 - 10
"""Seconds from the cause to the message; Grafana waits for ten more to collect what belongs together."""
GRACE = 200
releases = pytest.mark.parametrize("release", RELEASES)


class Watched(Lab):
    """A lab with a Grafana, which evaluates every 20 s."""

    def __init__(self, release: str, settings: dict = SETTINGS, **options: object) -> None:
        self.grafana: Grafana | None = None
        super().__init__(settings, **options)
        app = create_app(self.source).test_client()
        self.grafana = Grafana(alerting.document(settings, RELEASES[release]), _Way(self, app), release)
        self.run(2 * INTERVAL)
        self.begin = self.second

    def run(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(int(seconds)):
            super().run(1)
            # Somewhere between two looks of the bridge, and a while after the second until which it asks.
            if self.grafana is not None and self.second % INTERVAL == 7:
                self.grafana.evaluate(self.now - 3)

    def told(self, since: float | None = None) -> list[tuple[str, str]]:
        """``(alarm, status)`` of what has been told since a second of the lab, that it is watched from if there is none."""
        begin = self.now - self.second + (self.begin if since is None else since)
        return [
            (_name(each), each.status)
            for each in self.grafana.messages
            if each.time >= begin and _name(each) != "watchdog"
        ]


class _Way:
    """The way from Grafana to the bridge, on which nobody answers while the bridge does not run."""

    status_code, text = 502, "bad gateway"

    def __init__(self, lab: Lab, client: object) -> None:
        self._lab, self._client = lab, client

    def post(self, *arguments: object, **keywords: object) -> object:
        if self._lab.watch is None:
            return self
        answer = self._client.post(*arguments, **keywords)
        assert answer.status_code == 200, answer.text
        return answer


def _name(message: Message) -> str:
    return (
        message.labels["name"] if message.labels["kind"] not in ("bridge_away", "watchdog") else message.labels["kind"]
    )


def _router(lab: Lab, stop: bool) -> None:
    lab.router_runs = not stop


def _nodes(lab: Lab, stop: bool) -> None:
    lab.nodes_run = not stop


def _nodes_without_archive(lab: Lab, stop: bool) -> None:
    lab.nodes_run = not stop
    lab.lose()


def _network(lab: Lab, stop: bool) -> None:
    lab.network_is_up = not stop


def _instrument(lab: Lab, stop: bool) -> None:
    lab.off = {"ls240"} if stop else set()


def _warm_instrument(lab: Lab, stop: bool) -> None:
    lab.off = {"control"} if stop else set()


def _agent(lab: Lab, stop: bool) -> None:
    lab.stopped = {"ls240"} if stop else set()


def _warm_agent(lab: Lab, stop: bool) -> None:
    lab.stopped = {"control"} if stop else set()


def _aggregator(lab: Lab, stop: bool) -> None:
    lab.stopped = {"aggregator"} if stop else set()


def _bridge(lab: Lab, stop: bool) -> None:
    lab.stop_bridge() if stop else lab.start_bridge()


OUTAGES: dict[str, tuple[Callable[[Lab, bool], None], str]] = {
    "router": (_router, "appliance:router_away"),
    "nodes": (_nodes, "appliance:nodes_silent"),
    "nodes without an archive": (_nodes_without_archive, "appliance:nodes_silent"),
    "bridge": (_bridge, "bridge_away"),
    "network": (_network, "appliance:network_away"),
    "instrument": (_instrument, "ls240:unreachable"),
    "instrument of the warm stage": (_warm_instrument, "control:unreachable"),
    "agent": (_agent, "ls240:away"),
    "agent of the warm stage": (_warm_agent, "control:away"),
    "aggregator": (_aggregator, "aggregator:away"),
}


@pytest.fixture
def warm(release, tmp_path) -> Iterator[Watched]:
    """A lab with a stage that is too warm, and that this is told of."""
    lab = Watched(release, courses={PLATE: lambda second: 6.0 if second > 0 else 4.0}, file=tmp_path / "alarms.json")
    lab.begin = 0
    lab.run(120)
    assert lab.told() == [(WARM, "firing")]
    lab.begin = lab.second
    return lab


@releases
@pytest.mark.parametrize("what", OUTAGES)
def test_what_is_stopped_is_told_once_and_first_and_no_alarm_that_holds_is_over(what, release, warm):
    change, culprit = OUTAGES[what]
    stopped = warm.second
    change(warm, True)
    warm.run(8 * 60)
    messages = warm.grafana.messages[:]
    change(warm, False)
    warm.run(GRACE)
    told = warm.told()
    if what == "bridge" and release == "9.4":
        # Nothing can keep it there; who is told reads that nothing is known of it.
        assert {
            (_name(each), each.reason) for each in messages if each.status == "resolved" and _name(each) != "watchdog"
        } == {(WARM, MISSING)}
        assert [each for each in told if each[0] == WARM] == [(WARM, "resolved"), (WARM, "firing")]
        told = [each for each in told if each[0] != WARM]
    assert told == [(culprit, "firing"), (culprit, "resolved")]
    first = next(each for each in messages if _name(each) == culprit)
    assert first.time - (warm.now - warm.second) - stopped <= NAMED_WITHIN
    assert warm.firing == [WARM]


@releases
@pytest.mark.parametrize(
    "what", ["bridge", "nodes", "nodes without an archive", "router", "network", "instrument", "agent"]
)
def test_a_restart_is_told_to_nobody(what, release, warm):
    change, _ = OUTAGES[what]
    for _ in range(2):
        change(warm, True)
        warm.run(15)
        change(warm, False)
        warm.run(85)
    warm.run(GRACE)
    assert warm.told() == []


@releases
@pytest.mark.parametrize("pattern", ["always", "crash loop", "backing off", "long pauses"])
def test_an_instrument_that_is_off_is_named_however_its_agent_is_restarted(pattern, release, warm):
    off = warm.second
    warm.restarting = {
        "always": lambda _second: True,
        "crash loop": lambda second: second % 15 < 10,
        "backing off": lambda second: (second - off) < 20 or second % 60 < 15,
        "long pauses": lambda second: second % 75 < 30,
    }[pattern]
    _instrument(warm, True)
    warm.run(600)
    assert warm.told() == [("ls240:unreachable", "firing")]
    assert warm.grafana.messages[-1].time - (warm.now - warm.second) - off <= NAMED_WITHIN + 20


@pytest.mark.parametrize("limit", ["10s", "80s"])
@pytest.mark.parametrize(
    ("what", "key"), [("router", "router_away"), ("nodes", "nodes_silent"), ("network", "network_away")]
)
def test_the_culprit_is_waited_for_where_the_inventory_tells_it_late(what, key, limit):
    """Agents that are away were told before a router whose limit was longer than theirs."""
    lab = Watched("13", SETTINGS | {"appliance_alarms": {key: limit}})
    change, culprit = OUTAGES[what]
    change(lab, True)
    lab.run(300)
    change(lab, False)
    lab.run(GRACE)
    assert lab.told() == [(culprit, "firing"), (culprit, "resolved")]


@releases
def test_an_agent_that_is_stopped_while_the_router_is_away_is_told_when_that_is_back(release, warm):
    _router(warm, True)
    warm.run(300)
    warm.stopped = {"fake1"}
    _router(warm, False)
    warm.run(180)
    assert warm.told() == [
        ("appliance:router_away", "firing"),
        ("appliance:router_away", "resolved"),
        ("fake1:away", "firing"),
    ]


@releases
@pytest.mark.parametrize("outage", ["router", "nodes", "bridge", "network"])
def test_a_silence_that_was_told_is_not_over_after_another_outage(outage, release, warm):
    """It began anew with the outage, and was told as over a minute after its end."""
    gone = warm.second
    warm.source.channels[STILL].course = lambda second: None if second >= gone else 4.0
    warm.run(8 * 60)
    assert warm.told() == [("control:3:silent", "firing")]
    warm.begin = warm.second
    change, culprit = OUTAGES[outage]
    change(warm, True)
    warm.run(300)
    change(warm, False)
    warm.run(GRACE)
    if (outage, release) == ("bridge", "9.4"):
        assert {
            each.reason
            for each in warm.grafana.messages
            if _name(each).startswith("control:") and each.status == "resolved"
        } == {MISSING}
    else:
        assert warm.told() == [(culprit, "firing"), (culprit, "resolved")]
    assert warm.firing == sorted([WARM, "control:3:silent"])


@releases
def test_a_stage_that_is_cold_again_after_an_outage_is_told_then(release, warm):
    back = warm.second + 400
    warm.source.channels[PLATE].course = lambda second: 6.0 if second < back - 100 else 4.0
    _nodes(warm, True)
    warm.until(back)
    assert warm.told() == [("appliance:nodes_silent", "firing")]
    _nodes(warm, False)
    warm.run(120)
    assert warm.told()[1:] == [("appliance:nodes_silent", "resolved"), (WARM, "resolved")]
    assert warm.grafana.messages[-1].values["F"] == 4.0


@releases
def test_an_excursion_of_three_seconds_is_told_with_its_worst_value(release, warm):
    begin = warm.second + 31
    warm.source.channels[STILL].course = lambda second: {begin: 9.5, begin + 1: 12.0, begin + 2: 9.2}.get(second, 4.0)
    warm.run(180)
    assert warm.told() == [("control:3:above:critical", "firing"), ("control:3:above:critical", "resolved")]
    fired, over = warm.grafana.messages[-2:]
    assert fired.time - (warm.now - warm.second) - begin <= 25
    assert (fired.values["F"], fired.values["G"], over.values["F"]) == (12.0, 9.0, 4.0)


@releases
def test_an_excursion_that_was_told_is_not_told_again_when_the_bridge_is_restarted(release, warm):
    begin = warm.second + 31
    warm.source.channels[STILL].course = lambda second: 12.0 if begin <= second < begin + 3 else 4.0
    warm.run(180)
    before = warm.told()
    _bridge(warm, True)
    warm.run(10)
    _bridge(warm, False)
    warm.run(120)
    assert warm.told() == before


@releases
def test_a_bridge_that_is_restarted_while_the_router_is_away_blames_nobody_else(release, warm):
    _router(warm, True)
    warm.run(200)
    _bridge(warm, True)
    warm.run(10)
    _bridge(warm, False)
    warm.run(200)
    told = [each for each in warm.told() if each[0] != "appliance:router_away"]
    assert told == []
    assert warm.firing == sorted([WARM, "appliance:router_away"])


@releases
def test_a_bridge_that_answers_and_judges_nothing_is_told(release, warm):
    hung = warm.watch
    hung.look = lambda: None
    warm.run(600)
    assert warm.told() == [("bridge_away", "firing")]
    del hung.look
    warm.run(60)
    assert warm.told() == [("bridge_away", "firing"), ("bridge_away", "resolved")]


@releases
def test_series_with_the_same_labels_are_an_error_as_in_grafana(release):
    (rule,) = [
        rule
        for group in alerting.document(SETTINGS, RELEASES[release])["groups"]
        for rule in group["rules"]
        if rule["uid"] == "livemon-rule-control"
    ]
    twice = {"target": "x 0:A", "tags": {"name": "x"}, "datapoints": [[1.0, 1_700_000_000]]}

    class Bridge:
        status_code = 200

        def post(self, *_arguments: object, **_keywords: object) -> Bridge:
            return self

        def get_json(self) -> list:
            return [twice, twice]

    evaluated = Rule(rule, Bridge(), release)
    assert evaluated.evaluate(1_700_000_010) == []
    assert evaluated.state == "Normal"
