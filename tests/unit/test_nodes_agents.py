"""The node of the agents' heartbeats."""

from __future__ import annotations

import math
import time

import pytest
from ocs.base import OpCode

from livemon.bridge.annotations import CONNECTED, transitions
from livemon.nodes import agents, operations, window_files
from livemon.nodes.agents import HEARTBEAT_TIMEOUT, HEARTBEATS_TO_ADMIT, SAMPLE_EVERY, AgentsNode

NOW = 1.8e9
HEARTBEAT = [
    {"acq": 3},
    {"agent_address": "observatory.fake1", "agent_class": "FakeDataAgent", "feed_name": "heartbeat"},
]


class Lab:
    """A node, and a clock that a test moves."""

    def __init__(self, inventory=None):
        self.time = 0.0
        self.step = 0.0
        self.inventory = inventory
        self.node = self.made()

    def made(self):
        return AgentsNode(
            "agents",
            "Agents",
            agents=self.inventory,
            clock=lambda: NOW + self.time + self.step,
            steady=lambda: 1000 + self.time,
        )

    def heartbeat(self, agent, message=HEARTBEAT):
        self.node.receive(f"observatory.{agent}.feeds.heartbeat", message)

    def meet(self, agent, message=HEARTBEAT):
        """Send as many heartbeats of an agent as it takes to admit it."""
        for _ in range(HEARTBEATS_TO_ADMIT):
            self.heartbeat(agent, message)
        self.node.check()

    def run(self, seconds, *present):
        for _ in range(seconds):
            self.time += 1
            for agent in present:
                self.heartbeat(agent)
            self.node.check()

    def events(self, agent):
        times, values = self.samples(agent)
        return [(round(when - NOW), kind) for when, kind in transitions(times, values)]

    def samples(self, agent):
        block = self.node.blocks[agents.BLOCK]
        return block.times, block.values(agent)


@pytest.fixture
def lab():
    return Lab()


def test_an_agent_is_there_while_its_heartbeat_comes(lab):
    lab.run(30, "fake1")
    assert {key: value for key, (_, value) in lab.node.get_last().items()} == {"fake1": 1, "fake1_degraded": 0}
    assert lab.events("fake1") == [], "it was there when we came"
    fields, _ = lab.node.get_fields()
    assert fields["fake1"]["type"] == "bool"
    assert fields["fake1"]["path"] == "observatory.fake1.agent.connected"
    assert fields["fake1"]["path"].endswith(CONNECTED)


def test_an_agent_that_falls_silent_has_left_and_may_join_again(lab):
    lab.run(10, "fake1", "LS240")
    lab.run(20, "LS240")
    lab.run(10, "fake1", "LS240")
    assert lab.events("fake1") == [(10 + HEARTBEAT_TIMEOUT, "left"), (31, "joined")]
    assert lab.events("LS240") == []
    assert lab.node.get_last()["ls240"][1] == 1


def test_an_agent_that_is_new_has_joined(lab):
    lab.run(20, "fake1")
    lab.run(5, "fake1", "new")
    assert lab.events("new") == [(22, "joined")]
    assert lab.events("fake1") == []


def test_agents_that_are_heard_right_after_the_router_came_have_not_joined_then(lab):
    lab.run(60)
    lab.node.prepare()
    lab.run(5, "fake1")
    assert lab.events("fake1") == []


def test_while_nothing_changes_samples_are_rare(lab):
    lab.run(100, "fake1")
    times, _ = lab.samples("fake1")
    assert len(times) == 100 / SAMPLE_EVERY


@pytest.mark.parametrize(
    ("codes", "degraded"),
    [
        ({"acq": OpCode.RUNNING}, 0),
        ({"acq": OpCode.DEGRADED}, 1),
        ({"init": OpCode.SUCCEEDED, "acq": OpCode.DEGRADED}, 1),
        ({"set_values": OpCode.FAILED, "acq": OpCode.RUNNING}, 0),
        ({}, 0),
    ],
)
def test_which_agents_run_degraded(lab, codes, degraded):
    lab.run(7, "fake1")
    lab.heartbeat("fake1", [{name: code.value for name, code in codes.items()}, {}])
    when, value = lab.node.get_last()["fake1_degraded"]
    assert value == degraded
    assert when == (NOW + 7 if degraded else NOW + 2)  # a change is told at once
    lab.heartbeat("fake1")
    assert lab.node.get_last()["fake1_degraded"][1] == 0


def test_whether_an_agent_that_has_gone_is_degraded_is_unknown(lab):
    lab.meet("fake1", [{"acq": OpCode.DEGRADED.value}, {}])
    lab.run(10)
    assert lab.node.blocks[agents.DEGRADED_BLOCK].values("fake1").tolist()[0] == 1
    assert math.isnan(lab.node.blocks[agents.DEGRADED_BLOCK].values("fake1")[-1])


