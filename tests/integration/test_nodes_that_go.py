"""What is told of hub, data nodes and agents that go, hang or are hostile, with a real router."""

from __future__ import annotations

import signal
import sys
import time
from contextlib import ExitStack

import pytest
from appliance import Appliance, problems
from ocs_site import Site
from processes import process
from waiting import wait_for

from livemon.bridge.router_nodes import MOST_FIELDS
from livemon.client.agents import SECONDS_TO_ANSWER, Agents

NODES = '''
"""Data nodes of a lab. Arguments: which."""

import sys, time

from twisted.internet.defer import Deferred

from livemon.sisock.datanode import DataNodeServer
from livemon.sisock.serve import serve


class Slow(DataNodeServer):
    """Has had one sample, two minutes before it began."""

    began = time.time()

    def get_fields(self, start, end):
        return {"x": {"description": None, "timeline": "t", "type": "number", "units": None}}, {}

    def get_data(self, field, start, end, min_stride=None):
        when, now = self.began - 120, time.time()
        start, end = (each if each > 0 else now + each for each in (start, end))
        return {"data": {"x": [7.0]}, "timeline": {"t": {"t": [when]}}} if start <= when < end else {"data": {}, "timeline": {}}


class Mute(Slow):
    """Never answers."""

    def get_data(self, *_):
        return Deferred()


class Many(Slow):
    """Has many fields, and answers as much as a message holds."""

    def get_fields(self, start, end):
        return {f"f{number}": {"timeline": "t"} for number in range(20_000)}, {}

    def get_data(self, field, *_):
        return {"data": {name: ["junk" * 4] for name in field}, "timeline": {"t": {"t": [time.time()]}}}


serve(*({"SLOW": Slow, "MUTE": Mute, "MANY": Many}[name](name, "Of a lab") for name in sys.argv[1:]))
'''


@pytest.fixture(scope="module")
def appliance(router, tmp_path_factory):
    with Appliance(tmp_path_factory.mktemp("going"), router) as running:
        running.start("hub", "bridge")
        wait_for(lambda: running.get("/search")[0] == 200, "the bridge to answer", 60)
        yield running
        assert not problems(running.log("hub") + running.log("bridge"))


@pytest.fixture
def lab(appliance, tmp_path):
    """Start the nodes of a lab, of some names; returns their process when the bridge has heard of them."""
    (tmp_path / "nodes.py").write_text(NODES)
    environment = appliance.router.environment("node") | {"PYTHONWARNINGS": "ignore"}
    with ExitStack() as children:

        def start(*names):
            running = process(
                sys.executable, tmp_path / "nodes.py", *names, log=tmp_path / "nodes.log", env=environment
            )
            child = children.enter_context(running)
            wait_for(lambda: set(names) <= nodes(appliance).keys(), f"the bridge to hear of {names}", 60)
            return child

        yield start


def nodes(appliance):
    status, content = appliance.get("/api/status")
    return {node["name"]: node for node in content["nodes"]} if status == 200 else {}


def told(appliance, of):
    """What /api/health says of something."""
    return [sentence for sentence in appliance.get("/api/health")[1]["problems"] if of in sentence]


def test_a_dead_hub_is_told_and_costs_no_node(appliance, lab):
    """Status, page and alarm said "ok" for as long as anybody looked."""
    lab("SLOW")
    hub = appliance.children.pop("hub")
    hub.kill()
    hub.wait(10)
    try:
        wait_for(lambda: told(appliance, "the hub has not answered"), "the hub to be missed", 20)
        assert nodes(appliance)["SLOW"]["error"] is None
        assert nodes(appliance)["SLOW"]["fields"][0]["value"] == 7.0
    finally:
        appliance.start("hub")
    wait_for(lambda: not told(appliance, "hub"), "the hub to be back", 60)


def test_a_node_that_ends_is_gone_without_a_problem(appliance, lab):
    """Health was 503 for two minutes: "callee disconnected from in-flight request"."""
    child = lab("SLOW")
    wait_for(lambda: nodes(appliance)["SLOW"]["fields"][0]["value"] == 7.0, "its sample, two minutes old", 20)
    assert told(appliance, "SLOW") == [], "nobody said that it is expected to speak"
    child.terminate()
    said = []

    def gone():
        said.extend(told(appliance, "SLOW"))
        return "SLOW" not in nodes(appliance)

    wait_for(gone, "the node to be gone", 15)
    assert said == []


def test_a_node_that_is_killed_is_told(appliance, lab):
    child = lab("SLOW")
    child.kill()
    wait_for(lambda: told(appliance, "node SLOW: has left"), "the node to be missed", 15)


def test_nodes_that_are_hostile_cost_themselves(appliance, lab):
    lab("MUTE", "MANY", "SLOW")
    wait_for(lambda: nodes(appliance)["MANY"]["fields"], "the fields of the node with many", 30)
    wait_for(lambda: nodes(appliance)["MUTE"]["error"], "the node that never answers to be given up", 30)
    found = nodes(appliance)
    assert len(found["MANY"]["fields"]) == MOST_FIELDS
    assert found["MUTE"]["error"] == "does not answer: timed out after 5 s"
    assert (found["SLOW"]["error"], found["SLOW"]["fields"][0]["value"]) == (None, 7.0)
    began = time.monotonic()
    assert appliance.get("/api/series", field="SLOW::x", **{"from": -600, "until": 0, "points": 10})[0] == 200
    assert time.monotonic() - began < 4


def test_an_agent_that_cannot_be_reached_is_named_and_not_the_router(router, tmp_path):
    site = Site(tmp_path, router)
    site.write(
        fake1=("FakeDataAgent", ["--num-channels", 1], ["--mode", "idle"]),
        fake2=("FakeDataAgent", ["--num-channels", 1], ["--mode", "idle"]),
    )
    with site.agent("fake1") as hanging, site.agent("fake2"):
        agents = Agents.from_environment(site.environment)
        wait_for(lambda: not any(each.fault for each in agents.agents()), "both agents to answer", 60)
        hanging.child.send_signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            found = {each.instance_id: each.fault for each in agents.agents()}
            assert time.monotonic() - began < SECONDS_TO_ANSWER + 3
        finally:
            hanging.child.send_signal(signal.SIGCONT)
    assert found == {"fake1": "fake1 does not answer within 5 s", "fake2": None}
