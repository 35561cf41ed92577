"""Grafana's alerting file: what each inventory gets, that Grafana from 9.4 on can read it, and what goes from one run to the next."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from grafana_alerting import RELEASES
from grafana_foundation_sdk.models.alerting import ContactPoint, NotificationPolicy, Rule
from grafana_schema import faults as schema_faults
from memory_source import MemorySource, Samples
from paths import ROOT

from livemon.bridge import inventory as bridge_inventory
from livemon.bridge.app import create_app
from livemon.bridge.limits import MAX_SERIES
from plugins.plugin_utils.inventory import durations
from plugins.plugin_utils.inventory.alarm_settings import INSTRUMENT_DEFAULTS, channel_limits, default_alarm
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana import alerting, notifications, sentences
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.kinds import KINDS
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.grafana.dashboards.render import dashboards
from plugins.plugin_utils.inventory.grafana.rules import rules_of as rules_asked
from plugins.plugin_utils.inventory.grafana.uids import uid
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file as site_of

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "description": "Dilution fridge",
}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ"}
FAKE = {"agent_class": "FakeDataAgent", "id": "fake1", "feeds": ["false_temperatures"]}
ALL_KINDS = [
    {"above": 4.6, "severity": "warning", "for": "10m"},
    {"above": 5.0, "clears_at": 4.8, "summary": "Compressor"},
    {"below": 1.0},
    {"outside": [1100, 1400], "of": "sensor"},
    {"rising": 0.5},
    {"rising": 2, "per": "minute", "over": "10m", "severity": "critical"},
]
CONTACTS = {
    "contact_points": [
        {"name": "On call", "email": ["a@lab.example", "b@lab.example"], "slack": {"secret": "slack_url"}},
        {
            "name": "pager",
            "type": "pagerduty",
            "settings": {"integrationKey": {"secret": "pager"}, "summary": "{{ $x }}"},
        },
        {
            "name": "hook",
            "webhook": {"url": "https://lab.example/hook", "username": "grafana", "password": {"secret": "hook"}},
        },
        {"name": "plain hook", "webhook": "http://192.0.2.7:8080/"},
    ],
    "default": "pager",
    "repeat": "6h",
    "routes": [
        {"severity": "critical", "instrument": ["control", "registry"], "to": ["pager", "On call"], "repeat": "30m"},
        {"labels": {"label": ["4K plate", "Pot 2.1 (A)"]}, "to": "hook", "continue": True},
    ],
}
SECRETS = {"slack_url": "https://hooks.example/T0/B0/xyzzy", "pager": "plugh", "hook": "frotz ozmoo"}
SMTP = {"host": "smtp.lab.example:587", "from": "cryo@lab.example", "user": "cryo", "password": {"secret": "hook"}}


def of_file(inventory: str) -> dict:
    content = yaml.safe_load((ROOT / "inventory" / inventory / "hosts.yml").read_text())
    return {key: value for key, value in content["livemon"]["vars"].items() if "{{" not in str(value)}


SITES = {
    "example": of_file("example"),
    "demo": of_file("demo"),
    "nothing": {"instruments": []},
    "all channels of all kinds": {
        "instruments": [
            FRIDGE | {"channels": {n: {"label": f"Stage {n}", "alarms": ALL_KINDS} for n in range(1, 17)}},
            DIODES | {"channels": {n: {"alarm_above_K": 5, "alarm_below_K": 0} for n in range(1, 9)}},
        ],
        "ocs_agents": [
            FAKE
            | {
                "silent_after": "10m",
                "alarms": [
                    {"field": "false_temperatures.channel_00", "unit": "K", "label": "Fake", **alarm}
                    for alarm in ALL_KINDS
                    if "of" not in alarm
                ],
            }
        ],
    },
    "twelve": {
        "instruments": [
            FRIDGE
            | {
                "id": f"f{n}",
                "serial": f"LSA{n}",
                "address": f"192.0.2.{n}",
                "channels": dict.fromkeys(range(1, 17)),
            }
            for n in range(12)
        ]
    },
    "long ids": {
        "instruments": [DIODES | {"id": "d" * 63 + end, "serial": end, "channels": {1: None}} for end in "ab"]
    },
    "ids that look like ours": {
        "instruments": [
            DIODES | {"id": name, "serial": f"S{number}", "channels": {3: None}}
            for number, name in enumerate(["control", "control-2", "appliance", "watchdog", "i", "to"])
        ]
    },
    "told": {
        "instruments": [FRIDGE],
        "notifications": CONTACTS,
        "notification_secrets": SECRETS,
        "smtp": SMTP,
        "dead_mans_switch": {"url": "https://hc.example/1"},
    },
    "watched, and nobody told": {"instruments": [FRIDGE], "dead_mans_switch": {"url": "https://hc.example/1"}},
    "all switched off": {
        "instruments": [FRIDGE | {"channels": {1: None}}],
        "instrument_alarms": dict.fromkeys(INSTRUMENT_DEFAULTS, False),
        "appliance_alarms": dict.fromkeys(KINDS, False),
    },
}
sites = pytest.mark.parametrize("site", SITES)


def rules_of(content: dict) -> list[dict]:
    return [rule for group in content["groups"] for rule in group["rules"]]


def receivers_of(content: dict) -> list[dict]:
    return [
        receiver | {"name": point["name"]}
        for point in content.get("contactPoints", [])
        for receiver in point["receivers"]
    ]


def routes_of(content: dict) -> list[dict]:
    return [route for policy in content.get("policies", []) for route in [policy, *policy.get("routes", [])]]


@sites
def test_our_sites_are_sound(site):
    assert faults(SITES[site]) == []


@sites
def test_a_site_without_alarms_is_one_only_on_purpose(site):
    assert bool(rules_of(alerting.document(SITES[site]))) == (site != "all switched off")


# --- that Grafana can read it ---------------------------------------------------------------------------------------------

TOP_KEYS = {
    *("apiVersion", "groups", "deleteRules", "contactPoints", "deleteContactPoints", "policies", "resetPolicies"),
    *("templates", "deleteTemplates"),
}
KNOWN_TO_9_4 = {
    "group": {"orgId", "name", "folder", "interval", "rules"},
    "rule": {
        *("uid", "title", "condition", "for", "noDataState", "execErrState"),
        *("annotations", "labels", "dashboardUid", "panelId", "data"),
    },
    "query": {"refId", "datasourceUid", "queryType", "relativeTimeRange", "model"},
    "model": {
        *("refId", "datasource", "target", "textEditor", "intervalMs", "maxDataPoints"),
        *("type", "expression", "reducer", "settings", "conditions"),
    },
    "condition": {"evaluator"},
    "contact point": {"orgId", "name", "receivers"},
    "receiver": {"uid", "type", "settings", "disableResolveMessage"},
    "template": {"orgId", "name", "template"},
    "policy": {
        *("orgId", "receiver", "group_by", "group_wait", "group_interval", "repeat_interval"),
        *("object_matchers", "routes", "continue", "mute_time_intervals"),
    },
}


def parts(content: dict) -> Iterator[tuple[str, dict]]:
    """Every mapping of a file whose keys Grafana knows, and what it is."""
    for group in content["groups"]:
        yield "group", group
        for rule in group["rules"]:
            yield "rule", rule
            for query in rule["data"]:
                yield "query", query
                yield "model", query["model"]
                for condition in query["model"].get("conditions", []):
                    yield "condition", condition
    for point in content.get("contactPoints", []):
        yield "contact point", point
        for receiver in point["receivers"]:
            yield "receiver", receiver
    for template in content.get("templates", []):
        yield "template", template
    for route in routes_of(content):
        yield "policy", route


@sites
def test_every_key_is_known_to_grafana_9_4(site):
    content = alerting.document(SITES[site])
    assert set(content) <= TOP_KEYS
    for kind, part in parts(content):
        assert set(part) <= KNOWN_TO_9_4[kind], part


@sites
def test_rules_contact_points_and_policies_are_those_of_grafanas_schema(site):
    content = alerting.document(SITES[site])
    for group in content["groups"]:
        where = {"orgID": group["orgId"], "folderUID": "", "ruleGroup": group["name"]}
        for rule in group["rules"]:
            # The schema does not know KeepLast, which releases have had for long.
            states = {key: "OK" for key in ("noDataState", "execErrState") if rule[key] == "KeepLast"}
            assert schema_faults(Rule, rule | where | states) == []
    for receiver in receivers_of(content):
        assert schema_faults(ContactPoint, receiver) == []
    for route in routes_of(content):
        # The schema has an object for what every Grafana writes and reads as a list of three.
        for matcher in route.get("object_matchers", []):
            assert [type(each) for each in matcher] == [str, str, str]
            assert matcher[1] in ("=", "!=", "=~", "!~")
        left_out = {"orgId", "object_matchers", "routes"}
        assert schema_faults(NotificationPolicy, {key: route[key] for key in route.keys() - left_out}) == []


@sites
def test_uids_are_short_plain_and_unlike(site):
    content = alerting.document(SITES[site])
    for uids in ([rule["uid"] for rule in rules_of(content)], [each["uid"] for each in receivers_of(content)]):
        assert len(set(uids)) == len(uids)
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,40}", each) for each in uids)


@sites
def test_titles_and_groups_are_unlike(site):
    content = alerting.document(SITES[site])
    titles = [rule["title"] for rule in rules_of(content)]
    assert len(set(titles)) == len(titles)
    assert all(len(title) <= 190 for title in titles)
    groups = [group["name"] for group in content["groups"]]
    assert len(set(groups)) == len(groups)


@sites
def test_times_are_those_that_grafana_takes(site):
    content = alerting.document(SITES[site])
    for group in content["groups"]:
        interval = int(group["interval"].removesuffix("s"))
        assert interval >= 10
        assert interval % 10 == 0
        for rule in group["rules"]:
            assert re.fullmatch(r"\d+s", rule["for"])  # 9.4 takes no rule without
            for query in rule["data"]:
                span = query["relativeTimeRange"]
                assert span["from"] > span["to"] >= 0
    for route in routes_of(content):
        for key in ("group_wait", "group_interval", "repeat_interval"):
            assert re.fullmatch(r"[1-9]\d*s|[1-9]\d*m", route.get(key, "1s"))


@sites
@pytest.mark.parametrize("release", RELEASES.values())
def test_rules_ask_for_series_and_compare_one_number_of_each(site, release):
    for rule in rules_of(alerting.document(SITES[site], release)):
        references = [query["refId"] for query in rule["data"]]
        assert references == [query["model"]["refId"] for query in rule["data"]]
        assert references == [chr(ord("A") + number) for number in range(len(references))]
        assert rule["condition"] == references[-1]
        assert rule["data"][-1]["model"]["type"] == "threshold"
        for query in rule["data"]:
            if query["datasourceUid"] == "-100":  # what 9.4 calls Grafana's own expressions
                assert query["model"]["expression"] in references[: references.index(query["refId"])]
            else:
                assert query["datasourceUid"] == "livemon"
                assert "#" not in query["model"]["target"]
        # That nothing answers is told by one rule; for the others nothing changes, as far as a release can do that.
        states = (
            "Alerting" if rule["labels"].get("kind") == "bridge_away" else "KeepLast" if release >= (11, 0) else "OK"
        )
        if rule["labels"].get("kind") != "watchdog":
            assert (rule["noDataState"], rule["execErrState"]) == (states, states)
        assert all(isinstance(text, str) for text in (*rule["annotations"].values(), *rule["labels"].values()))


@sites
def test_texts_are_of_numbers_that_there_are(site):
    for rule in rules_of(alerting.document(SITES[site])):
        reduced = {query["refId"] for query in rule["data"] if query["model"].get("type") == "reduce"}
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$values\.([A-Z])", text)) <= reduced
            assert not re.search(r"\{value|\$\{", text)


@sites
def test_alarms_have_labels_of_which_no_rule_has_one(site):
    """Of a label that both have Grafana takes the rule's, and writes a line to its log at each evaluation."""
    alarms, rules = alarms_of(requested(SITES[site])), rules_of(alerting.document(SITES[site]))
    assert not {label for alarm in alarms for label in alarm.series_labels} & {
        label for rule in rules for label in rule["labels"] if rule["labels"]["kind"] not in ("bridge_away", "watchdog")
    }
    for alarm in alarms:
        assert {"kind", "severity", "subject"} <= set(alarm.series_labels)


