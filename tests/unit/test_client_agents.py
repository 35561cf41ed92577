"""Agents over an HTTP caller that answers what a test wants: states that real agents pass through too fast, or never leave."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from livemon.client import agents
from livemon.client.agents import Agents
from livemon.errors import RequestError, RouterError

NOBODY = {"error": "wamp.error.no_such_procedure", "args": [], "kwargs": {}}
Answer = Callable[[str, list], tuple[int, str]]


@pytest.fixture
def caller() -> Iterator[Callable[[Answer], str]]:
    """Serve an answer to every POST; returns the address."""
    servers = []

    def serve(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, text = answer(body["procedure"].removeprefix("observatory."), body["args"])
                with suppress(ConnectionError):  # a caller that has waited long enough has closed its end
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(text)))
                    self.end_headers()
                    self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/call"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def agent(states: list[str], success: bool | None = None) -> Answer:
    """An agent ls240 with the process acq, whose states follow each other from call to call; the last one stays."""

    def answer(address: str, arguments: list) -> tuple[int, str]:
        status = states.pop(0) if address.startswith("ls240") and len(states) > 1 else states[0]
        session = {"status": status, "success": success, "messages": [[1.0, "no device"]]}
        if address == "ls240":
            content = {"args": [{"agent_class": "Lakeshore240Agent", "processes": [["acq", session, ""]], "tasks": []}]}
        elif address == "ls240.ops":
            content = {"args": [[0, f"{arguments[0]} done", session]]}
        else:
            content = NOBODY
        return 200, json.dumps(content)

    return answer


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    for name in ("SECONDS_TO_START", "SECONDS_TO_STOP", "SECONDS_TO_ANSWER"):
        monkeypatch.setattr(agents, name, 0.5)
    monkeypatch.setattr(agents, "SECONDS_TO_FAIL", 0.0)


def test_a_process_that_ends_just_after_its_start_was_not_started(caller):
    running = Agents(caller(agent(["done", "starting", "running", "done"], success=False)))
    with pytest.raises(RequestError, match="acq of ls240 ended with an error: no device"):
        running.start("ls240", "acq")


def test_a_process_that_does_not_come_up_was_not_started(caller):
    running = Agents(caller(agent(["done", "starting"])))
    with pytest.raises(RequestError, match=r"was told to start, and does not run after 0\.5 s"):
        running.start("ls240", "acq")


def test_a_process_that_does_not_end_was_not_stopped(caller):
    running = Agents(caller(agent(["running", "stopping"])))
    with pytest.raises(RequestError, match=r"was told to stop, and still runs after 0\.5 s"):
        running.stop("ls240", "acq")


def registry(**heard: bool) -> Answer:
    """A registry, and nobody else; `heard` tells which agents have expired."""

    def answer(address: str, _arguments: list) -> tuple[int, str]:
        if address != "registry.ops":
            return 200, json.dumps(NOBODY)
        data = {f"observatory.{name}": {"expired": gone, "agent_class": "A"} for name, gone in heard.items()}
        return 200, json.dumps({"args": [[0, "", {"data": data}]]})

    return answer


def test_an_agent_that_was_taken_out_of_the_site_is_not_missed(caller):
    url = caller(registry(old=True, stranger=False, kept=True))
    assert Agents(url, configured={"kept": "A"}).instance_ids() == ["kept", "registry", "stranger"]
    assert Agents(url).instance_ids() == ["kept", "old", "registry", "stranger"]


def test_without_registry_and_site_config_nothing_can_be_said(caller):
    url = caller(lambda *_: (200, json.dumps(NOBODY)))
    with pytest.raises(RouterError, match="has no registry of agents"):
        Agents(url).agents()
    assert [each.fault for each in Agents(url, configured={"ls240": "A"}).agents()] == [
        "ls240 is not running: see docker logs ocs_ls240"
    ]


@pytest.mark.parametrize("answer", [(404, '{"error": "/call: not found"}'), (200, "OK"), (200, "[]"), (200, "{}")])
def test_what_is_no_router_is_told(caller, answer):
    with pytest.raises(RouterError, match="is not the HTTP caller of a router"):
        Agents(caller(lambda *_: answer), configured={"ls240": "A"}).agents()


def test_a_router_that_hangs_is_not_taken_for_an_agent_that_does():
    mute = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{mute.getsockname()[1]}/call"
    with mute, pytest.raises(RouterError, match=rf"the router at {url} does not answer within 0\.5 s"):
        Agents(url).agents()


def answering(*hanging: str, seconds: float) -> Answer:
    """Agents that answer, and those that answer after `seconds`; their registry has heard of nobody else."""

    def answer(address: str, _arguments: list) -> tuple[int, str]:
        if address.partition(".")[0] in hanging:
            time.sleep(seconds)
        content = {"args": [{"agent_class": "A", "processes": [], "tasks": []}]}
        if address == "registry.ops":
            content = {"args": [[0, "", {"data": {}}]]}
        return 200, json.dumps(NOBODY if address == "registry.nothing" else content)

    return answer


@pytest.mark.parametrize("hanging", [["ls240"], ["ls240", "registry"]], ids=["one", "the registry, too"])
def test_an_agent_that_cannot_be_reached_is_named_and_not_the_router(caller, hanging):
    url = caller(answering(*hanging, seconds=1.5))
    found = Agents(url, configured={"ls240": "A", "ls372": "A"}).agents()
    assert {each.instance_id: each.fault for each in found if each.instance_id != "registry"} == {
        "ls240": "ls240 does not answer within 0.5 s",
        "ls372": None,
    }


def test_however_many_agents_cannot_be_reached_one_bound_holds_for_all(caller):
    names = [f"agent{number}" for number in range(60)]
    url = caller(answering(*names, "registry", seconds=2.0))
    began = time.monotonic()
    found = Agents(url, configured=dict.fromkeys([*names, "ls372"], "A")).agents()
    assert time.monotonic() - began < 1.9, "60 agents, 0.5 s in all"
    assert [each.instance_id for each in found if not each.fault] == ["ls372"]


@pytest.mark.parametrize(
    ("told", "refused"),
    [
        ({"temperatures": {"value": 67}}, {"temperatures": {"value": 67}}),
        ({"temperatures": {"value": "many"}, "a": 3}, {}),
        ("no", {}),
        (None, {}),
    ],
)
def test_what_an_agent_could_not_publish_is_asked_with_the_rest(caller, told, refused):
    def answer(address: str, _arguments: list) -> tuple[int, str]:
        about = {"agent_class": "A", "processes": [], "tasks": [], "refused": told}
        return 200, json.dumps({"args": [about]} if address == "ls240" else NOBODY)

    [found] = Agents(caller(answer), configured={"ls240": "A"}).agents()
    assert found.refused == refused
