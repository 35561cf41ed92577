"""What the bridge says of the cryostat, which is not what it says of the appliance."""

from __future__ import annotations

import json
import math
import time

import pytest
from course_source import BEGIN, Lab

from livemon.alarms import cryostat_health
from livemon.alarms.sentences import TEMPLATES
from livemon.bridge import notifying
from livemon.bridge.app import create_app
from livemon.bridge.current import bridge_of
from livemon.bridge.evaluated_rules import EvaluatedRules
from plugins.plugin_utils.inventory.grafana import sentences as of_grafana

pytestmark = pytest.mark.slow

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "description": "Dilution fridge",
}
PLATE = "observatory.control.feeds.temperatures.Channel_02_T"
STILL = "observatory.control.feeds.temperatures.Channel_03_T"
WARM = "control:2:above:critical"
SUBJECT = "4K plate (control, channel 2)"
NOBODY = " Limits are only shown here: nobody is notified of an alarm."


def inventory(**channels):
    return {"instruments": [FRIDGE | {"channels": {int(number[1:]): options for number, options in channels.items()}}]}


TWO_LIMITS = inventory(
    c2={"label": "4K plate", "alarm_above_K": 5.0},
    c3={"label": "Still", "alarms": [{"above": 1.5, "severity": "warning"}]},
)


def cold_plate_at(kelvins, still=1.2, settings=TWO_LIMITS, **options):
    """The demo's fridge, whose 4K plate is at a temperature from the 100th second of the lab on."""
    courses = {PLATE: lambda second: 4.0 if second < 100 else kelvins, STILL: lambda _: still}
    return Lab(settings, courses, **options)


def said(lab):
    """What ``/api/health`` answers of the plant."""
    answer = create_app(lab.source).test_client().get("/api/health").json
    return answer["alarms"], answer["cryostat"]


def test_a_limit_that_is_exceeded_29_fold_is_told():
    """Seen: limit 5 K, reading 143.6 K, and not a word."""
    lab = cold_plate_at(143.613)
    lab.until(400)
    (alarm,), cryostat = said(lab)
    assert alarm == {
        "id": WARM,
        "state": "firing",
        "severity": "critical",
        "node": "lab",
        "field": PLATE,
        "path": PLATE,
        "label": "4K plate",
        "unit": "K",
        "value": 143.613,
        "limit": 5.0,
        "age": 0.0,
        "test": "above",
        "kind": "value",
        "since": BEGIN + 100,
        "silenced": None,
        "sentence": f"{SUBJECT}: 143.61 K, above 5 K",
    }
    assert cryostat == {
        "well": False,
        "alarms_configured": 2,
        "told_by": None,
        "sentence": f"An alarm is firing: {SUBJECT}: 143.61 K, above 5 K.{NOBODY}",
    }


def test_what_has_not_lasted_long_enough_is_pending():
    lab = cold_plate_at(5.3)
    lab.until(130)
    (alarm,), cryostat = said(lab)
    assert (alarm["state"], alarm["since"]) == ("pending", BEGIN + 100)
    assert alarm["sentence"] == f"{SUBJECT}: 5.3 K, above 5 K; it alarms if that lasts for 60 s"
    assert cryostat["well"] is True
    assert cryostat["sentence"].startswith(f"No alarm is firing yet: {SUBJECT}: 5.3 K, above 5 K; it alarms")


def test_a_cryostat_within_its_limits_is_well():
    lab = cold_plate_at(4.1)
    lab.until(400)
    alarms, cryostat = said(lab)
    assert alarms == []
    assert cryostat["well"] is True
    assert cryostat["sentence"] == f"2 limits are set, none is exceeded.{NOBODY}"


def test_without_a_limit_nobody_knows_whether_the_cryostat_is_well():
    lab = cold_plate_at(143.613, settings=inventory(c2={"label": "4K plate"}))
    lab.until(400)
    alarms, cryostat = said(lab)
    assert alarms == []
    assert (cryostat["well"], cryostat["alarms_configured"]) == (None, 0)
    assert cryostat["sentence"].startswith("It is not known whether the cryostat is well: the inventory sets no limit.")


