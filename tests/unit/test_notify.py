"""What livemon itself tells people, on courses of a scripted bridge: each begin and each end once, and only if Grafana does not."""

from __future__ import annotations

import errno
import itertools
import json
import stat
import time
from dataclasses import replace

import pytest
import yaml

from livemon.errors import ConfigError, RouterError
from livemon.notify import configuration as configurations
from livemon.notify import sentences
from livemon.notify.configuration import Configuration
from livemon.notify.notifier import OUTBOX, TOLD, Notifier
from livemon.notify.outbox import EVERY
from plugins.plugin_utils.inventory.grafana.sentences import SENTENCES
from plugins.plugin_utils.inventory.rendering import notifier as rendered

BEGAN = 1_700_000_000.0
POINTS = [{"name": "on-call", "webhook": "https://hooks.lab.example/a"}]


def alarm(name="control:2:above:critical", *, grafana=False, kind="above", severity="critical", **others):
    """An alarm as the bridge tells of it, over."""
    instrument = name.partition(":")[0]
    tags = {"kind": kind, "severity": severity, "instrument": instrument, "subject": "4K plate", "unit": "K"}
    about = {"id": name, "rule": instrument, "tags": tags, "firing": False, "since": None, "held_back": False}
    return about | {"value": 5.3, "limit": 5.0, "age": 1.0, "grafana": grafana} | others


class Lab:
    """A bridge that says what a test lets it, clocks, and somebody who is notified; `faults` keep messages from arriving."""

    def __init__(self, directory, monkeypatch, points=POINTS, **said):
        self.directory, self.now, self.alarms, self.problems, self.of_grafana = directory, BEGAN, {}, [], []
        self.away = self.judges_nothing = False
        self.silenced = {}
        self.received, self.faults, self.said = [], {}, []
        settings = {"instruments": [], "notifications": {"contact_points": list(points), **said}}
        content = rendered.configuration(
            settings, {"host": "smtp.lab.example:587", "from": "cryo@lab.example"}, "monitor"
        )
        (directory / "notify.yaml").write_text(yaml.safe_dump(content))

        def deliver(way, message):
            return self.take(way, message)

        monkeypatch.setattr(configurations.Way, "deliver", deliver)
        self.start()

    def start(self):
        """Begin anew, as after a restart."""
        configuration = Configuration.read(self.directory / "notify.yaml")
        self.notifier = Notifier(
            configuration, self.directory, self.ask_alarms, self.ask_health, self.said.append, self.clock, self.clock
        )

    def clock(self):
        return self.now

    def take(self, way, message):
        fault = self.faults.get(way.title)
        if fault is None:
            self.received.append((way.point, message))
        return fault

    def ask_alarms(self):
        if self.away:
            raise RouterError("no bridge at http://bridge:5000")
        judged = self.now - (600 if self.judges_nothing else 1)
        return {"judged": judged, "alarms": list(self.alarms.values())}

    def ask_health(self):
        problems = [*self.problems, *self.of_grafana, *self.told["problems"]]
        silenced = [{"id": name, "silenced": is_silenced} for name, is_silenced in self.silenced.items()]
        about = {"notifier": {"problems": self.told["problems"]}, "alarms": silenced}
        return {"problems": problems, "grafana": self.of_grafana} | about

    @property
    def told(self):
        path = self.directory / TOLD
        return json.loads(path.read_text()) if path.exists() else {"problems": []}

    def set(self, name="control:2:above:critical", **others):
        self.alarms[name] = self.alarms.get(name, alarm(name)) | others

    def fires(self, name="control:2:above:critical", **others):
        self.set(name, firing=True, since=self.now, **others)

    def is_over(self, name="control:2:above:critical", **others):
        self.set(name, firing=False, since=self.now, **others)

    def passes(self, seconds):
        """Let time pass; return the titles of the messages that arrived meanwhile."""
        before, until = len(self.received), self.now + seconds
        while self.now < until:
            self.now += EVERY
            self.notifier.turn()
        return [message.title for _, message in self.received[before:]]


@pytest.fixture(autouse=True)
def fast(monkeypatch):
    """An hour is 360 turns, each of which would wait for the disk."""
    monkeypatch.setattr("livemon.files.os.fsync", lambda _: None)


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def lab(tmp_path, monkeypatch):
    return Lab(tmp_path, monkeypatch)


