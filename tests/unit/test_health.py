"""What the bridge says of the appliance's health."""

from __future__ import annotations

import time

import numpy as np
import pytest

from livemon import contract
from livemon.bridge import inventory as bridge_inventory
from livemon.bridge.app import create_app
from livemon.bridge.catalogue import Catalogue, Field, Node
from livemon.bridge.inventory import Inventory
from livemon.bridge.source import Answer
from livemon.errors import RouterError
from livemon.health import limits
from livemon.hkarchive import gaps
from livemon.hkarchive.gaps import Gap, GapList

CONNECTED = "observatory.ls240.agent.connected"
DEGRADED = "observatory.ls240.agent.degraded"


OLD = "observatory.ls240.feeds.temperatures.Channel_2_T"


class OneNode:
    """Answers like livemon.bridge.source.Source: one node whose channels, by path, have just had the values given."""

    connected = True
    alarm_watch = None
    hubless, left_out = 0.0, 0

    def __init__(self, values, lost=(), inventory=None, age=0.0):
        now = time.time()
        self.inventory = inventory or Inventory()
        fields = self.inventory.described({path: Field("node", path, path) for path in values})
        last = {path: (now - (age if path == OLD else 0), value) for path, value in values.items()}
        self.catalogue = Catalogue([Node("node", "A node", fields, last, silent_after=contract.SILENT_AFTER)])
        self.lost = lost

    def fetch(self, fields, start, end, points):
        assert end - start == 60
        values = np.array(self.lost, dtype=float)
        return Answer({each: (np.arange(len(values)) + start, values) for each in fields})


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"observatory.ls240.feeds.temperatures.Channel_1_T": 4.2}, []),
        ({CONNECTED: 1.0, DEGRADED: 0.0}, []),
        ({CONNECTED: 0.0}, ["agent ls240 is away: see docker logs ocs_ls240"]),
        ({CONNECTED: 1.0, DEGRADED: 1.0}, ["agent ls240 does not do its work: see docker logs ocs_ls240"]),
        ({contract.LAG: 119.0}, []),
        ({contract.LAG: 240.0}, ["the archive is 240 s behind: see docker logs ocs_aggregator"]),
        ({contract.DISK_USED: 94.0}, []),
        ({contract.DISK_USED: 97.2}, ["the disk is 97 % full: see df -h"]),
        ({contract.CERTIFICATE_DAYS: 7.1}, []),
        ({contract.CERTIFICATE_DAYS: 2.0}, ["a certificate ends in 2 d: the playbook renews it"]),
        ({contract.LAG: None}, []),
    ],
)
def test_health_names_what_is_wrong(values, problems):
    answer = create_app(OneNode(values)).test_client().get("/api/health")
    assert (answer.json["well"], answer.json["problems"]) == (not problems, problems)
    assert answer.status_code == (503 if problems else 200)
    assert abs(answer.json["time"] - time.time()) < 5


@pytest.mark.parametrize(("connected", "number"), [(True, 1), (False, 0)])
def test_without_a_router_no_agent_is_said_to_be_away(connected, number):
    fields = [{"name": "ls240_connected", "path": CONNECTED, "age": 1.0, "value": 0.0, "expected": True}]
    status = {"router": {"connected": connected}, "nodes": [{"name": "agents", "error": None, "fields": fields}]}
    assert len(list(limits.agent_problems(status, lambda _path: False))) == number


def test_whether_one_who_is_away_is_degraded_is_not_missed():
    fields = [
        {"name": name, "path": path, "age": age, "value": 0.0, "expected": True}
        for name, path, age in (("ls240_connected", CONNECTED, 1.0), ("ls240_degraded", DEGRADED, 900.0))
    ]
    status = {"router": {"connected": True}, "nodes": [{"name": "agents", "error": None, "fields": fields}]}
    assert list(limits.problems(status)) == []


@pytest.mark.parametrize(
    ("counts", "lost"),
    [((), 0), ((7, 7, 7), 0), ((0, 3, 5), 5), ((9, float("nan"), 12), 3), ((50, 0, 0), 0), ((50, 0, 2), 2)],
)
def test_a_loss_is_wrong_as_long_as_it_is_new(counts, lost):
    answer = create_app(OneNode({contract.LOST: 99.0}, counts)).test_client().get("/api/health").json
    expected = f"the archive lost {lost} samples within the last 60 s: see livemon gaps for which, and the reason"
    assert answer["problems"] == ([expected] if lost else [])


def test_samples_that_may_be_missing_are_wrong_as_long_as_that_is_new(tmp_path):
    now, values = time.time(), {CONNECTED: 1.0}
    GapList(tmp_path).add(
        [
            Gap("observatory.a.feeds.x", now - 400, now - 390, None, gaps.ROUTER),
            Gap("observatory.b.feeds.x", now - 90, now - 30, None, gaps.ROUTER),
            Gap("observatory.c.feeds.x", now - 90, now - 60, 0, gaps.RESTARTED),
            Gap("observatory.d.feeds.x", now - 90, now - 60, 5, gaps.STOPPED),
        ]
    )
    answer = create_app(OneNode(values), archive=tmp_path).test_client().get("/api/health").json
    assert answer["problems"] == [
        "the archive may lack samples of observatory.b.feeds.x from the last 60 s: see livemon gaps for the reason"
    ]


