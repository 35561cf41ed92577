"""What the inventory says of the fields of agents: mistakes, and what becomes of it in nodes, alarms, messages and health."""

from __future__ import annotations

import re
from importlib.metadata import distribution
from pathlib import Path

import pytest
import socs.plugin
import yaml
from socs.agents.bluefors.agent import LogParser

from livemon.bridge import inventory as bridge_inventory
from livemon.bridge.catalogue import Field
from livemon.health import limits
from livemon.nodes import configuration
from plugins.plugin_utils.inventory import agent_fields
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.rendering import summary
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file
from plugins.plugin_utils.inventory.rendering.sisock import nodes

OVC = "pressures.pressure_ch2"
PATH = f"observatory.tpg.feeds.{OVC}"
GAUGE = {"agent_class": "PfeifferAgent", "id": "tpg", "feeds": ["pressures"]}
FIELDS = {OVC: {"label": "OVC", "alarms": [{"above": 1e-3}], "silent_after": "20m"}, "pressures.pressure_ch1": None}
LISTED = GAUGE | {"fields": FIELDS}


def found(agent: dict) -> list[str]:
    place = f"ocs_agents[0] (id {agent['id']})"
    return [fault.removeprefix(place) for fault in faults({"instruments": [], "ocs_agents": [agent]})]


def test_sound_fields_have_no_fault():
    assert found(LISTED) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            [OVC],
            (
                ".fields: this is a list; write feed and field, and what they are, "
                "for example {pressures.pressure_ch1: {label: OVC, unit: mbar}}"
            ),
        ),
        (
            {"pressures": {"pressure_ch2": {"label": "OVC"}}},
            ".fields: 'pressures' is not a valid field of a feed; write feed and field, for example pressures.pressure_ch1",
        ),
        (
            {"flow.rate": {}},
            ".fields: flow is not among the feeds that are shown; write feeds: [flow] at the agent",
        ),
        ({OVC: "OVC"}, f".fields.{OVC}: this is text; write, for example, {{label: OVC, unit: mbar}}"),
        ({OVC: {"units": "mbar"}}, f".fields.{OVC}.units: unknown key; did you mean unit?"),
        (
            {OVC: {"label": 4}},
            f".fields.{OVC}.label: without quotes this is the number 4; put what is written in the file in quotes",
        ),
        (
            {OVC: {"silent_after": 5}},
            (
                f".fields.{OVC}.silent_after: 5 is not a valid duration; write, for example, 10m, false to switch the alarm off, "
                "or {after: 10m, severity: critical}"
            ),
        ),
        (
            {OVC: {"silent_after": "10s"}},
            f".fields.{OVC}.silent_after: 10s is too short to tell a silent sensor from an agent that is away; write 1m or longer",
        ),
        (
            {OVC: {"alarms": {"above": 1}}},
            f".fields.{OVC}.alarms: this is a mapping; write a list, for example [{{above: 0.001}}]",
        ),
        (
            {OVC: {"alarms": [{"above": 1, "field": OVC}]}},
            (
                f".fields.{OVC}.alarms[0].field: unknown key; known keys: "
                "above, below, outside, rising, per, over, clears_at, for, severity, summary"
            ),
        ),
        (
            {OVC: {"alarms": [{"above": "1 mbar"}]}},
            f".fields.{OVC}.alarms[0].above: '1 mbar' is not a valid number; write, for example, above: 5.0",
        ),
        (
            {OVC: {"alarms": [{"above": 1}, {"above": 2}]}},
            (
                f".fields.{OVC}.alarms[1]: another alarm of {OVC} is above and critical; "
                "leave one out, or give it another severity"
            ),
        ),
        (
            {OVC: {"label": "OVC"}, "pressures.pressure_ch3": {"label": "OVC"}},
            (
                f".fields.pressures.pressure_ch3.label: 'OVC' is already used by ocs_agents[0] (id tpg).fields.{OVC}; "
                "they could not be told apart in a plot: give each a label of its own"
            ),
        ),
    ],
)
def test_a_mistake_in_a_field(fields, expected):
    assert found(GAUGE | {"fields": fields}) == [expected]


def test_an_alarm_of_a_field_in_both_places_is_a_mistake():
    agent = LISTED | {"alarms": [{"field": OVC, "above": 1}]}
    assert found(agent) == [
        f".fields.{OVC}.alarms[0]: another alarm of {OVC} is above and critical; leave one out, or give it another severity"
    ]


