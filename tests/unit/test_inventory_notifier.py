"""Whom livemon itself notifies, as the inventory says: what it serves of Grafana's contact points, and what people are told of it."""

from __future__ import annotations

import pytest

from plugins.plugin_utils.inventory.grafana.sentences import SENTENCES
from plugins.plugin_utils.inventory.rendering import notifier

SMTP = {
    "host": "smtp.lab.example:587",
    "from": "cryo@lab.example",
    "user": "cryo",
    "password": {"secret": "smtp_password"},
}
MAIL = {"name": "on-call", "email": ["postdoc@lab.example", "pi@lab.example"]}
CHAT = {"name": "chat", "slack": {"secret": "slack_url"}}
PAGER = {"name": "pager", "type": "pagerduty", "settings": {"integrationKey": {"secret": "pagerduty_key"}}}
HOOK = {
    "name": "hook",
    "webhook": {"url": "https://hooks.lab.example/x", "username": "livemon", "password": {"secret": "hook"}},
}


def configured(*points: dict, smtp: dict = SMTP, **said: object) -> dict:
    settings = {"instruments": [], "notifications": {"contact_points": list(points), **said}}
    return notifier.configuration(settings, smtp)


def ways(*points: dict) -> dict[str, list]:
    return {each["name"]: each["ways"] for each in configured(*points).get("contact_points", [])}


def test_a_contact_point_is_served_by_each_way_that_needs_no_grafana():
    assert ways(MAIL, CHAT, HOOK) == {
        "on-call": [{"kind": "email", "addresses": ["postdoc@lab.example", "pi@lab.example"]}],
        "chat": [{"kind": "slack", "url": {"file": "/run/secrets/notification_slack_url"}}],
        "hook": [
            {
                "kind": "webhook",
                "url": "https://hooks.lab.example/x",
                "username": "livemon",
                "password": {"file": "/run/secrets/notification_hook"},
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "settings", "rendered"),
    [
        ("email", {"addresses": "a@lab.example; b@lab.example"}, {"addresses": ["a@lab.example", "b@lab.example"]}),
        (
            "telegram",
            {"chatid": "-42", "bottoken": {"secret": "bot"}, "disable_notifications": True},
            {"chatid": "-42", "bottoken": {"file": "/run/secrets/notification_bot"}},
        ),
        ("discord", {"url": {"secret": "discord"}}, {"url": {"file": "/run/secrets/notification_discord"}}),
    ],
)
def test_receivers_as_grafana_names_them_are_served_too(kind, settings, rendered):
    assert ways({"name": "x", "type": kind, "settings": settings}) == {"x": [{"kind": kind} | rendered]}


@pytest.mark.parametrize(
    "point",
    [
        PAGER,
        {"name": "x", "slack": {"token": {"secret": "token"}, "recipient": "#cryo"}},
        {"name": "x", "webhook": {"url": "https://hooks.lab.example/x", "hmacConfig": {"secret": {"secret": "hmac"}}}},
    ],
)
def test_without_a_contact_point_that_can_be_served_there_is_no_notifier(point):
    assert configured(point) == {}
    assert notifier.configuration({"instruments": []}, {}) == {}


def test_what_cannot_be_served_goes_to_the_default_contact_point():
    rendered = configured(
        PAGER, CHAT, MAIL, default="on-call", routes=[{"severity": "critical", "to": ["pager", "chat"]}]
    )
    assert [each["name"] for each in rendered["contact_points"]] == ["chat", "on-call"]
    assert rendered["default"] == "on-call"
    assert rendered["routes"] == [{"to": ["on-call", "chat"], "match": {"severity": ["critical"]}}]


def test_where_the_default_cannot_be_served_the_first_that_can_is_the_default():
    assert configured(PAGER, CHAT, MAIL)["default"] == "chat"


def test_routes_and_repetitions_are_those_of_the_inventory():
    route = {
        "kind": ["silent", "away"],
        "labels": {"channel": 2, "alertname": "The disk is nearly full"},
        "to": "on-call",
        "repeat": "30m",
        "continue": True,
    }
    rendered = configured(MAIL, routes=[route], repeat="2h")
    assert rendered["repeat"] == 7200
    assert rendered["routes"] == [
        {
            "to": ["on-call"],
            "match": {"kind": ["silent", "away"], "channel": ["2"], "rule": ["appliance:disk_free_GB"]},
            "repeat": 1800,
            "continue": True,
        }
    ]
    assert configured(MAIL)["repeat"] == 4 * 3600


def test_the_mail_server_is_grafanas():
    assert configured(MAIL)["smtp"] == {
        "host": "smtp.lab.example",
        "port": 587,
        "from": "cryo@lab.example",
        "from_name": "livemon",
        "user": "cryo",
        "password": {"file": "/run/secrets/notification_smtp_password"},
    }


def test_it_says_of_every_kind_of_alarm_what_grafana_says():
    sentences = configured(MAIL)["sentences"]
    assert sentences.keys() == SENTENCES.keys()
    assert sentences["above"]["firing"] == "{subject}: {value}, above {limit}"


def test_it_gets_no_secret_but_those_that_it_needs():
    secrets = {"slack_url": "https://a", "hook": "b", "pagerduty_key": "c", "smtp_password": "d"}
    files = notifier.secrets_of(configured(PAGER, HOOK, MAIL), secrets)
    assert files == {"notification_hook": "b", "notification_smtp_password": "d"}
    assert notifier.secrets_of({}, secrets) == {}


def test_whom_alarms_reach_names_no_secret_and_no_contact_point_without_a_route():
    notifications = {
        "contact_points": [MAIL, CHAT, PAGER, HOOK],
        "default": "hook",
        "routes": [{"severity": "critical", "to": ["pager", "on-call"]}],
    }
    mail, hook = "on-call (e-mail to postdoc@lab.example, pi@lab.example)", "hook (webhook at hooks.lab.example)"
    assert notifier.reach_sentence(notifications) == f"Alarms reach {mail}; pager (pagerduty); {hook}"
    assert notifier.reach_sentence(notifications, grafana=False) == f"Alarms reach {mail}; {hook}"


def test_what_the_notifier_cannot_serve_is_said_to_go_where_it_goes():
    notifications = {"contact_points": [PAGER, MAIL]}
    sentence = "Alarms reach on-call (e-mail to postdoc@lab.example, pi@lab.example)"
    assert notifier.reach_sentence(notifications, grafana=False) == sentence


def test_nobody_is_a_word_that_nobody_misreads():
    nobody = notifier.reach_sentence({})
    assert nobody.startswith("NOBODY IS NOTIFIED of alarms: the inventory has no contact point; write ")
    only_a_pager = notifier.reach_sentence({"contact_points": [PAGER]}, grafana=False)
    assert only_a_pager.startswith(
        "NOBODY IS NOTIFIED of alarms: without Grafana livemon can notify by e-mail, webhook, Slack,"
    )
    assert notifier.reach_sentence({"contact_points": [PAGER, MAIL], "default": "on-call"}, grafana=False) == (
        "Alarms reach on-call (e-mail to postdoc@lab.example, pi@lab.example)"
    )
