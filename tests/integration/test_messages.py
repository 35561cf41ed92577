"""What people read when an alarm fires, is over, or is not known any more, by each release's template functions."""

from __future__ import annotations

import re

import pytest
from message_referee import RELEASES, rendered

from plugins.plugin_utils.inventory.grafana import messages

URL = "https://monitor.lab.example:3000/fridge/"
PLATE = "4K plate (control, channel 2)"
LOOK = "Is the compressor running?"
FIRES, ENDS = "2026-11-30T13:02:10Z", "2026-11-30T13:14:40Z"
NEVER = "0001-01-01T00:00:00Z"
EVERYTHING = "<b> & *x* _y_ ~z~ `q` [w](v) a\\b|c"
"""Every sign that means something to some service."""
DEFAULTS = {
    "alertname": "Dilution fridge (control)",
    "grafana_folder": "livemon",
    "severity": "critical",
    "name": "control.2.above",
}


def alert(summary: str, status: str = "firing", ends: str = NEVER, starts: str = FIRES, **about: str) -> dict:
    """An alert as Grafana hands it to a template; `about` are annotations, or labels where it has labels of that name."""
    labels = DEFAULTS | {key: value for key, value in about.items() if key in DEFAULTS}
    annotations = {key: value for key, value in about.items() if key not in DEFAULTS and value}
    texts = {"summary": summary, "description": LOOK, "link": "/d/livemon-i-control?viewPanel=12", "state": status}
    return {
        "status": status,
        "labels": labels,
        "annotations": {key: value for key, value in (texts | annotations).items() if value},
        "startsAt": starts,
        "endsAt": ends,
        "silenceURL": f"{URL}alerting/silence/new?alertmanager=grafana&matcher=alertname%3Dx",
        "panelURL": f"{URL}d/x?orgId=1&viewPanel=2",
    }


def over(summary: str, starts: str = FIRES, **about: str) -> dict:
    return alert(summary, "resolved", ENDS, starts, **({"state": "over"} | about))


HOT = alert(f"{PLATE}: 5.3 K, above 5 K")
WARM = alert("Still (control, channel 5): 1.2 K, above 1 K", severity="warning", name="control.5.above")
COLD = over(f"{PLATE}: 4.3 K, no longer above 5 K")
LOST = over(f"{PLATE}: 5.3 K, above 5 K", grafana_state_reason="MissingSeries", state="firing")
EXPIRED = over(f"{PLATE}: 5.3 K, above 5 K", state="firing")
REMOVED = over(f"{PLATE}: 5.3 K, above 5 K", grafana_state_reason="RuleDeleted", state="firing")
KEPT = alert(f"{PLATE}: 5.3 K, above 5 K", grafana_state_reason="Error, KeepLast")

HOT_IS = f"CRITICAL {PLATE}: 5.3 K, above 5 K, since 30 Nov 14:02 CET"
LOST_IS = (
    f"Not known any more: {PLATE}: 5.3 K, above 5 K was the last; Grafana has no answer about it since 30 Nov 14:14 CET"
)
COLD_IS = f"Over: {PLATE}: 4.3 K, no longer above 5 K, at 30 Nov 14:14 CET, after 13m"

