"""What the inventory may say, what its mistakes get, and what follows from it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
import yaml
from paths import ROOT

from livemon.nodes.configuration import make_node
from plugins.plugin_utils.inventory import local_times
from plugins.plugin_utils.inventory.faults.inventory import faults
from plugins.plugin_utils.inventory.models import MODELS
from plugins.plugin_utils.inventory.rendering import networks, ocs, sisock

FRIDGE = {"model": 372, "id": "control", "serial": "LSA22YG", "address": "172.16.127.192"}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ"}
FAKE = {
    "agent_class": "FakeDataAgent",
    "id": "fake1",
    "arguments": [["--sample-rate", 4]],
    "feeds": ["false_temperatures"],
}
FIRST, SECOND = "instruments[0] (id control)", "instruments[1] (id ls240)"


def settings_of(inventory: str) -> dict:
    """The settings of one of our inventories; a template is left out, for only Ansible can tell what it becomes."""
    content = yaml.safe_load((ROOT / "inventory" / inventory / "hosts.yml").read_text())
    return {key: value for key, value in content["livemon"]["vars"].items() if "{{" not in str(value)}


@pytest.mark.parametrize("inventory", ["example", "demo"])
def test_our_own_inventories_are_sound(inventory):
    assert faults(settings_of(inventory)) == []


def test_the_example_is_short():
    assert len((ROOT / "inventory/example/hosts.yml").read_text().splitlines()) <= 60


def test_nothing_need_be_in_the_lists():
    assert faults({"instruments": []}) == []
    assert faults({"instruments": None, "ocs_agents": []}) == []


def test_a_list_of_instruments_at_the_wrong_place_is_missed():
    """Ansible drops it with a warning, and the run would end every agent."""
    assert faults({}) == [
        "instruments: this list is missing; write it under vars, or instruments: [] if there are none"
    ]


def changed(entry: dict, **changes: object) -> dict:
    """The entry with other values; `None` takes a key away."""
    return {key: value for key, value in {**entry, **changes}.items() if value is not None}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model": None}, f".model is missing; write {' or '.join(f'model: {number}' for number in MODELS)}"),
        ({"model": 373}, f".model: 373 is not a supported model; write {' or '.join(MODELS)}"),
        (
            {"serial": None},
            ".serial is missing; write the serial number on the instrument's label, for example serial: LSA21OQ",
        ),
        (
            {"serial": 42798},
            '.serial: without quotes this is the number 42798; put what is written in the file in quotes, as in serial: "LSA21OQ"',
        ),
        (
            {"description": True},
            ".description: without quotes this means true; put what is written in the file in quotes",
        ),
        (
            {"name": 4.0},
            ".name: without quotes this is the number 4.0; write a name that starts with a letter, for example name: ls240",
        ),
        (
            {"channels": {1: {"alarm_above_K": 5000}}},
            ".channels.1.alarm_above_K: 5000 K is hotter than any sensor of these models reads (873 K); write kelvins, as in 5.0",
        ),
        (
            {"serial": "LSA 22"},
            ".serial: 'LSA 22' is not a valid serial number; use letters, digits, '-' and '_', for example LSA21OQ",
        ),
        (
            {"address": None},
            ".address is missing; write its IP address or host name, for example address: 172.16.127.192",
        ),
        (
            {"address": "172.16.127.392"},
            ".address: '172.16.127.392' is not a valid IP address; write four numbers from 0 to 255, for example 172.16.127.192",
        ),
        (
            {"address": "172.16.127"},
            ".address: '172.16.127' is not a valid IP address; write four numbers from 0 to 255, for example 172.16.127.192",
        ),
        (
            {"address": "ls372_lab"},
            ".address: 'ls372_lab' is not a valid IP address or host name; write, for example, 172.16.127.192 or ls372.lab.example",
        ),
        (
            {"address": "172.16.127.192:7777"},
            ".address: '172.16.127.192:7777' has an invalid port; write the address alone: a 372 listens on port 7777",
        ),
        (
            {"address": "fd00::192"},
            ".address: 'fd00::192' is an IPv6 address, and the drivers support only IPv4; write, for example, 172.16.127.192",
        ),
        ({"address": 172}, ".address: without quotes this is the number 172; write an IP address or a host name"),
        ({"simulated": True}, ".address: a simulated instrument has no address; leave out address, or simulated"),
        (
            {"simulated": "yes"},
            ".simulated: 'yes' is neither true nor false; write simulated: true, or leave it out",
        ),
        (
            {"open_operations": "acq"},
            ".open_operations: write a list of operations, for example [acq, set_heater_range]",
        ),
        (
            {"open_operations": ["set_heater_rang"]},
            ".open_operations: 'set_heater_rang' is not an operation of this model; did you mean set_heater_range?",
        ),
        (
            {"open_operations": ["a b"]},
            ".open_operations: 'a b' is not a valid operation; write a name as upstream has it, for example acq, or '*' for all",
        ),
        ({"adress": "172.16.127.192"}, ".adress: unknown key; did you mean address?"),
        (
            {"colour": "red"},
            (
                ".colour: unknown key; known keys: model, id, serial, name, address, usb_adapter, "
                "description, channels, simulated, memory_window, also_reads, wait_for_data, arguments, files, open_operations, "
                "scan_cycle, silent_after, "
                "invalid_after, frozen_after, unreachable_after, away_after, degraded_after"
            ),
        ),
        (
            {"name": "sensors"},
            ".name: 'sensors' is reserved for this machine's sensors; choose another",
        ),
        (
            {"description": "It's cold"},
            ".description: use at most 80 characters, without quotes, backslash, comma, semicolon, question mark, # or $",
        ),
        (
            {"description": " "},
            ".description: this text is empty; write a few words, or leave description out",
        ),
        (
            {"channels": {1: {"label": ""}}},
            ".channels.1.label: this text is empty; write a few words, or leave label out",
        ),
        (
            {"description": 4},
            ".description: without quotes this is the number 4; put what is written in the file in quotes",
        ),
        (
            {"channels": [1, 2]},
            ".channels: this is a list; write each channel with its label, for example {1: {label: 4K plate}}",
        ),
        ({"channels": {17: {"label": "a"}}}, ".channels.17: this model has no such channel; it has 1 to 16"),
        ({"channels": {1: "4K plate"}}, ".channels.1: this is text; write, for example, {label: 4K plate}"),
        (
            {"channels": {1: {"alarm_above": 5}}},
            ".channels.1.alarm_above: unknown key; did you mean alarm_above_K?",
        ),
        (
            {"channels": {1: {"alarm_above_K": "5 K"}}},
            ".channels.1.alarm_above_K: '5 K' is not a valid temperature; write kelvins, for example alarm_above_K: 5.0",
        ),
    ],
)
def test_a_mistake_in_an_instrument(changes, expected):
    assert faults({"instruments": [changed(FRIDGE, **changes), DIODES]}) == [FIRST + expected]


@pytest.mark.parametrize(
    ("instruments", "expected"),
    [
        (
            [FRIDGE, changed(DIODES, id="control")],
            (
                f"instruments[1] (id control).id: 'control' is already used by {FIRST}; an id names the data "
                "permanently: give each its own"
            ),
        ),
        (
            [FRIDGE, changed(FRIDGE, id="second", serial="LSA22YH")],
            (
                f"instruments[1] (id second).address: '172.16.127.192' is already used by {FIRST}; "
                "two instruments cannot share an address"
            ),
        ),
        (
            [changed(FRIDGE, name="Fridge"), changed(DIODES, name="Fridge")],
            f"{SECOND}.name: 'Fridge' is already used by {FIRST}; give one of them a name of its own, name: ...",
        ),
        (
            [changed(FRIDGE, id=None), DIODES],
            "instruments[0].id is missing; write a short permanent name for its data, for example id: ls240",
        ),
        (
            [changed(FRIDGE, id="dilution fridge"), DIODES],
            (
                "instruments[0] (id dilution fridge).id: 'dilution fridge' cannot be part of a channel's name; "
                "use letters, digits, '-' and '_', for example dilution_fridge"
            ),
        ),
        (
            [changed(FRIDGE, id="aggregator"), DIODES],
            "instruments[0] (id aggregator).id: 'aggregator' is reserved for the archive's agent; choose another",
        ),
        (["ls240"], "instruments[0]: this is text; write {model: 240, id: ls240, serial: LSA21OQ}"),
        (
            {"model": 240},
            (
                "instruments: this is a mapping, not a list; "
                "write one line for each, starting with '- {model: 240, id: ls240, serial: LSA21OQ}'"
            ),
        ),
    ],
)
def test_a_mistake_in_the_list_of_instruments(instruments, expected):
    assert faults({"instruments": instruments}) == [expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"agent_class": None},
            ".agent_class is missing; write the class as upstream names it, for example FakeDataAgent",
        ),
        (
            {"arguments": ["--sample-rate", 4]},
            ".arguments: write a list of lists, for example [[--sample-rate, 4], [--mode, acq]]",
        ),
        ({"feeds": "temperatures"}, ".feeds: write a list of feed names, for example [false_temperatures]"),
        (
            {"arguments": [["--access-policy", "override:advanced,full"]]},
            (
                ".arguments: passwords do not belong here; leave --access-policy out: the secret is generated on the machine, "
                "and open_operations lists the operations that need none"
            ),
        ),
        (
            {"open_operations": ["acq", 4]},
            ".open_operations: 4 is not a valid operation; write a name as upstream has it, for example acq, or '*' for all",
        ),
        ({"argumnts": []}, ".argumnts: unknown key; did you mean arguments?"),
        (
            {"id": "control"},
            f".id: 'control' is already used by {FIRST}; an id names the data permanently: give each its own",
        ),
    ],
)
def test_a_mistake_in_an_agent(changes, expected):
    agent = changed(FAKE, **changes)
    found = faults({"instruments": [FRIDGE], "ocs_agents": [agent]})
    assert found == [f"ocs_agents[0] (id {agent['id']}){expected}"]


def test_a_misspelt_setting():
    assert faults({"instrumnets": [FRIDGE]}) == ["instrumnets: unknown setting; did you mean instruments?"]
    assert faults({"instruments": [], "my_own_variable": 1, "ansible_user": "postdoc"}) == []


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("archive_seconds_per_file", "60", 0),
        ("data_directory", "/srv/lab-data", "/srv/lab data"),
        ("simulated_bluefors", "/srv/bluefors", "srv/bluefors"),
        ("extra_ca_certificates", ["lab.pem"], "lab.pem"),
        ("base_image", "apt", "python 3"),
        ("images_archive", "/media/images", "images"),
        ("ocs_subnet", "10.9.0.0/24", "10.9.0.1/24"),
        ("grafana_image", "grafana/grafana@sha256:0123", "grafana:$TAG"),
        ("grafana_required", "no", "perhaps"),
        ("grafana_port", 443, 5000),
        ("wait_for_data", False, None),
        ("show_secrets", True, "perhaps"),
        ("sisock_anonymous_nodes", True, "perhaps"),
        ("sisock_upstream_consumer", {"user": "simonsobs", "secret": "a-long-secret"}, "simonsobs"),
    ],
)
def test_a_mistake_in_a_setting(key, good, bad):
    assert faults({"instruments": [], key: good}) == []
    (fault,) = faults({"instruments": [], key: bad})
    assert fault.startswith(f"{key}: ")


@pytest.mark.parametrize(
    "value",
    [
        {"user": "simonsobs", "secret": "geheim"},
        {"user": "node", "secret": "geheim-geheim"},
        {"user": "simons.obs", "secret": "geheim-geheim"},
        {"user": "", "secret": "geheim-geheim"},
        {"user": "simonsobs", "secret": "geheim-geheim\n"},
        {"user": "simonsobs", "secret": "geheim-geheim", "role": "hub"},
        {"secret": "geheim-geheim"},
        {"user": "simonsobs"},
        "geheim-geheim",
        ["geheim-geheim"],
    ],
)
def test_a_mistaken_user_of_the_router_is_told_without_its_secret(value):
    (fault,) = faults({"instruments": [], "sisock_upstream_consumer": value})
    assert fault.startswith(
        "sisock_upstream_consumer: this is not a valid user with a secret; write {user: simonsobs, secret: ...}"
    )
    assert "geheim" not in fault


def test_all_faults_are_told_at_once():
    found = faults(
        {
            "instruments": [changed(FRIDGE, model=1, serial=None), changed(DIODES, id="control", adress="x")],
            "ocs_agents": [changed(FAKE, agent_class=None)],
        }
    )
    assert len(found) == 5


def test_the_site_config_starts_every_agent():
    site = ocs.site_config([FRIDGE, changed(DIODES, simulated=True)], [FAKE], "monitor", 60)
    agents = {each["instance-id"]: each for each in site["hosts"]["monitor"]["agent-instances"]}
    assert list(agents) == ["registry", "aggregator", "control", "ls240", "fake1"]
    assert agents["control"]["agent-class"] == "Lakeshore372Agent"
    assert ["--ip-address", "172.16.127.192"] in agents["control"]["arguments"]
    assert ["--port", "tcp://simulator-ls240:1094"] in agents["ls240"]["arguments"]
    assert ["--time-per-file", "60"] in agents["aggregator"]["arguments"]
    assert agents["fake1"]["arguments"] == [["--sample-rate", "4"]]


def test_what_the_inventory_opens_is_in_the_site_config_and_nothing_else():
    opened = changed(FRIDGE, open_operations=["set_pid"])
    for everywhere, expected in (([], {"control": ["set_pid"]}), (["acq"], {"control": ["acq", "set_pid"]})):
        site = ocs.site_config([opened, DIODES], [FAKE], "monitor", 60, everywhere)
        found = {
            each["instance-id"]: each.get("open-operations") for each in site["hosts"]["monitor"]["agent-instances"]
        }
        others = dict.fromkeys(["registry", "aggregator", "ls240", "fake1"], everywhere or None)
        assert found == others | expected


@pytest.mark.parametrize("model", MODELS)
def test_the_operations_of_a_model_are_those_that_upstream_registers(model):
    """A name that upstream gives up would open nothing, and one that it adds could not be opened."""
    module = importlib.util.find_spec(MODELS[model].agent_module)
    names = re.findall(r"agent\.register_(?:task|process)\(\s*'(\w+)'", Path(module.origin).read_text())
    assert sorted(name for name in names if not name.startswith("get_")) == list(MODELS[model].operations)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["acq", "set_*"], []),
        ("acq", ["open_operations: write a list of operations, for example [acq, set_heater_range]"]),
    ],
)
def test_operations_that_the_site_opens(value, expected):
    assert faults({"instruments": [FRIDGE], "open_operations": value}) == expected


def test_an_instrument_on_usb_is_found_by_its_serial_number():
    site = ocs.site_config([DIODES], [], "monitor", 60)
    assert ["--port", "/dev/LSA21OQ"] in site["hosts"]["monitor"]["agent-instances"][2]["arguments"]
    instruments = [DIODES, FRIDGE, changed(DIODES, address="10.0.0.1"), changed(DIODES, simulated=True)]
    assert [(each["product"], each["serials"]) for each in ocs.usb_devices(instruments)] == [("0205", ["LSA21OQ"])]
    assert [each["id"] for each in ocs.agent_services(site, "monitor") if each["usb"]] == ["ls240"]


def test_a_further_instrument_leaves_the_others_services_alone():
    before = ocs.agent_services(ocs.site_config([FRIDGE], [], "monitor", 60), "monitor")
    after = ocs.agent_services(ocs.site_config([FRIDGE, DIODES], [], "monitor", 60), "monitor")
    assert after[:-1] == before
    moved = ocs.site_config([changed(FRIDGE, address="10.0.0.9")], [], "monitor", 60)
    checksums = [[each["checksum"] for each in services] for services in (before, ocs.agent_services(moved, "monitor"))]
    assert checksums[0][:2] == checksums[1][:2]
    assert checksums[0][2] != checksums[1][2]


def test_data_nodes_have_name_target_and_description():
    channels = {2: {"label": "4K plate"}}
    nodes = sisock.nodes([changed(FRIDGE, channels=channels, description="Dilution fridge"), DIODES], [FAKE])["nodes"]
    told = [(each["name"], each.get("target"), each["description"]) for each in nodes]
    assert told == [
        ("LSA22YG", "control", "Dilution fridge"),
        ("LSA21OQ", "ls240", "Lake Shore 240 LSA21OQ"),
        ("fake1", "fake1", "FakeDataAgent"),
        ("archive", "aggregator", "The archive"),
        ("sensors", None, "This machine"),
        ("agents", None, "Agents"),
    ]
    assert nodes[0]["labels"] == {"Channel_02_T": "4K plate", "Channel_02_R": "4K plate"}
    assert nodes[0]["units"]["Channel_16_R"] == "ohm"
    assert nodes[1]["units"] == {f"Channel_{number}_T": "K" for number in range(1, 9)}, "a sensor may be a resistor"


WEATHER_FILES = {
    "kind": "textfiles",
    "name": "APEX",
    "directory": "/data/weather",
    "columns": ["temperature", None, {"name": "wind", "units": "m/s"}],
    "pattern": "*.dat",
    "time_format": "%d-%m-%Y %H:%M:%S",
    "time_zone": "Europe/Amsterdam",
}


def test_a_site_s_own_data_nodes_are_served_and_their_directories_mounted():
    further = [
        {"kind": "weather", "name": "weather"},
        WEATHER_FILES,
        {"kind": "feed", "name": "far", "target": "far1", "feeds": ["a"], "memory_window": 60, "silent_after": "10m"},
        {"kind": "external", "name": "apex_weather", "silent_after": "2h"},
    ]
    assert faults({"instruments": [], "data_nodes": further}) == []
    served = sisock.nodes([], [], further, 7200)["nodes"][:-3]
    assert served == [
        {"kind": "weather", "name": "weather", "description": "Synthetic weather"},
        WEATHER_FILES | {"description": "Text files in /data/weather", "directory": "/texts/APEX"},
        {"kind": "feed", "name": "far", "target": "far1", "feeds": ["a"], "description": "Feeds of far1", "window": 60},
    ]
    for node in served:
        make_node(node, "nodes.yaml")
    assert sisock.text_directories(further) == [{"source": "/data/weather", "target": "/texts/APEX"}]


@pytest.mark.parametrize(
    "time_format", ["unix", "iso", "%Y-%j %H:%M", "%d %b %Y %I:%M %p", "%Y-%m-%dT%H:%M:%S.%f%z", "%y%m%d,%H%M"]
)
def test_formats_of_times_that_can_be_read(time_format):
    node = {key: value for key, value in WEATHER_FILES.items() if key != "time_zone"}
    assert faults({"instruments": [], "data_nodes": [node | {"time_format": time_format}]}) == []


def test_a_controller_without_the_time_zones_leaves_them_to_the_machine(monkeypatch):
    monkeypatch.setattr(local_times, "_zones", frozenset)
    assert faults({"instruments": [], "data_nodes": [WEATHER_FILES | {"time_zone": "Mars/Olympus_Mons"}]}) == []
    (fault,) = faults({"instruments": [], "data_nodes": [WEATHER_FILES | {"time_zone": "../x"}]})
    assert "is not in the IANA database; write a name such as Europe/Amsterdam" in fault


def test_how_much_is_kept_in_memory_is_the_entry_s_or_the_site_s():
    nodes = sisock.nodes([changed(FRIDGE, memory_window=86400), DIODES], [FAKE], window=7200)["nodes"]
    assert [node.get("window") for node in nodes[:3]] == [86400, 7200, 7200]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"kind": "wether", "name": "a"}, ".kind: 'wether' is not a kind of data node; write weather, textfiles, feed"),
        ({"kind": "external", "name": "a"}, ".silent_after is missing; write, for example, 10m, or false"),
        (
            {"kind": "external", "name": "a", "silent_after": 600},
            ".silent_after: 600 is not a valid duration; write, for example,",
        ),
        ({"kind": "external", "name": "a", "silent_after": True}, ".silent_after: True is not a valid duration"),
        ({"kind": "weather", "name": "a", "silent_after": "0s"}, ".silent_after: '0s' is not a valid duration"),
        ({"kind": "external", "name": "a", "silent_after": "1h", "feeds": []}, ".feeds: unknown key"),
        ({"kind": ["weather"], "name": "a"}, ".kind: ['weather'] is not a kind of data node"),
        ({"kind": "weather"}, ".name is missing; write what Grafana shows before the field, for example name: weather"),
        ({"kind": "weather", "name": 7}, ".name: without quotes this is the number 7"),
        ({"kind": "weather", "name": "a b"}, ".name: 'a b' cannot be part of a channel's name"),
        (
            {"kind": "weather", "name": "agents"},
            ".name: 'agents' is reserved for the node of all agents; choose another",
        ),
        ({"kind": "weather", "name": "LSA22YG"}, ".name: 'LSA22YG' is already used by"),
        ({"kind": "weather", "name": "a", "directory": "/d"}, ".directory: unknown key"),
        (WEATHER_FILES | {"directory": "weather"}, ".directory: 'weather' is not a valid directory"),
        (WEATHER_FILES | {"directory": "/a:/b"}, ".directory: '/a:/b' is not a valid directory"),
        (WEATHER_FILES | {"columns": "temperature"}, ".columns: list what follows the time"),
        (WEATHER_FILES | {"columns": [None]}, ".columns: list what follows the time"),
        (WEATHER_FILES | {"columns": ["a", 7]}, ".columns[1]: this is a number"),
        (
            WEATHER_FILES | {"columns": ["Wind speed", "wind_speed"]},
            ".columns[1].name: 'wind_speed' would be the same channel",
        ),
        (
            WEATHER_FILES | {"columns": [{"name": "a", "unit": "K"}]},
            ".columns[0].unit: unknown key; did you mean units?",
        ),
        (WEATHER_FILES | {"columns": [{"units": "K"}]}, ".columns[0].name: None is not a valid name of a column"),
        (WEATHER_FILES | {"pattern": "../*"}, ".pattern: '../*' is not a valid pattern"),
        (
            WEATHER_FILES | {"separator": 7},
            ".separator: without quotes this is the number 7; put what is written in the file in quotes",
        ),
        (WEATHER_FILES | {"time_format": "hours"}, ".time_format: 'hours' is not a valid time format"),
        (WEATHER_FILES | {"time_format": 5}, ".time_format: 5 is not a valid time format"),
        (
            WEATHER_FILES | {"time_format": "%Q"},
            ".time_format: '%Q' cannot be used to read times: 'Q' is a bad directive",
        ),
        (WEATHER_FILES | {"time_format": "%Y-%m-%d %"}, "cannot be used to read times: stray %"),
        (WEATHER_FILES | {"time_format": "%H:%M:%S"}, ".time_format: '%H:%M:%S' lacks the year, the month or the day"),
        (
            WEATHER_FILES | {"time_format": "%d-%m-%y %I:%M"},
            "has %I without %p, so morning and evening cannot be told apart",
        ),
        (
            WEATHER_FILES | {"time_zone": "Europe/Amstredam"},
            ".time_zone: 'Europe/Amstredam' is not in the IANA database; did you mean Europe/Amsterdam?",
        ),
        (WEATHER_FILES | {"time_zone": "new york"}, "did you mean America/New_York?"),
        (WEATHER_FILES | {"time_zone": "../localtime"}, ".time_zone: '../localtime' is not in the IANA database"),
        (WEATHER_FILES | {"time_zone": "our own"}, "database; write a name such as Europe/Amsterdam (timedatectl"),
        (WEATHER_FILES | {"time_zone": 2}, ".time_zone: 2 is a number; write a name from the IANA database"),
        (
            WEATHER_FILES | {"time_zone": "UTC", "time_format": "unix"},
            ".time_zone: UNIX seconds are the same in all zones",
        ),
        (WEATHER_FILES | {"time_zone": "UTC", "time_format": "%Y-%m-%d %H%z"}, "each line has its own offset from UTC"),
        (WEATHER_FILES | {"timezone": "UTC"}, ".timezone: unknown key; did you mean time_zone?"),
        ({"kind": "feed", "name": "a", "feeds": ["b"]}, ".target: None is not a valid instance-id of an agent"),
        ({"kind": "feed", "name": "a", "target": "b"}, ".feeds: write a list of feed names"),
        (
            {"kind": "feed", "name": "a", "target": "b", "feeds": ["c"], "labels": ["d"]},
            ".labels: write a text for each field",
        ),
        (
            {"kind": "feed", "name": "a", "target": "b", "feeds": ["c"], "memory_window": "1h"},
            ".memory_window: '1h' is not a valid number",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_in_a_data_node(node, expected):
    (fault,) = faults({"instruments": [FRIDGE], "data_nodes": [node]})
    assert fault.startswith("data_nodes[0]")
    assert expected in fault


@pytest.mark.parametrize("window", [0, -1, True, "1h", 1e6, 10**9])
def test_a_window_that_is_no_number_of_seconds(window):
    (fault,) = faults({"instruments": [], "memory_window": window})
    assert "is not a valid number of seconds" in fault
    (fault,) = faults({"instruments": [changed(FRIDGE, memory_window=window)]})
    assert ".memory_window" in fault


def test_simulators_of_simulated_instruments_only():
    simulated = changed(DIODES, simulated=True, channels={1: {"label": "4K plate"}, 2: {}})
    assert ocs.simulators([FRIDGE, simulated]) == [{"id": "ls240", "model": "240", "serial": "LSA21OQ", "port": 1094}]


def test_a_label_leaves_a_simulator_as_it_runs():
    """It was an option on its command line: the container was made anew, and the fridge began again at 300 K."""
    simulated = changed(DIODES, simulated=True)
    labelled = changed(simulated, channels={1: {"label": "4K plate"}}, description="Diodes of the fridge")
    assert ocs.simulators([labelled]) == ocs.simulators([simulated])


def test_fixed_addresses_lie_outside_what_docker_gives_out():
    assert networks.host_address("172.28.80.0/24", 10) == "172.28.80.10"
    assert networks.dynamic_range("172.28.80.0/24") == "172.28.80.128/25"
