"""A 425 in an inventory: an instrument that measures no temperatures has its agent, dashboards and alarms in its own unit."""

from __future__ import annotations

import json

import pytest
from grafana_schema import dashboard_faults

from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana import alerting
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.grafana.dashboards.dashboard import DashboardSettings
from plugins.plugin_utils.inventory.grafana.dashboards.render import dashboards
from plugins.plugin_utils.inventory.grafana.identity import readings_panel
from plugins.plugin_utils.inventory.rendering import ocs, sisock, summary
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file

FIELD = "observatory.magnet.feeds.mag_field.Bfield"
BORE = {"label": "Magnet bore", "alarms": [{"outside": [250, 290]}, {"below": -5000, "severity": "warning"}]}
MAGNET = {"model": 425, "id": "magnet", "serial": "4250022", "channels": {1: BORE}}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "channels": {1: {"label": "4K plate", "alarm_above_K": 5}}}


def with_channel(**options):
    return {"instruments": [MAGNET | {"channels": {1: options}}]}


def drawn(*instruments):
    """Every dashboard's panels by title; a title may have several."""
    found = dashboards(list(instruments), [], [], DashboardSettings())
    return {name: {each["title"]: each for each in content["panels"]} for name, content in found.items()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"label": "Magnet bore"}, []),
        (BORE, []),
        ({"alarms": [{"rising": 20, "per": "minute"}, {"above": 5000, "of": "magnetic_field"}]}, []),
        (
            {"alarm_above_K": 5},
            [".alarm_above_K: this channel measures magnetic field in G; write alarms: [{above: 5.0}]"],
        ),
        (
            {"alarm_below_K": "warm"},
            [".alarm_below_K: this channel measures magnetic field in G; write alarms: [{below: 5.0}]"],
        ),
        (
            {"alarms": [{"above": 5, "of": "temperature"}]},
            [".alarms[0].of: 'temperature' is not a quantity that a channel measures; write magnetic_field"],
        ),
        (
            {"alarms": [{"above": 5}, {"above": 6, "of": "magnetic_field"}]},
            [
                (
                    ".alarms: two alarms are above and critical, and one of them is redundant; "
                    "leave one out, or give it another severity"
                )
            ],
        ),
    ],
)
def test_a_mistake_in_its_channel_is_named(options, expected):
    assert faults(with_channel(**options)) == [f"instruments[0] (id magnet).channels.1{each}" for each in expected]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"address": "172.16.127.40"}, []),
        ({"address": "172.16.127.40:4002"}, []),
        ({"simulated": True}, []),
        (
            {"address": "172.16.127.40:line1"},
            [".address: '172.16.127.40:line1' has an invalid port; write host:port, for example 172.16.127.30:4001"],
        ),
        ({"channels": {2: {}}}, [".channels.2: this model has no such channel; it has only 1"]),
        (
            {"also_reads": ["heater"]},
            [".also_reads: 'heater' is not supported; this model has only its channels; leave also_reads out"],
        ),
        ({"serial": 4250022}, [".serial: without quotes this is the number 4250022; "]),
    ],
)
def test_a_mistake_in_its_entry_is_named(entry, expected):
    found = faults({"instruments": [MAGNET | entry]})
    assert len(found) == len(expected)
    for said, each in zip(found, expected, strict=True):
        assert said.startswith(f"instruments[0] (id magnet){each}")


@pytest.mark.parametrize(
    ("entry", "port"),
    [
        ({}, "/dev/4250022"),
        ({"address": "gauss.lab.example"}, "tcp://gauss.lab.example:4001"),
        ({"address": "gauss.lab.example:4002"}, "tcp://gauss.lab.example:4002"),
        ({"simulated": True}, "tcp://simulator-magnet:4001"),
    ],
)
def test_its_agent_is_given_its_line_and_no_serial_number_which_it_does_not_take(entry, port):
    config = ocs.site_config([MAGNET | entry], [], "lab", 3600)
    (agent,) = [each for each in config["hosts"]["lab"]["agent-instances"] if each["instance-id"] == "magnet"]
    assert agent["agent-class"] == "Lakeshore425Agent"
    assert agent["arguments"] == [["--port", port], ["--mode", "acq"]]
    (service,) = [each for each in ocs.agent_services(config, "lab") if each["id"] == "magnet"]
    assert service["usb"] == port.startswith("/dev/")