def test_without_grafana_somebody_is_told_of_the_begin_and_of_the_end(lab):
    lab.set()
    assert lab.passes(60) == []
    lab.fires()
    assert lab.passes(30) == ["CRITICAL 4K plate: 5.3 K, above 5 K, since 14 Nov 22:14 UTC"]
    assert lab.passes(600) == []
    lab.is_over(value=4.2)
    assert lab.passes(30) == ["Over: 4K plate: 4.2 K, no longer above 5 K, at 14 Nov 22:24 UTC, after 10m"]
    assert lab.passes(3600) == []


def test_grafana_that_evaluates_the_rule_is_left_to_tell_of_it(lab):
    lab.set(grafana=True)
    lab.fires()
    assert lab.passes(3600) == []
    assert not lab.told["notifies"]


def test_what_is_not_known_yet_is_waited_for(lab):
    lab.set(grafana=None)
    lab.fires()
    assert lab.passes(170) == []
    lab.set(grafana=False)
    assert len(lab.passes(30)) == 1
    assert lab.told["notifies"]


def test_grafana_that_begins_to_ask_makes_it_quiet_and_nothing_is_told_twice(lab):
    lab.fires()
    assert len(lab.passes(30)) == 1
    lab.set(grafana=True)
    assert lab.passes(600) == []
    lab.set(grafana=False)
    assert lab.passes(600) == []  # it has been told of this one
    lab.set(grafana=True)
    lab.is_over()
    assert lab.passes(600) == []  # Grafana tells that
    lab.set(grafana=False)
    assert lab.passes(600) == []
    lab.fires()
    assert len(lab.passes(30)) == 1


def test_grafana_that_begins_to_ask_before_the_message_left_has_it(lab):
    lab.fires()
    lab.passes(10)
    lab.set(grafana=True)
    assert lab.passes(600) == []


def test_one_rule_that_grafana_lost_is_told_by_livemon_and_the_others_are_not(lab):
    lab.fires("control:2:above:critical")
    lab.fires("warm:1:above:critical", grafana=True, tags=alarm("warm")["tags"])
    [title] = lab.passes(60)
    assert title.startswith("CRITICAL 4K plate")


def test_what_comes_together_is_one_message_with_the_worst_first(lab):
    for channel in range(40):
        severity = "critical" if channel == 20 else "warning"
        lab.fires(
            f"control:{channel}:silent", tags=alarm(severity=severity)["tags"] | {"subject": f"channel {channel}"}
        )
    [title] = lab.passes(600)
    assert title.startswith("40 alarms: CRITICAL channel 20: ")
    for channel in range(40):
        lab.is_over(f"control:{channel}:silent")
    [title] = lab.passes(600)
    assert title.startswith("40 alarms no longer firing: Over: ")


def test_what_joins_later_is_told_within_a_minute_and_not_sooner(lab):
    lab.fires("a:1:above")
    assert len(lab.passes(20)) == 1
    lab.fires("b:1:above")
    assert lab.passes(50) == []
    [title] = lab.passes(20)
    assert title.startswith("CRITICAL 4K plate")
    assert "\n\nStill: CRITICAL 4K plate" in lab.received[-1][1].body


def test_what_lasts_is_told_again_as_often_as_the_inventory_says(tmp_path, monkeypatch):
    lab = Lab(tmp_path, monkeypatch, repeat="1h")
    lab.fires()
    assert len(lab.passes(30)) == 1
    assert lab.passes(3500) == []
    assert lab.passes(120) == ["Still firing: CRITICAL 4K plate: 5.3 K, above 5 K, since 14 Nov 22:13 UTC"]
    assert lab.passes(3400) == []


def test_a_restart_tells_nothing_again_and_forgets_nothing(lab):
    lab.fires("a:1:above")
    lab.fires("b:1:above")
    assert len(lab.passes(30)) == 1
    lab.start()
    assert lab.passes(600) == []
    lab.is_over("a:1:above")
    lab.start()
    assert len(lab.passes(600)) == 1
    lab.start()
    assert lab.passes(600) == []
    assert stat.S_IMODE((lab.directory / OUTBOX).stat().st_mode) == 0o400


@pytest.mark.parametrize("content", ["", "[]", '{"outboxes": {"on-call/0/webhook": {"entries": {"a": {"b": 1}}}}}'])
def test_a_damaged_file_of_what_was_told_costs_one_repetition_and_no_more(lab, content):
    lab.fires()
    lab.passes(30)
    (lab.directory / OUTBOX).unlink()
    (lab.directory / OUTBOX).write_text(content)
    lab.start()
    assert len(lab.passes(600)) == 1