@pytest.mark.slow
@sites
def test_the_bridge_reads_all_alarms_of_the_site_file(site):
    settings = SITES[site]
    alarms = alarms_of(requested(settings))
    text = yaml.safe_dump(site_of(settings["instruments"], settings.get("ocs_agents") or [], alarms))
    read = bridge_inventory.read(text, "site.yaml").alarms
    assert [(each.id, each.rule, each.tags) for each in read] == [
        (each.id, each.rule, each.series_labels) for each in alarms
    ]


@sites
def test_every_alarm_is_asked_for_by_one_rule_that_has_words_for_its_kind(site):
    rules = rules_asked(requested(SITES[site]))
    asked = [rule.asks for rule in rules if rule.asks]
    assert len(set(asked)) == len(asked)
    kinds: dict[str, dict[str, None]] = {}
    for alarm in alarms_of(requested(SITES[site])):
        kinds.setdefault(alarm.rule, {})[alarm.kind] = None
    words = {rule.asks: rule.annotations["description"] for rule in rules if rule.asks}
    assert words == {name: sentences.advice(list(of_rule)) for name, of_rule in kinds.items()}


def test_a_large_laboratory_has_few_rules():
    """12 instruments of 16 channels were 840 rules, which ended Grafana."""

    def lab(instruments: int) -> dict:
        channels = {n: {"label": f"Stage {n}", "alarm_above_K": 5.0} for n in range(1, 17)}
        return {
            "instruments": [
                FRIDGE | {"id": f"f{n}", "serial": f"S{n}", "address": f"192.0.2.{n}", "channels": channels}
                for n in range(instruments)
            ]
        }

    assert len(rules_of(alerting.document(lab(12)))) == 26
    assert len(alarms_of(requested(lab(12)))) == 12 * (16 * 3 + 3) + 16
    assert len(rules_of(alerting.document(lab(30)))) <= 60