def test_a_limit_without_a_recent_reading_is_not_kept():
    """The newest reading was below the limit, and is no reading of now."""
    settings = inventory(c2={"label": "4K plate", "alarm_above_K": 5.0, "silent_after": "5m", "invalid_after": False})
    lab = Lab(settings, {PLATE: lambda second: 4.0 if second < 100 else 0.0})
    lab.until(380)
    assert said(lab)[1]["well"] is True
    lab.until(420)
    alarms, cryostat = said(lab)
    assert alarms == []
    assert cryostat["well"] is None
    assert cryostat["sentence"].startswith(
        f"1 of 1 limits cannot be judged because they have no recent reading: {SUBJECT}."
    )


def test_a_limit_of_the_sensor_s_own_unit_is_as_old_as_its_channel():
    options = {"label": "4K plate", "alarms": [{"outside": [100, 5000], "of": "sensor"}], "silent_after": "5m"}
    ohms = PLATE.replace("_T", "_R")
    lab = Lab(inventory(c2=options), {ohms: lambda second: 1200.0 if second < 100 else None})
    lab.until(380)
    assert said(lab)[1]["well"] is True
    lab.until(420)
    assert said(lab)[1]["well"] is None


def test_a_slow_feed_is_read_as_often_as_the_inventory_says():
    agent = {"agent_class": "PfeifferAgent", "id": "gauge", "feeds": ["pressure"], "silent_after": "30m"}
    agent |= {"alarms": [{"field": "pressure.Channel_1", "label": "OVC pressure", "unit": "mbar", "above": 0.001}]}
    path = "observatory.gauge.feeds.pressure.Channel_1"
    lab = Lab({"instruments": [], "ocs_agents": [agent]}, {path: lambda second: 1e-5 if second < 100 else math.nan})
    lab.until(1800)
    assert said(lab)[1]["well"] is True
    lab.until(1920)
    assert said(lab)[1]["well"] is None


def test_a_rate_without_a_recent_reading_is_not_kept():
    settings = inventory(
        c2={"label": "4K plate", "alarms": [{"rising": 1.0}], "silent_after": False, "invalid_after": False}
    )
    lab = Lab(settings, {PLATE: lambda second: 4.0 if second < 100 else 0.0}, history=2400)
    lab.until(200)
    assert said(lab)[1]["well"] is True
    lab.until(100 + cryostat_health.OLDEST + 10)
    assert said(lab)[1]["well"] is None


def test_a_rise_of_before_is_not_told_as_that_of_now():
    settings = inventory(c2={"label": "4K plate", "alarms": [{"rising": 1.0}], "silent_after": False})
    lab = Lab(settings, {PLATE: lambda second: None if second > 1000 else 4.0 + second / 600}, history=2400)
    lab.until(2000)
    alarm = next(each for each in said(lab)[0] if each["kind"] == "rise")
    assert "faster than 1 K per hour, as measured 17 min ago" in alarm["sentence"]


def test_an_instrument_whose_acquisition_was_stopped_is_not_said_to_be_unreachable_for_certain():
    lab = cold_plate_at(4.0)
    lab.off.add("control")
    lab.until(300)
    assert said(lab)[0][0]["sentence"].endswith(": the instrument does not answer, or its acquisition was stopped")


def test_a_sensor_that_is_silent_is_an_alarm_of_the_plant():
    lab = cold_plate_at(None)
    lab.until(900)
    (alarm,), cryostat = said(lab)
    assert (alarm["id"], alarm["kind"], alarm["unit"], alarm["path"]) == ("control:2:silent", "age", "s", PLATE)
    assert (alarm["value"], alarm["limit"]) == (801.0, 360.0)
    assert alarm["sentence"] == f"{SUBJECT}: no sample for 13 min"
    assert cryostat["well"] is False


def test_an_instrument_that_does_not_answer_has_a_node_and_no_field():
    lab = cold_plate_at(4.0)
    lab.off.add("control")
    lab.until(300)
    alarm = said(lab)[0][0]
    assert (alarm["id"], alarm["node"], alarm["field"], alarm["path"]) == ("control:unreachable", "LSA22YG", None, None)


def test_what_another_alarm_explains_is_not_among_them():
    lab = cold_plate_at(4.0)
    lab.stopped.add("control")
    lab.until(1200)
    assert lab.firing == ["control:away"]
    alarms, cryostat = said(lab)
    assert alarms == []
    # Its agent is the appliance's; what it last read says nothing of now.
    assert cryostat["well"] is None


