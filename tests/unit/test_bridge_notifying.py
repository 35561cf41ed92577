"""Who notifies of alarms, as the bridge knows it: Grafana while it evaluates the rules, else livemon, of which the bridge tells."""

from __future__ import annotations

import json
import time

import pytest
from memory_source import MemorySource

from livemon.bridge.app import create_app
from livemon.bridge.current import bridge_of
from livemon.bridge.evaluated_rules import PATIENCE, EvaluatedRules
from livemon.bridge.last_message import LastMessage

ALARM = {
    "id": "control:2:above:critical",
    "rule": "control",
    "tags": {},
    "firing": True,
    "since": 1.0,
    "held_back": False,
}
ASKS = {"User-Agent": "Grafana/11.6.0", "FromAlert": "true"}
QUERY = {"target": "alarms.control.*.state", "from": "-2min", "until": "now", "format": "json"}


class Source(MemorySource):
    """One alarm that fires."""

    def alarms(self):
        return {"judged": time.time(), "alarms": [ALARM | {"value": 5.3, "limit": 5.0, "age": 0.0}]}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Bridge:
    def __init__(self):
        self.clock = Clock()
        self.app = create_app(Source([]))
        bridge_of(self.app).evaluated_rules = EvaluatedRules(self.clock)
        bridge_of(self.app).alarm_path = LastMessage(self.clock, self.clock)

    def get(self, path):
        return self.app.test_client().get(path).json

    def evaluate(self):
        self.app.test_client().get("/render", query_string=QUERY, headers=ASKS)

    @property
    def by_grafana(self):
        [alarm] = self.get("/api/alarms")["alarms"]
        assert alarm["rule"] == "control"
        return alarm["grafana"]


@pytest.fixture
def bridge():
    return Bridge()


@pytest.fixture
def with_grafana(tmp_path, monkeypatch):
    """As where the role `grafana` has run Grafana."""
    (tmp_path / "grafana.json").write_text(json.dumps({"looked": time.time(), "fault": None, "problems": []}))
    monkeypatch.setenv("LIVEMON_GRAFANA_WATCHED", str(tmp_path / "grafana.json"))


def test_where_there_is_no_grafana_nobody_waits_for_it(bridge, tmp_path, monkeypatch):
    assert bridge.by_grafana is False
    monkeypatch.setenv("LIVEMON_GRAFANA_WATCHED", str(tmp_path / "grafana.json"))  # its image could not be had
    assert bridge.by_grafana is False


@pytest.mark.usefixtures("with_grafana")
def test_grafana_has_the_time_of_three_evaluations_after_a_start_of_the_bridge(bridge):
    assert bridge.by_grafana is None
    bridge.clock.now += PATIENCE + 1
    assert bridge.by_grafana is False


@pytest.mark.usefixtures("with_grafana")
def test_grafana_that_evaluates_the_rule_notifies_of_its_alarms_until_it_stops(bridge):
    bridge.evaluate()
    assert bridge.by_grafana is True
    bridge.clock.now += PATIENCE - 1
    assert bridge.by_grafana is True
    bridge.clock.now += 2
    assert bridge.by_grafana is False
    bridge.evaluate()
    assert bridge.by_grafana is True


def test_an_evaluation_whose_messages_do_not_leave_notifies_nobody(bridge):
    """Rules are evaluated, and the pulse that takes the alarms' path has stopped."""
    bridge_of(bridge.app).alarm_path.hear()
    bridge.clock.now += PATIENCE + 1
    bridge.evaluate()
    assert bridge.by_grafana is False
    bridge_of(bridge.app).alarm_path.hear()
    assert bridge.by_grafana is True


def test_who_looks_at_grafana_does_not_keep_the_notifier_quiet(bridge):
    by_proxy = ASKS | {"X-Forwarded-For": "192.0.2.7"}
    bridge.app.test_client().get("/render", query_string=QUERY, headers=by_proxy)
    assert bridge.by_grafana is False


def test_without_a_notifier_nobody_misses_one(bridge, tmp_path, monkeypatch):
    nothing = {"heard": None, "age": None, "notifies": False, "delivered": None, "problems": []}
    assert bridge.get("/api/health")["notifier"] == nothing
    monkeypatch.setenv("LIVEMON_NOTIFIER_TOLD", str(tmp_path / "notifier.json"))
    assert bridge.get("/api/health")["notifier"] == nothing


@pytest.mark.parametrize(
    ("silence", "problems"),
    [
        (10, ["livemon cannot notify on-call by e-mail since 02:14 UTC (connection refused); it tries again"]),
        (290, ["livemon cannot notify on-call by e-mail since 02:14 UTC (connection refused); it tries again"]),
        (600, ["livemon's notifier has not run for 10 min: see docker logs livemon_notify"]),
    ],
)
def test_what_is_wrong_with_the_notifier_is_told(bridge, tmp_path, monkeypatch, silence, problems):
    said = {
        "turned": time.time() - silence,
        "notifies": True,
        "delivered": 1700000000.0,
        "problems": ["livemon cannot notify on-call by e-mail since 02:14 UTC (connection refused); it tries again"],
    }
    (tmp_path / "notifier.json").write_text(json.dumps(said))
    monkeypatch.setenv("LIVEMON_NOTIFIER_TOLD", str(tmp_path / "notifier.json"))
    health = bridge.get("/api/health")
    assert not health["well"]
    assert [each for each in health["problems"] if "notif" in each] == problems
    told = health["notifier"]
    assert (told["heard"], told["notifies"], told["delivered"]) == (said["turned"], True, 1700000000.0)
    assert told["age"] == pytest.approx(silence, abs=5)


@pytest.mark.parametrize("content", ["", "{}", "[]", "7"])
def test_a_file_that_is_none_is_a_problem_and_no_failure(bridge, tmp_path, monkeypatch, content):
    (tmp_path / "notifier.json").write_text(content)
    monkeypatch.setenv("LIVEMON_NOTIFIER_TOLD", str(tmp_path / "notifier.json"))
    [problem] = bridge.get("/api/health")["notifier"]["problems"]
    assert problem.startswith(f"{tmp_path}/notifier.json cannot be read")