def test_a_message_that_does_not_arrive_is_tried_again_with_growing_pauses_and_told(lab):
    attempts = []
    take = lab.take
    lab.take = lambda way, message: attempts.append(lab.now) or take(way, message)
    lab.faults["webhook"] = "connection refused"
    lab.fires()
    assert lab.passes(1800) == []
    pauses = [later - sooner for sooner, later in itertools.pairwise(attempts)]
    assert pauses[:6] == [10, 20, 40, 80, 160, 320]
    assert max(pauses) <= 610
    assert lab.told["problems"] == [
        "livemon cannot notify on-call by webhook since 22:13 UTC (connection refused); it tries again"
    ]
    assert sum("not delivered" in each for each in lab.said) == 1
    lab.faults.clear()
    assert len(lab.passes(700)) == 1
    assert lab.told["problems"] == []


def test_the_attempts_go_on_after_a_restart(lab):
    lab.faults["webhook"] = "connection refused"
    lab.fires()
    lab.passes(60)
    lab.start()
    lab.faults.clear()
    assert len(lab.passes(120)) == 1


def test_an_alarm_that_was_over_before_its_message_arrived_is_told_all_the_same(lab):
    lab.faults["webhook"] = "connection refused"
    lab.fires()
    lab.passes(600)
    lab.is_over()
    lab.passes(60)
    lab.faults.clear()
    [title] = lab.passes(700)
    assert title.startswith("Over: 4K plate")
    assert "after 10m" in title
    assert lab.passes(3600) == []


def test_one_way_that_does_not_work_holds_no_other_up(tmp_path, monkeypatch):
    lab = Lab(
        tmp_path, monkeypatch, [{"name": "on-call", "email": "a@lab.example", "webhook": "https://hooks.lab.example/a"}]
    )
    lab.faults["e-mail"] = "the mail server refuses the address (550)"
    lab.fires()
    assert len(lab.passes(600)) == 1
    lab.faults.clear()
    assert len(lab.passes(600)) == 1


def test_an_end_that_could_not_be_delivered_is_told_though_grafana_is_back(lab):
    lab.fires()
    lab.passes(30)
    lab.faults["webhook"] = "connection refused"
    lab.is_over()
    lab.passes(60)
    lab.set(grafana=True)
    lab.faults.clear()
    [title] = lab.passes(600)
    assert title.startswith("Over: ")


def test_a_way_that_is_broken_holds_no_other_up(tmp_path, monkeypatch):
    lab = Lab(tmp_path, monkeypatch, [{"name": "on-call", "webhook": "https://a.example", "email": "a@lab.example"}])
    take = lab.take

    def deliver(way, message):
        if way.title == "webhook":
            raise KeyError("url")
        return take(way, message)

    lab.take = deliver
    lab.fires()
    assert len(lab.passes(600)) == 1
    assert "(KeyError)" in lab.told["problems"][0]


def test_a_disk_that_is_full_keeps_nobody_from_being_told_once(lab, monkeypatch):
    def full(_path, _content):
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("write_private", "write_public"):
        monkeypatch.setattr(f"livemon.notify.notifier.{name}", full)
    lab.fires()
    assert len(lab.passes(600)) == 1
    assert sorted(each for each in lab.said if "cannot be written" in each) == [
        f"{lab.directory / name} cannot be written: No space left on device" for name in (TOLD, OUTBOX)
    ]


def test_a_failure_is_forgotten_where_there_is_nothing_left_to_deliver(lab):
    lab.faults["webhook"] = "connection refused"
    lab.fires()
    lab.passes(60)
    lab.set(grafana=True)
    lab.passes(60)
    assert lab.told["problems"] != []
    lab.passes(1300)
    assert lab.told["problems"] == []


def test_routes_lead_where_the_inventory_says(tmp_path, monkeypatch):
    points = [{"name": name, "webhook": f"https://hooks.lab.example/{name}"} for name in ("chat", "cryo", "boss")]
    routes = [
        {"severity": "critical", "to": ["cryo", "boss"], "repeat": "30m", "continue": True},
        {"instrument": ["warm"], "to": "cryo"},
        {"labels": {"label": "4K plate"}, "to": "boss"},
    ]
    lab = Lab(tmp_path, monkeypatch, points, routes=routes)
    goals = lab.notifier.configuration.goals
    assert goals({"severity": "warning", "instrument": "control"}) == {"chat": 14400}
    assert goals({"severity": "warning", "instrument": "warm"}) == {"cryo": 14400}
    assert goals({"severity": "critical", "instrument": "warm"}) == {"cryo": 1800, "boss": 1800}
    assert goals({"severity": "warning", "label": "4K plate"}) == {"boss": 14400}
    lab.fires()
    lab.passes(60)
    assert sorted(point for point, _ in lab.received) == ["boss", "cryo"]


