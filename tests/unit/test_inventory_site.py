"""The site file that the inventory renders is what the bridge reads."""

import pytest
import yaml

from livemon.bridge.inventory import read
from livemon.nodes.configuration import make_node
from plugins.plugin_utils.inventory.rendering import sisock
from plugins.plugin_utils.inventory.rendering.bridge_site import site_file as site

FRIDGE = {
    "model": 372,
    "id": "control",
    "serial": "LSA22YG",
    "address": "172.16.127.192",
    "description": "Dilution fridge",
    "channels": {1: {"label": "4K plate"}, 2: None},
    "also_reads": ["control_input"],
}
DIODES = {"model": 240, "id": "ls240", "serial": "LSA21OQ", "name": "diodes"}
FAKE = {"agent_class": "FakeDataAgent", "id": "fake1", "feeds": ["false_temperatures"]}
FRIDGE_TAGS = {"instrument": "control", "model": "372", "serial": "LSA22YG", "description": "Dilution fridge"}


@pytest.fixture(scope="module")
def known():
    return read(yaml.safe_dump(site([FRIDGE, DIODES], [FAKE])), "site.yaml")


@pytest.mark.parametrize(
    ("path", "tags"),
    [
        (
            "control.feeds.temperatures.Channel_01_T",
            FRIDGE_TAGS | {"channel": "1", "label": "4K plate", "unit": "K", "quantity": "temperature"},
        ),
        (
            "control.feeds.temperatures.Channel_16_R",
            FRIDGE_TAGS | {"channel": "16", "unit": "ohm", "quantity": "sensor"},
        ),
        (
            "control.feeds.temperatures.control_T",
            FRIDGE_TAGS | {"label": "Control input", "unit": "K", "quantity": "temperature"},
        ),
        (
            "ls240.feeds.temperatures.Channel_8_V",
            {"instrument": "ls240", "model": "240", "serial": "LSA21OQ"}
            | {"channel": "8", "label": "Channel 8", "quantity": "sensor"},
        ),
        ("fake1.feeds.false_temperatures.channel_00", {"instrument": "fake1", "model": "FakeDataAgent"}),
        ("registry.agent.connected", {"instrument": "registry", "model": "RegistryAgent"}),
        (
            "aggregator.feeds.archive.lag",
            {"instrument": "aggregator", "model": "AggregatorAgent", "description": "The archive"}
            | {"label": "Archive behind by", "unit": "s", "quantity": "lag"},
        ),
    ],
)
def test_tags_of(known, path, tags):
    assert known.tags(f"observatory.{path}") == tags


def test_what_the_inventory_lists_is_expected_or_all_where_it_lists_nothing(known):
    expected = [each.path.removeprefix("observatory.") for each in known.expected]
    fridge = [f"control.feeds.temperatures.{name}" for name in ("Channel_01", "Channel_02", "control")]
    diodes = [f"ls240.feeds.temperatures.Channel_{number}" for number in range(1, 9)]
    archive = [f"aggregator.feeds.archive.{name}" for name in ("lag", "lost", "gap")]
    assert sorted(expected) == sorted(
        [f"{each}_{kind}" for each in fridge for kind in "TR"]
        + [f"{each}_{kind}" for each in diodes for kind in "TV"]
        + archive
    )
    assert {each.node for each in known.expected} == {"LSA22YG", "diodes", "archive"}


def test_the_name_and_the_time_zone_of_the_site_are_known_where_the_inventory_says_them(known):
    about = site([FRIDGE], [], name="Cryogenics lab", time_zone="Europe/Amsterdam")
    assert read(yaml.safe_dump(about), "site.yaml").site_name == "Cryogenics lab"
    assert read(yaml.safe_dump(about), "site.yaml").time_zone == "Europe/Amsterdam"
    unsaid = site([FRIDGE], [], name="", time_zone="")
    assert (known.site_name, known.time_zone) == (None, None)
    assert not {"name", "time_zone"} & unsaid.keys()


@pytest.mark.parametrize("name", ["sample_heater_out", "still_heater_out", "still_heater_still_out"])
def test_what_a_command_publishes_once_is_not_missed_afterwards(known, name):
    assert known.tags(f"observatory.control.feeds.temperatures.{name}")["quantity"] == "heater"
    assert not known.expects(f"observatory.control.feeds.temperatures.{name}")


def test_the_nodes_say_the_same_of_units_and_labels(known):
    """Who asks the nodes themselves, as upstream's consumers do, reads no other labels than in Grafana."""
    for node in sisock.nodes([FRIDGE, DIODES], [FAKE])["nodes"]:
        for told, tag in (("labels", "label"), ("units", "unit")):
            for field, value in node.get(told, {}).items():
                tags = known.tags(f"observatory.{node['target']}.feeds.{node['feeds'][0]}.{field}")
                assert tags[tag] == value, (field, told)


def test_what_is_said_of_data_nodes_is_in_the_site_file():
    further = [
        {"kind": "external", "name": "apex_weather", "silent_after": "2h"},
        {"kind": "feed", "name": "far", "target": "far1", "feeds": ["a"], "silent_after": False},
        {"kind": "weather", "name": "weather", "silent_after": None},
        {"kind": "weather", "name": "sky"},
    ]
    assert read(yaml.safe_dump(site([], [], (), further)), "site.yaml").silent_after == {
        "apex_weather": 7200,
        "far": None,
    }


def test_the_node_of_the_agents_knows_whom_the_inventory_has():
    (node,) = [each for each in sisock.nodes(iter([FRIDGE, DIODES]), iter([FAKE]))["nodes"] if each["kind"] == "agents"]
    assert node["agents"] == [FRIDGE["id"], DIODES["id"], FAKE["id"], "aggregator", "registry"]
    assert set(node["agents"]) == read(yaml.safe_dump(site([FRIDGE, DIODES], [FAKE])), "site.yaml").agents.keys()
    make_node(node, "nodes.yaml")
