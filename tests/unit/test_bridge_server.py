"""The bridge's process: its port, and its end."""

import os
import signal
import socket
import subprocess
import sys

import pytest
from flask import Flask

from livemon.bridge.server import serve
from livemon.errors import ConfigError

SLOW_BRIDGE = """
import sys
from flask import Flask
from livemon import wamp
from livemon.bridge.server import serve
from twisted.internet import reactor, threads
from twisted.internet.task import deferLater

app = Flask("slow")

@app.get("/")
def wait_for_the_reactor():
    print("asked", flush=True)
    return threads.blockingCallFromThread(reactor, deferLater, reactor, 1.0, lambda: "answered")

serve(app, "127.0.0.1", 0)
wamp.run()
"""


def test_a_port_that_is_taken_is_told_and_ends_the_process():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port} .*LIVEMON_BRIDGE_LISTEN.* in use"):
            serve(Flask("test"), "127.0.0.1", port)


def test_a_request_under_way_does_not_hang_the_end_of_the_process():
    bridge = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", SLOW_BRIDGE], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        port = int(bridge.stdout.readline().rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while bridge.stdout.readline() != "asked\n":
                pass
            bridge.send_signal(signal.SIGTERM)
            assert bridge.wait(8) == 0
            assert client.makefile().read().endswith("answered")
    finally:
        bridge.kill()
        bridge.communicate()