def test_an_alarm_that_grafana_silences_stays_silenced_when_grafana_stops(lab):
    lab.fires(grafana=True)
    lab.silenced = {"control:2:above:critical": True}
    lab.passes(60)
    lab.silenced["control:2:above:critical"] = None  # nobody knows any more
    lab.set(grafana=False)
    assert lab.passes(600) == []
    lab.start()
    assert lab.passes(600) == []
    lab.is_over()
    lab.passes(60)
    lab.fires()
    assert len(lab.passes(60)) == 1


def test_a_silence_of_which_nobody_knows_the_end_holds_for_hours_and_not_for_ever(lab):
    lab.fires(grafana=True)
    lab.silenced = {"control:2:above:critical": True}
    lab.passes(60)
    lab.silenced = {}
    lab.set(grafana=False)
    assert lab.passes(3 * 3600) == []
    assert len(lab.passes(2 * 3600)) == 1


def test_a_silence_that_was_ended_holds_no_more(lab):
    lab.fires()
    lab.silenced = {"control:2:above:critical": True}
    assert lab.passes(60) == []
    lab.silenced = {"control:2:above:critical": False}
    assert len(lab.passes(60)) == 1


def test_an_alarm_that_was_taken_out_is_not_told_as_over(lab):
    lab.fires()
    lab.passes(60)
    lab.alarms.clear()
    [title] = lab.passes(60)
    assert title.startswith("No longer watched: 4K plate: 5.3 K, above 5 K was the last; ")


@pytest.mark.parametrize("fault", ["away", "judges_nothing"])
def test_a_bridge_that_is_away_is_told_and_ends_no_alarm(lab, fault):
    lab.fires()
    assert len(lab.passes(120)) == 1
    setattr(lab, fault, True)
    assert lab.passes(40) == []
    [title] = lab.passes(40)
    assert title.startswith("CRITICAL The bridge ")
    assert lab.passes(600) == []
    setattr(lab, fault, False)
    [title] = lab.passes(60)
    assert title.startswith("Over: The bridge answers again")


def test_grafana_itself_tells_that_the_bridge_is_away(lab):
    lab.set(grafana=True)
    lab.passes(60)
    lab.away = True
    assert lab.passes(3600) == []
    lab.start()
    assert lab.passes(3600) == []


def test_a_bridge_that_never_answered_is_told_after_the_time_that_grafana_has(lab):
    lab.away = True
    assert lab.passes(170) == []
    assert len(lab.passes(60)) == 1


def test_what_is_wrong_with_the_appliance_is_told_after_two_minutes_once(lab):
    lab.set()
    lab.problems = ["node weather has been silent for 3 min"]
    assert lab.passes(110) == []
    lab.problems = ["node weather has been silent for 5 min"]
    [title] = lab.passes(60)
    assert title.startswith("CRITICAL The appliance is not well: node weather has been silent for 5 min")
    lab.problems = ["node weather has been silent for 50 min"]
    assert lab.passes(600) == []
    lab.start()
    assert lab.passes(600) == []
    lab.problems = []
    [title] = lab.passes(60)
    assert title.startswith("No longer reported: node weather")


def test_what_an_alarm_tells_is_not_told_again_as_a_problem(lab):
    """A router that stops: one alarm at once, and two minutes later all that misses it."""
    lab.set()
    lab.passes(60)
    lab.fires("appliance:router_away", kind="router_away", tags=alarm(kind="router_away")["tags"])
    lab.problems = ["the bridge has no connection to the router", *(f"node {each}: away" for each in "ABCDEFGH")]
    assert len(lab.passes(3600)) == 1
    lab.problems.append("a certificate ends in 6 d: the playbook renews it")
    [title] = lab.passes(600)
    assert "a certificate ends" in title


def test_a_problem_that_was_told_is_not_over_because_an_alarm_tells_it_too(lab):
    lab.set()
    lab.problems = ["agent control does not do its work"]
    assert len(lab.passes(150)) == 1
    lab.fires("control:degraded", kind="degraded", tags=alarm(kind="degraded")["tags"])
    [title] = lab.passes(600)
    assert not title.startswith("Over")


