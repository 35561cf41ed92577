"""Who may do what on the router: everybody what the job needs, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import requests
from paths import ROOT
from router import Router

SISOCK = "org.simonsobservatory"
HUB_PROCEDURES = [
    f"{SISOCK}.{name}"
    for name in ("data_node.add", "data_node.subtract", "data_node.claim", "data_node.holder", "consumer.get_data_node")
]
HUB_TOPICS = [f"{SISOCK}.consumer.data_node_added", f"{SISOCK}.consumer.data_node_subtracted"]
NODE_PROCEDURES = [f"{SISOCK}.consumer.fake.{name}" for name in ("get_fields", "get_data", "get_last", "get_packed")]
REGISTRATIONS = ["wamp.registration.list", "wamp.registration.get", "wamp.registration.list_callees"]
META = [
    *REGISTRATIONS,
    *(f"wamp.registration.{name}" for name in ("match", "lookup", "count_callees", "remove_callee")),
    *(f"wamp.session.{name}" for name in ("list", "count", "get", "kill", "kill_by_authid", "kill_by_authrole")),
    *(f"wamp.subscription.{name}" for name in ("list", "get", "list_subscribers", "remove_subscriber")),
]
EVERYTHING = [
    *(
        f"call:{procedure}"
        for procedure in (*HUB_PROCEDURES, *NODE_PROCEDURES, *META, "observatory.test.ops", "elsewhere")
    ),
    *(f"register:{name}" for name in (*HUB_PROCEDURES, *NODE_PROCEDURES, "observatory.test.ops", "elsewhere")),
    f"register:{SISOCK}.consumer.get_data_node.get_data",
    f"register:{SISOCK}.data_node.fake.get_data",
    *(f"register@force:{procedure}" for procedure in (*HUB_PROCEDURES, "wamp.session.list", "wamp.session.kill")),
    *(
        f"register@prefix:{stem}"
        for stem in (f"{SISOCK}.", f"{SISOCK}.consumer.", f"{SISOCK}.consumer.get_data", "wamp.")
    ),
    *(
        f"register@wildcard:{SISOCK}.{name}"
        for name in ("consumer.", "consumer..get_data", "data_node.", ".add", ".fake.x")
    ),
    *(f"publish:{topic}" for topic in (*HUB_TOPICS, "observatory.test.feeds.a", "observatory.test.feeds.heartbeat")),
    *(f"publish:{topic}" for topic in (f"{SISOCK}.consumer.fake.get_data", "wamp.session.on_leave", "elsewhere")),
    *(f"subscribe:{topic}" for topic in (*HUB_TOPICS, "observatory.test.feeds.a", "elsewhere")),
    *(f"subscribe:wamp.session.{name}" for name in ("on_join", "on_leave")),
    "subscribe@wildcard:observatory..feeds.heartbeat",
    *(f"subscribe@prefix:{stem}" for stem in ("observatory.", f"{SISOCK}.", f"{SISOCK}.consumer.", "wamp.")),
]
"""What anybody might attempt."""

OCS = {
    *(f"{action}:observatory.test.ops" for action in ("call", "register")),
    *(f"publish:observatory.test.feeds.{feed}" for feed in ("a", "heartbeat")),
    "subscribe:observatory.test.feeds.a",
    "subscribe@wildcard:observatory..feeds.heartbeat",
    "subscribe@prefix:observatory.",
}
SERVE = {
    *(f"register:{procedure}" for procedure in NODE_PROCEDURES),
    f"register:{SISOCK}.consumer.get_data_node.get_data",
    f"call:{SISOCK}.data_node.add",
    f"call:{SISOCK}.data_node.subtract",
}
CONSUME = {
    *(f"call:{procedure}" for procedure in NODE_PROCEDURES),
    f"call:{SISOCK}.consumer.get_data_node",
    f"call:{SISOCK}.data_node.holder",
    *(f"subscribe:{topic}" for topic in HUB_TOPICS),
}
HOST = {
    "call:observatory.test.ops",
    "subscribe:observatory.test.feeds.a",
    "subscribe@wildcard:observatory..feeds.heartbeat",
    "subscribe@prefix:observatory.",
}
"""A user of the host looks and calls; who could register an agent's procedure would be told the operator's secret."""
NEEDED = {
    "anonymous": OCS,
    "host": HOST,
    "hub": {
        *(f"register:{procedure}" for procedure in HUB_PROCEDURES),
        *(f"register@force:{procedure}" for procedure in HUB_PROCEDURES),
        # All below data_node is the hub's.
        f"register:{SISOCK}.data_node.fake.get_data",
        f"register@wildcard:{SISOCK}.data_node.",
        *(f"publish:{topic}" for topic in HUB_TOPICS),
        "subscribe:wamp.session.on_leave",
        *(f"call:{procedure}" for procedure in REGISTRATIONS),
    },
    "node": SERVE
    | {
        f"call:{SISOCK}.data_node.claim",
        f"call:{SISOCK}.data_node.holder",
        f"call:{SISOCK}.consumer.get_data_node",
        "subscribe:observatory.test.feeds.a",
        "subscribe@wildcard:observatory..feeds.heartbeat",
        "subscribe@prefix:observatory.",
    },
    "bridge": CONSUME,
    "client": CONSUME,
}
"""What the job needs; the rest of `EVERYTHING` is forbidden."""


@pytest.fixture(scope="module")
def bare_router(tmp_path_factory):
    """A router that nobody else uses: its procedures are free."""
    router = Router(tmp_path_factory.mktemp("permissions"))
    router.start()
    yield router
    router.stop()


def attempt(router: Router, user: str, attempts: list[str], url: str | None = None) -> list[bool] | None:
    """What became of the attempts; `None` if the router did not let the user in."""
    who = ["-", "-", "-"]
    plain = {"anonymous": router.ocs_url, "host": router.host_url}
    if user not in plain:
        who = [router.directory / "pki/ca.crt", user, router.directory / "secrets" / user / user]
    url = url or plain.get(user, router.url)
    answer = subprocess.run(
        [sys.executable, ROOT / "tests/support/wamp_attempts.py", url, *who, *attempts],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    answers = json.loads(answer.stdout or "[]")
    return answers or None


@pytest.mark.parametrize("user", NEEDED)
def test_everybody_may_do_what_the_job_needs_and_nothing_else(bare_router, user):
    answers = attempt(bare_router, user, EVERYTHING)
    assert {act for act, allowed in zip(EVERYTHING, answers, strict=True) if allowed} == NEEDED[user]


def test_the_doors_open_only_what_they_are_for(tmp_path):
    router = Router(tmp_path, anonymous_nodes=True)
    router.let_in("client", "simonsobs", "of the inventory")
    (tmp_path / "secrets/simonsobs").mkdir()
    (tmp_path / "secrets/simonsobs/simonsobs").write_text("of the inventory")
    router.start()
    try:
        for user, needed in (("anonymous", OCS | SERVE), ("host", HOST), ("simonsobs", CONSUME)):
            answers = attempt(router, user, EVERYTHING)
            assert {act for act, allowed in zip(EVERYTHING, answers, strict=True) if allowed} == needed
    finally:
        router.stop()


def test_every_needed_act_was_attempted():
    assert set().union(*NEEDED.values()) <= set(EVERYTHING)


def test_the_tls_port_lets_nobody_in_without_a_secret(bare_router):
    ca = bare_router.directory / "pki/ca.crt"
    command = [
        sys.executable,
        ROOT / "tests/support/wamp_attempts.py",
        bare_router.url,
        ca,
        "-",
        "-",
        "call:observatory.test.ops",
    ]
    assert json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300, check=False).stdout) == []


def test_the_plain_port_lets_nobody_in_as_a_user(bare_router):
    command = [sys.executable, ROOT / "tests/support/wamp_attempts.py", bare_router.ocs_url, "-", "bridge"]
    command += [bare_router.directory / "secrets/bridge/bridge", f"call:{SISOCK}.consumer.get_data_node"]
    assert json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300, check=False).stdout) == []


@pytest.mark.parametrize(
    ("procedure", "error"),
    [
        ("observatory.test.ops", "wamp.error.no_such_procedure"),
        (f"{SISOCK}.data_node.add", "wamp.error.not_authorized"),
        (f"{SISOCK}.consumer.get_data_node", "wamp.error.not_authorized"),
        ("wamp.session.list", "wamp.error.not_authorized"),
    ],
)
def test_the_http_callers_reach_agents_only(bare_router, procedure, error):
    for url in (bare_router.ocs_http, bare_router.host_http):
        answer = requests.post(url, json={"procedure": procedure}, timeout=10)
        assert answer.json()["error"] == error
