"""When Grafana tells of an alarm, in which words, and what its release decides about that."""

from __future__ import annotations

import re

import pytest
import yaml
from paths import ROOT

from plugins.plugin_utils.inventory.grafana import alerting, messages, notifications
from plugins.plugin_utils.inventory.grafana.receiver_settings import RECEIVERS
from plugins.plugin_utils.inventory.grafana.releases import DEFAULT_IMAGE, KEEPS_LAST, NEWEST, release_of

OLD, NEW = (9, 4), (12, 0)


def told(*receivers: dict, **others: object) -> dict:
    return {"contact_points": [{"name": f"n{number}"} | each for number, each in enumerate(receivers)]} | others


def receivers_of(settings: dict, release: tuple[int, int]) -> list[dict]:
    points = notifications.contact_points(settings, watched=False, release=release)
    return [receiver for point in points for receiver in point["receivers"]]


# --- releases -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "release"),
    [
        ("grafana/grafana:9.4.7", (9, 4)),
        ("grafana/grafana:12.0.2@sha256:0123", (12, 0)),
        ("registry.lab.example:5000/grafana/grafana-oss:10.4.1-ubuntu", (10, 4)),
        ("registry.lab.example:5000/grafana", NEWEST),
        ("grafana/grafana", NEWEST),
        ("grafana/grafana:latest", NEWEST),
        ("grafana/grafana@sha256:0123", NEWEST),
    ],
)
def test_the_release_of_an_image_is_that_of_its_tag(image, release):
    assert release_of(image) == release


def test_the_default_image_is_that_of_the_playbook():
    variables = yaml.safe_load((ROOT / "playbooks/group_vars/all.yml").read_text())
    assert f"'{DEFAULT_IMAGE}'" in variables["livemon_grafana_image"]


# --- when -----------------------------------------------------------------------------------------------------------------


def seconds(text: str) -> int:
    return int(re.fullmatch(r"(\d+)s", text)[1])