def test_a_rule_asks_for_no_more_series_than_the_bridge_answers():
    settings = SITES["all channels of all kinds"]
    for asked in {alarm.rule for alarm in alarms_of(requested(settings))}:
        assert 4 * sum(alarm.rule == asked for alarm in alarms_of(requested(settings))) <= MAX_SERIES


@sites
def test_the_bridge_knows_every_target(site):
    client = create_app(MemorySource([Samples("a.b", 0, 1, [1.0])])).test_client()
    for rule in rules_of(alerting.document(SITES[site])):
        for query in rule["data"]:
            if target := query["model"].get("target"):
                for asked in (target, f'aliasSub({target},"(^.*$)","\\1 A")'):
                    answer = client.post("/render", data={"target": asked, "from": "1", "until": "600"})
                    assert answer.status_code == 200, answer.text


@sites
def test_links_lead_to_dashboards_and_panels_that_there_are(site):
    settings = SITES[site]
    made = dashboards(settings["instruments"], settings.get("ocs_agents") or [], settings.get("data_nodes") or [])
    panels = {dashboard["uid"]: {panel["id"] for panel in dashboard["panels"]} for dashboard in made.values()}
    for rule in rules_of(alerting.document(settings)):
        links = rule["annotations"]
        if "__dashboardUid__" in links:
            assert links["__dashboardUid__"] in panels
            if "__panelId__" in links:
                assert int(links["__panelId__"]) in panels[links["__dashboardUid__"]]


