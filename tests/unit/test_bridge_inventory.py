"""The site file of the bridge: what it says of channels, and what one gets that cannot be read."""

import pytest

from livemon.bridge.catalogue import Field
from livemon.bridge.inventory import InventoryFile, read
from livemon.errors import ConfigError

SITE = """
agents:
- id: control
  node: LSA22YG
  model: "372"
  serial: LSA22YG
  description: Dilution fridge
  feeds:
    temperatures:
      Channel_01_T: {channel: "1", label: 4K plate, unit: K, quantity: temperature, expected: true}
      Channel_02_T: {channel: "2", unit: K, quantity: temperature}
- {id: fake1, model: FakeDataAgent, feeds: {false_temperatures: {}}}
"""
PATH = "observatory.control.feeds.temperatures.Channel_01_T"
AGENT = {"instrument": "control", "model": "372", "serial": "LSA22YG", "description": "Dilution fridge"}
CHANNEL = {"channel": "1", "label": "4K plate", "unit": "K", "quantity": "temperature"}


@pytest.mark.parametrize(
    ("path", "tags"),
    [
        (PATH, AGENT | CHANNEL),
        ("observatory.control.feeds.temperatures.Channel_02_T", AGENT | CHANNEL | {"channel": "2", "label": None}),
        ("observatory.control.feeds.temperatures.control_T", AGENT),
        ("observatory.control.agent.connected", AGENT),
        ("observatory.fake1.feeds.false_temperatures.x", {"instrument": "fake1", "model": "FakeDataAgent"}),
        ("observatory.nobody.feeds.f.x", {}),
        ("livemon.sensors.disk_free", {}),
    ],
)
def test_tags_of(path, tags):
    inventory = read(SITE, "site.yaml")
    assert inventory.tags(path) == {tag: value for tag, value in tags.items() if value}
    assert inventory.tags(path) is inventory.tags(path)


def test_the_site_goes_before_the_node():
    inventory = read(SITE, "site.yaml")
    fields = {"channel_01_t": Field("LSA22YG", "channel_01_t", PATH, label="Front panel", units="kelvin")}
    described = inventory.described(fields)
    assert described["channel_01_t"].tags == AGENT | CHANNEL | {
        "name": PATH,
        "node": "LSA22YG",
        "field": "channel_01_t",
        "feed": "temperatures",
    }
    assert inventory.described(described)["channel_01_t"] is described["channel_01_t"]


def test_what_is_expected():
    assert [(each.node, each.name, each.path) for each in read(SITE, "site.yaml").expected] == [
        ("LSA22YG", "channel_01_t", PATH)
    ]


@pytest.mark.parametrize(
    ("path", "goes_on"),
    [
        (PATH, True),
        ("observatory.control.feeds.temperatures.Channel_02_T", False),  # not listed: may be switched off
        ("observatory.control.agent.connected", True),
        ("observatory.taken_out.agent.connected", False),
        ("observatory.taken_out.feeds.temperatures.Channel_01_T", False),
        ("livemon.sensors.disk_free", True),
    ],
)
def test_what_should_go_on(path, goes_on):
    assert read(SITE, "site.yaml").expects(path) is goes_on


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("agents: [", "site.yaml is not valid YAML: "),
        (
            "[]",
            "site.yaml: write the lists agents (required), alarms and nodes, the strings name and time_zone, and nothing",
        ),
        ("{agents: [], name: 7}", "site.yaml.name: 7 is not a string; put it in quotes, or leave the key out"),
        ("{agents: [], more: []}", "site.yaml: write the lists agents"),
        ("{agents: [], nodes: {}}", "site.yaml, nodes: write one entry per node"),
        ("{agents: [], nodes: [{silent_after: 60}]}", "site.yaml, nodes[0]: needs a name, and silent_after"),
        ("{agents: [], nodes: [{name: a}]}", "site.yaml, nodes[0]: needs a name, and silent_after"),
        ("{agents: [], nodes: [{name: a, silent_after: true}]}", "site.yaml, nodes[0]: needs a name, and silent_after"),
        ("{agents: [], nodes: [{name: a, silent_after: -1}]}", "site.yaml, nodes[0]: needs a name, and silent_after"),
        ("agents: [x]", "site.yaml, agents[0]: write a mapping of description, feeds, id, "),
        ("agents: [{}]", "site.yaml, agents[0]: needs a unique id"),
        ("agents: [{id: a}, {id: a}]", "site.yaml, agents[1]: needs a unique id"),
        (
            "agents: [{id: a, name: x}]",
            "site.yaml, agents[0]: unknown key 'name'; the known keys are description, feeds, id",
        ),
        ("agents: [{id: a, model: 240}]", "site.yaml, agents[0].model: 240 is not a string; put it in quotes"),
        ("agents: [{id: a, feeds: [f]}]", "site.yaml, agents[0].feeds: write the fields of each feed"),
        (
            "agents: [{id: a, feeds: {f: {x: {units: K}}}}]",
            "agents[0].feeds.f.x: unknown key 'units'; the known keys are channel, expected, label, quantity, silent_after, unit",
        ),
        ("agents: [{id: a, feeds: {f: {x: {label: ''}}}}]", "agents[0].feeds.f.x.label: '' is not a string"),
        ("agents: [{id: a, feeds: {f: {x: {silent_after: 0}}}}]", "agents[0].feeds.f.x.silent_after: write a number"),
        ("agents: [{id: a, feeds: {f: {x: {expected: 1}}}}]", "agents[0].feeds.f.x.expected: write true or false"),
        (
            "agents: [{id: a, feeds: {f: {x: }}}]",
            "agents[0].feeds.f.x: write a mapping of channel, expected, label, quantity, silent_after, unit",
        ),
    ],
)
def test_a_site_file_that_cannot_be_read(text, sentence):
    with pytest.raises(ConfigError) as caught:
        read(text, "site.yaml")
    assert sentence in str(caught.value)


def test_the_site_has_a_name_and_a_time_zone_where_the_inventory_says_them():
    inventory = read(SITE + "name: Cryogenics lab\ntime_zone: Europe/Amsterdam\n", "site.yaml")
    assert (inventory.site_name, inventory.time_zone) == ("Cryogenics lab", "Europe/Amsterdam")
    assert (read(SITE, "site.yaml").site_name, read(SITE, "site.yaml").time_zone) == (None, None)


def test_each_agent_has_a_node():
    assert read(SITE, "site.yaml").nodes == {"control": "LSA22YG", "fake1": "fake1"}


def test_a_site_file_is_followed(tmp_path):
    path = tmp_path / "site.yaml"
    with pytest.raises(ConfigError, match="LIVEMON_SITE names it"):
        InventoryFile(path)
    path.write_text(SITE)
    followed = InventoryFile(path)
    path.write_text(SITE.replace("4K plate", "Still"))
    followed.look()
    assert followed.inventory.tags(PATH)["label"] == "Still"
    for broken in (lambda: path.write_text("agents: 7"), path.unlink):
        broken()
        followed.look()
        assert followed.inventory.tags(PATH)["label"] == "Still"