@pytest.mark.parametrize("message", [None, [], "heartbeat", [{"acq": "x"}], 3])
def test_whatever_a_heartbeat_says_it_is_one(lab, message):
    lab.meet("fake1", message)
    assert lab.node.get_last()["fake1"][1] == 1


@pytest.mark.parametrize("agent", ["", "a b", "a*", "x" * 65, "a.feeds.heartbeat.observatory.b"])
def test_what_cannot_be_part_of_a_path_makes_no_field(lab, agent):
    lab.heartbeat(agent)
    assert lab.node.fields == {}


def test_names_that_differ_in_case_only_are_two_agents(lab):
    lab.run(3, "fake1", "FAKE1")
    assert {about["path"] for about in lab.node.get_fields()[0].values()} == {
        f"observatory.{agent}.agent.{what}" for agent in ("fake1", "FAKE1") for what in ("connected", "degraded")
    }


def test_made_up_agents_do_not_fill_the_memory(lab, monkeypatch):
    monkeypatch.setattr(agents, "MAX_AGENTS", 3)
    lab.run(3, *(f"agent{number}" for number in range(10)))
    assert {info.name for info in lab.node.fields.values()} == {"agent0", "agent1", "agent2"}
    lab.run(10)
    lab.run(1, "agent0", "agent9")
    assert {key: value for key, (_, value) in lab.node.get_last().items() if not key.endswith("_degraded")} == {
        "agent0": 1,
        "agent1": 0,
        "agent2": 0,
    }


def test_a_name_that_is_heard_once_is_not_an_agent(lab):
    for number in range(3000):
        lab.heartbeat(f"invented{number}")
    lab.run(20)
    lab.run(2, "fake1")
    assert {info.name for info in lab.node.fields.values()} == {"fake1"}


@pytest.mark.parametrize("since", [0, 60], ids=["when_the_router_has_come", "later"])
def test_the_heartbeats_of_many_new_agents_cost_little(lab, since):
    """Two hundred took 17 s of processor time, which cost the nodes their session: the router waits 15 s for a pong."""
    lab.run(since)
    names = [f"agent{number}" for number in range(400)]
    began = time.process_time()
    lab.run(10, *names)
    assert time.process_time() - began < 2
    assert len(lab.node.get_last()) == 2 * len(names)


@pytest.mark.parametrize("step", [-3600, -5, 3600])
def test_a_clock_that_is_set_loses_no_event(lab, step):
    lab.run(20, "fake1")
    lab.step = step
    lab.run(10)
    lab.run(5, "fake1")
    assert [kind for _, kind in lab.events("fake1")][-2:] == ["left", "joined"]


def test_it_listens_to_all_heartbeats(lab):
    assert list(lab.node.topics()) == ["observatory..feeds.heartbeat"]


@pytest.mark.parametrize("back", [0.0, 3.0, 60.0])
def test_after_a_clock_was_set_back_the_state_is_that_of_now_and_its_stamps_are_right(lab, back):
    lab.run(100, "fake1", "fake2")
    lab.step = -back
    lab.run(15, "fake2")
    last = lab.node.get_last()
    assert (last["fake1"][1], last["fake2"][1]) == (0, 1)
    assert NOW + lab.time + lab.step - SAMPLE_EVERY <= last["fake1"][0] <= NOW + lab.time + lab.step
    assert len(lab.samples("fake1")[0]) >= 11
    assert lab.node.status()["counts"] == {}


# --- an inventory ------------------------------------------------------------------------------------------------------------


def agents_of(node):
    return {node.fields[key].name for key in node.get_last()}


def test_an_agent_that_is_taken_out_of_the_inventory_leaves_the_node_and_its_history_stays():
    """It stayed as "newbox connected 0" for a week."""
    lab = Lab(inventory=["fake1", "newbox"])
    lab.run(20, "fake1", "newbox")
    before = lab.node.fields_version
    assert lab.node.reconfigure({"name": "agents", "description": "Agents", "agents": ["fake1"]})
    lab.run(20, "fake1")
    assert agents_of(lab.node) == {"fake1"}
    assert {about["path"]: about["ended"] for about in lab.node.get_fields()[0].values()} == {
        f"observatory.{agent}.agent.{what}": agent == "newbox"
        for agent in ("fake1", "newbox")
        for what in ("connected", "degraded")
    }
    assert lab.node.fields_version != before, "or the bridge would not ask again"
    assert lab.events("newbox") == [(20 + HEARTBEAT_TIMEOUT, "left")], "its history stays"
    assert math.isnan(lab.samples("newbox")[1][-1]), "it has no present"


def test_an_agent_that_is_silent_and_in_the_inventory_stays():
    lab = Lab(inventory=["fake1"])
    lab.run(10, "fake1")
    lab.run(20)
    assert lab.node.get_last()["fake1"][1] == 0