def test_a_list_of_gaps_that_cannot_be_read_is_a_problem(tmp_path):
    (tmp_path / gaps.LIST).mkdir()
    answer = create_app(OneNode({CONNECTED: 1.0}), archive=tmp_path).test_client().get("/api/health").json
    assert answer["problems"] == [f"{tmp_path / gaps.LIST} cannot be read: Is a directory"]


TEMPERATURE = "observatory.ls240.feeds.temperatures.Channel_1_T"
SITE = """
agents:
  - id: ls240
    node: {node}
    feeds:
      temperatures: {{Channel_1_T: {{unit: K, expected: true}}, Channel_2_T: {{unit: K, expected: {expected}}}}}
"""


def of_site(node="node", expected="false"):
    return bridge_inventory.read(SITE.format(node=node, expected=expected), "site.yaml")


@pytest.mark.parametrize(
    ("values", "inventory", "problems"),
    [
        ({CONNECTED: 1.0, TEMPERATURE: 4.2, OLD: 4.2}, of_site(), []),  # switched off at the instrument, and not listed
        ({CONNECTED: 1.0, TEMPERATURE: 4.2, OLD: 4.2}, of_site(expected="true"), [f"silent in node node: {OLD}"]),
        ({CONNECTED: 1.0, TEMPERATURE: 4.2, OLD: 4.2}, None, [f"silent in node node: {OLD}"]),
        (
            {CONNECTED: 1.0},
            of_site(node="LSA21OQ"),
            ["node LSA21OQ is not running: see docker logs sisock_nodes"],
        ),
        (
            {TEMPERATURE: 4.2},
            of_site(),
            ["agent ls240 has sent no heartbeat yet: see docker logs ocs_ls240"],
        ),
        # Of an agent that was taken out of the inventory its last heartbeat stays known.
        ({CONNECTED: 1.0, TEMPERATURE: 4.2, "observatory.old.agent.connected": 0.0}, of_site(), []),
    ],
)
def test_the_inventory_says_what_should_be_there(values, inventory, problems):
    source = OneNode(values, inventory=inventory, age=limits.STALE_AFTER + 10)
    assert create_app(source).test_client().get("/api/health").json["problems"] == problems


WITH_LIMITS = """
name: Cryogenics lab
time_zone: Europe/Amsterdam
agents: [{id: ls240, node: node, feeds: {temperatures: {Channel_1_T: {unit: K, expected: true}}}}]
alarms:
  - {id: "ls240:1:above:critical", rule: ls240, above: 5, tags: {severity: critical},
     measure: {kind: value, path: observatory.ls240.feeds.temperatures.Channel_1_T, positive: true}}
  - {id: "ls240:1:outside:warning", rule: ls240, outside: [3.9, 4.5], tags: {severity: warning},
     measure: {kind: value, path: observatory.ls240.feeds.temperatures.Channel_1_T, positive: true}}
  - {id: "ls240:1:rising:warning", rule: ls240, above: 0.5, tags: {severity: warning},
     measure: {kind: rise, path: observatory.ls240.feeds.temperatures.Channel_1_T, over: 1800, mean: 60, per: 3600}}
"""


def test_status_has_the_limits_of_a_channel_for_the_lines_of_a_plot():
    inventory = bridge_inventory.read(WITH_LIMITS, "site.yaml")
    status = (
        create_app(OneNode({TEMPERATURE: 4.2, CONNECTED: 1.0}, inventory=inventory)).test_client().get("/api/status")
    )
    limits = {field["path"]: field["limits"] for field in status.json["nodes"][0]["fields"]}
    assert limits == {
        TEMPERATURE: [
            {"test": "above", "limits": [5.0], "severity": "critical", "id": "ls240:1:above:critical"},
            {"test": "outside", "limits": [3.9, 4.5], "severity": "warning", "id": "ls240:1:outside:warning"},
        ],
        CONNECTED: [],
    }
    assert (status.json["name"], status.json["time_zone"]) == ("Cryogenics lab", "Europe/Amsterdam")


def test_status_without_a_site_file_has_no_limits_and_no_name():
    status = create_app(OneNode({TEMPERATURE: 4.2})).test_client().get("/api/status").json
    assert [field["limits"] for field in status["nodes"][0]["fields"]] == [[]]
    assert (status["name"], status["time_zone"]) == (None, None)


def test_that_all_nodes_are_gone_is_not_well():
    source = OneNode({})
    source.catalogue = Catalogue()
    problems = create_app(source).test_client().get("/api/health").json["problems"]
    assert problems == ["there are no data nodes: see docker logs sisock_nodes"]


def test_without_router_and_nodes_health_is_an_answer_all_the_same():
    class Nothing:
        connected = False
        alarm_watch = None
        inventory = Inventory()

        @property
        def catalogue(self):
            raise RouterError("the router is away")

    answer = create_app(Nothing()).test_client().get("/api/health")
    assert answer.status_code == 503
    assert answer.json["problems"] == ["the router is away"]