def test_two_fields_of_different_units_may_have_one_label():
    fields = {OVC: {"label": "Still", "unit": "mbar"}, "pressures.flow": {"label": "Still", "unit": "mmol/s"}}
    assert found(GAUGE | {"fields": fields}) == []


def test_the_node_has_labels_and_units_and_what_the_inventory_says_goes_before_what_is_known():
    agent = GAUGE | {"fields": {OVC: {"label": "OVC", "unit": "Pa"}}}
    (entry,) = (each for each in nodes([], [agent])["nodes"] if each["name"] == "tpg")
    node = configuration.make_node(entry, "nodes.yaml")
    data = {"pressure_ch1": [0.1], "pressure_ch2": [0.2], "else": [1.0]}
    node.receive("observatory.tpg.feeds.pressures", [{"pressures": {"timestamps": [1.0], "data": data}}, {}])
    fields, _ = node.get_fields()
    assert {name: (field["label"], field["units"]) for name, field in fields.items()} == {
        "pressure_ch1": ("Gauge 1", "mbar"),
        "pressure_ch2": ("OVC", "Pa"),
        "else": (None, None),
    }
    entry["units"] = {OVC: "hPa"}
    assert node.reconfigure({key: value for key, value in entry.items() if key != "kind"})
    assert node.get_fields()[0]["pressure_ch2"]["units"] == "hPa"


def test_fields_of_one_name_in_two_feeds_have_each_their_own_label():
    agent = {"agent_class": "Own", "id": "own", "feeds": ["a", "b"]}
    agent |= {"fields": {"a.x": {"label": "Left"}, "b.x": {"label": "Right"}}}
    (entry,) = (each for each in nodes([], [agent])["nodes"] if each["name"] == "own")
    node = configuration.make_node(entry, "nodes.yaml")
    for feed in agent["feeds"]:
        node.receive(f"observatory.own.feeds.{feed}", [{"block": {"timestamps": [1.0], "data": {"x": [1.0]}}}, {}])
    fields, _ = node.get_fields()
    assert {field["path"]: field["label"] for field in fields.values()} == {
        "observatory.own.feeds.a.x": "Left",
        "observatory.own.feeds.b.x": "Right",
    }


def test_an_agent_of_which_nothing_is_known_is_as_it_was():
    agent = {"agent_class": "FakeDataAgent", "id": "fake1", "feeds": ["false_temperatures"]}
    (entry,) = (each for each in nodes([], [agent])["nodes"] if each["name"] == "fake1")
    assert not {"labels", "units"} & entry.keys()
    (about,) = (each for each in site_file([], [agent])["agents"] if each["id"] == "fake1")
    assert about["feeds"] == {"false_temperatures": {}}
    assert site_file([], [agent])["nodes"] == []


def made(agent: dict) -> dict:
    return {alarm.id: alarm for alarm in alarms_of(requested({"instruments": [], "ocs_agents": [agent]}))}


def test_a_field_has_its_alarms_with_its_label_and_unit():
    limit = made(LISTED)["tpg:pressures:pressure_ch2:above:critical"]
    assert (limit.measure["path"], limit.limits) == (PATH, (1e-3,))
    assert limit.labels == {"instrument": "tpg", "subject": f"OVC (tpg, {OVC})", "label": "OVC", "unit": "mbar"}
    silent = made(LISTED)["tpg:pressures:pressure_ch2:silent"]
    assert (silent.measure, silent.limits) == ({"kind": "age", "of": [PATH]}, (1200,))
    assert "tpg:pressures:pressure_ch1:silent" not in made(LISTED)


def test_an_alarm_of_the_agent_s_own_list_takes_label_and_unit_from_the_field():
    agent = GAUGE | {"alarms": [{"field": OVC, "below": 1e-9}], "fields": {OVC: {"label": "OVC"}}}
    assert made(agent)["tpg:pressures:pressure_ch2:below:critical"].labels["subject"] == f"OVC (tpg, {OVC})"
    assert made(agent)["tpg:pressures:pressure_ch2:below:critical"].labels["unit"] == "mbar"


def test_the_check_lists_the_limits_of_fields():
    text = summary.understood([(summary.Machine("monitor"), {"instruments": [], "ocs_agents": [LISTED]})])
    assert "tpg, OVC: above 0.001 mbar (critical)" in text