@sites
def test_routes_lead_to_contact_points_that_there_are(site):
    content = alerting.document(SITES[site])
    names = {point["name"] for point in content.get("contactPoints", [])}
    assert {route["receiver"] for route in routes_of(content)} <= names
    assert all(point["receivers"] for point in content.get("contactPoints", []))


# --- from run to run ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@sites
def test_a_second_run_changes_nothing(site):
    first = alerting.text_after(alerting.document(SITES[site]), "")
    assert "&id" not in first  # an alias of YAML's, which people would have to follow
    assert alerting.text_after(alerting.document(copy.deepcopy(SITES[site])), first) == first


@pytest.mark.slow
@pytest.mark.parametrize(("one", "other"), [("told", "nothing"), ("nothing", "told"), ("told", "long ids")])
def test_what_has_gone_is_removed_and_what_comes_back_is_not(one, other):
    before, now = alerting.document(SITES[one]), alerting.document(SITES[other])
    text = alerting.text_after(now, alerting.text_after(before, ""))
    content = yaml.load(text, yaml.CSafeLoader)
    for what, uids_of in (("deleteRules", rules_of), ("deleteContactPoints", receivers_of)):
        here, there = ({each["uid"] for each in uids_of(every)} for every in (now, before))
        removed = {each["uid"] for each in content.get(what, [])}
        assert removed == there - here
    assert ("resetPolicies" in content) == ("policies" in before and "policies" not in now)
    assert alerting.text_after(now, text) == text
    back = yaml.load(alerting.text_after(before, text), yaml.CSafeLoader)
    assert not {each["uid"] for each in back.get("deleteRules", [])} & {rule["uid"] for rule in rules_of(before)}
    assert "resetPolicies" not in back or "policies" not in back


