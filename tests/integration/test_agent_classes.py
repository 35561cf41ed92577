"""Agent classes of ocs and socs, started as on an appliance, each with a device that speaks its own protocol: what they publish
equals what the device says, is archived and is served; and what they do when the device goes away is what docs/agents_tried.yml says.

All of them run at the same time, in one site. The tests are in the order of events: some devices are absent at first; all are there;
they go away; they come back; some take requests without answering.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import ANY

import pytest
import yaml
from appliance import Appliance
from fakes import (
    cryomech_cpa,
    generator,
    hi6200,
    iboot_pdu,
    ifm_sbn246,
    influxdb,
    keithley_2280s,
    meinberg_m1000,
    pfeiffer_tpg366,
    serving,
    synaccess_pdu,
    ups,
    vantage_pro2,
)
from fakes.bluefors import LogWriter
from ocs.base import OpCode
from ocs_site import Agent, Site
from paths import ROOT
from router import Router
from waiting import wait_for

from livemon import hkarchive
from livemon.hkarchive.reader import UnknownFieldError

DEGRADED = "Its operation is degraded until the device is back."
ENDS = "Its process ends with an error and is started again, until the device is back."
LOG_SAYS_SO = "Its log says so, nothing else does; it goes on when the device is back."
NOTHING_SAYS_SO = "Nothing says so; it goes on when the device is back."
HANGS = "It hangs for ever"
"""The sentences of docs/agents_tried.yml that the tests below stand for."""
TRIED = yaml.safe_load((ROOT / "docs/agents_tried.yml").read_text())


def host_and_port(device: serving.Connection, host: str = "--ip-address") -> list[list[str]]:
    address, port = device.address.split(":")
    return [[host, address], ["--port", port]]


@dataclass(frozen=True)
class Case:
    """An agent class, its device, and what it is to publish in one of its feeds (which is empty if it publishes nothing).

    `arguments` are those of the inventory, `started` the operations that only a client can start, `complaint` what its log says
    without its device.
    """

    agent_class: str
    device: Callable[[Path], serving.Connection] | None
    arguments: Callable[[serving.Connection], list[list[object]]]
    feed: str
    values: Callable[[], dict[str, float | str]]
    process: str = "acq"
    started: tuple[str, ...] = ()
    complaint: str = ""

    @property
    def instance_id(self) -> str:
        return self.agent_class.lower()

    @property
    def when_away(self) -> str:
        return TRIED[self.agent_class]["when_away"]


def tpg366_values() -> dict[str, float]:
    """Upstream publishes 0 for a gauge whose status is not zero."""
    return {
        f"pressure_ch{channel}": pressure if status == pfeiffer_tpg366.OKAY else 0.0
        for channel, (status, pressure) in enumerate(pfeiffer_tpg366.GAUGES, start=1)
    }


def snmp_values(fields: dict[str, tuple[tuple[int, ...], int | str]]) -> dict[str, int | str]:
    return {name: value for name, (_, value) in fields.items()}


DATABASE = influxdb.Database()
CASES = [
    Case(
        "PfeifferAgent",
        lambda _: serving.OverTcp(pfeiffer_tpg366.answer),
        lambda device: host_and_port(device, "--ip_address"),
        "pressures",
        tpg366_values,
    ),
    Case(
        "CryomechCPAAgent",
        lambda _: serving.OverTcp(cryomech_cpa.answer),
        lambda device: [*host_and_port(device), ["--serial-number", "14831"], ["--mode", "acq"]],
        "ptc_status",
        lambda: (
            cryomech_cpa.NUMBERS | {"Operating_State": cryomech_cpa.READY, "Compressor_State": cryomech_cpa.RUNNING}
        ),
    ),
    Case(
        "FlowmeterAgent",
        lambda _: serving.OverHttp(ifm_sbn246.answer),
        lambda device: [["--ip-address", device.address], ["--daq-port", 1]],
        "flowmeter",
        lambda: {"flow": 42.4, "temperature": 22.8},
        complaint="Connection error",
    ),
    Case(
        "SynaccessAgent",
        lambda _: serving.OverHttp(synaccess_pdu.answer),
        lambda device: [
            ["--ip-address", device.address],
            ["--username", synaccess_pdu.USER],
            ["--password", synaccess_pdu.PASSWORD],
        ],
        "synaccess",
        lambda: {f"synaccess_{number}": state for number, state in enumerate(synaccess_pdu.OUTLETS)},
    ),
    Case(
        "ScpiPsuAgent",
        lambda _: serving.OverTcp(keithley_2280s.answer),
        host_and_port,
        "psu_output",
        lambda: {"Voltage_1": keithley_2280s.VOLTAGE, "Current_1": keithley_2280s.CURRENT},
        process="monitor_output",
    ),
    Case(
        "Hi6200Agent",
        lambda _: serving.OverTcp(hi6200.answer),
        lambda device: [["--ip-address", "127.0.0.1"], ["--tcp-port", device.address.split(":")[1]]],
        "scale_output",
        lambda: {"Gross": hi6200.as_socs_reads(hi6200.GROSS), "Net": hi6200.as_socs_reads(hi6200.NET)},
        process="monitor_weight",
        started=("init", "monitor_weight"),
        complaint="trying again",
    ),
    Case(
        "GeneratorAgent",
        lambda _: serving.OverTcp(generator.answer),
        lambda device: [
            *host_and_port(device, "--host"),
            ["--mode", "acq"],
            ["--configdir", "diesel"],
            ["--sample-interval", 1],
        ],
        "generator",
        lambda: {name: word * scale for name, (_, word, _, scale, _) in generator.VALUES.items()},
    ),
    Case(
        "MeinbergM1000Agent",
        lambda _: serving.OverUdp(meinberg_m1000.answer),
        lambda device: [*host_and_port(device, "--address"), ["--snmp-version", 1]],
        "m1000",
        lambda: snmp_values(meinberg_m1000.FIELDS),
        complaint="No SNMP response",
    ),
    Case(
        "VantagePro2Agent",
        lambda directory: serving.OverSerialLine(vantage_pro2.answer, directory / "weather_station"),
        lambda device: [["--port", device.address], ["--mode", "acq"], ["--sample-freq", 0.5]],
        "weather_data",
        lambda: vantage_pro2.FIELDS,
    ),
    Case(
        "BlueforsAgent",
        lambda directory: LogWriter(directory / "bluefors"),
        lambda device: [["--log-directory", device.address]],
        "bluefors",
        lambda: {
            "pressure_ch3_state": 1,
            "v4": 1,
            "pulsetube": 1,
            "cpastate": 3.0,
            "cpasn": 14831.0,
            "a2_r_htr": 120.0,
        },
    ),
    Case(
        "UPSAgent",
        lambda _: serving.OverUdp(ups.answer),
        lambda device: [*host_and_port(device, "--address"), ["--snmp-version", 1], ["--mode", "acq"]],
        "ups",
        lambda: snmp_values(ups.FIELDS) | {"upsBatteryStatus_0_description": "batteryNormal"},
        complaint="No SNMP response",
    ),
    Case(
        "ibootbarAgent",
        lambda _: serving.OverUdp(iboot_pdu.answer),
        lambda device: [*host_and_port(device, "--address"), ["--snmp-version", 2]],
        "ibootbar",
        lambda: {f"outletStatus_{number}": state for number, state in enumerate(iboot_pdu.STATES)},
        complaint="No SNMP response",
    ),
    Case(
        "FakeDataAgent",
        None,
        lambda _: [["--mode", "acq"], ["--num-channels", 1]],
        "false_temperatures",
        lambda: {"channel_00": ANY},
    ),
    Case("BarebonesAgent", None, lambda _: [], "feed_name", lambda: {"value": ANY}, process="count"),
    Case(
        "InfluxDBAgent",
        lambda _: serving.OverHttp(DATABASE.answer),
        lambda device: host_and_port(device, "--host"),
        "",
        dict,
        process="record",
    ),
    Case(
        "RegistryAgent",
        None,
        lambda _: [["--wait-time", 2]],
        "agent_operations",
        lambda: {"observatory_barebonesagent_count": OpCode.RUNNING.value},
        process="main",
    ),
]
DEVICES = [case for case in CASES if case.device]
PUBLISHING = [case for case in CASES if case.feed]
ABSENT_AT_FIRST = [case for case in DEVICES if case.agent_class in {"UPSAgent", "ibootbarAgent"}]
"""Asked once a minute, but every second as long as they have not answered yet."""
LOST = [case for case in DEVICES if case not in ABSENT_AT_FIRST]
HANGING = [case for case in LOST if HANGS in case.when_away]


def each(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.agent_class)


@dataclass
class Lab:
    """All of them, running."""

    site: Site
    appliance: Appliance
    stack: ExitStack
    devices: dict[str, serving.Connection] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)

    def start(self, case: Case) -> None:
        self.agents[case.agent_class] = self.stack.enter_context(self.site.agent(case.instance_id))

    def start_operations(self, case: Case) -> None:
        client = self.site.client(case.instance_id)
        for operation in case.started:
            getattr(client, operation).start()

    def log(self, case: Case) -> str:
        return self.agents[case.agent_class].output

    def session(self, case: Case) -> dict:
        return getattr(self.site.client(case.instance_id), case.process).status().session

    def degraded(self, case: Case) -> bool:
        session = self.session(case)
        return session.get("status") == "running" and session["degraded"]

    def archived(self, case: Case, names: list[str], since: float = 0.0) -> dict[str, object]:
        """The newest archived values; nothing where one of the fields has none, or none of them has one after `since`."""
        prefix = f"observatory.{case.instance_id}.feeds.{case.feed}."
        now = time.time()
        try:
            found = hkarchive.load([prefix + name for name in names], now - 900, now + 60, self.appliance.directory)
        except UnknownFieldError:
            return {}
        newest = {
            path.removeprefix(prefix): (times[-1], values[-1]) for path, (times, values) in found.items() if len(times)
        }
        if newest.keys() != set(names) or max(when for when, _ in newest.values()) <= since:
            return {}
        return {name: value for name, (_, value) in newest.items()}


@pytest.fixture(scope="module")
def lab(router: Router, tmp_path_factory: pytest.TempPathFactory):
    directory = tmp_path_factory.mktemp("classes")
    (directory / "generator_config/diesel").mkdir(parents=True)
    (directory / "generator_config/diesel/page_4.yaml").write_text(yaml.safe_dump(generator.register_file()))
    with ExitStack() as stack:
        lab = Lab(Site(directory, router), Appliance(directory, router), stack)
        for case in DEVICES:
            lab.devices[case.agent_class] = stack.enter_context(case.device(directory))
        for case in ABSENT_AT_FIRST:
            lab.devices[case.agent_class].leave()
        lab.site.write(
            recorder=("AggregatorAgent", ["--data-dir", directory], ["--frame-seconds", 1]),
            **{
                case.instance_id: (case.agent_class, *case.arguments(lab.devices.get(case.agent_class)))
                for case in CASES
            },
        )
        lab.appliance.write_nodes(
            *(
                {"kind": "feed", "name": case.instance_id, "target": case.instance_id, "feeds": [case.feed]}
                for case in PUBLISHING
            )
        )
        stack.enter_context(lab.appliance).start()
        stack.enter_context(lab.site.agent("recorder"))
        for case in CASES:
            lab.start(case)
        for case in CASES:
            if case.started:
                lab.start_operations(case)
        yield lab
        # At the same time: one that hangs takes eight seconds.
        for agent in lab.agents.values():
            agent.child.terminate()


@each(ABSENT_AT_FIRST)
def test_a_device_that_is_absent_is_waited_for(lab, case):
    assert case.when_away.startswith(LOG_SAYS_SO)
    wait_for(lambda: case.complaint in lab.log(case), f"{case.agent_class} to miss its device")
    assert not lab.degraded(case)


@pytest.fixture(scope="module")
def present(lab):
    for case in ABSENT_AT_FIRST:
        lab.devices[case.agent_class].come_back()
    return lab


@each(PUBLISHING)
def test_what_the_device_says_is_archived_and_served(present, case):
    expected = case.values()
    archived = wait_for(lambda: present.archived(case, list(expected)), f"archived {list(expected)}", 60)
    served = present.appliance.wait_for_values(case.instance_id)
    for name, value in expected.items():
        if value is ANY:
            assert isinstance(archived[name], float)
            assert isinstance(served[name.lower()], float)
        elif isinstance(value, str):
            assert [archived[name], served[name.lower()]] == [value, value]
        else:
            assert [archived[name], served[name.lower()]] == pytest.approx([value, value], rel=1e-6)


def test_what_the_log_files_of_a_bluefors_say_is_archived_and_served(present):
    """The newest lines change every second: what is archived and served is somewhere in the files."""
    case = next(case for case in CASES if case.agent_class == "BlueforsAgent")
    writer = present.devices["BlueforsAgent"]
    files = {"lakeshore_ch6_t": "CH6 T", "lakeshore_ch2_r": "CH2 R", "flowmeter": "Flowmeter"}
    archived = present.archived(case, list(files))
    served = present.appliance.values(case.instance_id)
    for name, file in files.items():
        written = writer.values(file)
        assert archived[name] in written
        assert served[name] in written
    htr_of_a1 = 50.0
    assert served["htr"] == htr_of_a1, "socs finds the htr of a1_r_htr first; docs/agents_tried.yml says so"


def test_influxdb_receives_what_the_others_publish(present):
    line = "observatory.flowmeteragent,feed=flowmeter flow=42.4,temperature=22.8 "
    wait_for(lambda: any(each.startswith(line) for each in DATABASE.lines), f"a line {line}")


@pytest.fixture(scope="module")
def away(present):
    """All devices are gone; the time when they went."""
    for case in LOST:
        present.devices[case.agent_class].leave()
    return time.time()


@each(LOST)
def test_a_device_that_goes_away_is_noticed_as_documented(lab, away, case):
    if case.when_away.startswith(ENDS):
        assert lab.agents[case.agent_class].exit_status() == 1
        words = f"livemon: process {case.process} of agent {case.instance_id} failed: "
        assert lab.agents[case.agent_class].last_line.startswith(words)
        return
    if case.when_away.startswith(DEGRADED):
        wait_for(lambda: lab.degraded(case), f"{case.agent_class} to be degraded")
        return
    if case.when_away.startswith(LOG_SAYS_SO):
        wait_for(lambda: case.complaint in lab.log(case), f"{case.agent_class} to miss its device")
    else:
        assert case.when_away.startswith(NOTHING_SAYS_SO)
        time.sleep(3)
    assert not lab.degraded(case)
    assert lab.agents[case.agent_class].child.poll() is None


@pytest.fixture(scope="module")
def back(lab, away):
    """All devices are back, and what has ended is started as Docker does; the time when they came."""
    for case in LOST:
        lab.devices[case.agent_class].come_back()
    for case in LOST:
        if case.when_away.startswith(ENDS):
            lab.start(case)
    return time.time()


@each(LOST)
def test_a_device_that_is_back_is_read_again(lab, back, case):
    if case.agent_class == "InfluxDBAgent":
        wait_for(lambda: DATABASE.written > back, "lines to be written again")
    else:
        wait_for(lambda: lab.archived(case, list(case.values()), since=back), f"samples of {case.agent_class}", 60)
    wait_for(lambda: not lab.degraded(case), f"{case.agent_class} not to be degraded")


@pytest.fixture(scope="module")
def hung(lab, back):
    """Devices took a request and did not answer it; since then they are well. How often they had been asked by then."""
    asked = {}
    for case in HANGING:
        device, before = lab.devices[case.agent_class], lab.devices[case.agent_class].asked
        device.hang(hanging=True)
        wait_for(lambda device=device, before=before: device.asked > before, f"{case.agent_class} to ask")
        device.hang(hanging=False)
        asked[case.agent_class] = device.asked
    time.sleep(5)
    return asked


@each(HANGING)
def test_a_device_that_leaves_a_request_open_stops_the_agent_for_ever(lab, hung, case):
    assert lab.devices[case.agent_class].asked == hung[case.agent_class]
    assert lab.agents[case.agent_class].child.poll() is None
    assert not lab.degraded(case)


def test_the_page_names_the_classes_and_their_fakes():
    tried_here = {case.agent_class for case in CASES}
    elsewhere = {name for name, entry in TRIED.items() if "livemon simulate" in entry["fake"]} - tried_here
    assert TRIED.keys() == tried_here | elsewhere
    fakes = {file.stem for file in (ROOT / "tests/support/fakes").glob("*.py")}
    for case in CASES:
        entry = TRIED[case.agent_class]
        assert entry.keys() == ({"fake", "when_away"} if case.device else {"fake"})
        (name,) = re.findall("`(.*)`", entry["fake"]) or [""]
        assert name in fakes or name.startswith("livemon simulate") or not case.device, case.agent_class
