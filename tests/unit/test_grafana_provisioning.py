"""What is provisioned in Grafana is what Grafana takes: the referee, held to bad files; and it, over every rendering."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from grafana_bad_files import BAD, good
from grafana_checks import Provisioned
from grafana_provisioning import RELEASES, checks, refusals, refusals_after
from grafana_renderings import KINDS, SITES, oddly_named, oldest_for, rendered

from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana import alerting
from plugins.plugin_utils.inventory.grafana.receiver_settings import (
    hidden_settings,
    is_hidden,
    missing_settings,
)

every_release = pytest.mark.parametrize("release", RELEASES, ids=lambda release: ".".join(map(str, release)))

# --- the referee ----------------------------------------------------------------------------------------------------------


@every_release
def test_no_release_refuses_good_files(release):
    assert refusals(**good(), release=release) == []


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_bad_file_is_refused_in_words(bad):
    found = [each for each in refusals(**bad.files, release=bad.release) if bad.sentence in each]
    assert len(found) == 1
    assert found[0].endswith(f"({bad.effect})")


@pytest.mark.parametrize("bad", [bad for bad in BAD if bad.taken_by], ids=str)
def test_what_another_release_takes_is_not_refused_for_it(bad):
    assert not [each for each in refusals(**bad.files, release=bad.taken_by) if bad.sentence in each]


def test_every_check_has_a_source_and_finds_something_bad():
    spoilt = [Provisioned(*bad.files.values(), bad.release) for bad in BAD]
    for check in checks():
        assert check.source
        assert any(check.refusals(given) for given in spoilt if check.holds_for(given.release)), check.find


def after(**changes: Any) -> dict:
    return good()["alerting"] | changes


def with_titles(*titles: str) -> dict:
    content = good()["alerting"]
    for rule, title in zip(content["groups"][0]["rules"], titles, strict=True):
        rule["title"] = title
    return content


@pytest.mark.parametrize(
    ("former", "now", "sentence"),
    [
        (with_titles("a", "b"), with_titles("a", "b"), None),
        (with_titles("a", "b"), with_titles("a", "c"), None),
        (with_titles("a", "b"), with_titles("b", "a"), "rule cryo-warm: the title 'b' is still that of 'cryo-cold'"),
        (with_titles("a", "b"), with_titles("c", "a"), None),
        (
            {},
            after(deleteContactPoints=[{"orgId": 1, "uid": "to-pager"}]),
            "'pager' is deleted while a policy names it",
        ),
        ({}, after(deleteContactPoints=[{"orgId": 1, "uid": "to-mail"}]), None),
    ],
)
def test_what_a_grafana_with_an_earlier_file_does_not_take(former, now, sentence):
    found = refusals_after(former, now)
    assert bool(found) == bool(sentence)
    assert all(sentence in each for each in found)


# --- what Grafana hides ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "setting", "release", "hidden"),
    [
        ("slack", "url", (9, 4), True),
        ("slack", "recipient", (13, 0), False),
        ("webhook", "url", (13, 0), False),
        ("webhook", "password", (9, 4), True),
        ("webhook", "tlsConfig.clientKey", (9, 4), False),
        ("webhook", "tlsConfig.clientKey", (12, 0), True),
        ("discord", "url", (10, 1), False),
        ("discord", "url", (10, 2), True),
        ("dingding", "url", (12, 0, 1), False),
        ("dingding", "url", (12, 0, 2), True),
        ("teams", "url", (13, 0), False),
        ("email", "addresses", (13, 0), False),
        ("carrier pigeon", "url", (13, 0), False),
    ],
)
def test_what_is_hidden_from_viewers(kind, setting, release, hidden):
    assert is_hidden(kind, setting, release) == hidden
    assert (setting in hidden_settings(kind, release)) == hidden


@pytest.mark.parametrize(
    ("kind", "settings", "missing"),
    [
        ("slack", {"url": "x"}, []),
        ("slack", {"token": "x", "recipient": "y"}, []),
        ("slack", {"token": "x"}, ["url"]),
        ("telegram", {"bottoken": ""}, ["bottoken", "chatid"]),
        ("wecom", {"secret": "x", "agent_id": "y", "corp_id": "z"}, []),
    ],
)
def test_what_a_receiver_lacks(kind, settings, missing):
    assert missing_settings(kind, settings) == missing


# --- every rendering ------------------------------------------------------------------------------------------------------

every_site = pytest.mark.parametrize("site", SITES)


@pytest.mark.parametrize("site", [site for site in SITES if site not in KINDS])
def test_the_inventory_is_sound(site):
    assert faults(SITES[site]) == []


@pytest.mark.slow
@every_site
def test_grafana_takes_what_is_rendered(site):
    for release in RELEASES:
        if release >= oldest_for(SITES[site]):
            files = rendered(SITES[site], release)
            assert files["alerting"]["groups"]
            assert refusals(**files, release=release) == []


@every_site
def test_grafana_takes_it_where_it_had_another_inventory(site):
    former = alerting.document(SITES["example"])
    assert refusals_after(former, alerting.after(alerting.document(SITES[site]), former)) == []


def test_a_link_to_a_dashboard_without_a_panel_is_refused():
    files = rendered(copy.deepcopy(SITES["demo"]), (9, 4))
    rules = [rule for group in files["alerting"]["groups"] for rule in group["rules"]]
    linked = [rule for rule in rules if "__panelId__" in rule["annotations"]]
    assert linked
    del linked[0]["annotations"]["__panelId__"]
    (refusal,) = refusals(**files, release=(9, 4))
    assert "only one of the annotations __dashboardUid__ and __panelId__ (Grafana does not start)" in refusal


@pytest.mark.parametrize("text", ["{{", "{{ .Labels }}", "4K {{plate}}"])
def test_a_text_that_would_be_a_template_is_refused(text):
    found = faults(oddly_named(text))
    assert found
    assert all("leave out {{, which starts a Grafana template" in fault for fault in found)


def test_a_secret_of_which_grafana_would_drop_a_part_is_refused():
    site = SITES["told in every friendly way"]
    (fault,) = faults(site | {"notification_secrets": {"it": "https://hooks.example/a$b"}})
    assert fault.startswith("notification_secrets.it: Grafana reads $ and what follows as a variable")
    assert "hooks.example" not in fault
    # A mail server's password is read in another way.
    assert (
        faults(
            site
            | {
                "notification_secrets": {"it": "x", "mail": "a$b"},
                "smtp": site["smtp"] | {"user": "it", "password": {"secret": "mail"}},
            }
        )
        == []
    )