def test_a_machine_that_missed_a_run_catches_up():
    first, second, third = (alerting.document(SITES[site]) for site in ("told", "example", "nothing"))
    text = ""
    for content in (first, second, third):
        text = alerting.text_after(content, text)
    removed = {each["uid"] for each in yaml.load(text, yaml.CSafeLoader)["deleteRules"]}
    ever = {rule["uid"] for content in (first, second) for rule in rules_of(content)}
    assert removed == ever - {rule["uid"] for rule in rules_of(third)}


@pytest.mark.parametrize(
    "change", [{"alarm_above_K": 7.5}, {"label": "Pot"}, {"alarms": [{"above": 5.0, "for": "5m", "summary": "Help"}]}]
)
def test_an_alarm_keeps_its_id_when_its_limit_or_text_changes(change):
    plate = {"label": "4K plate", "alarm_above_K": 5.0}
    changed = plate | change if "alarms" not in change else {"label": "4K plate"} | change
    before, now = ({"instruments": [FRIDGE | {"channels": {2: options}}]} for options in (plate, changed))
    assert [each.id for each in alarms_of(requested(before))] == [each.id for each in alarms_of(requested(now))]
    assert alarms_of(requested(before)) != alarms_of(requested(now))
    assert alerting.document(before) == alerting.document(now)


def test_the_rules_of_earlier_releases_are_removed():
    former = yaml.safe_dump(
        {"groups": [{"name": "control", "rules": [{"uid": "livemon-control-2-silent"}]}], "deleteRules": [{"uid": "x"}]}
    )
    content = yaml.safe_load(alerting.text_after(alerting.document({"instruments": [FRIDGE]}), former))
    assert [each["uid"] for each in content["deleteRules"]] == ["livemon-control-2-silent", "x"]


def fridge(**channels: dict) -> dict:
    return FRIDGE | {"channels": {int(key[1:]): options for key, options in channels.items()}}


EXCHANGES = {
    "labels": (
        [fridge(c1={"label": "Still"}, c2={"label": "Mixing chamber"})],
        [fridge(c1={"label": "Mixing chamber"}, c2={"label": "Still"})],
    ),
    "severities": (
        [fridge(c1={"alarms": [{"above": 5}]})],
        [fridge(c1={"alarms": [{"above": 5, "severity": "warning"}]})],
    ),
    "limits": (
        [fridge(c1={"alarms": [{"above": 5}, {"above": 4, "severity": "warning"}]})],
        [fridge(c1={"alarms": [{"above": 4}, {"above": 5, "severity": "warning"}]})],
    ),
    "boxes": ([FRIDGE, DIODES], [FRIDGE | {"serial": "LSA21OQ"}, DIODES | {"serial": "LSA22YG"}]),
    "names": ([FRIDGE, DIODES], [FRIDGE | {"name": "ls240"}, DIODES | {"name": "control"}]),
    "descriptions": (
        [FRIDGE, DIODES],
        [DIODES | {"description": "Dilution fridge"}, FRIDGE | {"description": "ls240"}],
    ),
    "ids": ([FRIDGE | {"id": "a"}, DIODES | {"id": "b"}], [FRIDGE | {"id": "b"}, DIODES | {"id": "a"}]),
}


