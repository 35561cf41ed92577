"""Channels that are not samples, on a real router: ages, agents without their work, and what the archive tells of itself."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager

import pytest
import yaml
from appliance import Appliance, problems
from ocs_site import Site, simulator
from waiting import wait_for

from plugins.plugin_utils.inventory.rendering.bridge_site import site_file as site_of
from plugins.plugin_utils.inventory.rendering.sisock import nodes

FAKES = [
    {"agent_class": "FakeDataAgent", "id": each, "feeds": ["false_temperatures"], "description": "Fake"}
    for each in ("fake1", "fake2")
]
DIODES = {"model": 240, "id": "diodes", "serial": "SIM240", "description": "Diodes", "channels": {1: {"label": "4K"}}}
NEVER = {"model": 372, "id": "never", "serial": "LSA0000", "address": "10.0.0.9", "channels": {3: {"label": "Still"}}}
FIRST = "observatory.fake1.feeds.false_temperatures.channel_00"
SECOND = "observatory.fake2.feeds.false_temperatures.channel_00"
DIODE = "observatory.diodes.feeds.temperatures.Channel_1_T"
STILL = "observatory.never.feeds.temperatures.Channel_03_T"
ARCHIVE = "observatory.aggregator.feeds.archive"


class Lab:
    """An appliance with its agents, each of which can be started and ended by itself."""

    def __init__(self, appliance, site):
        self.appliance, self.site = appliance, site
        self.running: dict[str, ExitStack] = {}

    def start(self, agent):
        self.running[agent] = ExitStack()
        self.running[agent].enter_context(self.site.agent(agent))

    def end(self, agent):
        self.running.pop(agent).close()

    def write_inventory(self, instruments, agents):
        """Write what the roles write of an inventory."""
        part = self.appliance.directory / "site.yaml.part"
        part.write_text(yaml.safe_dump(site_of(instruments, agents)))
        part.replace(self.appliance.directory / "site.yaml")
        entries = [entry for entry in nodes(instruments, agents)["nodes"] if entry["name"] != "sensors"]
        self.appliance.write_nodes(*entries)

    def newest(self, target):
        """The newest value of each series of a target, as an alarm reads it."""
        query = {"target": target, "from": "-600s", "until": "now", "maxDataPoints": 43200, "format": "json"}
        status, answer = self.appliance.get("/render", **query)
        if status in {0, 503}:  # the bridge has only been started, or a node did not answer it in time
            return {}
        assert status == 200, answer
        points = {each["target"]: [value for value, _ in each["datapoints"] if value is not None] for each in answer}
        return {name: values[-1] for name, values in points.items() if values}

    def wait_for(self, target, condition, what, seconds=40.0):
        """Wait until the one series of a target has a value that will do, and return that."""

        def value():
            found = list(self.newest(target).values())
            return found if len(found) == 1 and condition(found[0]) else None

        return wait_for(value, what, seconds, every=0.5)[0]


@contextmanager
def running(router, directory):
    site = Site(directory, router)
    (directory / "archive").mkdir()
    fake = ("FakeDataAgent", ["--num-channels", 1], ["--sample-rate", 5], ["--frame-length", 10], ["--mode", "acq"])
    with simulator(240, directory) as (address, instrument), Appliance(directory, router) as appliance:
        port = ["--port", f"tcp://{address}"]
        site.write(
            fake1=fake,
            fake2=fake,
            diodes=("Lakeshore240Agent", ["--serial-number", "SIM240"], port, ["--mode", "acq"]),
            aggregator=("AggregatorAgent", ["--data-dir", directory / "archive"], ["--frame-seconds", 2]),
        )
        lab = Lab(appliance, site)
        lab.instrument = instrument
        lab.write_inventory([DIODES, NEVER], FAKES)
        appliance.start()
        for agent in ("fake1", "fake2", "diodes", "aggregator"):
            lab.start(agent)
        try:
            yield lab
        finally:
            for agent in list(lab.running):
                lab.end(agent)


@pytest.fixture(scope="module")
def lab(router, tmp_path_factory):
    with running(router, tmp_path_factory.mktemp("channels")) as running_lab:
        # Until it has found the router, the bridge answers that it has none.
        wait_for(
            lambda: running_lab.appliance.get("/render", target=FIRST)[0] == 200, "the bridge to find the router", 60
        )
        for path in (FIRST, SECOND, DIODE, f"{ARCHIVE}.lag"):
            running_lab.wait_for(path, lambda _value: True, f"values of {path}", 60)
        yield running_lab
        for part in ("hub", "nodes", "bridge"):
            assert not problems(running_lab.appliance.log(part)), running_lab.appliance.log(part)


def test_channels_bear_the_tags_of_the_inventory(lab):
    _, answer = lab.appliance.get("/render", target=f"age.{DIODE}", **{"from": "-60s"})
    assert answer[0]["tags"] == {
        "name": f"age.{DIODE}",
        "node": "SIM240",
        "instrument": "diodes",
        "model": "240",
        "serial": "SIM240",
        "description": "Diodes",
        "feed": "temperatures",
        "field": "channel_1_t",
        "channel": "1",
        "label": "4K",
        "unit": "s",
        "quantity": "age",
    }
    assert list(lab.newest("seriesByTag('quantity=temperature','channel=1')")) == [DIODE]


def test_ages_stand_in_the_tree_of_names(lab):
    _, roots = lab.appliance.get("/metrics/find", query="*")
    assert (
        {"age", "alarms", "invalid", "observatory", "livemon"}
        >= {each["text"] for each in roots}
        >= {"age", "observatory"}
    )
    _, found = lab.appliance.get("/metrics/find", query="age.observatory.never.feeds.temperatures.*")
    assert {each["text"] for each in found} == {"Channel_03_T", "Channel_03_R"}


def test_what_was_never_heard_grows_old_from_the_start_on(lab):
    first = lab.wait_for(f"age.{STILL}", lambda age: age > 2, "an age of a channel that was never heard")
    lab.wait_for(f"age.{STILL}", lambda age: age > first + 3, "it to grow")
    assert lab.newest(f"invalid.{STILL}") == {}


def test_an_agent_that_is_killed_ages_alone(lab):
    lab.end("fake1")
    lab.wait_for("observatory.fake1.agent.connected", lambda value: value == 0, "the agent to be missed")
    lab.wait_for(f"age.{FIRST}", lambda age: age > 30, "its channel to be older than 30 s", 60)
    lab.wait_for(f"age.{SECOND}", lambda age: age < 10, "the other's channel to be fresh")
    lab.wait_for("observatory.fake2.agent.connected", lambda value: value == 1, "the other agent to be there")


def test_its_channels_grow_older_when_its_node_and_all_nodes_have_gone(lab):
    before = lab.newest(f"age.{FIRST}")[f"age.{FIRST}"]
    entries = nodes([DIODES, NEVER], FAKES[1:])["nodes"]
    lab.appliance.write_nodes(*(entry for entry in entries if entry["name"] != "sensors"))
    wait_for(lambda: "fake1" not in _nodes(lab), "its node to be gone")
    lab.wait_for(f"age.{FIRST}", lambda age: age > before + 5, "its channel to grow older without a node")
    lab.appliance.stop("nodes")
    lab.wait_for(f"age.{SECOND}", lambda age: age > 12, "the others to grow older without any node", 40)
    lab.write_inventory([DIODES, NEVER], FAKES)
    lab.appliance.start("nodes")
    lab.start("fake1")
    for path in (FIRST, SECOND):
        lab.wait_for(f"age.{path}", lambda age: age < 10, f"{path} to be fresh again", 60)


def test_what_the_inventory_drops_loses_its_age(lab):
    lab.write_inventory([DIODES], FAKES)
    wait_for(lambda: lab.newest(f"age.{STILL}") == {}, "the instrument's age to be gone")
    lab.write_inventory([DIODES, NEVER], FAKES)
    lab.wait_for(f"age.{STILL}", lambda _age: True, "its age to be there again")


def test_the_archive_s_lag_ages_while_the_aggregator_is_away_and_the_gap_is_told(lab):
    lab.wait_for(f"{ARCHIVE}.lag", lambda lag: 0 <= lag < 10, "an archive that is not behind")
    began = time.time()
    lab.end("aggregator")
    lab.wait_for(f"age.{ARCHIVE}.lag", lambda age: age > 15, "the archive to be behind", 60)
    lab.start("aggregator")
    gap = lab.wait_for(f"{ARCHIVE}.gap", lambda gap: gap > 10, "the gap to be told", 60)
    assert gap < time.time() - began + 10
    lab.wait_for(f"{ARCHIVE}.lag", lambda lag: lag < 10, "the lag to be over")

    def listed():
        _, told = lab.appliance.get("/api/gaps", **{"from": began - 5, "until": time.time()})
        return {each["feed"]: (each["samples"], each["reason"]) for each in told["gaps"]}

    lab.wait_for(
        f"{ARCHIVE}.lost", lambda lost: lost == sum(samples for samples, _ in listed().values()), "the loss to be told"
    )
    for path in (FIRST, SECOND):
        samples, reason = listed()[path.rpartition(".")[0]]
        assert samples > 10 * 5
        assert reason == "the aggregator was not running"
    wait_for(
        lambda: any("the archive lost" in problem for problem in lab.appliance.get("/api/health")[1]["problems"]),
        "the dead-man's switch to be told",
    )


def test_an_instrument_that_is_off_makes_its_agent_degraded(lab):
    degraded = "observatory.diodes.agent.degraded"
    lab.wait_for(degraded, lambda value: value == 0, "the agent to be well")
    lab.instrument.terminate()
    lab.wait_for(degraded, lambda value: value == 1, "the agent to be degraded", 60)
    lab.wait_for("observatory.diodes.agent.connected", lambda value: value == 1, "the agent to be there")
    wait_for(
        lambda: any("agent diodes" in problem for problem in lab.appliance.get("/api/health")[1]["problems"]),
        "the dead-man's switch to be told",
    )


def _nodes(lab):
    _, status = lab.appliance.get("/api/status")
    return {node["name"] for node in status["nodes"] if not node["error"]}