def status_of(agent: dict, ages: dict[str, float]) -> dict:
    """What the bridge would tell of a node whose fields have these ages, by name."""
    site = bridge_inventory.read(yaml.safe_dump(site_file([], [agent])), "site.yaml")
    paths = {name: f"observatory.tpg.feeds.pressures.{name}" for name in ages}
    described = site.described({name: Field("tpg", name, path) for name, path in paths.items()})
    fields = [
        {"name": name, "path": paths[name], "age": age, "value": 1.0, "expected": described[name].expected}
        | ({"silent_after": after} if (after := described[name].silent_after) else {})
        for name, age in ages.items()
    ]
    node = {"name": "tpg", "error": None, "silent_after": site.silent_after.get("tpg", 120.0), "fields": fields}
    return {"router": {"connected": True}, "nodes": [node]}


@pytest.mark.parametrize(
    ("agent", "ages", "problems"),
    [
        (GAUGE, {"pressure_ch1": 400, "pressure_ch2": 1}, ["silent in node tpg: pressure_ch1"]),
        (GAUGE, {"pressure_ch1": 130}, ["node tpg has been silent for 2 min"]),
        (LISTED, {"pressure_ch1": 1, "pressure_ch2": 1100}, []),
        (LISTED, {"pressure_ch1": 1, "pressure_ch2": 1300}, ["silent in node tpg: pressure_ch2"]),
        (LISTED, {"pressure_ch1": 130, "pressure_ch2": 1100}, []),
        (GAUGE | {"silent_after": "1h"}, {"pressure_ch1": 3000}, []),
        (GAUGE | {"silent_after": "1h"}, {"pressure_ch1": 3700}, ["node tpg has been silent for 62 min"]),
        (GAUGE | {"silent_after": False}, {"pressure_ch1": 1e6}, []),
        (GAUGE | {"fields": {OVC: {"silent_after": False}}}, {"pressure_ch1": 1, "pressure_ch2": 1e6}, []),
    ],
)
def test_the_appliance_is_well_as_long_as_a_field_may_be_silent(agent, ages, problems):
    """A gauge that was published every ten minutes made the appliance unwell."""
    assert list(limits.problems(status_of(agent, ages))) == problems


CLASSES = yaml.safe_load(agent_fields._KNOWN.read_text())


@pytest.mark.parametrize("agent_class", CLASSES)
def test_what_is_known_of_a_class_is_in_the_code_of_socs(agent_class):
    """Names are built from pieces there: the piece before a number, or the whole without it."""
    module = socs.plugin.agents[agent_class]["module"]
    files = Path(distribution("socs").locate_file(module.replace(".", "/"))).parent.glob("*.py")
    code = "\n".join(path.read_text() for path in files)
    for feed, fields in CLASSES[agent_class].items():
        assert re.search(rf"""register_feed\(\s*["']{feed}["']""", code), feed
        pieces = {re.sub(r"(_?\{.*|_0)", "", field) for field in fields} - {"lakeshore_ch"}
        assert [piece for piece in pieces if piece not in code] == []


@pytest.mark.parametrize(("file", "field"), [("CH6 T", "t"), ("CH6 R", "r"), ("CH6 P", "p")])
def test_the_thermometers_of_a_bluefors_cryostat_have_the_names_that_its_agent_gives_them(file, field):
    _, name = LogParser.identify_log(f"/logs/26-12-01/{file} 26-12-01.log")
    assert name == f"lakeshore_ch6_{field}"
    known = agent_fields.fields_of({"agent_class": "BlueforsAgent", "id": "bf", "feeds": ["bluefors"]})
    assert {each.name: each.label for each in known}[name] == file


def test_a_name_with_a_series_stands_for_several_fields():
    known = agent_fields.fields_of({"agent_class": "socs:BlueforsAgent", "id": "bf", "feeds": ["bluefors"]})
    assert {field.name: (field.label, field.unit) for field in known}["lakeshore_ch16_r"] == ("CH16 R", "ohm")
    assert agent_fields.fields_of({"agent_class": "BlueforsAgent", "id": "bf", "feeds": []}) == []


def test_the_agents_of_instruments_are_known_by_the_facts_of_their_models():
    known = agent_fields.fields_of({"agent_class": "Lakeshore372Agent", "id": "x", "feeds": ["temperatures"]})
    assert ("temperatures.Channel_03_R", "Channel 3", "ohm") in [(each.key, each.label, each.unit) for each in known]
