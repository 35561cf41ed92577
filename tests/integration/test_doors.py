"""Who is kept out: pages of other origins at the router's ports, and sessions that want a data node's procedures that are taken."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import suppress

import pytest
import requests
from appliance import Appliance
from paths import ROOT
from router import Router
from waiting import wait_for
from wamp_session import Session

LET_IN = "http://localhost:8000"
EVIL = "http://evil.example"
TOKEN = "0123456789abcdef0123456789abcdef"
NODE = "org.simonsobservatory.consumer.sensors"
TAKE_OVER = [f"register@force:{NODE}.{procedure}" for procedure in ("get_fields", "get_data", "get_last", "get_packed")]
ELSEWHERE = "register:org.simonsobservatory.consumer.elsewhere.get_data"


@pytest.fixture(scope="module")
def router(tmp_path_factory):
    """A router with the doors open that there are: anonymous data nodes, and one origin."""
    router = Router(tmp_path_factory.mktemp("doors"), anonymous_nodes=True, origins=(LET_IN,))
    router.start()
    yield router
    router.stop()


@pytest.fixture(scope="module")
def appliance(router):
    """Our hub, and our nodes with the node `sensors`."""
    with Appliance(router.directory, router) as appliance:
        appliance.write_nodes({"kind": "sensors", "name": "sensors", "description": "This machine"})
        appliance.start("hub", "nodes")
        wait_for(lambda: "serving the data node sensors" in appliance.log("nodes"), "the node sensors", 60)
        yield appliance


def connect(router: Router, port: int) -> socket.socket:
    """Connect, by TLS to the port that speaks it."""
    connection = socket.create_connection(("127.0.0.1", port), 20)
    if port != router.tls_port:
        return connection
    trust = ssl.create_default_context(cafile=str(router.directory / "pki/ca.crt"))
    return trust.wrap_socket(connection, server_hostname="localhost")


def answers(router: Router, port: int, *head: str, body: bytes = b"") -> str:
    """The status line of an answer, and its headers, in lower case."""
    answer = b""
    with connect(router, port) as connection:
        with suppress(OSError):  # it need not read on
            connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        with suppress(OSError):
            while b"\r\n\r\n" not in answer and (more := connection.recv(4096)):
                answer += more
    return answer.partition(b"\r\n\r\n")[0].decode().lower()


def upgrade(*headers: str, host: str = "localhost", serialization: str = "json") -> tuple[str, ...]:
    """The head of a request for a WebSocket."""
    return (
        "GET /ws HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Protocol: wamp.2.{serialization}",
        *headers,
    )


def handshake(router: Router, port: int, *headers: str, host: str = "localhost") -> str:
    """What becomes of a WebSocket."""
    return answers(router, port, *upgrade(*headers, host=host))


def ports(router: Router) -> dict[str, int]:
    return {"agents": router.ocs_port, "host": router.host_port, "sisock": router.tls_port}


@pytest.mark.parametrize("port", ["agents", "host", "sisock"])
def test_a_websocket_of_a_page_of_another_origin_is_refused(router, port):
    port = ports(router)[port]
    assert handshake(router, port).startswith("http/1.1 101 "), "a program has no origin"
    for origin in (EVIL, "null", "https://localhost:8000", f"{LET_IN}.evil.example"):
        assert handshake(router, port, f"Origin: {origin}").startswith("http/1.1 403 "), origin
    let_in = handshake(router, port, f"Origin: {LET_IN}")
    assert let_in.startswith("http/1.1 403 " if port == router.tls_port else "http/1.1 101 ")


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
@pytest.mark.parametrize("port", ["agents", "host"])
def test_a_page_of_another_origin_calls_no_agent(router, port, method):
    url = f"http://127.0.0.1:{ports(router)[port]}/call"

    def ask(**headers):
        return requests.request(method, url, json={"procedure": "observatory.none.ops"}, headers=headers, timeout=20)

    assert ask().status_code == 200, "a program has no origin"
    refused = ask(Origin=EVIL)
    assert refused.status_code == 403
    assert "add it to ocs_web_origins" in refused.json()["error"]
    assert not any(name.lower().startswith("access-control-") for name in refused.headers)
    let_in = ask(Origin=LET_IN)
    assert let_in.status_code == 200
    assert let_in.headers["access-control-allow-origin"] == LET_IN


def test_a_page_without_a_content_type_calls_no_agent(router):
    """For such a request a browser asks nobody beforehand: who guesses the control secret need not read the answer."""
    answer = requests.post(
        router.host_http, data=json.dumps({"procedure": "observatory.x.ops"}), headers={"Origin": EVIL}, timeout=20
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("port", ["agents", "host", "sisock"])
def test_the_router_answers_under_no_other_name(router, port):
    port = ports(router)[port]
    assert handshake(router, port, host="evil.example:8001").startswith("http/1.1 421 ")
    for host in ("127.0.0.1:8001", "[::1]:8001", "sisock-crossbar:8080", "sisock_crossbar"):
        assert handshake(router, port, host=host).startswith("http/1.1 101 "), host


@pytest.mark.parametrize("port", ["agents", "host", "sisock"])
def test_the_router_takes_no_body_without_end(router, port):
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20))
    head = ("POST /call HTTP/1.1", "Host: localhost", "Content-Type: application/json", "Transfer-Encoding: chunked")
    assert answers(router, ports(router)[port], *head, body=3 * chunk).startswith("http/1.1 413 ")


@pytest.mark.parametrize("port", ["agents", "host", "sisock"])
def test_the_router_keeps_no_websocket_message_without_end(router, port):
    """Of somebody who has not even said who he is."""
    with connect(router, ports(router)[port]) as connection:
        connection.sendall("\r\n".join([*upgrade(), "", ""]).encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 101 ")
        connection.sendall(b"\x81\xff" + (3 << 20).to_bytes(8, "big") + bytes(4))
        connection.settimeout(8)  # pings come later, and end a connection much later
        with suppress(ConnectionError):
            assert connection.recv(1) == b""


NESTED = {"json": (b"[", 1), "cbor": (b"\x81", 2), "msgpack": (b"\x91", 2), "ubjson": (b"[", 2)}
"""By serialization how a list in a list begins, and whether its WebSocket messages are text (1) or not (2)."""


@pytest.mark.parametrize("serialization", NESTED)
@pytest.mark.parametrize("port", ["agents", "host", "sisock"])
def test_lists_in_lists_do_not_end_the_router(router, port, serialization):
    """Of somebody who has not even said who he is."""
    head = upgrade(serialization=serialization)
    begin, kind = NESTED[serialization]
    with connect(router, ports(router)[port]) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        connection.recv(4096)
        with suppress(OSError):  # a serialization that the router does not speak
            connection.sendall(bytes([128 | kind, 255]) + (1 << 20).to_bytes(8, "big") + bytes(4) + begin * (1 << 20))
            connection.recv(4096)
    assert handshake(router, ports(router)[port]).startswith("http/1.1 101 ")


@pytest.mark.parametrize("port", ["agents", "host"])
def test_lists_in_lists_in_a_call_do_not_end_the_router(router, port):
    url = f"http://127.0.0.1:{ports(router)[port]}/call"
    assert requests.post(url, data=b"[" * (1 << 20), timeout=20).status_code == 400
    assert requests.post(url, json={"procedure": "observatory.none.ops"}, timeout=20).status_code == 200


def attempt(router: Router, user: str, *attempts: str) -> list[bool]:
    """What became of the attempts of an anonymous session, or of one with a user's secret."""
    who = [router.ocs_url, "-", "-", "-"]
    if user != "anonymous":
        who = [router.url, router.directory / "pki/ca.crt", user, router.directory / "secrets" / user / user]
    command = [sys.executable, ROOT / "tests/support/wamp_attempts.py", *who, *attempts]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout)


