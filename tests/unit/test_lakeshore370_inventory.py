"""A 370 in an inventory: over RS-232 by a USB adapter, behind a converter, or simulated."""

from __future__ import annotations

import re

import pytest
from jinja2 import Environment
from paths import ROOT

from plugins.plugin_utils.inventory import serial_lines
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.grafana.alarms.build import alarms_of
from plugins.plugin_utils.inventory.grafana.alarms.requested import requested
from plugins.plugin_utils.inventory.grafana.dashboards.dashboard import DashboardSettings
from plugins.plugin_utils.inventory.grafana.dashboards.render import dashboards
from plugins.plugin_utils.inventory.rendering import ocs, sisock, summary

BRIDGE = {"model": 370, "id": "bridge", "serial": "LSA14A2", "usb_adapter": "A50285BI"}
STAGES = {n: {"label": f"Stage {n}", "alarm_above_K": 5} for n in range(1, 5)}
PLACE = "instruments[0] (id bridge)"
HIGHEST = "observatory.bridge.feeds.temperatures.Channel_16_T"


def without_adapter(**changes):
    return {key: value for key, value in BRIDGE.items() if key != "usb_adapter"} | changes


@pytest.mark.parametrize(
    ("instrument", "expected"),
    [
        (BRIDGE, []),
        (BRIDGE | {"channels": STAGES}, []),
        (without_adapter(address="172.16.127.40:4001"), []),
        (without_adapter(simulated=True), []),
        (
            without_adapter(),
            [
                (
                    ".usb_adapter is missing: a 370 has an RS-232 port; write the serial number of its USB adapter, for example "
                    "usb_adapter: A50285BI, or the address of a serial-to-network converter, for example address: 172.16.127.30:4002"
                )
            ],
        ),
        (
            BRIDGE | {"address": "172.16.127.40"},
            [".usb_adapter: it is read over one line; leave out usb_adapter, or address"],
        ),
        (
            BRIDGE | {"simulated": True},
            [".usb_adapter: a simulated instrument has no USB adapter; leave out usb_adapter, or simulated"],
        ),
        (
            BRIDGE | {"usb_adapter": 50285},
            [
                (
                    ".usb_adapter: without quotes this is the number 50285; put its serial number in quotes, as in "
                    'usb_adapter: "A50285BI"'
                )
            ],
        ),
        (
            BRIDGE | {"usb_adapter": "/dev/ttyUSB0"},
            [
                (
                    ".usb_adapter: '/dev/ttyUSB0' is not a valid serial number; use letters, digits, '-' and '_', "
                    "for example A50285BI"
                )
            ],
        ),
        (
            BRIDGE | {"channels": {17: {}}},
            [".channels.17: this model has no such channel; it has 1 to 16"],
        ),
    ],
)
def test_a_mistake_in_its_entry_is_named(instrument, expected):
    assert faults({"instruments": [instrument]}) == [f"{PLACE}{each}" for each in expected]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"model": 240, "address": "192.0.2.7"}, "a 240 is not read over RS-232; leave it out"),
        ({"model": 372, "address": "192.0.2.7"}, "a 372 is not read over RS-232; leave it out"),
    ],
)
def test_an_adapter_of_an_instrument_without_an_rs_232_port_is_a_mistake(other, said):
    assert faults({"instruments": [BRIDGE | other]}) == [f"{PLACE}.usb_adapter: {said}"]


def test_an_adapter_serves_one_instrument():
    (said,) = faults({"instruments": [BRIDGE, BRIDGE | {"id": "other", "serial": "LSA14A3"}]})
    assert said.startswith("instruments[1] (id other).usb_adapter: ")
    assert said.endswith("an adapter has one RS-232 port, for one instrument")


@pytest.mark.parametrize(
    ("instrument", "port"),
    [
        (BRIDGE, "/dev/LSA14A2"),
        (without_adapter(address="moxa.lab.example"), "tcp://moxa.lab.example:4002"),
        (without_adapter(address="172.16.127.40:4001"), "tcp://172.16.127.40:4001"),
        (without_adapter(simulated=True), "tcp://simulator-bridge:4002"),
    ],
)
def test_its_agent_is_given_its_line(instrument, port):
    config = ocs.site_config([instrument], [], "lab", 3600)
    (agent,) = [each for each in config["hosts"]["lab"]["agent-instances"] if each["instance-id"] == "bridge"]
    assert agent["agent-class"] == "Lakeshore370Agent"
    assert agent["arguments"] == [["--serial-number", "LSA14A2"], ["--port", port], ["--auto-acquire", "True"]]
    (service,) = [each for each in ocs.agent_services(config, "lab") if each["id"] == "bridge"]
    assert service["usb"] == port.startswith("/dev/")


def test_udev_gives_the_line_of_its_adapter_the_name_of_the_instrument():
    instruments = [BRIDGE, {"model": 425, "id": "magnet", "serial": "4250022"}]
    template = (ROOT / "roles/ocs/templates/udev.rules.j2").read_text(encoding="utf-8")
    environment = Environment(trim_blocks=True, autoescape=False)
    environment.filters["regex_replace"] = lambda value, pattern: re.sub(pattern, "", value)
    rules = environment.from_string(template).render(
        ocs_usb_devices=ocs.usb_devices(instruments),
        ocs_serial_lines=serial_lines.of_instruments(instruments),
    )
    lines = [line for line in rules.splitlines() if 'SUBSYSTEM=="tty"' in line]
    start, mode = 'ACTION!="remove", SUBSYSTEM=="tty", ', 'GROUP="dialout", MODE="0660"'
    ids = 'ATTRS{idVendor}=="1fb9", ATTRS{idProduct}=="0401"'
    assert lines == [
        f'{start}{ids}, ATTRS{{serial}}=="4250022", SYMLINK+="4250022", {mode}',
        f'{start}SUBSYSTEMS=="usb", ATTRS{{serial}}=="A50285BI", SYMLINK+="LSA14A2", {mode}',
    ]
    assert 'ATTR{serial}=="A50285BI", ENV{ID_MM_DEVICE_IGNORE}="1"' in rules


def test_all_its_channels_are_in_its_node_on_its_dashboard_and_in_its_alarms():
    (node, *_) = sisock.nodes([BRIDGE], [])["nodes"]
    assert (node["units"]["Channel_16_T"], node["units"]["Channel_16_R"]) == ("K", "ohm")
    made = dashboards([BRIDGE], [], [], DashboardSettings())
    assert HIGHEST in str(made["instrument-bridge"])
    assert HIGHEST in str(made["overview"])
    alarms = {alarm.id: alarm for alarm in alarms_of(requested({"instruments": [BRIDGE | {"channels": STAGES}]}))}
    above = alarms["bridge:4:above:critical"]
    assert above.measure["path"] == HIGHEST.replace("16", "4")
    assert (above.limits, above.measure["positive"], above.labels["unit"]) == ((5,), True, "K")
    assert alarms["bridge:4:silent"].limits == (420,)  # two scans of four channels, 13 s each, beyond five minutes


def test_the_end_of_a_run_says_how_it_is_reached():
    assert "serial LSA14A2, by the USB adapter A50285BI" in summary._instrument(BRIDGE)
