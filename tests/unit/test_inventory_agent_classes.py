"""Classes and feeds of agents in the inventory: each mistake with its sentence, and nothing said of what is right."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from paths import ROOT

from plugins.plugin_utils.inventory.faults import agents
from plugins.plugin_utils.inventory.faults.agent_classes import class_faults, known

PLACE = "ocs_agents[0] (id x)"
OWN_AGENT = """
class {name}: pass


def main(args=None):
    parser.add_argument("--of-the-lab")
"""


def found(own_classes: tuple[str, ...] = (), **agent: object) -> list[str]:
    """The faults of an agent; keys that this release does not know are none here."""
    settings = {"ocs_agents": [{"id": "x", **agent}], "agent_secrets": {"power_strip": "x"}}
    with TemporaryDirectory() as inventory:
        (Path(inventory) / "agents").mkdir()
        for name in own_classes:
            (Path(inventory) / f"agents/{name.lower()}.py").write_text(OWN_AGENT.format(name=name), encoding="utf-8")
        faults = list(agents.faults(settings | {"inventory_dir": inventory}))
    return [each.removeprefix(f"{PLACE}.") for each in faults if "unknown key" not in each]


CLASSES = {
    "FakeDateAgent": "FakeDateAgent is not an agent class of ocs 0.12.1 or socs 0.6.4; did you mean FakeDataAgent?",
    "bluefors": "bluefors is not an agent class of ocs 0.12.1 or socs 0.6.4; did you mean BlueforsAgent?",
    "Lakeshore224Agent": "Lakeshore224Agent is not an agent class of ocs 0.12.1 or socs 0.6.4; did you mean Lakeshore240Agent?",
    "Toaster": "Toaster is not an agent class of ocs 0.12.1 or socs 0.6.4; docs/agents.md lists all",
    "socs:FakeDataAgent": "FakeDataAgent is an agent class of ocs, not of socs; write FakeDataAgent",
    "socs:BlueforAgent": "BlueforAgent is not an agent class of socs 0.6.4; did you mean BlueforsAgent?",
    "PfeifferTC400Agent": (
        "PfeifferTC400Agent cannot be imported in livemon's image, which lacks pfeiffer-vacuum-protocol; "
        "add packages: [pfeiffer-vacuum-protocol==...] with the version (docs/agents.md)"
    ),
    "FPGAAgent": (
        "FPGAAgent cannot be imported in livemon's image, which lacks the Python modules casperfpga, holog_daq, not on PyPI; "
        "add packages, and wheels: ... with a directory that has them (docs/agents.md)"
    ),
    "PysmurfController": (
        "PysmurfController cannot be imported in livemon's image, which lacks pyepics and matplotlib and "
        "the Python module sodetlib, not on PyPI; add packages, and wheels: ... with a directory that has them (docs/agents.md)"
    ),
}


@pytest.mark.parametrize(("agent_class", "said"), CLASSES.items())
def test_a_class_that_cannot_run(agent_class, said):
    assert found(agent_class=agent_class) == [f"agent_class: {said}"]


@pytest.mark.parametrize(
    "agent",
    [
        {"agent_class": "FakeDataAgent"},
        {"agent_class": "ocs:FakeDataAgent"},
        {"agent_class": "lab:Pump"},
        {"agent_class": "Pump", "own_classes": ("Pump",)},
        {"agent_class": "Pump", "packages": ["lab-agents==1.0"]},
        {"agent_class": "PfeifferTC400Agent", "packages": ["pfeiffer-vacuum-protocol==0.4"]},
        {"agent_class": "FakeDataAgent", "own_classes": ("FakeDataAgent",), "arguments": [["--of-the-lab", 1]]},
    ],
    ids=lambda agent: " ".join(f"{key}={value}" for key, value in agent.items()),
)
def test_a_class_that_can_run(agent):
    assert found(**agent) == []


def test_packages_do_not_change_the_options_of_a_class():
    assert found(
        agent_class="PfeifferTC400Agent", packages=["pfeiffer-vacuum-protocol==0.4"], arguments=[["--portnumber", 1]]
    ) == ["arguments: PfeifferTC400Agent has no option --portnumber; did you mean --port-number?"]


def test_a_class_of_the_lab_is_suggested():
    assert found(agent_class="Pmup", own_classes=("Pump",)) == [
        "agent_class: Pmup is not an agent class of ocs 0.12.1 or socs 0.6.4; did you mean Pump?"
    ]


FEEDS = {
    "": "this name is empty; write the name of a feed, for example bluefors",
    "*": "'*' is not the name of a feed; write it as the agent does, for example bluefors",
    "blufors": "BlueforsAgent has no feed 'blufors'; did you mean bluefors?",
    "pressures": "BlueforsAgent has no feed 'pressures'; it has bluefors",
}


@pytest.mark.parametrize(("feed", "said"), FEEDS.items())
def test_a_feed_that_never_comes(feed, said):
    assert found(agent_class="BlueforsAgent", feeds=["bluefors", feed]) == [f"feeds[1]: {said}"]


def test_a_class_that_publishes_nothing():
    assert found(agent_class="InfluxDBAgent", feeds=["temperatures"]) == [
        "feeds[0]: InfluxDBAgent has no feed 'temperatures'; it publishes none: leave feeds out"
    ]


@pytest.mark.parametrize("agent_class", ["PysmurfMonitor", "lab:Pump"])
def test_feeds_that_the_catalogue_does_not_know_are_left_alone(agent_class):
    assert found(agent_class=agent_class, feeds=["anything"]) == []
    assert len(found(agent_class=agent_class, feeds=["", "a.b"])) == 2


def test_a_class_that_is_no_text():
    assert list(class_faults("x", {"agent_class": 5})) == [
        "x.agent_class: this is a number; write the class as upstream names it, for example FakeDataAgent"
    ]
    assert known({}) is None


class Loader(yaml.SafeLoader):
    """Reads Ansible's own tags, such as ``!vault``, as text."""


Loader.add_multi_constructor("!", lambda loader, suffix, node: "x")


def agents_in(value: object) -> list[dict]:
    """Every agent of an inventory, wherever it is in it."""
    if isinstance(value, list):
        return [agent for each in value for agent in agents_in(each)]
    if not isinstance(value, dict):
        return []
    return [value] if "agent_class" in value else [agent for each in value.values() for agent in agents_in(each)]


def inventories() -> list[object]:
    """What is written as an inventory in this repository: its own, that of the renderings, and all examples of the pages."""
    files = [*ROOT.glob("inventory/*/*.yml"), *ROOT.glob("tests/renderings/*.yml"), *ROOT.glob("molecule/**/*.yml")]
    pages = [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("roles/*/meta/argument_specs.yml"),
    ]
    examples = [
        text.replace("...", "x")
        for page in pages
        for text in re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)
        if "agent_class" in text
    ]
    return [yaml.load(text, Loader) for text in [*(path.read_text() for path in files), *examples]]


def test_no_inventory_or_example_of_this_repository_has_a_fault():
    # Those whose code is on a page, too, are run by tests/integration.
    own = re.findall(r"^class (\w+)", "".join(page.read_text() for page in ROOT.glob("docs/*.md")), re.MULTILINE)
    written = [
        agent for inventory in inventories() for agent in agents_in(inventory) if agent["agent_class"] not in own
    ]
    assert len(written) >= 4
    for agent in written:
        assert found(**{key: value for key, value in agent.items() if key != "id"}) == [], agent