def test_it_is_found_on_usb_by_its_own_ids():
    (device,) = ocs.usb_devices([MAGNET])
    assert (device["vendor"], device["product"], device["serials"]) == ("1fb9", "0401", ["4250022"])


def test_its_alarms_are_in_gauss_and_zero_is_a_reading():
    settings = {"instruments": [MAGNET | {"frozen_after": "30m"}]}
    alarms = {alarm.id: alarm for alarm in alarms_of(requested(settings))}
    outside = alarms["magnet:1:outside:critical"]
    assert (dict(outside.measure), outside.limits) == ({"kind": "value", "path": FIELD, "positive": False}, (250, 290))
    assert outside.labels["unit"] == alarms["magnet:1:frozen"].labels["unit"] == "G"
    assert alarms["magnet:1:below:warning"].limits == (-5000,)
    for kind in ("invalid", "frozen"):
        assert (alarms[f"magnet:1:{kind}"].measure["path"], alarms[f"magnet:1:{kind}"].measure["positive"]) == (
            FIELD,
            False,
        )
    assert alarms["magnet:1:silent"].measure["of"] == [FIELD]
    panel = f'"__panelId__": "{readings_panel("magnet")}"'
    assert panel in json.dumps(alerting.document(settings))


def test_its_dashboard_has_its_field_on_a_linear_axis_with_its_limits():
    panels = drawn(MAGNET)["instrument-magnet"]
    field = panels["Magnetic field"]
    assert FIELD in field["targets"][0]["target"]
    defaults = field["fieldConfig"]["defaults"]
    assert (defaults["unit"], defaults["custom"]["scaleDistribution"]) == ("suffix:G", {"type": "linear"})
    assert [step["value"] for step in defaults["thresholds"]["steps"][1:]] == [-5000, 250, 290]
    assert field["gridPos"]["w"] == 24
    assert panels["Magnet bore"]["fieldConfig"]["defaults"]["unit"] == "suffix:G"
    assert not {"Temperature", "Sensor reading"} & set(panels)
    assert "Magnetic fields" in drawn(MAGNET | {"channels": None})["instrument-magnet"]


def test_the_overview_has_it_beside_thermometers_whose_axis_it_is_not_on():
    overview = drawn(MAGNET, DIODES)["overview"]
    assert overview["Lake Shore 425 (4250022)"]["fieldConfig"]["defaults"]["unit"] == "suffix:G"
    assert FIELD in json.dumps(overview["Lake Shore 425 (4250022)"])
    assert FIELD not in json.dumps(overview["All temperatures"])
    assert "All temperatures" not in drawn(MAGNET)["overview"]


def test_grafana_can_read_its_dashboards():
    for content in dashboards([MAGNET, DIODES], [], [], DashboardSettings()).values():
        assert not dashboard_faults(content)


def test_nodes_and_bridge_know_its_unit_and_its_status():
    (node, *_) = sisock.nodes([MAGNET], [])["nodes"]
    assert (node["feeds"], node["units"], node["labels"]) == (["mag_field"], {"Bfield": "G"}, {"Bfield": "Magnet bore"})
    (agent, *_) = site_file([MAGNET], [])["agents"]
    assert agent["feeds"]["mag_field"] == {
        "Bfield": {
            "channel": "1",
            "label": "Magnet bore",
            "unit": "G",
            "quantity": "magnetic_field",
            "expected": True,
        },
        "Bfield_status": {"channel": "1", "quantity": "status"},
    }


def test_the_end_of_a_run_names_its_limits_in_gauss():
    assert "magnet, Magnet bore: outside 250 to 290 G (critical)" in list(summary._limits({"instruments": [MAGNET]}))
