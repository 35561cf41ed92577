"""The bridge's process: its port, and its end."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
from flask import Flask

from livemon.bridge.server import serve
from livemon.bridge.workers import COMPUTING, Workers
from livemon.errors import ConfigError

SLOW_BRIDGE = """
import threading
from flask import Flask
from livemon import wamp
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
serve(app, "127.0.0.1", 0, workers)
wamp.run()
"""


def test_a_port_that_is_taken_is_told_and_ends_the_process():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port} .*LIVEMON_BRIDGE_LISTEN.* in use"):
            serve(Flask("test"), "127.0.0.1", port, Workers())


@pytest.fixture
def bridge():
    """A bridge that is slow, and the port on which it listens."""
    child = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SLOW_BRIDGE], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        yield child, int(child.stdout.readline().rpartition(":")[2])
    finally:
        child.kill()
        child.communicate()


def test_a_request_under_way_does_not_hang_the_end_of_the_process(bridge):
    child, port = bridge
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        while child.stdout.readline() != "asked\n":
            pass
        child.send_signal(signal.SIGTERM)
        assert child.wait(8) == 0
        assert client.makefile().read().endswith("answered")


def test_requests_that_wait_for_a_node_leave_their_place_to_others(bridge):
    _, port = bridge
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection(("127.0.0.1", port), 15)) for _ in range(COMPUTING + 2)]
        for client in clients:
            client.sendall(b"GET /slow-node HTTP/1.0\r\n\r\n")
        # Each answers only when all have been taken.
        assert [client.makefile().read().rpartition("\n")[2] for client in clients] == ["met"] * len(clients)
