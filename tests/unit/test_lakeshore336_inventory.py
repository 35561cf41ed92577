"""A 336 in an inventory: channels that are letters, an option card that not every instrument has, and two heaters."""

from __future__ import annotations

import json

import pytest

from plugins.plugin_utils.inventory import agent_fields
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.grafana.dashboards.dashboard import DashboardSettings
from plugins.plugin_utils.inventory.grafana.dashboards.instrument import instrument as instrument_dashboard
from plugins.plugin_utils.inventory.rendering import bridge_site, ocs, sisock, summary

COLD = {"model": 336, "id": "cold", "serial": "LSA3ABC", "address": "172.16.127.36"}
LISTED = COLD | {"channels": {"A": {"label": "4K plate", "alarm_above_K": 5.0}, "D2": {"label": "Sample"}}}
FIRST = "instruments[0] (id cold)"
GIVE_EACH_ITS_OWN = "they could not be told apart in a plot: give each a label of its own"
FEED = "observatory.cold.feeds.temperatures"


def faults_of(**changes):
    return faults({"instruments": [{key: value for key, value in (COLD | changes).items() if value is not None}]})


@pytest.mark.parametrize("channels", [None, {}, {"A": None}, LISTED["channels"]])
def test_letters_are_channels(channels):
    assert faults_of(channels=channels) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"channels": {1: None}}, ".channels.1: this model has no such channel; it has A, B, C, D, D2, D3, D4, D5"),
        ({"channels": {"E": None}}, ".channels.E: this model has no such channel; it has A, B, C, D, D2, D3, D4, D5"),
        ({"channels": {"a": None}}, ".channels.a: the inventory names this channel A; write A"),
        ({"channels": {"D1": None}}, ".channels.D1: the inventory names this channel D; write D"),
        (
            {"channels": ["A", "B"]},
            ".channels: this is a list; write each channel with its label, for example {A: {label: 4K plate}}",
        ),
        (
            {"channels": {"A": {"label": "Plate"}, "B": {"label": "Plate"}}},
            f".channels.B.label: 'Plate' is already used by {FIRST}.channels.A; {GIVE_EACH_ITS_OWN}",
        ),
        (
            {"channels": {"A": {"label": "Heater 1"}}},
            f".channels.A.label: 'Heater 1' is already used by an output of the Lake Shore 336; {GIVE_EACH_ITS_OWN}",
        ),
        (
            {"address": None},
            ".address is missing; write its IP address or host name, for example address: 172.16.127.192",
        ),
        (
            {"address": "172.16.127.36:7777"},
            ".address: '172.16.127.36:7777' has an invalid port; write the address alone: a 336 listens on port 7777",
        ),
        (
            {"also_reads": ["heater"]},
            ".also_reads: 'heater' is not supported; this model has only its channels; leave also_reads out",
        ),
        (
            {"open_operations": ["set_setpiont"]},
            ".open_operations: 'set_setpiont' is not an operation of this model; did you mean set_setpoint?",
        ),
    ],
)
def test_a_mistake_at_a_336(changes, expected):
    assert faults_of(**changes) == [FIRST + expected]


def test_its_agent_is_reached_over_the_network_and_samples_every_few_seconds():
    config = ocs.site_config([LISTED, COLD | {"id": "toy", "address": None, "simulated": True}], [], "host", 3600)
    cold, toy = config["hosts"]["host"]["agent-instances"][-2:]
    assert cold["agent-class"] == "Lakeshore336Agent"
    assert cold["arguments"] == [
        ["--serial-number", "LSA3ABC"],
        ["--ip-address", "172.16.127.36"],
        ["--f-sample", "0.5"],
    ]
    assert toy["arguments"][1] == ["--ip-address", "simulator-toy"]
    assert ocs.simulators([COLD | {"simulated": True}]) == [
        {"id": "cold", "model": "336", "serial": "LSA3ABC", "port": 7777}
    ]


def test_the_data_node_has_labels_and_units_of_channels_and_heaters():
    node = sisock.nodes([LISTED], [])["nodes"][0]
    assert node["labels"]["Channel_D2_T"] == "Sample"
    assert node["labels"]["Heater_1_Percent"] == "Heater 1"
    assert node["labels"]["Heater_2_Setpoint"] == "Heater 2 setpoint"
    units = {name: node["units"].get(f"Heater_1_{name}") for name in ("Percent", "Setpoint", "Max_Current", "Range")}
    assert units == {"Percent": "%", "Setpoint": "K", "Max_Current": "A", "Range": None}
    assert node["units"]["Channel_D5_T"] == "K"


def expected_of(entry):
    (fields,) = bridge_site.site_file([entry], [])["agents"][0]["feeds"].values()
    return {name for name, field in fields.items() if field.get("expected") and name.endswith("_T")}, fields


def test_inputs_of_the_option_card_are_expected_only_if_they_are_listed():
    without, fields = expected_of(COLD)
    assert without == {f"Channel_{letter}_T" for letter in "ABCD"}
    assert fields["Channel_D2_T"] == {"channel": "D2", "unit": "K", "quantity": "temperature"}
    assert expected_of(LISTED)[0] == {"Channel_A_T", "Channel_D2_T"}
    said = summary.understood([(summary.Machine("monitor"), {"instruments": [COLD]})])
    assert "cold: all 4, without names" in said


def test_alarms_of_letters():
    found = {alarm.id: alarm for alarm in alarms_of(requested({"instruments": [LISTED]}))}
    above = next(alarm for name, alarm in found.items() if name.startswith("cold:A:above"))
    assert f"{FEED}.Channel_A_T" in json.dumps(above.measure)
    assert above.series_labels["subject"] == "4K plate (cold, channel A)"
    assert any(name.startswith("cold:D2:silent") for name in found)


def panels_of(entry):
    return instrument_dashboard(entry, DashboardSettings())["panels"]


def test_a_dashboard_shows_channels_and_heaters_with_their_units():
    panels = {(panel["title"], panel["type"]): panel for panel in panels_of(LISTED)}
    assert (("4K plate", "stat") in panels, ("Sample", "stat") in panels) == (True, True)
    shown = {title: panels[title, "timeseries"]["fieldConfig"]["defaults"]["unit"] for title in ("Heater", "Setpoint")}
    assert shown == {"Heater": "percent", "Setpoint": "si:K"}
    assert f"{FEED}.Heater_2_Setpoint" in json.dumps(panels["Setpoint", "stat"])
    assert panels["Current limit of the heater", "stat"]["fieldConfig"]["defaults"]["unit"] == "amp"


def test_its_agent_among_other_agents_has_the_same_labels_and_units():
    agent = {"agent_class": "Lakeshore336Agent", "id": "x", "feeds": ["temperatures"]}
    known = {field.name: (field.label, field.unit) for field in agent_fields.fields_of(agent)}
    assert known["Channel_D2_T"] == ("Channel D2", "K")
    assert known["Heater_1_Setpoint"] == ("Heater 1 setpoint", "K")