@pytest.mark.parametrize("exchanged", EXCHANGES)
def test_no_title_is_ever_that_of_a_rule_that_grafana_has_still(exchanged):
    """Grafana changes one rule after the other, deletes last, and does not start when two titles of a folder are alike."""
    there: dict[str, str] = {}
    content: dict[str, Any] = {}
    for instruments in EXCHANGES[exchanged]:
        content = alerting.after(alerting.document({"instruments": instruments}), content)
        for rule in rules_of(content):
            others = {title for each, title in there.items() if each != rule["uid"]}
            assert rule["title"] not in others
            there[rule["uid"]] = rule["title"]
        for gone in content.get("deleteRules", []):
            there.pop(gone["uid"], None)


# --- what alarms there are ------------------------------------------------------------------------------------------------


def kinds_of(settings: dict, instrument: str = "control") -> list[str]:
    return [alarm.kind for alarm in alarms_of(requested(settings)) if alarm.labels.get("instrument") == instrument]


USUAL = ["silent", "invalid", "unreachable", "away", "degraded"]


@pytest.mark.parametrize(
    ("channel", "instrument", "site", "kinds"),
    [
        ({}, {}, {}, USUAL),
        ({"silent_after": False}, {}, {}, ["invalid", "unreachable", "away", "degraded"]),
        ({}, {"silent_after": False, "away_after": False}, {}, ["invalid", "unreachable", "degraded"]),
        ({}, {}, {"invalid_after": False, "degraded_after": False}, ["silent", "unreachable", "away"]),
        ({}, {"unreachable_after": "2m"}, {"unreachable_after": False}, USUAL),
        ({}, {}, {"unreachable_after": False}, ["silent", "invalid", "away", "degraded"]),
        ({"invalid_after": "10m"}, {}, {"invalid_after": False}, USUAL),
        ({}, {"silent_after": {"after": "20m"}}, {"silent_after": False}, USUAL),
        ({"frozen_after": "30m"}, {}, {}, ["silent", "invalid", "frozen", "unreachable", "away", "degraded"]),
        ({"frozen_after": False}, {"frozen_after": "30m"}, {"frozen_after": "1h"}, USUAL),
    ],
)
def test_the_nearest_word_counts(channel, instrument, site, kinds):
    settings = {"instruments": [FRIDGE | instrument | {"channels": {2: channel}}], "instrument_alarms": site}
    assert kinds_of(settings) == kinds


@pytest.mark.parametrize(
    ("instrument", "minutes"),
    [
        (DIODES | {"channels": {1: None}}, 5),
        (FRIDGE | {"channels": {1: None}}, 6),
        (FRIDGE | {"channels": dict.fromkeys(range(1, 5))}, 7),
        (FRIDGE | {"channels": dict.fromkeys(range(1, 17))}, 12),
        (FRIDGE, 12),
        (FRIDGE | {"scan_cycle": "30m"}, 65),
        (FRIDGE | {"silent_after": "20m"}, 20),
    ],
)
def test_what_is_silent_follows_the_scan_cycle(instrument, minutes):
    assert default_alarm("silent_after", instrument).after == minutes * 60