def repeats(wanted: str) -> list[float]:
    """After how many seconds a Grafana that is asked to repeat an alarm so does it: it looks once a turn, each a moment late."""
    tree = notifications.policy(told({}, repeat=wanted), watched=False)
    turn, interval = seconds(tree["group_interval"]), seconds(tree["repeat_interval"])
    sent, found = 0.0, []
    for number in range(1, 12 * 3600 // turn):
        now = number * turn
        # What was sent is noted when it has been sent; a turn after exactly the interval is too early.
        if now - (sent + 0.2) > interval:
            found.append(now - sent)
            sent = now
    return found


@pytest.mark.parametrize(("wanted", "is_after"), [("1m", 60), ("5m", 300), ("30m", 1800), ("4h", 14400)])
def test_an_alarm_is_repeated_as_often_as_the_inventory_says(wanted, is_after):
    assert set(repeats(wanted)) == {is_after}


def test_a_route_has_its_own_repeat():
    tree = notifications.policy(told({}, routes=[{"severity": "critical", "to": "n0", "repeat": "5m"}]), watched=False)
    assert tree["repeat_interval"] == "14370s"
    assert tree["routes"][0]["repeat_interval"] == "270s"


def test_the_first_message_comes_soon():
    tree = notifications.policy(told({}), watched=False)
    assert seconds(tree["group_wait"]) <= 10
    assert seconds(tree["group_interval"]) <= 60


# --- in which words -------------------------------------------------------------------------------------------------------


def test_every_receiver_that_sends_text_sends_ours():
    silent = set(RECEIVERS) - set(messages.SETTINGS)
    assert silent == {"prometheus-alertmanager"}
    assert set(messages.SETTINGS) <= set(RECEIVERS)


def test_the_templates_of_settings_are_provisioned():
    (template,) = messages.templates()
    asked = {
        name
        for settings in messages.SETTINGS.values()
        for value in settings.values()
        for name in re.findall(r'template "([^"]+)"', value)
    }
    defined = re.findall(r'define "([^"]+)"', template["template"])
    assert len(asked) >= 8
    assert asked <= set(defined)
    assert len(set(defined)) == len(defined)


def test_a_mail_has_our_subject_and_words():
    (mail,) = receivers_of(told({"email": ["a@lab.example", "b@lab.example"]}), NEW)
    assert mail["settings"] == {
        "addresses": "a@lab.example;b@lab.example",
        "singleEmail": True,
        "subject": '{{ template "livemon.plain.title" . }}',
        "message": '{{ template "livemon.plain.body" . }}',
    }


def test_what_the_inventory_says_of_a_message_goes_before_ours():
    (slack,) = receivers_of(told({"slack": {"url": {"secret": "x"}, "title": "Fridge"}}), NEW)
    assert slack["settings"]["title"] == "Fridge"
    assert slack["settings"]["text"] == '{{ template "livemon.slack.body" . }}'


def test_a_message_cut_by_telegram_is_still_sound():
    (telegram,) = receivers_of(
        told({"type": "telegram", "settings": {"chatid": "1", "bottoken": {"secret": "x"}}}), NEW
    )
    assert telegram["settings"]["parse_mode"] == "None"
    assert telegram["settings"]["message"] == '{{ template "livemon.plain.body" . }}'


@pytest.mark.parametrize(
    ("release", "has_plain_part"), [((9, 4), False), ((10, 0), False), ((10, 1), True), (NEWEST, True)]
)
def test_a_mail_has_a_plain_part_where_it_says_the_same(release, has_plain_part):
    environment = notifications.smtp_environment({"host": "h:25", "from": "a@b.example"}, release)
    assert environment.get("GF_EMAILS_CONTENT_TYPES") == ("text/html,text/plain" if has_plain_part else None)


def test_without_a_server_there_is_no_mail():
    assert notifications.smtp_environment({}, NEW) == {}


# --- that nothing is said to be over which is not -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(RECEIVERS))
def test_a_machine_is_told_of_no_end_by_a_grafana_that_resolves_what_it_does_not_know(kind):
    settings = told({"type": kind, "settings": {"x": "y"}})
    before, after = (receivers_of(settings, release)[0]["disableResolveMessage"] for release in ((10, 4), KEEPS_LAST))
    assert before == (kind in notifications.ACT_ON_STATUS)
    assert not after


# --- an inventory that tells nobody any more ------------------------------------------------------------------------------


def test_templates_go_with_the_contact_points():
    site = {"instruments": [], "notifications": told({"webhook": "https://lab.example"})}
    before = alerting.after(alerting.document(site), None)
    quiet = alerting.document({"instruments": []})
    assert before["templates"] == messages.templates()
    assert alerting.after(quiet, before)["deleteTemplates"] == [{"orgId": 1, "name": "livemon"}]
    assert alerting.after(quiet, alerting.after(quiet, before))["deleteTemplates"] == [{"orgId": 1, "name": "livemon"}]
    assert "deleteTemplates" not in alerting.after(alerting.document(site), alerting.after(quiet, before))
    assert "deleteTemplates" not in alerting.after(quiet, None)


# --- the page -------------------------------------------------------------------------------------------------------------


def test_the_page_says_of_each_receiver_what_grafana_hides():
    page = (ROOT / "docs/alarms.md").read_text()
    table = page[page.index("| receiver | hidden from viewers |") :].split("\n\n")[0]
    words = set(re.findall(r"`([^`]+)`", table))
    assert {kind for kind in RECEIVERS if kind in words} == set(RECEIVERS)
    settings = {name for receiver in RECEIVERS.values() for name in receiver.hidden}
    assert {name for name in settings if name not in words and not name.startswith("tlsConfig.")} == set()


def test_the_page_says_which_machines_are_told_of_no_end():
    page = (ROOT / "docs/alarms.md").read_text()
    (listed,) = re.findall(r"a machine acts on that word \(([^)]*)\)", page)
    assert set(re.findall(r"`([^`]+)`", listed)) == notifications.ACT_ON_STATUS