def test_an_agent_that_had_ended_and_comes_back_has_joined():
    lab = Lab(inventory=["fake1"])
    lab.run(10, "fake1", "newbox")
    lab.run(10, "fake1")
    assert agents_of(lab.node) == {"fake1"}
    lab.run(10, "fake1", "newbox")
    assert agents_of(lab.node) == {"fake1", "newbox"}
    assert [kind for _, kind in lab.events("newbox")] == ["left", "joined"]


@pytest.mark.parametrize("restarted", [False, True], ids=["runs_on", "restarted"])
def test_an_agent_without_samples_in_the_window_is_forgotten(restarted, tmp_path):
    lab = Lab(inventory=["fake1"])
    lab.node.window = lab.node.blocks[agents.BLOCK].window = lab.node.blocks[agents.DEGRADED_BLOCK].window = 1800
    lab.run(30, "fake1", "newbox")
    lab.run(30, "fake1")
    for _ in range(int(agents.PRUNE_EVERY / 4)):
        lab.time += 3
        lab.run(1, "fake1")
    if restarted:
        window_files.save_window(lab.node, tmp_path / "agents.npz")
        lab.node = lab.made()
        window_files.load_window(lab.node, tmp_path / "agents.npz")
        lab.node.start()
        lab.node.stop()
    else:
        lab.run(60, "fake1")
    assert {info.name for info in lab.node.fields.values()} == {"fake1"}
    assert lab.node.blocks[agents.BLOCK].fields == ["fake1"]
    assert lab.node.get_last()["fake1"][1] == 1
    assert len(lab.samples("fake1")[0]) > 100


def test_agents_of_the_inventory_are_admitted_however_many_others_were_invented_before():
    inventory = [f"real{number}" for number in range(100)]
    lab = Lab(inventory=inventory)
    invented = [f"invented{number}" for number in range(3000)]
    began = time.process_time()
    lab.run(3, *invented)
    lab.run(6, *invented, *inventory)
    assert time.process_time() - began < 4, "27,000 heartbeats"
    present = agents_of(lab.node)
    assert set(inventory) <= present
    assert len(present) <= len(inventory) + agents.MAX_UNLISTED
    assert len(lab.node._candidates) <= agents.MAX_AGENTS
    lab.run(10, *inventory)
    assert agents_of(lab.node) == set(inventory), "they have ended"


def test_heartbeats_that_alternate_between_two_states_do_not_fill_the_memory():
    lab = Lab(inventory=[])
    names = [f"invented{number}" for number in range(agents.MAX_UNLISTED)]
    lab.run(3, *names)
    for number in range(20_000):
        lab.heartbeat(names[number % len(names)], [{"acq": 8 if number // len(names) % 2 else 3}, {}])
    assert len(lab.samples(names[0])[0]) <= agents.EVENT_BURST + 10
    lab.run(int(SAMPLE_EVERY) + 1, *names)
    assert lab.node.get_last()[f"{names[0]}_degraded"][1] == 0, "what changed is told in the end"


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ({"name": "agents", "agents": ["a"], "description": "New"}, True),
        ({"name": "agents"}, True),
        ({"name": "agents", "window": 60}, False),
        ({"name": "agents", "agents": ["a"], "disk": "/"}, False),
    ],
)
def test_what_may_change_without_a_new_node(options, taken):
    assert Lab(inventory=["b"]).node.reconfigure(options) is taken


def doing(lab):
    return [
        (each["agent"], each["operation"], each["status"], each["since"] and each["since"] - NOW)
        for each in lab.node.status()["operations"]
    ]


def test_the_operations_of_agents_are_known_by_their_heartbeats(lab):
    lab.meet("fridge", [{"acq": OpCode.RUNNING.value, "heater": OpCode.NONE.value}, {}])
    lab.heartbeat("fridge", [{"acq": OpCode.RUNNING.value, "heater": OpCode.NONE.value}, {}])
    assert doing(lab) == [("fridge", "acq", "running", None)], "since when is not known, nor one that never began"
    lab.time = 3
    lab.heartbeat("fridge", [{"acq": OpCode.DEGRADED.value, "heater": OpCode.SUCCEEDED.value}, {}])
    lab.time = 4
    lab.heartbeat("fridge", [{"acq": OpCode.DEGRADED.value, "heater": OpCode.SUCCEEDED.value}, {}])
    lab.heartbeat("fridge", "nonsense")
    assert doing(lab) == [("fridge", "acq", "degraded", 3.0), ("fridge", "heater", "succeeded", 3.0)]
    lab.run(round(HEARTBEAT_TIMEOUT) + 1)
    assert doing(lab) == [], "an agent that is away"


def test_a_heartbeat_cannot_have_any_number_of_operations(lab):
    lab.meet("fridge")
    lab.heartbeat("fridge", [{f"op{number}": 3 for number in range(1000)} | {"x" * 65: 3, 5: 3, "y": [3]}, {}])
    assert len(doing(lab)) == operations.MOST


def test_every_code_of_ocs_has_a_word():
    assert {code.value for code in OpCode} - operations.STATUSES.keys() == {OpCode.NONE.value}