def told(router: Router, role: str) -> int:
    """How often the router has told that a session of a role was refused a procedure of the node."""
    refused = rf"refused to register {re.escape(NODE)}\.\w+ for session \d+ \([^)]*, role {role}\): session \d+ holds the name"
    return len(re.findall(refused, router.log.read_text()))


def last_values(router: Router) -> object:
    """What the node answers a consumer."""
    with Session(router, "client") as client:
        return client("consumer.sensors.get_last")


@pytest.mark.parametrize(("user", "role"), [("anonymous", "ocs_and_nodes"), ("node", "node")])
@pytest.mark.parametrize("hub", ["with a hub", "without a hub"])
def test_a_taken_data_node_s_procedures_cannot_be_taken_over(appliance, router, user, role, hub):
    if hub == "without a hub":
        appliance.stop("hub")
    try:
        before = told(router, role)
        assert attempt(router, user, *TAKE_OVER, ELSEWHERE) == [False] * len(TAKE_OVER) + [True]
        wait_for(lambda: told(router, role) == before + len(TAKE_OVER), "each refusal to stand in the router's log", 20)
        assert "load_1" in last_values(router), "the node answers as before"
    finally:
        if hub == "without a hub":
            written = len(appliance.log("hub"))
            appliance.start("hub")
            wait_for(lambda: "found the data node sensors" in appliance.log("hub")[written:], "the hub", 60)


def test_a_further_procedure_of_a_taken_name_is_not_to_be_had(appliance, router):
    """Of a node of upstream's, which has two procedures, our bridge would call a third."""
    assert attempt(router, "node", f"register:{NODE}.get_more", f"register@prefix:{NODE}.get_") == [False, False]


def test_a_node_that_is_back_before_the_router_missed_it_takes_its_procedures_along(appliance, router):
    procedure = "consumer.back.get_data"
    with Session(router) as old, Session(router) as other, Session(router) as new:
        assert old("data_node.claim", "back", TOKEN) is True
        assert old.register(procedure) == f"org.simonsobservatory.{procedure}"
        old.child.send_signal(signal.SIGSTOP)  # its connection stays, as after a cable was pulled
        assert other.register(procedure)[0] == "wamp.error.not_authorized"
        assert new("data_node.claim", "back", TOKEN) is True
        assert new.register(procedure) == f"org.simonsobservatory.{procedure}"
        assert other.register(procedure)[0] == "wamp.error.not_authorized"


def test_who_registered_a_free_name_loses_it_to_the_session_that_the_hub_gives_it_to(appliance, router):
    """Else a session that was quicker than a node's restart would keep it from coming back."""
    procedure = "consumer.quick.get_data"
    with Session(router) as quick, Session(router) as node:
        assert quick.register(procedure) == f"org.simonsobservatory.{procedure}"
        assert node("data_node.claim", "quick", TOKEN) is True
        assert node.register(procedure) == f"org.simonsobservatory.{procedure}"
        assert quick.register(procedure)[0] == "wamp.error.not_authorized"