@pytest.mark.parametrize(
    ("instrument", "seconds"),
    [
        (DIODES | {"channels": {1: None}}, 15),
        (FRIDGE | {"channels": {1: None}}, 26),
        (FRIDGE, 26),
        (FRIDGE | {"scan_cycle": "16m"}, 120),
        (FRIDGE | {"scan_cycle": "16m", "channels": {1: None, 2: None}}, 200),
    ],
)
def test_a_372_that_switches_for_long_is_not_unreachable(instrument, seconds):
    (alarm,) = [each for each in alarms_of(requested({"instruments": [instrument]})) if each.kind == "unreachable"]
    assert alarm.measure["patience"] == seconds


def test_severity_goes_with_a_time_or_alone():
    settings = {
        "instruments": [FRIDGE | {"channels": {2: {"silent_after": {"severity": "critical"}}}}],
        "appliance_alarms": {
            "disk_free_GB": {"limit": 50, "severity": "warning"},
            "clock_error_s": 2,
            "router_away": "2m",
            "bridge_away": {"limit": "2m", "severity": "warning"},
        },
    }
    alarms = {alarm.id: alarm for alarm in alarms_of(requested(settings))}
    assert alarms["control:2:silent"].severity == "critical"
    disk, clock = alarms["appliance:disk_free_GB"], alarms["appliance:clock_error_s"]
    assert disk.severity == "warning"
    assert (disk.limits, clock.limits, alarms["appliance:router_away"].limits) == ((50,), (2,), (120,))
    bridge = rules_of(alerting.document(settings))[0]
    assert (bridge["for"], bridge["labels"]["severity"]) == ("120s", "warning")


@pytest.mark.parametrize("said", [None, "10s", "1m"])
def test_rules_are_evaluated_as_often_as_the_inventory_says(said):
    content = alerting.document({"instruments": [FRIDGE], "alarm_interval": said})
    assert {group["interval"] for group in content["groups"]} == {{None: "20s", "10s": "10s", "1m": "60s"}[said]}


def test_network_away_compares_two_instruments_at_least():
    one = {"instruments": [FRIDGE, DIODES]}
    two = {"instruments": [FRIDGE, DIODES | {"address": "192.0.2.7"}]}
    assert ["network_away" in [alarm.kind for alarm in alarms_of(requested(each))] for each in (one, two)] == [
        False,
        True,
    ]
    explaining = {alarm.id: alarm.held_back_by for alarm in alarms_of(requested(two))}
    assert "appliance:network_away" in explaining["control:unreachable"]
    text = site_of(one["instruments"], [], alarms_of(requested(one)))
    assert "appliance:network_away" not in str(text["alarms"])


def test_what_is_switched_off_explains_nothing():
    settings = {"instruments": [FRIDGE], "appliance_alarms": {"router_away": False}}
    read = site_of(settings["instruments"], [], alarms_of(requested(settings)))["alarms"]
    away = next(each for each in read if each["id"] == "control:away")
    assert away["held_back_by"] == ["appliance:nodes_silent"]


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({}, {}),
        ({"alarm_above_K": 5.0, "alarm_below_K": 1}, {"critical": (1, 5.0)}),
        ({"alarms": [{"outside": [1, 9]}, {"above": 8}]}, {"critical": (1, 8)}),
        (
            {"alarms": [{"above": 8, "severity": "warning"}], "alarm_above_K": 9},
            {"critical": (None, 9), "warning": (None, 8)},
        ),
        ({"alarms": [{"rising": 1}, {"above": 8, "of": "sensor"}]}, {}),
    ],
)
def test_colours_are_of_the_same_limits(options, limits):
    assert channel_limits(FRIDGE, options, "temperature") == limits


# --- whom Grafana tells ---------------------------------------------------------------------------------------------------


def test_a_route_to_several_goes_on_until_the_last():
    (policy,) = alerting.document(SITES["told"])["policies"]
    assert policy["receiver"] == "pager"
    assert [(route["receiver"], route.get("continue", False)) for route in policy["routes"]] == [
        ("livemon-watchdog", False),
        ("pager", True),
        ("On call", False),
        ("hook", True),
    ]
    assert policy["routes"][1]["object_matchers"] == [
        ["severity", "=", "critical"],
        ["instrument", "=~", "control|registry"],
    ]
    assert policy["routes"][3]["object_matchers"] == [["label", "=~", r"4K plate|Pot 2\.1 \(A\)"]]