TITLES = {
    "one": ([HOT], HOT_IS),
    "several, the worst first": ([WARM, HOT], f"2 alarms: {HOT_IS}"),
    "warnings alone": (
        [WARM, WARM],
        "2 alarms: WARNING Still (control, channel 5): 1.2 K, above 1 K, since 30 Nov 14:02 CET",
    ),
    "over": ([COLD], COLD_IS),
    "over, where Grafana has lost the beginning": (
        [over(f"{PLATE}: 4.3 K, no longer above 5 K", starts=ENDS)],
        f"Over: {PLATE}: 4.3 K, no longer above 5 K, at 30 Nov 14:14 CET",
    ),
    "over after seconds": (
        [over("A: 1 K", starts="2026-11-30T13:14:06Z")],
        "Over: A: 1 K, at 30 Nov 14:14 CET, after 34s",
    ),
    "over after a minute": (
        [over("A: 1 K", starts="2026-11-30T13:13:40Z")],
        "Over: A: 1 K, at 30 Nov 14:14 CET, after 1m",
    ),
    "over after hours": (
        [over("A: 1 K", starts="2026-11-30T10:14:40Z")],
        "Over: A: 1 K, at 30 Nov 14:14 CET, after 3h",
    ),
    "over after an hour and a bit": (
        [over("A: 1 K", starts="2026-11-30T12:04:40Z")],
        "Over: A: 1 K, at 30 Nov 14:14 CET, after 1h10m",
    ),
    "several over": ([COLD, COLD], f"2 alarms no longer firing: {COLD_IS}"),
    "mixed: what fires first": ([COLD, WARM, HOT], f"2 alarms, 1 no longer firing: {HOT_IS}"),
    "mixed: what is not known before what is over": ([COLD, LOST], f"2 alarms no longer firing: {LOST_IS}"),
    "no series": ([LOST], LOST_IS),
    "nothing heard, and no reason": ([EXPIRED], LOST_IS),
    "what fired because nothing answered": (
        [
            over(
                "The bridge does not answer",
                grafana_state_reason="MissingSeries",
                state="firing",
                answered="The bridge answers again",
            )
        ],
        "Over: The bridge answers again, at 30 Nov 14:14 CET, after 13m",
    ),
    "the same, and nobody heard of an answer": (
        [over("The bridge does not answer", state="firing", answered="The bridge answers again")],
        "Not known any more: The bridge does not answer was the last; Grafana has no answer about it since 30 Nov 14:14 CET",
    ),
    "the rule is gone": (
        [REMOVED],
        f"No longer watched: {PLATE}: 5.3 K, above 5 K was the last; its rule was changed or removed at 30 Nov 14:14 CET",
    ),
    "held while nothing answers": ([KEPT], f"{HOT_IS}, as last known: Grafana has no answer about it now"),
    "in summer": (
        [alert("A: 1 K", starts="2026-07-01T13:02:10Z")],
        "CRITICAL A: 1 K, since 1 Jul 15:02 CEST",
    ),
    "Grafana's own, without a sentence": (
        [alert("", alertname="DatasourceError", description="")],
        "CRITICAL DatasourceError, since 30 Nov 14:02 CET",
    ),
}

releases = pytest.mark.parametrize("release", RELEASES)


def said(release: str, alerts: list[dict], receiver: str) -> dict[str, str]:
    """The settings of a receiver as they are sent."""
    (template,) = messages.templates()
    texts = messages.settings_of(receiver)
    return rendered(release, [template["template"]], [{"alerts": alerts, "texts": texts}], URL)[0]


@releases
def test_a_title_says_in_words_what_there_is(release):
    (template,) = messages.templates()
    texts = {"title": messages.SETTINGS["email"]["subject"]}
    cases = [{"alerts": alerts, "texts": texts} for alerts, _ in TITLES.values()]
    found = rendered(release, [template["template"]], cases, URL)
    expected = {name: title for name, (_, title) in TITLES.items()}
    assert dict(zip(TITLES, (each["title"] for each in found), strict=True)) == expected


@releases
@pytest.mark.parametrize("receiver", sorted(messages.SETTINGS))
def test_an_alarm_that_nobody_saw_end_is_never_told_as_over(release, receiver):
    for alerts in ([LOST], [EXPIRED], [REMOVED], [LOST, EXPIRED]):
        whole = " ".join(said(release, alerts, receiver).values())
        assert not re.search(r"resolved|\bover\b|all clear|\bok\b", whole, re.IGNORECASE), whole
    assert receiver == "pagerduty" or "Not known any more" in " ".join(said(release, [LOST], receiver).values())