def test_the_worst_comes_first():
    """A critical alarm before a warning that is older, and what fires before what is pending."""
    settings = inventory(
        c2={"label": "4K plate", "alarms": [{"above": 5.0}, {"above": 4.5, "severity": "warning", "for": "10m"}]},
        c3={"label": "Still", "alarms": [{"above": 1.1, "severity": "warning"}]},
    )
    lab = cold_plate_at(6.0, settings=settings)
    lab.until(300)
    alarms, cryostat = said(lab)
    assert [(each["id"], each["state"]) for each in alarms] == [
        (WARM, "firing"),
        ("control:3:above:warning", "firing"),
        ("control:2:above:warning", "pending"),
    ]
    assert cryostat["sentence"].startswith(f"2 alarms are firing, the worst: {SUBJECT}")


def test_since_when_survives_a_restart_of_the_bridge(tmp_path):
    lab = cold_plate_at(143.613, file=tmp_path / "alarms.json")
    lab.until(400)
    lab.stop_bridge()
    lab.run(900)
    lab.start_bridge()
    lab.run(10)
    assert [(each["id"], each["since"]) for each in said(lab)[0]] == [(WARM, BEGIN + 100)]


def test_a_bridge_that_judges_nothing_knows_nothing():
    lab = cold_plate_at(143.613)
    lab.until(400)
    lab.watch.look = lambda: None
    lab.run(60)
    answer = create_app(lab.source).test_client().get("/api/health").json
    assert answer["cryostat"]["well"] is None
    assert answer["cryostat"]["sentence"].startswith(
        "It is not known whether the cryostat is well: no alarm has been judged for 60 s."
    )
    assert "no alarm has been judged for 60.0 s: see docker logs sisock_grafana_http" in answer["problems"]


def test_who_tells_of_alarms_and_what_is_silenced_is_known_from_grafana(tmp_path, monkeypatch):
    seen = tmp_path / "grafana.json"
    monkeypatch.setenv("LIVEMON_GRAFANA_WATCHED", str(seen))
    lab = cold_plate_at(143.613)
    lab.until(400)
    about = {"looked": time.time(), "fault": None, "problems": [], "tells": True, "silenced": {WARM: True}}
    seen.write_text(json.dumps(about))
    (alarm,), cryostat = said(lab)
    assert (alarm["silenced"], cryostat["told_by"]) == (True, "grafana")
    assert cryostat["sentence"] == f"An alarm is firing: {SUBJECT}: 143.61 K, above 5 K."
    seen.write_text(json.dumps(about | {"tells": False, "silenced": {WARM: False}}))
    (alarm,), cryostat = said(lab)
    assert (alarm["silenced"], cryostat["told_by"]) == (False, None)


@pytest.mark.parametrize(
    ("notifier", "told_by"),
    [
        ({"notifies": True, "age": 10.0}, "notifier"),
        ({"notifies": True, "age": 301.0}, "grafana"),  # it was killed
        ({"notifies": False, "age": 10.0}, "grafana"),
        ({"notifies": False, "age": None}, "grafana"),
    ],
)
def test_where_grafana_leaves_alarms_to_the_notifier_that_one_tells(tmp_path, monkeypatch, notifier, told_by):
    monkeypatch.setattr(
        notifying, "notifier_report", lambda: {"heard": None, "delivered": None, "problems": []} | notifier
    )
    seen = tmp_path / "grafana.json"
    monkeypatch.setenv("LIVEMON_GRAFANA_WATCHED", str(seen))
    seen.write_text(json.dumps({"looked": time.time(), "fault": None, "problems": [], "tells": True, "silenced": {}}))
    app = create_app(cold_plate_at(4.0).source)
    assert app.test_client().get("/api/health").json["cryostat"]["told_by"] == told_by


def test_a_grafana_that_runs_and_evaluates_nothing_tells_nobody(tmp_path, monkeypatch):
    seen = tmp_path / "grafana.json"
    monkeypatch.setenv("LIVEMON_GRAFANA_WATCHED", str(seen))
    seen.write_text(json.dumps({"looked": time.time(), "fault": None, "problems": [], "tells": True, "silenced": {}}))
    clock = iter([0.0])
    app = create_app(cold_plate_at(4.0).source)
    bridge_of(app).evaluated_rules = EvaluatedRules(lambda: next(clock, 1000.0))
    cryostat = app.test_client().get("/api/health").json["cryostat"]
    assert cryostat["told_by"] is None
    assert cryostat["sentence"].endswith("Limits are only shown here: nobody is notified of an alarm.")


@pytest.mark.parametrize("kind", list(TEMPLATES))
def test_the_page_says_what_the_message_says(kind):
    assert TEMPLATES[kind] == of_grafana.SENTENCES[kind].firing
