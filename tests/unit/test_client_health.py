"""What the operator is told: durations, operations, and what is wrong."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from livemon import cli
from livemon.client.agents import Agent, Operation, Site
from livemon.client.health import age, problems
from livemon.errors import LivemonError


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


def bridge_status(*ages, error=None, connected=True):
    fields = [{"name": f"channel_{number}_t", "age": each} for number, each in enumerate(ages, 1)]
    return {"router": {"connected": connected}, "nodes": [{"name": "LSA21OQ", "error": error, "fields": fields}]}


FAILED = Operation("acq", "process", "done", success=False)


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
        ([Agent("ls240", "", fault="ls240 is not there")], {}, ["agent ls240 is not there"]),
    ],
)
def test_problems(agents, status, expected):
    assert list(problems(agents, status)) == expected


def test_agents_of_the_site_config(tmp_path):
    (tmp_path / "default.yaml").write_text(
        "hub: {address_root: lab}\n"
        "hosts: {one: {agent-instances: [{instance-id: a, agent-class: A}]}, two: {agent-instances: []}}\n"
    )
    site = Site.from_environment({"OCS_CONFIG_DIR": str(tmp_path), "SITE_HTTP": "http://127.0.0.1:1/call"})
    assert site.configured == {"a": "A"}
    assert site.address_root == "lab"


@pytest.mark.parametrize("content", [None, "", "hosts: 3", "hosts: {one: {agent-instances: [{}]}}", "{"])
def test_without_a_readable_site_config_the_router_is_asked_alone(tmp_path, content):
    if content is not None:
        (tmp_path / "default.yaml").write_text(content)
    assert Site.from_environment({"OCS_CONFIG_DIR": str(tmp_path)}).configured == {}


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
