"""The hub on a real router: who holds a name, also over broken connections, its own restart and forged arguments."""

from __future__ import annotations

import signal

import pytest
from appliance import Appliance, problems
from waiting import wait_for
from wamp_session import SISOCK, Session

INVALID = f"{SISOCK}.error.invalid_argument"
TOKEN = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def hub(tmp_path_factory, router):
    with Appliance(tmp_path_factory.mktemp("hub"), router) as appliance:
        appliance.start("hub")
        wait_for(lambda: "the hub is ready" in appliance.log("hub"), "the hub", 40)
        yield appliance
        assert not problems(appliance.log("hub")), appliance.log("hub")
        assert TOKEN not in appliance.log("hub")


@pytest.fixture
def name(request) -> str:
    """A name of a data node that only one test uses."""
    return request.node.name.replace("[", "-").replace("]", "")[:60]


def test_a_node_whose_old_session_hangs_takes_its_name_back(hub, name):
    with Session(hub.router) as old, Session(hub.router) as other, Session(hub.router) as new:
        assert old("data_node.claim", name, TOKEN) is True
        assert old("data_node.add", name, "first", 0) is True
        since = other("data_node.holder", name)
        assert (since["name"], since["description"], since["authid"]) == (name, "first", "node")
        old.child.send_signal(signal.SIGSTOP)  # its connection stays, as after a cable was pulled
        assert other("data_node.claim", name, TOKEN[::-1]) is False
        assert other("data_node.add", name, "stolen", 0) is False
        assert f"session {since['session']} (node) holds the name" in hub.log("hub")
        assert new("data_node.claim", name, TOKEN) is True
        assert {"name": name, "description": "first"} in new("consumer.get_data_node")
        now = other("data_node.holder", name)
        assert now["session"] != since["session"]
        assert now["since"] > since["since"]
        old.child.send_signal(signal.SIGCONT)
        old("data_node.subtract", name, now["session"])
        assert other("data_node.holder", name) == now, "the old session has nothing to say any more"
        old.child.kill()
        assert new("data_node.add", name, "first", 0) is True
    with Session(hub.router, "client") as client:
        wait_for(lambda: client("data_node.holder", name) is None, "the name to be free once its session has ended")


def test_a_claim_ends_with_its_session(hub, name):
    with Session(hub.router, "client") as client:
        with Session(hub.router) as node:
            assert node("data_node.claim", name, TOKEN) is True
            assert client("data_node.holder", name)["description"] is None
            assert name not in [each["name"] for each in client("consumer.get_data_node")]
        wait_for(lambda: client("data_node.holder", name) is None, "the name to be free")


def test_nobody_can_be_another_session(hub, name):
    with Session(hub.router) as node, Session(hub.router) as forger:
        node("data_node.add", name, "mine", 0)
        holder = node("data_node.holder", name)
        details = {"caller": holder["session"], "caller_authid": "node"}
        for forged in ((name, holder["session"]), (name, details)):
            assert forger("data_node.subtract", *forged) is None
        assert forger("data_node.subtract", name, details=details) is None
        assert forger("data_node.add", name, "stolen", holder["session"], details=details) is False
        assert node("data_node.holder", name) == holder


def test_the_hub_knows_after_its_restart_only_who_is_there(hub, name):
    with Session(hub.router, "client") as client, Session(hub.router) as stays:
        stays("data_node.add", f"{name}-stays", "", 0)
        hub.stop("hub")
        with Session(hub.router) as leaves:
            assert leaves("data_node.add", f"{name}-left", "", 0)[0] == "wamp.error.no_such_procedure"
        before = hub.log("hub")
        hub.start("hub")
        wait_for(lambda: "the hub is ready" in hub.log("hub").removeprefix(before), "the hub to be back", 30)
        assert client("data_node.holder", f"{name}-left") is None
        assert client("data_node.holder", f"{name}-stays") is None, "it offers nothing that the router knows of"
        assert stays("data_node.add", f"{name}-stays", "", 0) is True


@pytest.mark.parametrize(
    ("procedure", "arguments", "word"),
    [
        ("data_node.add", [], "missing a required argument: 'name'"),
        ("data_node.add", ["a", "b", 1, 2, 3], "too many positional arguments"),
        ("data_node.add", ["a.b", "", 1], "without spaces, dots and #"),
        ("data_node.add", ["", "", 1], "write a string"),
        ("data_node.add", ["x" * 100_000, "", 1], "at most 128 characters"),
        ("data_node.add", ["a", ["no", "text"], 1], "write a few words"),
        ("data_node.add", ["a", "x" * 100_000, 1], "at most 1000 characters"),
        ("data_node.subtract", [{"a": 1}, 1], "is not a valid name"),
        ("data_node.claim", ["a", "short"], "token: write"),
        ("data_node.holder", ["a", "b"], "too many positional arguments"),
        ("consumer.get_data_node", [1], "too many positional arguments"),
    ],
)
def test_a_faulty_call_gets_a_sentence(hub, procedure, arguments, word):
    with Session(hub.router) as node:
        error, text = node(procedure, *arguments)
    assert error == INVALID
    assert word in text
    assert len(text) < 250
    assert "Traceback" not in text
