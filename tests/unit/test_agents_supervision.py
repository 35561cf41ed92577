"""Which end of an operation ends the process, without a router and without a running reactor."""

from types import SimpleNamespace

import ocs
import pytest
from autobahn.wamp.types import ComponentConfig
from ocs.base import OpCode
from twisted.internet.defer import Deferred, succeed
from twisted.python import threadable

from livemon.agents import supervision
from livemon.instruments.common.connection import Contacts


class Operation:
    """A non-blocking operation that ends when the test says so."""

    def __init__(self):
        self.ending = Deferred()
        self.stoppable = True

    def launch(self, session, params):
        return self.ending

    def stop(self, session, params):
        if self.stoppable:
            self.ending.callback((True, "stopped"))
        return succeed((self.stoppable, "its answer"))


@pytest.fixture
def ends(monkeypatch):
    """The sentences with which the process was ended."""
    said = []
    monkeypatch.setattr(supervision, "end", said.append)
    monkeypatch.setattr(supervision.SupervisedAgent, "_shutdown", lambda self: None)
    monkeypatch.setattr(supervision, "verdict", supervision.Verdict())
    return said


@pytest.fixture
def agent(monkeypatch):
    monkeypatch.setattr(threadable, "ioThread", threadable.getThreadID())
    monkeypatch.setattr(ocs.ocs_agent.task, "deferLater", lambda *_: None)  # upstream's housekeeping of messages
    site = SimpleNamespace(
        instance_id="x", access_policy=None, log_dir=None, working_dir=None, address_root="observatory"
    )
    return supervision.SupervisedAgent(ComponentConfig("test_realm", {}), site, address="observatory.x")


@pytest.fixture
def operation(agent, monkeypatch):
    operation = Operation()
    agent.register_process("scan", operation.launch, operation.stop, blocking=False)
    monkeypatch.setattr(agent.processes["scan"], "launch_deferred", operation.launch)
    return operation


def test_a_start_up_operation_that_is_refused_ends_all(agent, operation, ends):
    """Upstream only logs it: the agent would live on without acquiring."""
    launch = ocs.ocs_agent.param("rate", type=float)(lambda session, params: None)
    agent.register_process("acq", launch, operation.stop, startup={"speed": 1.0})
    agent.start("acq", {"speed": 1.0})  # a client may err
    assert ends == []
    agent.start("acq", {"speed": 1.0}, password=agent)
    assert len(ends) == 1
    assert ends[0].startswith("start-up operation acq of agent x was refused: ")
    agent.start("scan")
    assert agent.start("scan", password=agent)[0] == ocs.ERROR
    assert len(ends) == 1, "it runs already"


def test_a_process_that_ends_by_itself_ends_all(agent, operation, ends):
    agent.start("scan", password=agent)
    operation.ending.callback((True, "done"))
    assert ends == ["process scan of agent x ended without being stopped: done"]


def test_a_process_that_a_client_started_may_end_well_but_not_fail(agent, operation, ends):
    """As a scan, or a stream of a given length."""
    agent._ops_handler("start", "scan")
    operation.ending.callback((True, "done"))
    assert ends == []
    operation.ending = Deferred()
    agent._ops_handler("start", "scan")
    operation.ending.callback((False, "not done"))
    assert ends == ["process scan of agent x failed: not done"]


def test_a_stop_that_takes_effect_at_once_is_deliberate(agent, operation, ends):
    agent.start("scan", password=agent)
    assert agent.stop("scan")[0] == ocs.OK
    assert agent.sessions["scan"].status == "done"
    assert ends == []


@pytest.mark.parametrize("blocking", [True, False])
def test_a_stop_that_the_agent_refused_does_not_excuse_a_later_death(agent, operation, ends, monkeypatch, blocking):
    """As socs's agents refuse one that comes before they took their lock, and then start to acquire."""
    if blocking:
        agent.register_process("scan", operation.launch, lambda *_: (False, "not running"))
        monkeypatch.setattr(agent.processes["scan"], "launch_deferred", operation.launch)
        monkeypatch.setattr(ocs.ocs_agent.threads, "deferToThread", lambda function, *args: succeed(function(*args)))
    operation.stoppable = False
    agent.start("scan", password=agent)
    assert agent.stop("scan")[0] == ocs.OK
    operation.ending.errback(ValueError("the socket was closed"))
    assert ends == ["process scan of agent x failed: ValueError: the socket was closed"]


