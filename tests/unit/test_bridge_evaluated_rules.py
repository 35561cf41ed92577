"""Rules that Grafana no longer evaluates are missed, and no others."""

from __future__ import annotations

import pytest
import yaml
from memory_source import MemorySource

from livemon.bridge import inventory
from livemon.bridge.app import create_app
from livemon.bridge.current import bridge_of
from livemon.bridge.evaluated_rules import PATIENCE, EvaluatedRules

RULES = ["above-K", "silent", "agent-away"]
SERVER = {"User-Agent": "Grafana/9.4.0", "FromAlert": "true"}
PROXY = {"User-Agent": "Grafana/9.4.0", "X-Forwarded-For": "192.0.2.7"}
SECRET = {"Authorization": "Bearer secret"}
PULSE = {"status": "firing", "alerts": [{"labels": {"alertname": "Watchdog"}}]}


def target(rule, letter="A"):
    """What 9.4 asks for in the name of a rule."""
    return f'aliasSub(alarms.{rule}.*,"(^.*$)","\\1 {letter}")'


class Clock:
    """Seconds that a test lets pass."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def asked(clock):
    """Grafana at work, and all rules expected for longer than they may be silent."""
    asked = EvaluatedRules(clock)
    asked.silent(RULES)
    every_minute(asked, clock, 5, RULES)
    assert asked.silent(RULES) == []
    return asked


def every_minute(asked, clock, minutes, rules, *, marked=True, pulse=True):
    """Let minutes pass in which Grafana evaluates some rules."""
    for _ in range(minutes):
        clock.now += 60
        for rule in rules:
            asked.note(target(rule), marked=marked)
        if pulse:
            asked.hear()


def test_that_a_rule_was_deleted_is_noticed_after_three_evaluations(asked, clock):
    every_minute(asked, clock, 3, RULES[1:])
    assert asked.silent(RULES) == []
    every_minute(asked, clock, 1, RULES[1:])
    assert asked.silent(RULES) == ["above-K"]
    every_minute(asked, clock, 1, RULES)
    assert asked.silent(RULES) == []


def test_that_all_rules_were_deleted_is_noticed_though_the_watchdog_fires_on(asked, clock):
    every_minute(asked, clock, 4, [])
    assert asked.silent(RULES) == RULES


def test_that_all_rules_were_deleted_before_the_bridge_began_is_noticed(clock):
    asked = EvaluatedRules(clock)
    every_minute(asked, clock, 1, [])
    assert asked.silent(RULES) == []
    every_minute(asked, clock, 4, [])
    assert asked.silent(RULES) == RULES


def test_nothing_is_said_of_rules_while_there_is_no_grafana_or_it_has_just_come_back(asked, clock):
    clock.now += 10 * PATIENCE
    assert asked.silent(RULES) == []
    every_minute(asked, clock, 3, [])
    assert asked.silent(RULES) == []
    every_minute(asked, clock, 2, [])
    assert asked.silent(RULES) == RULES


def test_without_grafana_no_rule_is_missed(clock):
    asked = EvaluatedRules(clock)
    for _ in range(20):
        clock.now += 60
        assert asked.silent(RULES) == []


def test_a_rule_that_is_new_in_the_inventory_has_time_to_come_to_grafana(asked, clock):
    assert asked.silent([*RULES, "new"]) == []
    every_minute(asked, clock, 3, RULES)
    assert asked.silent([*RULES, "new"]) == []
    every_minute(asked, clock, 1, RULES)
    assert asked.silent([*RULES, "new"]) == ["new"]
    assert asked.silent(RULES) == []
    assert asked.silent([*RULES, "new"]) == []  # taken out and put in again: it is new again


def test_what_a_panel_of_a_newer_grafana_asks_for_is_no_evaluation(asked, clock):
    every_minute(asked, clock, 4, RULES[1:])
    every_minute(asked, clock, 1, RULES, marked=False)
    assert asked.silent(RULES) == ["above-K"]


def test_where_no_request_says_that_it_evaluates_each_of_the_server_counts(clock):
    asked = EvaluatedRules(clock)
    asked.silent(RULES)
    every_minute(asked, clock, 5, RULES, marked=False)
    assert asked.silent(RULES) == []
    # Once one has said so, what did not may have been a panel.
    asked.note(target("silent"), marked=True)
    assert asked.silent(RULES) == ["above-K", "agent-away"]


@pytest.mark.parametrize(
    ("asked_for", "rules"),
    [
        ("alarms.silent.*", ["silent"]),
        (target("silent"), ["silent"]),
        ("alarms.silent.control.Channel_01_T", ["silent"]),
        ("sumSeries(alarms.silent.*, alarms.above-K.*)", ["silent", "above-K"]),
        ("alarms.*.control", []),
        ("alarms.{silent,above-K}.*", []),
        ("alarms.silent", []),
        ("alarms.appliance:agents.*.state", []),
        ("my.alarms.silent.x", []),
        ("no-alarms.silent.x", []),
        ("observatory.control.feeds.temperatures.Channel_01_T", []),
    ],
)
def test_a_target_names_its_rules(clock, asked_for, rules):
    asked = EvaluatedRules(clock)
    asked.silent(RULES)
    every_minute(asked, clock, 5, [])
    asked.note(asked_for, marked=True)
    assert asked.silent(RULES) == [rule for rule in RULES if rule not in rules]


# --- over HTTP -----------------------------------------------------------------------------------------------------------


def at_work(clock, rules):
    """A bridge with alarms of the rules, and Grafana at work; returns what lets minutes pass and tells of problems then."""
    source = MemorySource([])
    alarms = [{"id": rule, "rule": rule, "measure": {"kind": "routerless"}, "above": 30} for rule in rules]
    source.inventory = inventory.read(yaml.safe_dump({"agents": [], "alarms": alarms}), "site.yaml")
    app = create_app(source, lambda: "secret")
    bridge_of(app).evaluated_rules = EvaluatedRules(clock)
    client = app.test_client()

    def minutes(number, evaluated, headers=SERVER):
        for _ in range(number):
            clock.now += 60
            for rule in evaluated:
                client.post("/render", data={"target": target(rule), "from": "-2min"}, headers=headers)
            client.post("/api/watchdog", json=PULSE, headers=SECRET)
        return [each for each in client.get("/api/health").json["problems"] if "Grafana" in each]

    assert minutes(5, rules) == []
    return minutes


def test_health_names_the_rules_that_somebody_deleted_while_the_pulse_goes_on(clock):
    minutes = at_work(clock, RULES)
    assert minutes(3, []) == []
    problem = (
        "Grafana has stopped evaluating 3 of its 3 alarm rules (above-K, silent, agent-away): "
        "were they deleted or paused? Run the playbook again"
    )
    assert minutes(1, []) == [problem]
    assert minutes(1, RULES) == []


@pytest.mark.parametrize(
    "headers",
    [PROXY, PROXY | {"FromAlert": "true"}, {"User-Agent": "curl/8"}, SERVER | {"FromAlert": "false"}],
    ids=["a browser", "a browser that pretends", "somebody else", "a panel of a newer Grafana"],
)
def test_only_what_grafana_s_server_asks_for_is_an_evaluation(clock, headers):
    assert len(at_work(clock, RULES)(4, RULES, headers)) == 1


def test_many_rules_are_one_sentence(clock):
    rules = [f"rule-{number}" for number in range(8)]
    (problem,) = at_work(clock, rules)(4, rules[:1])
    assert "7 of its 8 alarm rules (rule-1, rule-2, rule-3, rule-4, rule-5 and 2 more)" in problem