def test_the_watchdog_is_there_when_somebody_listens_and_goes_to_the_bridge():
    assert not [rule for rule in rules_of(alerting.document({"instruments": []})) if rule["title"] == "Watchdog"]
    content = alerting.document(SITES["watched, and nobody told"])
    (rule,) = [rule for rule in rules_of(content) if rule["title"] == "Watchdog"]
    assert rule["for"] == "0s"
    # It always fires, and would stand first in every list of alarms.
    assert [group["folder"] for group in content["groups"] if rule in group["rules"]] == ["livemon watchdog"]
    (pulse,) = [receiver for receiver in receivers_of(content) if receiver["type"] == "webhook"]
    assert pulse["settings"] == {
        "url": "http://sisock-grafana-http:5000/api/watchdog",
        "httpMethod": "POST",
        "username": "grafana",
        "password": "$__file{/run/secrets/pulse}",
    }
    assert pulse["disableResolveMessage"]
    (policy,) = content["policies"]
    assert policy["receiver"] == "livemon-nobody"
    assert policy["routes"][0]["object_matchers"] == [["alertname", "=", "Watchdog"]]


def test_the_bridge_takes_what_the_watchdog_sends_for_a_pulse():
    (rule,) = [rule for rule in rules_of(alerting.document(SITES["told"])) if rule["title"] == "Watchdog"]
    client = create_app(MemorySource([]), lambda: "secret").test_client()
    message = {"status": "firing", "alerts": [{"status": "firing", "labels": {"alertname": rule["title"]}}]}
    headers = {"Authorization": "Bearer secret"}
    assert client.post("/api/watchdog", json=message, headers=headers).get_json() == {"pulse": True}


def test_secrets_stand_in_no_file_but_their_own():
    text = alerting.text_after(alerting.document(SITES["told"]), "")
    environment = notifications.smtp_environment(SMTP, (12, 0))
    for secret in SECRETS.values():
        assert secret not in text
        assert secret not in str(environment)
    files = notifications.secret_files(SECRETS)
    assert sorted(files.values()) == sorted(SECRETS.values())
    named = re.findall(r"\$__file\{/run/secrets/([a-z_]+)\}", text)
    assert sorted(set(named)) == ["notification_hook", "notification_pager", "notification_slack_url", "pulse"]
    assert set(named) <= {*files, "pulse"}
    assert environment["GF_SMTP_PASSWORD__FILE"] == "/run/secrets/notification_hook"


def test_a_dollar_sign_of_a_setting_is_no_variable():
    text = alerting.text_after(alerting.document(SITES["told"]), "")
    assert "{{ $$x }}" in text


def test_no_task_shows_a_secret():
    (writing,) = yaml.safe_load((ROOT / "roles/grafana/tasks/secrets.yml").read_text())
    assert "grafana_notification_secrets" in str(writing)
    assert writing["no_log"] == "{{ grafana_no_log | bool }}"
    options = yaml.safe_load((ROOT / "roles/grafana/meta/argument_specs.yml").read_text())
    assert options["argument_specs"]["main"]["options"]["grafana_notification_secrets"]["no_log"] is True


# --- small things ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("2h", 7200), ("1d", 86400), (0, 0), ("0s", 0)]
    + [(wrong, None) for wrong in ("", "5", 5, "5 m", "-5m", "1.5h", "5M", True, False, None, ["5m"], "999d", "5m\n")],
)
def test_durations(text, seconds):
    assert durations.seconds(text) == seconds


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (90, "90s"), (300, "5m"), (7200, "2h"), (86400, "1d")])
def test_durations_as_they_are_written(seconds, text):
    assert durations.formatted(seconds) == text
    assert durations.seconds(text) == seconds


def test_a_long_uid_is_cut_but_stays_its_own():
    first, second = uid("i", "d" * 63 + "a"), uid("i", "d" * 63 + "b")
    assert len(first) == len(second) == 40
    assert first != second
    assert first == uid("i", "d" * 63 + "a")