def test_while_grafana_notifies_only_what_is_wrong_with_grafana_is_told(lab):
    lab.set(grafana=True)
    lab.problems = ["node weather: has left"]
    assert lab.passes(600) == []
    lab.of_grafana = ["Grafana cannot deliver alarms to on-call by email since 02:14 UTC"]
    [title] = lab.passes(600)
    assert "The appliance is not well: Grafana cannot deliver alarms to on-call by email" in title
    assert lab.received[-1][1].body.endswith("Sent by livemon on monitor: Grafana cannot tell this of itself.")


def test_its_own_failure_is_no_reason_for_a_message(lab):
    lab.set()
    lab.faults["webhook"] = "connection refused"
    lab.fires()
    lab.passes(300)
    lab.faults.clear()
    titles = lab.passes(600)
    assert len(titles) == 1
    assert "cannot notify" not in titles[0]


def test_a_clock_that_is_set_back_stops_nothing(lab):
    lab.fires("a:1:above")
    lab.passes(60)
    lab.now -= 7200
    lab.fires("b:1:above")
    lab.passes(100)
    assert lab.received[-1][1].title.startswith("CRITICAL 4K plate")
    assert len(lab.received) == 2


def test_times_of_day_are_those_of_the_machine(lab, monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    lab.fires()
    [title] = lab.passes(30)
    assert title.endswith(", since 14 Nov 23:13 CET")


@pytest.mark.parametrize(
    ("kind", "told", "firing", "over"),
    [
        (
            "below",
            {"value": 3.9, "age": 700.0},
            "x: 3.9 K, below 4 K, as measured 12 min ago",
            "x: 3.9 K, no longer below 4 K",
        ),
        ("outside", {"value": 5.0}, "x: 5 K, above 4 K", "x: 5 K, in its range again"),
        ("silent", {"value": 700.0}, "x: no sample for 12 min", "x: samples come again"),
        ("frozen", {"value": 4.123456, "age": 1800.0}, "x: every reading has been exactly 4.123456 K for 30 min", None),
        ("above", {"value": None}, "x: no value, above 4 K", None),
        ("of_tomorrow", {}, "x", "x"),
    ],
)
def test_a_sentence_has_the_numbers_of_the_bridge(kind, told, firing, over):
    alarm = {
        "id": "a",
        "value": 1.0,
        "limit": 4.0,
        "age": 0,
        "tags": {"kind": kind, "subject": "x", "unit": "K"},
    } | told
    said = {kind: {"firing": each.firing, "over": each.over, "advice": each.advice} for kind, each in SENTENCES.items()}
    assert sentences.firing(alarm, said) == firing
    if over:
        assert sentences.over(alarm, said) == over


def test_every_sentence_of_the_inventory_is_filled_in_completely():
    tags = {"subject": "x", "unit": "K", "instrument": "control"}
    said = {kind: {"firing": each.firing, "over": each.over, "advice": each.advice} for kind, each in SENTENCES.items()}
    for kind in said:
        alarm = {"id": "a", "value": 90.0, "limit": 4.0, "age": 1.0, "tags": tags | {"kind": kind}}
        texts = [fill(alarm, said) for fill in (sentences.firing, sentences.over, sentences.advice)]
        assert not any("{" in text for text in texts)
        assert all(texts)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is not valid YAML"),
        ("contact_points: []", "is not what livemon makes of an inventory ('monitor'): run the playbook"),
        ("[]", "is not what livemon makes of an inventory"),
    ],
)
def test_a_file_that_is_none_is_told_by_its_name(tmp_path, content, sentence):
    path = tmp_path / "notify.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"notify\.yaml") as told:
        Configuration.read(path)
    assert sentence in str(told.value)
    with pytest.raises(ConfigError, match="cannot be read: no such file"):
        Configuration.read(tmp_path / "lost.yaml")


def test_each_address_is_a_way_of_its_own(tmp_path, monkeypatch):
    lab = Lab(tmp_path, monkeypatch, [{"name": "on-call", "email": ["a@lab.example", "b@lab.example"]}])
    assert [way.name for way in lab.notifier.configuration.ways] == [
        "on-call/0/email/a@lab.example",
        "on-call/0/email/b@lab.example",
    ]
    way = lab.notifier.configuration.ways[0]
    assert replace(way).settings["addresses"] == ["a@lab.example", "b@lab.example"]
