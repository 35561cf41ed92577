"""What the operator is told: durations, operations, and what is wrong."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from livemon import cli
from livemon.client.agents import Agent, Agents, Operation
from livemon.client.problems import problems
from livemon.errors import LivemonError
from livemon.health.limits import age


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (2.13, "2.1 s"), (89.9, "89.9 s"), (120, "2 min"), (7200, "2.0 h"), (400000, "5 d")],
)
def test_age(seconds, text):
    assert age(seconds) == text


def test_an_operation_without_history_never_ran():
    assert Operation.from_session("acq", "process", {"status": "no_history"}).status is None
    assert Operation.from_session("acq", "process", None).status is None


def test_an_operation_tells_its_last_message():
    session = {"status": "done", "success": False, "messages": [[1.0, "begins"], [2.0, "no device"]]}
    operation = Operation.from_session("acq", "process", session)
    assert operation.failed
    assert not operation.runs
    assert operation.message == "no device"


@pytest.mark.parametrize("data", [None, [], "text"])
def test_what_an_agent_tells_of_an_operation_may_have_any_form(data):
    assert Operation.from_session("acq", "process", {"status": "running", "data": data}).data == {}


LIVE = "observatory.ls240.feeds.temperatures"


def bridge_status(*ages, error=None, connected=True, notes=(), root=LIVE, silent_after=120.0, hub_away=0.0, left_out=0):
    fields = [
        {"name": f"channel_{number}_t", "path": f"{root}.Channel_{number}_T", "age": each}
        for number, each in enumerate(ages, 1)
    ]
    node = {"name": "LSA21OQ", "error": error, "notes": list(notes), "silent_after": silent_after, "fields": fields}
    hub = {"away": hub_away, "left_out": left_out}
    return {"router": {"connected": connected}, "hub": hub, "nodes": [node]}


FAILED = Operation("acq", "process", "done", success=False)


def session(status="running", degraded=False, **data):
    return {"status": status, "degraded": degraded, "success": status == "done" or None, "messages": [], "data": data}


def acquiring(*arguments, **data):
    return [
        Agent("control", "Lakeshore372Agent", [Operation.from_session("acq", "process", session(*arguments, **data))])
    ]


def recording(*arguments, **data):
    data = {"write_error": None, "dropped": {"duplicate": 7}, "problems": {}} | data
    record = Operation.from_session("record", "process", session(*arguments, **data))
    return [Agent("aggregator", "AggregatorAgent", [record])]


FULL = "No space left on device: /data/hk/17000/1700000000.g3.part"


@pytest.mark.parametrize(
    ("agents", "status", "expected"),
    [
        ([], bridge_status(1.0, 2.0), []),
        ([], {}, []),
        ([], bridge_status(1.0, 2.0, connected=False), ["the bridge has no connection to the router"]),
        ([], bridge_status(error="no answer"), ["node LSA21OQ: no answer"]),
        ([], bridge_status(), ["node LSA21OQ has no values"]),
        ([], bridge_status(None), ["node LSA21OQ has no values"]),
        ([], bridge_status(600.0, 700.0), ["node LSA21OQ has been silent for 10 min"]),
        ([], bridge_status(1.0, 700.0), ["silent in node LSA21OQ: channel_2_t"]),
        ([], bridge_status(1.0, 208.0), []),  # a 372 in the midst of a scan of sixteen channels
        ([], bridge_status(150.0, 208.0), ["node LSA21OQ has been silent for 2 min"]),
        ([Agent("ls240", "", [FAILED])], {}, ["acq of ls240 ended with an error"]),
        ([Agent("ls240", "", [Operation("acq", "process", "done", success=True)])], {}, []),
        (acquiring(), {}, []),
        (
            acquiring("running", True),
            {},
            ["acq of control runs without doing its work (degraded): see docker logs ocs_control"],
        ),
        (acquiring("done", True), {}, []),  # stopped while its instrument was away
        (acquiring(connection={}), {}, []),
        (acquiring(connection={"connected": True}), {}, []),
        (
            acquiring(connection={"connected": False}),
            {},
            ["acq of control has no connection to its instrument: see docker logs ocs_control"],
        ),
        (acquiring("done", connection={"connected": False}), {}, []),
        (acquiring(dropped={"overflow": 1}, problems=["another agent's own"], connection="lost"), {}, []),
        (recording(), {}, []),
        (
            recording("running", True, write_error=FULL),
            {},
            [f"aggregator cannot write the archive (df -h shows the space left): {FULL}"],
        ),
        (
            recording(
                dropped={"malformed": 1}, problems={"observatory.ls240.feeds.temperatures": "block 'temps': odd"}
            ),
            {},
            ["aggregator could not archive all of observatory.ls240.feeds.temperatures: block 'temps': odd"],
        ),
        ([Agent("ls240", "", fault="ls240 is not running")], {}, ["agent ls240 is not running"]),
        ([], bridge_status(3e7, root="livemon.APEX", silent_after=None), []),  # a text file, as old as it is
        ([], bridge_status(None, root="livemon.APEX", silent_after=None), []),
        ([], bridge_status(None, root="livemon.APEX", silent_after=900.0), ["node LSA21OQ has no values"]),
        ([], bridge_status(890.0, 3e7, root="livemon.APEX", silent_after=900.0), []),
        ([], bridge_status(910.0, root="sisock.APEX", silent_after=900.0), ["node LSA21OQ has been silent for 15 min"]),
        ([], bridge_status(700.0, silent_after=900.0), []),
        ([], bridge_status(1.0, hub_away=4.0), []),
        (
            [],
            bridge_status(1.0, hub_away=25.0),
            ["the hub has not answered for 25.0 s: see docker logs sisock_hub"],
        ),
        (
            [],
            bridge_status(1.0, left_out=9800),
            [
                (
                    "the hub lists too many data nodes: 9800 of them are not shown "
                    "(see docker logs sisock_hub for their sessions)"
                )
            ],
        ),
        ([], bridge_status(1.0, notes=["three samples"]), ["node LSA21OQ: three samples"]),
        ([], bridge_status(200, root="livemon.sensors"), ["node LSA21OQ has been silent for 3 min"]),
    ],
)
def test_problems(agents, status, expected):
    assert list(problems(agents, status)) == expected


def test_agents_of_the_site_config(tmp_path):
    (tmp_path / "default.yaml").write_text(
        "hub: {address_root: lab}\n"
        "hosts: {one: {agent-instances: [{instance-id: a, agent-class: A}]}, two: {agent-instances: []}}\n"
    )
    agents = Agents.from_environment({"OCS_CONFIG_DIR": str(tmp_path), "SITE_HTTP": "http://127.0.0.1:1/call"})
    assert agents.configured == {"a": "A"}
    assert agents.address_root == "lab"


@pytest.mark.parametrize("content", [None, "", "hosts: 3", "hosts: {one: {agent-instances: [{}]}}", "{"])
def test_without_a_readable_site_config_the_router_is_asked_alone(tmp_path, content):
    if content is not None:
        (tmp_path / "default.yaml").write_text(content)
    assert Agents.from_environment({"OCS_CONFIG_DIR": str(tmp_path)}).configured == {}


def test_router_and_bridge_away(monkeypatch):
    """Status says both in one sentence each; commands that need one of them name it."""
    monkeypatch.setenv("SITE_HTTP", "http://127.0.0.1:1/call")
    monkeypatch.setenv("LIVEMON_BRIDGE_URL", "http://127.0.0.1:1")
    result = CliRunner().invoke(cli.livemon, ["status", "--json"])
    assert isinstance(result.exception, LivemonError)
    content = json.loads(result.stdout)
    assert content["bridge"] is None
    assert [problem.split(":")[0] for problem in content["problems"]] == [
        "no router at http",
        "no bridge at http",
    ]
    for command, who in (
        (["acq", "start", "--target", "ls240"], "no router"),
        (["record", "stop"], "no router"),
        (["fields"], "no bridge"),
        (["query", "a::b"], "no bridge"),
    ):
        assert who in str(CliRunner().invoke(cli.livemon, command).exception)


def test_values_that_an_agent_could_not_publish_are_told():
    refused = {"temperatures": {"value": 67, "field name": 3}, "events": {"message": 1}}
    first, second = problems([Agent("ls240", "Lakeshore240Agent", refused=refused)], {})
    told = "ls240 could not publish 70 values of its feed temperatures (value: 67, field name: 3): see docker logs ocs_ls240"
    assert first.startswith(told)
    assert second.startswith("ls240 could not publish 1 value of its feed events (message: 1): ")
