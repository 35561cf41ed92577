"""The referee of what is provisioned, held against a real Grafana: each must say of a file what the other does with it."""

from __future__ import annotations

import copy
import os

import pytest
from bare import grafana
from grafana_bad_files import BAD, Bad, good
from grafana_checks import ENDS, FAILS
from grafana_provisioning import refusals
from grafana_renderings import SITES, oddly_named, point, rendered, told
from waiting import wait_for

from livemon.grafana.client import release
from plugins.plugin_utils.inventory.grafana import releases
from plugins.plugin_utils.inventory.grafana.receiver_settings import RECEIVERS, hidden_settings

EVALUATED_WITHIN = 90
ENDING = [
    "this name is Grafana's own",
    "not a multiple of 10s",
    "only one of the annotations",
    "two rules of the folder 'alarms' have the title",
    "time range is from 0 to 600 s",
    "there is no receiver 'sms'",
    "lacks bottoken",
    "routes[0]: there is no contact point 'nobody'",
    "is not a pattern",
    "group_by has '...' and other labels",
    "cannot be read",
    "are the default",
]
"""What the referee says of one spoilt file of each kind; every release ends at it."""
WALK = {
    "refId": "A",
    "datasourceUid": "walk",
    "relativeTimeRange": {"from": 600, "to": 0},
    "model": {"refId": "A", "scenarioId": "random_walk"},
}
"""A query that has an answer: of a data source that comes with Grafana."""
FORMATS = {"gateway_id": "*LIVEMON", "recipient_id": "ABCDEFGH"}


@pytest.fixture(scope="session")
def image() -> str:
    named = os.environ.get("LIVEMON_GRAFANA_IMAGE")
    if not named:
        pytest.skip("no image of Grafana is named: make grafana looks for one")
    return named


def of_sentence(sentence: str) -> Bad:
    return next(bad for bad in BAD if bad.sentence == sentence and bad.effect == ENDS)


def release_of(running) -> tuple[int, ...]:
    return release(running.get("/api/health", as_viewer=True)["version"])


@pytest.mark.parametrize("bad", [of_sentence(each) for each in ENDING], ids=str)
def test_grafana_ends_where_the_referee_says_so(image, bad, tmp_path):
    with grafana(image, tmp_path, bad.files) as running:
        assert refusals(**bad.files, release=(9, 4), only=ENDS)
        wait_for(lambda: not running.running, "Grafana to end", 60, every=0.5)
        assert "error" in running.log.lower()


def test_grafana_has_all_of_a_good_file(image, tmp_path):
    with grafana(image, tmp_path, good()) as running:
        assert running.answers, running.log[-2000:]
        assert {each["uid"] for each in running.get("/api/v1/provisioning/alert-rules")} == {"cryo-warm", "cryo-cold"}
        points = {each["uid"] for each in running.get("/api/v1/provisioning/contact-points")}
        assert {"to-mail", "to-hook", "to-pager"} <= points
        assert running.get("/api/v1/provisioning/policies")["receiver"] == "on-call"
        assert running.get("/api/datasources/uid/lab")["type"] == "graphite"
        wait_for(lambda: len(running.get("/api/search?type=dash-db")) == 2, "the dashboards", 60, every=1)


EVERY_KIND = told(*(point(kind, each.required[0]) for kind, each in RECEIVERS.items() if each.since == (9, 4)))
RENDERINGS = {
    **{name: SITES[name] for name in ("demo", "every alarm on every channel", "told in every friendly way")},
    "odd names": oddly_named("冷却板 }} %s <b> `x` {value} ä"),
    "every kind of contact point": EVERY_KIND,
}


@pytest.mark.parametrize("site", RENDERINGS)
def test_grafana_has_all_that_is_rendered(image, site, tmp_path):
    files = rendered(RENDERINGS[site], releases.release_of(image)) | {"secrets": {"notification_it": "xyzzy"}}
    with grafana(image, tmp_path, files) as running:
        assert running.answers, running.log[-2000:]
        wanted = {rule["uid"] for group in files["alerting"]["groups"] for rule in group["rules"]}
        assert {each["uid"] for each in running.get("/api/v1/provisioning/alert-rules")} == wanted
        names = {each["name"] for each in running.get("/api/v1/provisioning/contact-points")}
        assert {each["name"] for each in files["alerting"].get("contactPoints", [])} <= names
        titles = {model["title"] for model in files["dashboards"].values()}
        wait_for(
            lambda: titles == {each["title"] for each in running.get("/api/search?type=dash-db")},
            "the dashboards",
            60,
            every=1,
        )


def evaluable(files: dict, which: int, uid: str) -> dict:
    """A rule of the files, with an answer to its first query unless that is what is spoilt, and no more to say than its state."""
    rule = copy.deepcopy(files["alerting"]["groups"][0]["rules"][which])
    if rule["data"][0] == good()["alerting"]["groups"][0]["rules"][0]["data"][0]:
        rule["data"][0] = WALK
    return rule | {"uid": uid, "title": uid, "execErrState": "Error", "annotations": {}, "labels": {}, "for": "0s"}


def test_a_rule_fails_where_the_referee_says_so(image, tmp_path):
    spoilt = [bad for bad in BAD if bad.effect == FAILS and bad.taken_by is None]
    files = good()
    files["datasources"]["datasources"].append({"name": "walk", "uid": "walk", "type": "testdata", "access": "proxy"})
    files["alerting"]["groups"][0]["rules"] = [
        *(evaluable(good(), which, f"sound-{which}") for which in (0, 1)),
        *(evaluable(bad.files, int(".rules.1." in bad.place), f"bad-{number}") for number, bad in enumerate(spoilt)),
    ]
    with grafana(image, tmp_path, files) as running:
        assert running.answers, running.log[-2000:]

        def evaluated() -> dict[str, str]:
            groups = running.get("/api/prometheus/grafana/api/v1/rules")["data"]["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            return {rule["name"]: rule["health"] for rule in rules if not rule["lastEvaluation"].startswith("0001")}

        wait_for(lambda: len(evaluated()) == 2 + len(spoilt), "all evaluations", EVALUATED_WITHIN, every=2)
        assert {name for name, word in evaluated().items() if word == "ok"} == {"sound-0", "sound-1"}


def test_viewers_see_what_the_table_does_not_call_hidden(image, tmp_path):
    """And only that: each value says of which receiver and setting it is."""
    oldest = {kind: each for kind, each in RECEIVERS.items() if each.since == (9, 4)}
    values = {
        kind: {
            name: FORMATS.get(name) or f"https://lab.example/{kind}-{name}"
            for name in {*each.required[0], *(name for name in each.hidden if "." not in name)}
        }
        for kind, each in oldest.items()
    }
    del values["webhook"]["authorization_credentials"]  # it excludes a password
    files = good()
    files["alerting"]["contactPoints"] += [
        {"name": f"the {kind}", "receivers": [{"uid": f"to-{kind}", "type": kind, "settings": settings}]}
        for kind, settings in values.items()
    ]
    with grafana(image, tmp_path, files) as running:
        assert running.answers, running.log[-2000:]
        shown = str(running.get("/api/alertmanager/grafana/config/api/v1/alerts", as_viewer=True))
        for kind, settings in values.items():
            hidden = hidden_settings(kind, release_of(running))
            for name, value in settings.items():
                assert (value in shown) == (name not in hidden), f"{kind}: {name}"
