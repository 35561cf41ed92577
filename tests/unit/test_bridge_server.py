"""The bridge's process: its port, and its end."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from flask import Flask

from livemon.bridge.server import MOST_CONNECTIONS, serve
from livemon.bridge.workers import COMPUTING, Workers
from livemon.errors import ConfigError

pytestmark = pytest.mark.slow

SLOW_BRIDGE = """
import threading
from flask import Flask
from livemon.sisock import wamp
from livemon.bridge.server import serve
from livemon.bridge.workers import COMPUTING, Workers
from twisted.internet import reactor, threads
from twisted.internet.task import deferLater

app = Flask("slow")

@app.get("/")
def wait_for_the_reactor():
    print("asked", flush=True)
    return threads.blockingCallFromThread(reactor, deferLater, reactor, 1.0, lambda: "answered")

@app.get("/slow-node")
def wait_for_a_node():
    with workers.waiting():
        together.wait(10)
    return "met"

together = threading.Barrier(COMPUTING + 2)
workers = Workers()
serve(app, "127.0.0.1", 0, workers, ["Monitor.lab.example"])
wamp.run()
"""


def test_a_port_that_is_taken_is_told_and_ends_the_process():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port} .*LIVEMON_BRIDGE_LISTEN.* in use"):
            serve(Flask("test"), "127.0.0.1", port, Workers())


@contextmanager
def slow_bridge():
    """A bridge that is slow, and the port on which it listens."""
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SLOW_BRIDGE], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        yield child, int(child.stdout.readline().rpartition(":")[2])
    finally:
        child.kill()
        child.communicate()


@pytest.fixture
def bridge():
    """One for a test that ends it."""
    with slow_bridge() as running:
        yield running


@pytest.fixture(scope="module")
def lasting_bridge():
    """One for tests that it outlives."""
    with slow_bridge() as running:
        yield running


def test_a_request_under_way_does_not_hang_the_end_of_the_process(bridge):
    child, port = bridge
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while child.stdout.readline() != "asked\n":
            pass
        child.send_signal(signal.SIGTERM)
        assert child.wait(8) == 0
        assert client.makefile().read().endswith("answered")


def test_requests_that_wait_for_a_node_leave_their_place_to_others(lasting_bridge):
    _, port = lasting_bridge
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 15)) for _ in range(COMPUTING + 2)]
        for client in clients:
            client.sendall(b"GET /slow-node HTTP/1.0\r\n\r\n")
        # Each answers only when all have been taken.
        assert [client.makefile().read().rpartition("\n")[2] for client in clients] == ["met"] * len(clients)


def ask(port: int, *head: str, body: bytes = b"") -> bytes:
    """What the bridge answers to a request, until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), 15) as client:
        with suppress(ConnectionError):  # it does not read on
            client.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode() + body)
        answer = b""
        with suppress(ConnectionError):
            while more := client.recv(1 << 16):
                answer += more
        return answer


def kept(pid: int) -> int:
    """Bytes of memory that a process has touched, and of the files that it holds open, the removed ones among them."""
    sizes = [file.stat().st_size for file in Path(f"/proc/{pid}/fd").iterdir() if file.is_file()]
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resident + sum(sizes)


@pytest.mark.parametrize("length", ["Content-Length: 2000000000", "Transfer-Encoding: chunked"])
def test_a_body_without_end_is_refused_and_not_kept(lasting_bridge, length):
    child, port = lasting_bridge
    before = kept(child.pid)
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20))
    answer = ask(port, "POST /search HTTP/1.1", "Host: localhost", "Content-Type: text/plain", length, body=40 * chunk)
    assert answer.startswith(b"HTTP/1.1 413 "), answer[:200]
    assert kept(child.pid) - before < 10 << 20
    assert answer.count(b"Content-Security-Policy") == 1


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1:5000",
        "[::1]:15000",
        "sisock-grafana-http:5000",
        "sisock_grafana_http",
        "monitor.lab.example",
    ],
)
def test_the_bridge_answers_under_its_own_names(lasting_bridge, name):
    assert ask(lasting_bridge[1], "GET / HTTP/1.1", f"Host: {name}").startswith(b"HTTP/1.1 200 ")


def test_the_bridge_answers_under_no_other_name(lasting_bridge):
    """A page of evil.example whose name leads to this machine for a while may read what it gets."""
    answer = ask(lasting_bridge[1], "GET / HTTP/1.1", "Host: evil.example:5000", "X-Forwarded-Host: localhost")
    assert answer.startswith(b"HTTP/1.1 421 Misdirected Request\r\n")


def test_there_is_a_limit_to_connections(lasting_bridge):
    _, port = lasting_bridge
    with ExitStack() as stack:
        many = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 15)) for _ in range(MOST_CONNECTIONS)]
        one_more = stack.enter_context(socket.create_connection(("127.0.0.1", port), 15))
        assert one_more.recv(1) == b""
        many.pop().close()
        for _ in range(100):
            if ask(port, "GET / HTTP/1.1", "Host: localhost"):
                break
        else:
            pytest.fail("a place that has become free is not given away")
