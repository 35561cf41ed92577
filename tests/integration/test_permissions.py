"""Who may do what on the router: everybody what the job needs, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import requests
from crossbar_router import ROOT, Router

SISOCK = "org.simonsobservatory"
ATTEMPTS = {
    "anonymous": {
        "register:observatory.test.ops": True,
        "call:observatory.test.ops": True,
        "publish:observatory.test.feeds.a": True,
        "subscribe:observatory.test.feeds.a": True,
        f"register:{SISOCK}.data_node.add": False,
        f"register:{SISOCK}.consumer.fake.get_data": False,
        f"call:{SISOCK}.data_node.add": False,
        f"call:{SISOCK}.consumer.get_data_node": False,
        f"publish:{SISOCK}.consumer.data_node_added": False,
        f"subscribe:{SISOCK}.consumer.data_node_added": False,
        "register:elsewhere": False,
    },
    "hub": {
        f"register:{SISOCK}.data_node.add": True,
        f"register:{SISOCK}.consumer.get_data_node": True,
        f"publish:{SISOCK}.consumer.data_node_added": True,
        f"register:{SISOCK}.consumer.fake.get_data": False,
        "call:observatory.test.ops": False,
        "subscribe:observatory.test.feeds.a": False,
    },
    "node": {
        f"call:{SISOCK}.data_node.add": True,
        f"register:{SISOCK}.consumer.fake.get_data": True,
        "subscribe:observatory.test.feeds.a": True,
        f"register:{SISOCK}.data_node.add": False,
        f"register:{SISOCK}.consumer.get_data_node": False,
        f"publish:{SISOCK}.consumer.data_node_added": False,
        "call:observatory.test.ops": False,
        "publish:observatory.test.feeds.a": False,
        "register:observatory.test.ops": False,
    },
    "bridge": {
        f"call:{SISOCK}.consumer.get_data_node": True,
        f"subscribe:{SISOCK}.consumer.data_node_added": True,
        f"register:{SISOCK}.consumer.fake.get_data": False,
        f"call:{SISOCK}.data_node.add": False,
        "call:observatory.test.ops": False,
        "subscribe:observatory.test.feeds.a": False,
        "publish:observatory.test.feeds.a": False,
    },
    "client": {
        f"call:{SISOCK}.consumer.get_data_node": True,
        f"register:{SISOCK}.consumer.fake.get_data": False,
        "call:observatory.test.ops": False,
    },
}


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
    if user != "anonymous":
        who = [router.directory / "pki/ca.crt", user, router.directory / "secrets" / user / user]
    url = url or (router.ocs_url if user == "anonymous" else router.url)
    answer = subprocess.run(
        [sys.executable, ROOT / "tests/wamp_attempts.py", url, *who, *attempts],
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
    )
    answers = json.loads(answer.stdout or "[]")
    return answers or None


@pytest.mark.parametrize("user", ATTEMPTS)
def test_permissions(bare_router, user):
    expected = ATTEMPTS[user]
    assert dict(zip(expected, attempt(bare_router, user, list(expected)), strict=True)) == expected


def test_the_tls_port_lets_nobody_in_without_a_secret(bare_router):
    ca = bare_router.directory / "pki/ca.crt"
    command = [
        sys.executable,
        ROOT / "tests/wamp_attempts.py",
        bare_router.url,
        ca,
        "-",
        "-",
        "call:observatory.test.ops",
    ]
    assert json.loads(subprocess.run(command, capture_output=True, text=True, timeout=40, check=False).stdout) == []


def test_the_plain_port_lets_nobody_in_as_a_user(bare_router):
    command = [sys.executable, ROOT / "tests/wamp_attempts.py", bare_router.ocs_url, "-", "bridge"]
    command += [bare_router.directory / "secrets/bridge/bridge", f"call:{SISOCK}.consumer.get_data_node"]
    assert json.loads(subprocess.run(command, capture_output=True, text=True, timeout=40, check=False).stdout) == []


@pytest.mark.parametrize(
    ("procedure", "error"),
    [
        ("observatory.test.ops", "wamp.error.no_such_procedure"),
        (f"{SISOCK}.data_node.add", "wamp.error.not_authorized"),
        (f"{SISOCK}.consumer.get_data_node", "wamp.error.not_authorized"),
        ("wamp.session.list", "wamp.error.not_authorized"),
    ],
)
def test_the_http_caller_reaches_agents_only(bare_router, procedure, error):
    answer = requests.post(bare_router.ocs_http, json={"procedure": procedure}, timeout=10)
    assert answer.json()["error"] == error