@releases
def test_a_mail_says_what_to_do_and_where_to_look(release):
    body = said(release, [WARM, COLD, HOT, LOST], "email")["message"]
    assert (
        body
        == f"""\
{HOT_IS}
{LOOK}
Dashboard: https://monitor.lab.example:3000/fridge/d/livemon-i-control?viewPanel=12
Silence: https://monitor.lab.example:3000/fridge/alerting/silence/new?matcher=name%3Dcontrol.2.above

WARNING Still (control, channel 5): 1.2 K, above 1 K, since 30 Nov 14:02 CET
Dashboard: https://monitor.lab.example:3000/fridge/d/livemon-i-control?viewPanel=12
Silence: https://monitor.lab.example:3000/fridge/alerting/silence/new?matcher=name%3Dcontrol.5.above

{LOST_IS}
Dashboard: https://monitor.lab.example:3000/fridge/d/livemon-i-control?viewPanel=12

{COLD_IS}
Dashboard: https://monitor.lab.example:3000/fridge/d/livemon-i-control?viewPanel=12"""
    )


@releases
def test_an_alarm_that_is_not_ours_has_grafanas_links(release):
    body = said(release, [alert("", name="", link="", description="")], "email")["message"]
    bare = alert("Mine: 1 K") | {"labels": {"alertname": "mine"}, "annotations": {"summary": "Mine: 1 K"}}
    assert "Silence: " in body
    assert (
        said(release, [bare], "email")["message"]
        == f"""\
Mine: 1 K, since 30 Nov 14:02 CET
Dashboard: {URL}d/x?orgId=1&viewPanel=2
Silence: {URL}alerting/silence/new?alertmanager=grafana&matcher=alertname%3Dx"""
    )


def slack_shows(text: str) -> str:
    """As Slack shows a text of an attachment: three entities, and links in angle brackets."""
    text = re.sub(r"<(\w+:[^|>]+)\|([^>]+)>", r"\2", text)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def html_shows(text: str) -> str:
    text = re.sub(r'<a href="[^"<>]+">(\w+)</a>', r"\1", text)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def markdown_shows(text: str) -> str:
    """As a reader of Markdown shows it: what is escaped as it is, and no other sign that means something."""
    text = re.sub(r"(?<!\\)\[(\w+)\]\([^()\s]+\)", r"\1", text)
    assert not re.search(r"[*_`\[\]]", re.sub(r"\\.", "", text))
    return re.sub(r"\\(.)", r"\1", text).replace("\n\n", "\n")


def discord_shows(text: str) -> str:
    shown = markdown_shows(text)
    assert not re.search(r"[~|<>]", re.sub(r"\\.", "", text))
    return shown


SHOWN = {
    ("email", "message"): str,
    ("webhook", "message"): str,
    ("telegram", "message"): str,
    ("slack", "title"): slack_shows,
    ("slack", "text"): slack_shows,
    ("pushover", "message"): html_shows,
    ("googlechat", "message"): html_shows,
    ("teams", "title"): markdown_shows,
    ("teams", "message"): markdown_shows,
    ("webex", "message"): markdown_shows,
    ("discord", "message"): discord_shows,
}


@releases
@pytest.mark.parametrize(("receiver", "setting"), SHOWN)
def test_every_sign_of_a_label_arrives(release, receiver, setting):
    odd = alert(f"{EVERYTHING}: 5.3 K, above 5 K", description=f"Look at {EVERYTHING}.")
    shown = SHOWN[receiver, setting](said(release, [odd], receiver)[setting])
    assert shown.startswith(f"CRITICAL {EVERYTHING}: 5.3 K, above 5 K, since 30 Nov 14:02 CET")
    assert setting == "title" or f"Look at {EVERYTHING}." in shown


@releases
def test_a_pager_is_told_how_severe_it_is(release):
    found = [said(release, alerts, "pagerduty")["severity"] for alerts in ([HOT], [WARM], [WARM, HOT])]
    assert found == ["critical", "warning", "critical"]


@releases
def test_a_name_that_is_odd_makes_a_link_that_works(release):
    body = said(release, [alert("A: 1 K", name="a b&c=d+e/ö")], "email")["message"]
    assert "/alerting/silence/new?matcher=name%3Da+b%26c%3Dd%2Be%2F%C3%B6" in body