def test_a_second_stop_takes_nothing_back(agent, operation, ends, monkeypatch):
    answers = iter([(True, "requested"), (False, "not running")])  # as the 240 agent answers
    agent.register_process("scan", operation.launch, lambda *_: succeed(next(answers)), blocking=False)
    monkeypatch.setattr(agent.processes["scan"], "launch_deferred", operation.launch)
    agent.start("scan", password=agent)
    agent.stop("scan")
    agent.stop("scan")
    agent.sessions["scan"].set_status("stopping")
    assert agent.stop("scan")[0] == ocs.ERROR
    operation.ending.callback((True, "stopped"))
    assert ends == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, OpCode.RUNNING),
        ({"connection": {"connected": True}}, OpCode.RUNNING),
        ({"connection": {"connected": False}}, OpCode.DEGRADED),
        ({"connection": "lost"}, OpCode.RUNNING),
        ([], OpCode.RUNNING),
    ],
)
def test_a_heartbeat_says_that_a_connection_is_lost(agent, operation, data, code, monkeypatch):
    """A 240's agent reports it in its data only, and would look healthy."""
    published = []
    monkeypatch.setattr(ocs.ocs_agent.OCSAgent, "publish_to_feed", lambda _self, *message: published.append(message))
    agent.start("scan")
    session = agent.sessions["scan"]
    session.set_status("running")
    for session.data, expected in ((data, code), ({"connection": {"connected": True}}, OpCode.RUNNING)):
        agent.publish_to_feed("heartbeat", {"scan": OpCode.RUNNING.value}, from_reactor=True)
        assert published.pop() == ("heartbeat", {"scan": expected.value}, True)
        assert session.degraded is (expected is OpCode.DEGRADED)


def test_a_heartbeat_tells_what_the_wire_says_whatever_the_agent_thinks(agent, operation, monkeypatch):
    """A 240's agent that waits for a reply takes itself for connected; one that waits for its instrument at start-up says nothing."""
    published = []
    monkeypatch.setattr(ocs.ocs_agent.OCSAgent, "publish_to_feed", lambda _self, *message: published.append(message[1]))
    monkeypatch.setattr(supervision, "contacts", Contacts())
    agent.register_task("init", operation.launch, blocking=False)
    monkeypatch.setattr(agent.tasks["init"], "launch_deferred", operation.launch)
    for name in ("scan", "init"):
        agent.start(name)
        agent.sessions[name].set_status("running")
    agent.sessions["scan"].data = {"connection": {"connected": True}}

    def heartbeat():
        agent.publish_to_feed("heartbeat", {}, from_reactor=True)
        return published.pop()

    assert heartbeat() == {"scan": OpCode.RUNNING.value, "init": OpCode.RUNNING.value}
    supervision.contacts.lose("10.0.0.1:7777", "no reply")
    assert heartbeat() == {"scan": OpCode.DEGRADED.value, "init": OpCode.DEGRADED.value}
    supervision.contacts.found("10.0.0.1:7777")
    assert heartbeat() == {"scan": OpCode.RUNNING.value, "init": OpCode.RUNNING.value}


def test_what_an_agent_calls_degraded_itself_stays_so(agent, operation, monkeypatch):
    monkeypatch.setattr(ocs.ocs_agent.OCSAgent, "publish_to_feed", lambda *_: None)
    agent.start("scan")
    session = agent.sessions["scan"]
    session.set_status("running")
    session.degraded, session.data = True, {"connection": {"connected": True}}
    agent.publish_to_feed("heartbeat", {})
    assert session.degraded


@pytest.mark.parametrize("degraded", [False, True])
def test_a_heartbeat_is_a_sign_of_life_unless_an_operation_is_degraded(
    agent, operation, monkeypatch, tmp_path, degraded
):
    monkeypatch.setenv("LIVEMON_ALIVE", str(tmp_path / "alive"))
    agent.register_feed("heartbeat", max_messages=1)
    agent.start("scan")
    agent.sessions["scan"].set_status("running")
    agent.sessions["scan"].degraded = degraded
    agent.publish_to_feed("heartbeat", {}, from_reactor=True)
    assert (tmp_path / "alive").exists() is not degraded
